"""Writing a log on a bad day: nothing that happens to it is noticed by those who tell."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from yunmin.engine.log.log_writer import FileSink, LogWriter, StreamSink
from yunmin.errors import ConfigurationError


class ASink:
    """Fails while it is told to, and waits while it is told to."""

    def __init__(self, *, fails: int = 0, waits: bool = False) -> None:
        self.texts: list[str] = []
        self.fails = fails
        self.is_in = threading.Event()
        self.goes_on = threading.Event()
        self.is_closed = False
        if not waits:
            self.goes_on.set()

    def write(self, text: str) -> None:
        self.is_in.set()
        self.goes_on.wait(10)
        if self.fails:
            self.fails -= 1
            raise OSError(28, "No space left on device")
        self.texts.append(text)

    def close(self) -> None:
        self.is_closed = True


def a_writer(sink: ASink | FileSink | StreamSink, **how: int) -> LogWriter:
    return LogWriter(sink, lambda lost: f"{lost} lost\n", **how)


def line(text: str) -> Callable[[], str]:
    return lambda: f"{text}\n"


def written_by(sink: ASink) -> list[str]:
    return "".join(sink.texts).splitlines()


def test_entries_are_written_in_their_order_and_all_of_them_before_the_end() -> None:
    sink = ASink()
    writer = a_writer(sink)
    for number in range(2_000):
        writer.put(line(str(number)))
    writer.close()
    assert written_by(sink) == [str(number) for number in range(2_000)]
    assert (writer.written, writer.lost, sink.is_closed) == (2_000, 0, True)


def test_what_could_not_be_written_is_counted_said_once_and_told_when_writing_works_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sink = ASink(fails=2, waits=True)
    writer = a_writer(sink)
    for number in range(3):
        sink.is_in.clear()
        writer.put(line(str(number)))
        sink.is_in.wait(10)
        sink.goes_on.set()
        while writer.written + writer.lost <= number:
            pass
        sink.goes_on.clear()
    sink.goes_on.set()
    writer.close()
    assert written_by(sink) == ["2 lost", "2"]
    assert (writer.written, writer.lost) == (1, 2)
    said = capsys.readouterr().err
    assert said.count("the log cannot be written") == 1
    assert "No space left on device" in said
    assert "The run goes on" in said


def test_who_tells_never_waits_for_a_sink_that_does_not_return_and_what_waits_is_bounded() -> None:
    sink = ASink(waits=True)
    writer = a_writer(sink, most_waiting=10)
    writer.put(line("first"))
    sink.is_in.wait(10)
    for number in range(30):
        writer.put(line(str(number)))
    assert writer.lost == 20
    sink.goes_on.set()
    writer.close()
    assert written_by(sink) == ["first", "20 lost", *map(str, range(10))]


def test_the_end_does_not_wait_for_ever_for_a_sink_that_does_not_return() -> None:
    sink = ASink(waits=True)
    writer = a_writer(sink)
    writer.put(line("never"))
    sink.is_in.wait(10)
    writer.close(patience=0)
    assert not sink.texts
    sink.goes_on.set()
    writer.close()
    assert written_by(sink) == ["never"]


def test_what_comes_after_the_end_is_counted_as_lost() -> None:
    writer = a_writer(sink := ASink())
    writer.close()
    writer.put(line("late"))
    writer.close()
    assert (sink.texts, writer.lost) == ([], 1)


def test_an_entry_that_cannot_be_rendered_loses_itself_alone(capsys: pytest.CaptureFixture[str]) -> None:
    writer = a_writer(sink := ASink(waits=True))
    for make in (line("first"), lambda: str(1 / 0), line("last")):
        writer.put(make)
    sink.goes_on.set()
    writer.close()
    assert [each for each in written_by(sink) if each != "1 lost"] == ["first", "last"]
    assert "1 lost" in written_by(sink)
    assert "ZeroDivisionError" in capsys.readouterr().err


# --- files and streams -----------------------------------------------------------------------------------------------


def test_a_new_file_is_its_owner_s_alone_and_an_old_one_is_added_to(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    for text in ("one", "two"):
        writer = a_writer(FileSink(path))
        writer.put(line(text))
        writer.close()
    assert path.read_text() == "one\ntwo\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_is_full_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    writer = a_writer(FileSink(Path("/dev/full")))
    for number in range(10):
        writer.put(line(str(number)))
    writer.close()
    assert (writer.written, writer.lost) == (0, 10)
    assert capsys.readouterr().err.count("No space left on device") == 1


def test_after_half_a_line_the_next_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = os.write, []

    def fills_up(fd: int, data: memoryview) -> int:
        calls.append(fd)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(fd, data[:3]) if len(calls) == 1 else real(fd, data)

    sink = FileSink(tmp_path / "run.log")
    monkeypatch.setattr("yunmin.engine.log.log_writer.os.write", fills_up)
    with pytest.raises(OSError, match="No space left"):
        sink.write('{"a": 1}\n')
    sink.write('{"b": 2}\n')
    sink.close()
    lines = (tmp_path / "run.log").read_text().splitlines()
    assert lines == ['{"a', '{"b": 2}']
    assert json.loads(lines[-1]) == {"b": 2}


def test_a_folder_and_a_pipe_that_nobody_reads_are_no_log_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "none" / "run.log", tmp_path / "pipe"):
        with pytest.raises(ConfigurationError, match=r"cannot be written: .*Nothing was started; see logging.file"):
            FileSink(path)


def test_a_stream_that_is_closed_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    writer = a_writer(StreamSink(stream))
    stream.close()
    writer.put(line("one"))
    writer.close()
    assert writer.lost == 1
    assert "closed file" in capsys.readouterr().err


def test_a_pipe_whose_reader_has_gone_and_one_whose_reader_waits_let_the_program_end() -> None:
    program = """
import sys
from yunmin.engine.log.log_writer import LogWriter, StreamSink

writer = LogWriter(StreamSink(sys.stderr), lambda lost: "lost")
for _ in range(3_000):
    writer.put(lambda: "x" * 1_000)
writer.close(patience=0.1)
print("ended")
"""
    for is_read in (True, False):
        reading, writing = os.pipe()
        if is_read:
            os.close(reading)  # gone
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=writing, timeout=60, check=False
        )
        os.close(writing)
        if not is_read:
            os.close(reading)
        assert (done.stdout, done.returncode) == (b"ended\n", 0)
