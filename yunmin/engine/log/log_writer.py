"""Writes lines from a thread of its own, so that a full disk, a closed pipe or a paused terminal stops nothing else.

What cannot be written is counted, said once on stderr, and told in the log itself as soon as it can be written again.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, Protocol, TextIO

from yunmin.errors import ConfigurationError

__all__ = ["FileSink", "LogWriter", "Sink", "StreamSink"]

_AT_ONCE: Final = 500
_MOST_WAITING: Final = 10_000
_PATIENCE: Final = 5.0

Line = Callable[[], str]
"""Gives the text of one entry, its end of line included."""


class Sink(Protocol):
    """Where lines go. Both raise OSError or ValueError where they cannot."""

    def write(self, text: str) -> None:
        """All of it, handed to the operating system."""
        ...

    def close(self) -> None:
        """Nothing is written any more."""
        ...


class StreamSink:
    """A stream that is somebody else's, stderr for one: it is not closed.

    Where it is a file of the operating system's, that is written to itself: a thread that is held up inside a stream of
    Python's would keep the interpreter from ending.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        try:
            self._fd: int | None = stream.fileno()
        except OSError:
            self._fd = None

    def write(self, text: str) -> None:
        if self._fd is None:
            self._stream.write(text)
            self._stream.flush()
        else:
            _write_all(self._fd, text.encode(self._stream.encoding, errors="backslashreplace"))

    def close(self) -> None:
        pass


class FileSink:
    """A file that is added to. A new one can be read by its owner alone.

    Raises ConfigurationError where it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe nobody reads is told
            self._fd = os.open(path, flags, 0o600)
            os.set_blocking(self._fd, True)
        except OSError as error:
            raise ConfigurationError(
                f"the log file {path} cannot be written: {error.strerror}. Nothing was started; see logging.file"
            ) from None
        self._is_torn = False

    def write(self, text: str) -> None:
        torn, self._is_torn = self._is_torn, True
        _write_all(self._fd, (("\n" if torn else "") + text).encode(errors="backslashreplace"))
        self._is_torn = False

    def close(self) -> None:
        os.close(self._fd)


def _write_all(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(fd, left) :]
        except BlockingIOError:  # whoever shares it with us made it so
            select.select((), (fd,), ())


class LogWriter:
    """Takes entries without ever waiting or raising; a thread renders and writes them in their order.

    `told_of_loss` makes the line that stands where so many entries are missing.
    """

    def __init__(self, sink: Sink, told_of_loss: Callable[[int], str], *, most_waiting: int = _MOST_WAITING) -> None:
        self._sink = sink
        self._told_of_loss = told_of_loss
        self._most_waiting = most_waiting
        self._waiting: SimpleQueue[Line | None] = SimpleQueue()
        self._is_closed = False
        self._has_complained = False
        self._turned_away = 0  # counted by those who put
        self._failed = 0  # these, by the thread
        self._told = 0
        self.written = 0
        self._thread = threading.Thread(target=self._work, name="yunmin-log", daemon=True)
        self._thread.start()

    def put(self, line: Line) -> None:
        """Write it soon; it is lost where too many wait already."""
        if self._is_closed or self._waiting.qsize() >= self._most_waiting:
            self._turned_away += 1
        else:
            self._waiting.put(line)

    @property
    def lost(self) -> int:
        """How many entries were not written, and never will be."""
        return self._turned_away + self._failed

    def close(self, patience: float = _PATIENCE) -> None:
        """Write what waits, for `patience` seconds at most. May be called twice."""
        self._is_closed = True
        self._waiting.put(None)
        self._thread.join(patience)

    # --- in the thread -----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (lines := self._next()) is not None:
            self._write(lines)
        if self.lost > self._told:
            self._write([])
        with suppress(OSError):
            self._sink.close()

    def _next(self) -> list[Line] | None:
        """At least one, and what else is there; None at the end."""
        first = self._waiting.get()
        if first is None:
            return None
        found = [first]
        with suppress(Empty):
            while len(found) < _AT_ONCE:
                line = self._waiting.get_nowait()
                if line is None:
                    self._waiting.put(None)
                    break
                found.append(line)
        return found

    def _write(self, lines: Iterable[Line]) -> None:
        texts = [text for line in lines if (text := self._rendered(line)) is not None]
        lost = self.lost
        untold = [self._told_of_loss(lost - self._told)] if lost > self._told else []
        try:
            self._sink.write("".join(untold + texts))
        except (OSError, ValueError) as error:
            self._lose(len(texts), str(error))
            return
        self._told = lost
        self.written += len(texts)

    def _rendered(self, line: Line) -> str | None:
        try:
            return line()
        except Exception as error:  # noqa: BLE001  trading goes on, whatever a line cannot be made of
            self._lose(1, f"an entry cannot be told: {type(error).__name__}")
            return None

    def _lose(self, count: int, why: str) -> None:
        self._failed += count
        if not self._has_complained:
            self._has_complained = True
            with suppress(OSError, ValueError):
                sys.stderr.write(f"yunmin: the log cannot be written ({why}). The run goes on, and so do attempts.\n")
                sys.stderr.flush()
