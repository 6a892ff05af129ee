"""Whose books a folder has."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from yunmin.clock import SystemClock
from yunmin.engine.worlds.books import WorldOf, claim_books, latest_run, new_run_folder, require_claim, world_of
from yunmin.errors import ConfigurationError, JournalError
from yunmin.execution import OrderJournal
from yunmin.execution.journal_records import Note

TESTNET = WorldOf(adapter="binance", environment="testnet")
LIVE = WorldOf(adapter="binance", environment="live")
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def write_something_down(folder: Path) -> None:
    with OrderJournal.open(folder, clock=SystemClock()) as journal:
        journal.record(Note(kind="opened", text="as an account does", at=NOON))


def test_a_folder_remembers_whose_books_it_has(tmp_path: Path) -> None:
    claim_books(tmp_path, TESTNET)
    claim_books(tmp_path, TESTNET)
    assert world_of(tmp_path) == TESTNET


@pytest.mark.parametrize("other", [LIVE, WorldOf(adapter="other", environment="testnet")])
def test_M1_the_books_of_one_world_are_never_opened_at_another(tmp_path: Path, other: WorldOf) -> None:
    claim_books(tmp_path, TESTNET)
    write_something_down(tmp_path)
    with pytest.raises(ConfigurationError, match=r"has the books of binance testnet.*Nothing was sent.*own folder"):
        claim_books(tmp_path, other)
    assert world_of(tmp_path) == TESTNET


def test_a_world_that_was_never_reached_leaves_the_folder_to_another(tmp_path: Path) -> None:
    claim_books(tmp_path, TESTNET)
    OrderJournal.open(tmp_path, clock=SystemClock()).close()  # which is before the exchange is asked anything
    claim_books(tmp_path, LIVE)
    assert world_of(tmp_path) == LIVE


def test_M1_a_world_that_is_being_reached_by_a_program_keeps_its_folder(tmp_path: Path) -> None:
    claim_books(tmp_path, TESTNET)
    with OrderJournal.open(tmp_path, clock=SystemClock()), pytest.raises(ConfigurationError, match="has the books"):
        claim_books(tmp_path, LIVE)


def test_M1_a_claim_that_another_run_has_taken_over_meanwhile_is_seen_once_the_folder_is_held(tmp_path: Path) -> None:
    claim_books(tmp_path, TESTNET)
    require_claim(tmp_path, TESTNET)
    claim_books(tmp_path, LIVE)  # nobody has the folder yet, and nothing is in it
    with pytest.raises(ConfigurationError, match=r"claimed by another run.*binance testnet.*Nothing was sent"):
        require_claim(tmp_path, TESTNET)


def test_a_journal_of_which_nothing_was_written_is_no_books(tmp_path: Path) -> None:
    claim_books(tmp_path, TESTNET)
    (tmp_path / "journal.sqlite3").touch()  # a program was killed while it made it
    claim_books(tmp_path, LIVE)
    assert world_of(tmp_path) == LIVE


@pytest.mark.parametrize("name", ["risk.json", "executor.json", "paper.jsonl"])
def test_M1_what_else_was_kept_there_is_no_other_worlds_even_without_a_journal(tmp_path: Path, name: str) -> None:
    claim_books(tmp_path, TESTNET)
    (tmp_path / name).write_text("{}")
    with pytest.raises(ConfigurationError, match="has the books"):
        claim_books(tmp_path, LIVE)


def test_M1_a_journal_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    claim_books(tmp_path, TESTNET)
    write_something_down(tmp_path)
    (tmp_path / "journal.sqlite3").write_bytes(b"no journal")
    with pytest.raises(JournalError):
        claim_books(tmp_path, LIVE)
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
