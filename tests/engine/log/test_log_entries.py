"""Every event is told, under a name and a level that the documentation has, with fields that it has."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.engine.every_event import EVENTS, kinds_of_events
from yunmin.config.settings import LogLevel
from yunmin.engine.log.log_entries import KINDS, LogEntry, entry_of, entry_of_lost_entries
from yunmin.engine.run_events import RunEvent

PAGE = (Path(__file__).parents[3] / "docs" / "logging.md").read_text()
ENTRIES: list[LogEntry] = [*map(entry_of, EVENTS), entry_of_lost_entries(2)]
PLAIN = (str, int, float, Decimal, datetime, bool)
STAMPS = {"ts", "wall", "level", "event"}


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading of the page."""
    table = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = [line for line in table.splitlines() if line.startswith("| `")]
    assert found
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found]


def name(event: RunEvent) -> str:
    return type(event).__name__


def test_there_is_a_sample_of_every_event_that_a_run_tells() -> None:
    assert {type(event) for event in EVENTS} == kinds_of_events()


def test_every_kind_of_entry_comes_from_an_event() -> None:
    assert {entry.kind.event for entry in ENTRIES} == set(KINDS)


@pytest.mark.parametrize("event", EVENTS, ids=name)
def test_an_entry_has_plain_values_and_says_nothing_of_what_is_not_known(event: RunEvent) -> None:
    def check(value: Any) -> None:
        if isinstance(value, dict):
            assert all(isinstance(each, str) for each in value)
            value = list(value.values())
        if isinstance(value, list):
            for each in value:
                check(each)
        else:
            assert isinstance(value, PLAIN)

    check(entry_of(event).fields)


def test_events_are_called_by_a_noun_and_a_verb_in_the_past() -> None:
    odd = {each for each in KINDS if not re.fullmatch(r"[a-z]+(_[a-z]+)+", each)}
    assert odd == set()
    assert not [each for each in KINDS if len(each) > 22], "or the console's columns do not stand"


def test_the_page_has_every_event_with_its_level_and_its_meaning() -> None:
    assert rows("Events") == [[f"`{kind.event}`", kind.level, kind.says] for kind in KINDS.values()]


def test_the_page_explains_every_field_and_none_that_there_is_not() -> None:
    explained = {one for cell, *_ in rows("Fields") for one in re.findall(r"`(\w+)`", cell)}
    used = {field for entry in ENTRIES for field in entry.fields}
    assert explained == used | STAMPS


@pytest.mark.parametrize(
    ("event", "level"),
    [
        ("decision_held", LogLevel.DEBUG),
        ("balances_changed", LogLevel.DEBUG),
        ("order_filled", LogLevel.INFO),
        ("decision_placed", LogLevel.INFO),
        ("decision_refused", LogLevel.WARNING),
        ("order_rejected", LogLevel.WARNING),
        ("anomaly_seen", LogLevel.ERROR),
        ("submits_halted", LogLevel.ERROR),
        ("strategy_failed", LogLevel.ERROR),
    ],
)
def test_what_a_person_must_do_is_an_error_and_what_happens_all_the_time_is_not_told_by_default(
    event: str, level: LogLevel
) -> None:
    assert KINDS[event].level is level


def test_an_event_that_nobody_knows_is_refused_here() -> None:
    with pytest.raises(KeyError):
        entry_of(object())  # type: ignore[arg-type]  # wrong on purpose
