"""Waiting for one thing, and not longer than so long on a clock that may not be the machine's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from yunmin.clock import Clock

__all__ = ["race"]


async def race(waited: Awaitable[object], seconds: float, clock: Clock) -> None:
    """Return when `waited` is done, or when `seconds` have passed on `clock`; then it is cancelled."""
    tasks = [asyncio.ensure_future(waited), asyncio.ensure_future(clock.sleep(seconds))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
