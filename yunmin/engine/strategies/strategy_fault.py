"""What a strategy's fault is told as: in which hook, what, and where; code lines only, never a value.

A message of the strategy's own is text that it chose, and is shortened; no variable of any frame is ever shown.
"""

from __future__ import annotations

import os
import traceback
from itertools import dropwhile
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["StrategyFault", "fault_of", "stuck_at"]

_HOOKS: Final = frozenset(
    {
        "prepare", "on_candle", "should_long", "should_short", "should_exit", "go_long", "go_short", "go_exit",
        "on_order_filled", "on_trade",
    }
)  # fmt: skip
_HOUSE: Final = Path(__file__).parents[2]
_ENGINE, _CORE = (str(_HOUSE / room) + os.sep for room in ("engine", "core"))
_MOST_OF_A_MESSAGE: Final = 500
_MOST_OF_A_TRACE: Final = 8_000


class StrategyFault(NamedTuple):
    """`hook` is the strategy's method, `what` one line, `trace` the frames from the strategy on."""

    hook: str
    what: str
    trace: str


def fault_of(error: BaseException, hook: str) -> StrategyFault:
    """What was raised; `hook` is told where the frames show none. To be asked in the thread that raised it.

    The error's own `__str__` is called, which is the strategy's code as well.
    """
    told = traceback.TracebackException.from_exception(error)
    frames = told.stack = _of_the_strategy(told.stack)
    said = _shortened("".join(told.format_exception_only()).strip().replace("\n", " "), _MOST_OF_A_MESSAGE)
    where = _where(frames)
    what = f"{said} ({where})" if where else said
    return StrategyFault(_hook(frames) or hook, what, _shortened("".join(told.format()), _MOST_OF_A_TRACE))


def stuck_at(stack: traceback.StackSummary, hook: str, seconds: float) -> StrategyFault:
    """A call that did not return within `seconds`, and where it was then."""
    frames = _of_the_strategy(stack)
    where = _where(frames)
    what = f"it did not return for {seconds:g} s" + (f"; it was at {where}" if where else "")
    return StrategyFault(_hook(frames) or hook, what, _shortened("".join(frames.format()), _MOST_OF_A_TRACE))


def _of_the_strategy(stack: traceback.StackSummary) -> traceback.StackSummary:
    """Without what leads there: the thread's own frames, the runner's, the route manager's."""
    ours = [number for number, frame in enumerate(stack) if frame.filename.startswith(_ENGINE)]
    inside = stack[ours[-1] + 1 :] if ours else stack
    theirs = list(dropwhile(_is_ours, inside))
    return traceback.StackSummary.from_list(theirs or inside)


def _hook(frames: traceback.StackSummary) -> str | None:
    return next((frame.name for frame in frames if _is_hook(frame)), None)


def _where(frames: traceback.StackSummary) -> str:
    """The innermost line of the file that the hook is in; of any file but the core's where there is no hook."""
    files = {frame.filename for frame in frames if _is_hook(frame)}
    theirs = [frame for frame in frames if frame.filename in files or not (files or _is_ours(frame))]
    return f"{theirs[-1].filename}:{theirs[-1].lineno} in {theirs[-1].name}" if theirs else ""


def _is_hook(frame: traceback.FrameSummary) -> bool:
    return frame.name in _HOOKS and not _is_ours(frame)


def _is_ours(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith((_ENGINE, _CORE))


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 :]}"
