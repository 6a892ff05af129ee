"""A local venue in a process of its own, and the door through which its owner can act as the other side.

The door (`/venue/…`, loopback only) is Yunmin's, not the exchange's; docs/local-venue.md describes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from yunmin.errors import ConfigurationError, Unavailable

__all__ = ["VenueDoor", "venue_process"]

_START_TIMEOUT = 60.0
_STOP_TIMEOUT = 10.0


class VenueDoor:
    """What the owner of a venue may ask of it, beside what its exchange offers to everybody."""

    def __init__(self, url: str, pid: int, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.pid = pid
        self._session = session

    async def state(self) -> dict[str, Any]:
        """Clock, symbols, counts, and whether the audit of its ledger is clean."""
        return await self._ask("GET", "/venue/state")

    async def ledger(self, account: str) -> dict[str, Any]:
        """Orders, fills and balances of an account, straight from the engine. Decimals come as text."""
        return await self._ask("GET", "/venue/ledger", params={"account": account})

    async def place(self, **order: str) -> dict[str, Any]:
        """An order of another account: account, symbol (the exchange's name), side, type, quantity, price."""
        return await self._ask("POST", "/venue/orders", json=order)

    async def _ask(self, method: str, path: str, **details: Any) -> dict[str, Any]:
        try:
            async with self._session.request(method, self.url + path, **details) as answer:
                said: dict[str, Any] = await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"the venue's door does not answer {method} {path} ({type(error).__name__})") from None
        if answer.status != 200:
            raise Unavailable(f"the venue's door said no to {method} {path}: {said.get('error')}")
        return said


@asynccontextmanager
async def venue_process(options: Sequence[str]) -> AsyncIterator[VenueDoor]:
    """Run `yunmin venue up` with `options` on a free port for as long as the block runs.

    Raises ConfigurationError with the process's own words when it does not come up.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "yunmin", "venue", "up", "--port", "0", "--json", *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        announced = await _announcement(process)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            yield VenueDoor(announced["url"], process.pid, session)
    finally:
        await _end(process)


async def _announcement(process: asyncio.subprocess.Process) -> dict[str, str]:
    assert process.stdout is not None  # noqa: S101  it was piped
    assert process.stderr is not None  # noqa: S101  it was piped
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _START_TIMEOUT)
    except TimeoutError:
        raise ConfigurationError(f"the venue did not come up within {_START_TIMEOUT:.0f} s") from None
    if not line:
        words = await process.stderr.read()
        await process.wait()
        raise ConfigurationError(_own_words(words.decode(errors="replace")))
    announced: dict[str, str] = json.loads(line)
    return announced


def _own_words(stderr: str) -> str:
    """The message of the process's own error, which it tells as one line of JSON."""
    with contextlib.suppress(ValueError, KeyError, IndexError):
        return str(json.loads(stderr.strip().splitlines()[-1])["message"])
    return f"the venue did not come up: {stderr.strip()[-500:]}"


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_TIMEOUT)
    except TimeoutError:
        process.kill()
        await process.wait()
