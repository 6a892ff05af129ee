"""One client's day: a venue of its own, the script in the client's environment, the ledger asked after each step."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import aiohttp

from tests.clients.environments import environment
from tests.clients.judge import objections
from tests.clients.table import STEPS, Client, Step

__all__ = ["Row", "day_of"]

_HERE: Final = Path(__file__).parent
_ROOT: Final = _HERE.parents[1]
_LONGEST_STEP: Final = 400.0
_LONGEST_END: Final = 20.0
_LONGEST_LINE: Final = 1024 * 1024
_START: Final = 60.0
_WORDS: Final = 3000


@dataclass(frozen=True, slots=True)
class Row:
    """One cell of the table: `status` is ok, n/a or failed; `saw` is what the client saw, or why there is nothing."""

    client: str
    step: str
    status: str
    saw: str
    trace: str = ""


async def day_of(client: Client, *, python: str | None = None) -> list[Row]:
    """Live the whole day in the client's environment, or with the interpreter `python`, where that has the client."""
    place = environment(client.environment)
    if python is None and not place.is_made:
        return [Row(client.name, step.name, "failed", place.why_not_made) for step in STEPS]
    script = str(_HERE / "scripts" / client.script)
    command = [python or place.runtime, script, *client.arguments]
    async with _venue(client.venue) as venue, _Door(venue["url"]) as door:
        variables = {
            **place.variables(),
            "VENUE_URL": venue["url"],
            "VENUE_API_KEY": venue["api_key"],
            "VENUE_API_SECRET": venue["api_secret"],
        }
        with tempfile.TemporaryFile() as errors:
            async with _process(command, variables, errors) as process:
                return [await _lived(client, step, process, door, errors) for step in STEPS]


class _Door:
    """The venue's own door, and one request as anybody may make it."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> _Door:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        self._ledger = await self._ask("/venue/ledger?account=local")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ledgers(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The account's ledger as it was at the last call, and as it is."""
        before, self._ledger = self._ledger, await self._ask("/venue/ledger?account=local")
        return before, self._ledger

    async def problems(self) -> list[str]:
        """What the venue's own audit finds."""
        found: list[str] = (await self._ask("/venue/state"))["audit"]["problems"]
        return found

    async def turns_away(self) -> bool:
        """Whether this address is told to wait; each limit ends with its minute, and so may this."""
        async with self._session.get(f"{self._url}/api/v3/ping") as answer:
            return answer.status in {418, 429} and int(answer.headers["Retry-After"]) > 0

    async def _ask(self, path: str) -> Any:
        async with self._session.get(self._url + path) as answer:
            return await answer.json()


async def _lived(client: Client, step: Step, process: Process, door: _Door, errors: IO[bytes]) -> Row:
    """The next step as told and judged; the script waits meanwhile, so the ledger is as the step has left it."""
    told = await _told(step, process)
    if told["status"] == "ended":
        return Row(client.name, step.name, "failed", "the script ended before this step", _last_words(errors))
    row = await _judged(client, step, told, door)
    await _go_on(process)
    return row


async def _judged(client: Client, step: Step, told: Mapping[str, Any], door: _Door) -> Row:
    why_not = client.cannot.get(step.name)
    before, after = await door.ledgers()
    if told["status"] == "missing":
        return Row(
            client.name, step.name, "failed" if why_not is None else "n/a", why_not or "the script has no such step"
        )
    if why_not is not None:
        return Row(client.name, step.name, "failed", f"it can after all, though the table says: {why_not}")
    if told["status"] == "failed":
        return Row(client.name, step.name, "failed", told["saw"], told.get("trace", ""))
    against = [*objections(client, step, told["claims"], before, after), *await door.problems()]
    if step.name == "rate_limit" and not await door.turns_away():
        against.append("the venue turns nobody away")
    if against:
        return Row(client.name, step.name, "failed", f"{told['saw']}; but {'; '.join(against)}")
    return Row(client.name, step.name, "ok", told["saw"])


async def _told(step: Step, process: Process) -> dict[str, Any]:
    """The next line of the script."""
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _LONGEST_STEP)
    except TimeoutError:
        return {"status": "failed", "saw": f"nothing told within {_LONGEST_STEP:.0f} s"}
    if not line:
        return {"status": "ended"}
    told: dict[str, Any] = json.loads(line)
    assert told["step"] == step.name, f"{told['step']} was told where {step.name} was due"
    return told


async def _go_on(process: Process) -> None:
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(b"\n")
        await process.stdin.drain()


def _last_words(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read().decode(errors="replace")[-_WORDS:]


@asynccontextmanager
async def _venue(options: Sequence[str]) -> AsyncIterator[dict[str, str]]:
    command = [sys.executable, "-m", "tests.clients.venue_process", *options]
    async with _process(command, None) as process:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), _START)
        announced: dict[str, str] = json.loads(line)
        yield announced


@asynccontextmanager
async def _process(
    command: Sequence[str], variables: Mapping[str, str] | None, errors: IO[bytes] | None = None
) -> AsyncIterator[Process]:
    """A process with which one talks in lines. The end of its input tells it to end; where it does not, it is ended."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=_ROOT, env=variables, stdin=PIPE, stdout=PIPE, stderr=errors, limit=_LONGEST_LINE
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _LONGEST_END)
        except TimeoutError:
            process.kill()
            await process.wait()
