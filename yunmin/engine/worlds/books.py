"""Where a run keeps its books: one folder for each account of each world, and never another's.

A journal tells which orders are out there. Opened against another exchange than the one it was written at, it would
take that one's silence for lost orders; so a folder remembers whose it is.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from yunmin.core.data_contracts.base import Contract
from yunmin.errors import ConfigurationError
from yunmin.execution.account_books import is_blank
from yunmin.execution.state_file import StateFile

__all__ = ["WorldOf", "claim_books", "latest_run", "new_run_folder", "require_claim", "world_of"]

_OWNER: Final = "world.json"
_RUNS: Final = "runs"
_LATEST: Final = "latest"


class WorldOf(Contract):
    """Whose books a folder has. `address` is where that world can be reached, where it is no usual place.

    `is_made` says that it lives in the process of its run, and ends with it.
    """

    adapter: str
    environment: str
    address: str | None = None
    is_made: bool = False


def claim_books(folder: Path, world: WorldOf) -> None:
    """Write down whose books these are; ConfigurationError where they are somebody else's. Nothing was sent then.

    An address on this machine may change from run to run, and a world that was never reached has nothing there to lose.
    """
    found = world_of(folder)
    is_same = found is None or (found.adapter, found.environment) == (world.adapter, world.environment)
    if found is not None and not is_same and not is_blank(folder):
        raise ConfigurationError(
            f"{folder} has the books of {found.adapter} {found.environment}, and this run is at {world.adapter} "
            f"{world.environment}. Nothing was sent. Give each its own folder, such as "
            f"--set account.folder=accounts/{world.environment}"
        )
    if found != world:
        StateFile(folder / _OWNER).save(world.model_dump())


def require_claim(folder: Path, world: WorldOf) -> None:
    """Once the folder is held: ConfigurationError where another run, at another world, has claimed it meanwhile."""
    if world_of(folder) != world:
        raise ConfigurationError(
            f"{folder} was claimed by another run while this one began, and that one is elsewhere than {world.adapter} "
            f"{world.environment}. Nothing was sent. Give each its own folder"
        )


def world_of(folder: Path) -> WorldOf | None:
    """Whose books are in `folder`; None where nobody said. ConfigurationError where that cannot be read."""
    found = StateFile(folder / _OWNER).load()
    if found is None:
        return None
    try:
        return WorldOf.model_validate(found)
    except ValidationError:
        raise ConfigurationError(f"{folder / _OWNER} is not what was written. Nothing was sent; look at it") from None


def new_run_folder(working: Path, at: datetime, word: str) -> Path:
    """A folder of its own, for a run whose world is made for it and ends with it; `latest_run` finds it again."""
    runs = working / _RUNS
    name = f"{at:%Y%m%d-%H%M%S}-{word}"
    folder, number = runs / name, 1
    while folder.exists():
        number += 1
        folder = runs / f"{name}-{number}"
    folder.mkdir(parents=True, mode=0o700)
    (runs / _LATEST).write_text(folder.name + "\n", encoding="utf-8")
    return folder


def latest_run(working: Path) -> Path | None:
    """The newest folder of `new_run_folder`; None where there is none."""
    try:
        folder = working / _RUNS / (working / _RUNS / _LATEST).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return folder if folder.is_dir() else None
