"""How a command ends: its exit code, and what it says when it fails."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NoReturn

from yunmin.errors import (
    ConfigurationError,
    ConnectivityError,
    DuplicateOrder,
    ExchangeError,
    InvalidValue,
    JournalDamaged,
    JournalError,
    MalformedResponse,
    OrderNotFound,
    OutcomeUnknown,
    Rejected,
    RejectReason,
    YunminError,
)

__all__ = ["Exit", "OutputFailed", "emit_json", "fail", "run", "run_plainly", "showing"]


class Exit(IntEnum):
    """The exit codes of every command; they do not change between versions."""

    OK = 0
    CHECK_FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    REFUSED = 4
    NO_ANSWER = 5
    OUTCOME_UNKNOWN = 6
    NOT_SHOWN = 7
    INTERRUPTED = 130


_CODES: tuple[tuple[type[YunminError], Exit], ...] = (
    (OutcomeUnknown, Exit.OUTCOME_UNKNOWN),
    (OrderNotFound, Exit.REFUSED),
    (ConnectivityError, Exit.NO_ANSWER),
    (MalformedResponse, Exit.NO_ANSWER),
    (Rejected, Exit.REFUSED),
    (ExchangeError, Exit.REFUSED),
    (ConfigurationError, Exit.CONFIGURATION),
    (JournalDamaged, Exit.CHECK_FAILED),
    (JournalError, Exit.CONFIGURATION),
    (InvalidValue, Exit.USAGE),
)

_ADVICE: dict[Exit, str] = {
    Exit.CHECK_FAILED: "",
    Exit.USAGE: "Nothing was sent. See the command's --help.",
    Exit.CONFIGURATION: "Nothing was sent. `yunmin doctor` shows what is set up.",
    Exit.REFUSED: "It is certain that nothing was done; it is safe to change the command and try again.",
    Exit.NO_ANSWER: "Nothing was changed by asking. Is the exchange up? For the local venue: `yunmin venue up`.",
    Exit.INTERRUPTED: "If an order was on its way, ask for it: `yunmin order list`.",
    Exit.NOT_SHOWN: "The command itself WAS carried out. Do not repeat it; ask: `yunmin order list`.",
    Exit.OUTCOME_UNKNOWN: "Do NOT repeat the command. Ask first: `yunmin order status SYMBOL --client-order-id ID`.",
}


def run(
    work: Callable[[], Coroutine[Any, Any, None]], *, as_json: bool, advice: Mapping[Exit, str] | None = None
) -> None:
    """Run a command's work; a failure is told on stderr and ends the process with its exit code.

    `advice` is what the command has to say of an exit code in place of what is usually true of it.
    """
    run_plainly(lambda: asyncio.run(work()), as_json=as_json, advice=advice)


def run_plainly(work: Callable[[], None], *, as_json: bool, advice: Mapping[Exit, str] | None = None) -> None:
    """The same for work that waits for nothing: without an event loop, Ctrl-C ends it where it is."""
    try:
        work()
    except (KeyboardInterrupt, asyncio.CancelledError) as end:
        how = "stopped by Ctrl-C" if isinstance(end, KeyboardInterrupt) else "told to end before it was done"
        said = None if advice is None else advice.get(Exit.INTERRUPTED)
        _tell("Interrupted", how, Exit.INTERRUPTED, as_json=as_json, said=said)
        raise SystemExit(Exit.INTERRUPTED) from None
    except YunminError as error:
        fail(error, as_json=as_json, advice=advice)
    except OutputFailed as error:
        _end_unshown(f"the result could not be written: {error}", Exit.NOT_SHOWN, as_json=as_json)
    except OSError as error:
        what = f"the command was cut short: {error.strerror or type(error).__name__}"
        _end_unshown(what, Exit.OUTCOME_UNKNOWN, as_json=as_json)


def fail(error: YunminError, *, as_json: bool, advice: Mapping[Exit, str] | None = None) -> NoReturn:
    """Tell what happened, what is safe and what to do next; then exit."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), Exit.CHECK_FAILED)
    said = None if advice is None else advice.get(code)
    _tell(type(error).__name__, str(error), code, as_json=as_json, error=error, said=said)
    raise SystemExit(code) from None


def emit_json(value: object) -> None:
    """One JSON value on stdout; Decimals as text, so that no digit is lost."""
    with showing():
        sys.stdout.write(json.dumps(value, default=str, indent=2) + "\n")


class OutputFailed(Exception):  # noqa: N818  named for what happened
    """What a command had done could not be shown."""


@contextmanager
def showing() -> Iterator[None]:
    """Inside, the result of what was done is written: a failure here says nothing against what was done."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        raise OutputFailed(error.strerror or type(error).__name__) from None


def _end_unshown(what: str, code: Exit, *, as_json: bool) -> NoReturn:
    # else the interpreter fails once more on what could not be written, when it flushes at its end
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _tell("NotShown", what, code, as_json=as_json)
    raise SystemExit(code) from None


def _advice(code: Exit, error: YunminError | None) -> str:
    if isinstance(error, JournalError):
        return ""  # its own text says what is safe and what to do next
    if isinstance(error, OrderNotFound):
        return "The order is not open there; it may be filled, cancelled or never placed. See `yunmin order list`."
    if isinstance(error, DuplicateOrder):
        return "An open order has this id already. Do NOT place another: ask for it with `yunmin order status`."
    if isinstance(error, Rejected) and error.reason is RejectReason.RATE_LIMITED:
        wait = f"{error.retry_after:.0f} s" if error.retry_after is not None else "some minutes"
        return f"Nothing was done. Stop all requests for {wait}: more of them lead to a longer ban."
    return _ADVICE.get(code, "")


def _tell(
    kind: str, message: str, code: Exit, *, as_json: bool, error: YunminError | None = None, said: str | None = None
) -> None:
    advice = _advice(code, error) if said is None else said
    if as_json:
        fields = {"error": kind, "message": message, "advice": advice, "exit_code": int(code)}
        sys.stderr.write(json.dumps(fields) + "\n")
        return
    sys.stderr.write(f"{kind}: {message}\n" + (f"{advice}\n" if advice else ""))
