"""`yunmin init`: a folder to trade from."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from yunmin.cli.connection import AdapterOption, JsonOption, choose_adapter
from yunmin.cli.outcome import emit_json, run_plainly, showing

__all__ = ["init"]


def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make; one that exists is added to.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Fixes the sample candles.")] = 7,
    adapter: AdapterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a working folder: settings, a strategy, sample candles, .gitignore, README. Overwrites nothing."""

    def work() -> None:
        from yunmin.config.working_folder import NEXT_COMMANDS, WorkingFolder, write_working_folder

        plugin = choose_adapter(adapter)
        wanted = WorkingFolder(adapter=plugin.name, variables=plugin.environment_variables[:2], seed=seed)
        written = write_working_folder(folder, wanted)
        commands = [f"cd {shlex.quote(os.fspath(folder))}", *NEXT_COMMANDS]
        if as_json:
            emit_json({"folder": folder.absolute(), "written": written, "next": commands})
            return
        with showing():
            typer.echo("\n".join(f"wrote {path}" for path in written))
            typer.echo("\nNext:\n" + "\n".join(f"  {command}" for command in commands))

    run_plainly(work, as_json=as_json)
