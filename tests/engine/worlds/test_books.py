"""Whose books a folder has."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from yunmin.engine.worlds.books import WorldOf, claim_books, latest_run, new_run_folder, world_of
from yunmin.errors import ConfigurationError

TESTNET = WorldOf(adapter="binance", environment="testnet")
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def test_a_folder_remembers_whose_books_it_has(tmp_path: Path) -> None:
    claim_books(tmp_path, TESTNET)
    claim_books(tmp_path, TESTNET)
    assert world_of(tmp_path) == TESTNET


@pytest.mark.parametrize(
    "other", [WorldOf(adapter="binance", environment="live"), WorldOf(adapter="other", environment="testnet")]
)
def test_M1_the_books_of_one_world_are_never_opened_at_another(tmp_path: Path, other: WorldOf) -> None:
    claim_books(tmp_path, TESTNET)
    with pytest.raises(ConfigurationError, match=r"has the books of binance testnet.*Nothing was sent.*own folder"):
        claim_books(tmp_path, other)
    assert world_of(tmp_path) == TESTNET


def test_an_address_on_this_machine_may_change(tmp_path: Path) -> None:
    for port in (1, 2):
        claim_books(tmp_path, WorldOf(adapter="binance", environment="local", address=f"http://127.0.0.1:{port}"))
    found = world_of(tmp_path)
    assert found is not None
    assert found.address == "http://127.0.0.1:2"


def test_a_folder_that_nobody_claimed_is_nobodys(tmp_path: Path) -> None:
    assert world_of(tmp_path) is None


def test_what_was_not_written_so_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"adapter": 7}')
    with pytest.raises(ConfigurationError, match="not what was written"):
        claim_books(tmp_path, TESTNET)


def test_runs_in_the_same_second_have_folders_of_their_own_and_the_newest_is_found(tmp_path: Path) -> None:
    assert latest_run(tmp_path) is None
    first, second = (new_run_folder(tmp_path, NOON, "local") for _ in range(2))
    assert first != second
    assert latest_run(tmp_path) == second


def test_a_latest_run_that_was_moved_away_is_none(tmp_path: Path) -> None:
    new_run_folder(tmp_path, NOON, "paper").rmdir()
    assert latest_run(tmp_path) is None
