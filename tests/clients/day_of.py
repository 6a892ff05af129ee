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
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from tests.clients.door import VenueDoor
from tests.clients.environments import environment
from tests.clients.judge import objections
from tests.clients.printed_settings import printed_settings, run_as_printed
from tests.clients.table import ROWS, STAYED, STEPS, Client, Row, Step

__all__ = ["day_of"]

_HERE: Final = Path(__file__).parent
_ROOT: Final = _HERE.parents[1]
_LONGEST_STEP: Final = 400.0
_LONGEST_END: Final = 20.0
_LONGEST_LINE: Final = 1024 * 1024
_START: Final = 60.0
_WORDS: Final = 3000


async def day_of(client: Client, *, python: str | None = None) -> list[Row]:
    """Live the whole day in the client's environment, or with the interpreter `python`, where that has the client."""
    place = environment(client.environment)
    if python is None and not place.is_made:
        return [Row(client.name, step.name, "failed", place.why_not_made) for step in ROWS]
    script = str(_HERE / "scripts" / client.script)
    command = [python or place.runtime, script, *client.arguments]
    with tempfile.TemporaryDirectory() as folder:
        refused = Path(folder) / "refused.txt"
        rows = await _day(client, command, place.variables(refused))
        return [*rows, _stayed(client, refused)]


async def _day(client: Client, command: Sequence[str], guarded: Mapping[str, str]) -> list[Row]:
    async with _venue(client.venue) as venue:
        settings = await printed_settings(client, venue["url"])
        variables = {
            **guarded,
            "VENUE_URL": venue["url"],
            "VENUE_API_KEY": venue["api_key"],
            "VENUE_API_SECRET": venue["api_secret"],
            "VENUE_SETTINGS": settings,
        }
        first = await run_as_printed(client, command[0], settings, variables)
        with tempfile.TemporaryFile() as errors:
            async with VenueDoor(venue["url"]) as door, _process(command, variables, errors) as process:
                return [first, *[await _lived(client, step, process, door, errors) for step in STEPS]]


def _stayed(client: Client, refused: Path) -> Row:
    """Whether the client tried to leave this machine; a guard has kept it from that."""
    if not refused.exists():
        return Row(client.name, STAYED.name, "ok", "every address was this machine's")
    return Row(client.name, STAYED.name, "failed", f"was on its way to {', '.join(refused.read_text().split())}")


async def _lived(client: Client, step: Step, process: Process, door: VenueDoor, errors: IO[bytes]) -> Row:
    """The next step as told and judged; the script waits meanwhile, so the ledger is as the step has left it."""
    begun = datetime.now(UTC)
    told = await _told(step, process)
    if told is None:
        return Row(client.name, step.name, "failed", "the script ended before this step", _last_words(errors))
    row = await _judged(client, step, told, door, begun)
    await _go_on(process)
    return row


async def _judged(client: Client, step: Step, told: Mapping[str, Any], door: VenueDoor, begun: datetime) -> Row:
    why_not = client.cannot.get(step.name)
    evidence = await door.evidence()
    row = partial(Row, client.name, step.name)
    if told["status"] == "missing":
        return row("failed", "the script has no such step") if why_not is None else row("n/a", why_not)
    if why_not is not None:
        return row("failed", f"it can after all, though the table says: {why_not}")
    if told["status"] == "failed":
        return row("failed", told["saw"], told.get("trace", ""))
    against = [*objections(client, step, told["claims"], evidence), *await door.problems()]
    if step.name == "rate_limit" and not await door.turns_away(begun):
        against.append("the venue turns nobody away")
    return row("failed", f"{told['saw']}; but {'; '.join(against)}") if against else row("ok", told["saw"])


async def _told(step: Step, process: Process) -> Mapping[str, Any] | None:
    """The script's next word on a step; None where it says no more. What clients themselves print is passed over."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_LONGEST_STEP):
            while line := await process.stdout.readline():
                if line.startswith(b'{"step":'):
                    told: dict[str, Any] = json.loads(line)
                    assert told["step"] == step.name, f"{told['step']} was told where {step.name} was due"
                    return told
    except TimeoutError:
        process.kill()
    return None


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
