"""An account's books as its folder has them: orders and positions, without asking its program or the exchange."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_manager import PositionManager
from yunmin.errors import ConfigurationError, JournalDamaged
from yunmin.execution.journal_file import FILE_NAME, JournalFile, explained
from yunmin.execution.journal_lock import is_held
from yunmin.execution.journal_state import recovered
from yunmin.execution.state_file import StateFile

__all__ = ["AccountBooks", "is_blank", "last_written", "read_books"]

_POSITIONS = "executor.json"
_OTHERS = ("risk.json", "paper.jsonl")


class AccountBooks(NamedTuple):
    """After record `seq`, written at `at` by the account's own clock; at `written_at` by this machine's."""

    seq: int
    at: datetime | None
    written_at: datetime
    tracker: OrderTracker
    positions: PositionManager


def read_books(folder: Path) -> AccountBooks:
    """The newest orders and positions, also while a program writes them. Changes nothing.

    Positions are those that the executor kept, caught up with the orders; without its file those of the orders alone.
    Raises JournalError where there is no journal or it cannot be read, ConfigurationError for the executor's file.
    """
    positions = _kept_positions(folder)  # before the orders: catching up goes forward only
    file = JournalFile.open_to_read(folder / FILE_NAME)
    try:
        with explained(f"{file.path} cannot be read", JournalDamaged), file.reading():
            seq = file.head()[0]
            last = file.record_at(seq)
            tracker = recovered(file, upto=seq)
    finally:
        file.close()
    positions.catch_up(tracker.get_orders())
    return AccountBooks(seq, None if last is None else last.moment, last_written(folder), tracker, positions)


def is_blank(folder: Path) -> bool:
    """Whether nothing was ever written down there: no program got as far as its exchange, and none is at it now.

    Raises JournalError where there is a journal that cannot be read.
    """
    if is_held(folder) or any((folder / name).exists() for name in (_POSITIONS, *_OTHERS)):
        return False
    if not (folder / FILE_NAME).exists() or (folder / FILE_NAME).stat().st_size == 0:
        return True
    file = JournalFile.open_to_read(folder / FILE_NAME)
    try:
        with explained(f"{file.path} cannot be read", JournalDamaged), file.reading():
            return file.head()[0] == 0
    finally:
        file.close()


def last_written(folder: Path) -> datetime:
    """When anything in the account's folder was written last, by this machine's clock."""
    times = [each.stat().st_mtime for each in folder.iterdir() if each.is_file() and not each.name.endswith("-shm")]
    return datetime.fromtimestamp(max(times, default=folder.stat().st_mtime), UTC)


def _kept_positions(folder: Path) -> PositionManager:
    path = folder / _POSITIONS
    state = StateFile(path).load()
    if state is None:
        return PositionManager()
    try:
        return PositionManager.load(state["account"])
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error!r}. Nothing was changed; look at it") from error
