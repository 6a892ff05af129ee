"""The settings that `yunmin venue settings` prints for a client, run in the client's own environment."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from tests.clients.table import SETTINGS, Client, Row

__all__ = ["printed_settings", "run_as_printed"]

_GLANCE: Final = 80
_LONGEST_SNIPPET: Final = 60.0
_ROOT: Final = Path(__file__).parents[2]


async def printed_settings(client: Client, url: str) -> str:
    """What `yunmin venue settings` prints for the client; nothing where it knows none."""
    command = [sys.executable, "-m", "yunmin", "venue", "settings", client.printed_as or client.name, "--url", url]
    process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT, stdout=PIPE, stderr=PIPE)
    printed, _ = await process.communicate()
    return printed.decode()


async def run_as_printed(client: Client, runtime: str, settings: str, variables: Mapping[str, str]) -> Row:
    """Run what is printed for the client as whoever copies it would; it has to end well, and to have said something."""
    row = partial(Row, client.name, SETTINGS.name)
    if SETTINGS.name in client.cannot:
        return row("n/a", client.cannot[SETTINGS.name])
    if not settings:
        return row("failed", "no settings are printed for it")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "settings.cjs"
        script.write_text(settings)
        process = await asyncio.create_subprocess_exec(
            runtime, str(script), cwd=folder, env=variables, stdout=PIPE, stderr=PIPE
        )
        try:
            said, errors = await asyncio.wait_for(process.communicate(), _LONGEST_SNIPPET)
        except TimeoutError:
            process.kill()
            await process.wait()
            return row("failed", f"it did not end within {_LONGEST_SNIPPET:.0f} s")
    words = said.decode(errors="replace").strip()
    if process.returncode != 0 or not words:
        return row("failed", f"it ended with {process.returncode}, and said {words!r}", errors.decode(errors="replace"))
    return row("ok", f"run as printed: {' '.join(words.split())[:_GLANCE]}")
