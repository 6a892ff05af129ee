"""Which folder a command that looks at a run looks at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from yunmin.errors import ConfigurationError

__all__ = ["RunFolderArgument", "run_folder"]

RunFolderArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FOLDER]",
        help="The account's folder, in which its journal is; without: that of the settings or that of the newest run "
        "in runs/, whichever was written last.",
    ),
]
_RUNS: Final = "runs"


def run_folder(named: Path | None) -> Path:
    """The named folder, else the newest there is. Raises ConfigurationError where nothing ever ran."""
    if named is not None:
        if not named.is_dir():
            raise ConfigurationError(f"there is no folder {named}. Nothing was changed")
        return named
    from yunmin.config.configuration import load_configuration
    from yunmin.engine.worlds.books import latest_run

    loaded = load_configuration()
    of_settings, latest = loaded.settings.account.folder, latest_run(loaded.folder)
    there = [folder for folder in (of_settings, latest) if folder is not None and _has_books(folder)]
    if not there:
        raise ConfigurationError(
            f"no FOLDER was named, the settings' account in {of_settings} was never opened, and no run is in "
            f"{loaded.folder / _RUNS}. Name the folder, or start one: yunmin run"
        )
    return max(there, key=_written_at)


def _has_books(folder: Path) -> bool:
    from yunmin.engine.status.status_file import STATUS_NAME
    from yunmin.execution.journal_file import FILE_NAME

    return (folder / FILE_NAME).exists() or (folder / STATUS_NAME).exists()


def _written_at(folder: Path) -> float:
    from yunmin.execution.account_books import last_written

    return last_written(folder).timestamp()
