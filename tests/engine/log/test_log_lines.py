"""Lines for people and for machines, and that no text from outside can make them something else."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.every_event import AT, EVENTS
from yunmin.core.data_contracts.enums import Side
from yunmin.engine.log.log_entries import entry_of
from yunmin.engine.log.log_lines import ConsoleLines, JsonLines
from yunmin.engine.run_events import RunEvent

PLAIN = ConsoleLines(colours=False)
COLOURED = ConsoleLines(colours=True)


def entry(event: RunEvent, **more: Any) -> dict[str, Any]:
    told = entry_of(event)
    return {"ts": AT, "level": told.kind.level.value, "event": told.kind.event, **told.fields, **more}


def as_console(entry: dict[str, Any], lines: ConsoleLines = PLAIN) -> str:
    return lines(None, "", entry)


def as_json(entry: dict[str, Any]) -> Any:
    text = JsonLines()(None, "", entry)
    assert "\n" not in text
    return json.loads(text)


GOLDEN = """\
2026-01-01 12:00:00.250 INFO    run_started            world="a local venue" routes=local:BTC/USDT:1m:follow
2026-01-01 12:00:00.250 INFO    run_ended              why=Ctrl-C
2026-01-01 12:00:00.250 INFO    decision_placed        BTC/USDT BUY route=local:BTC/USDT:1m:follow intent=ENTER \
fraction=0.5 stop=41000 reason="averages crossed" client_order_id=ym_0123456789abcdefcf1b6ee
2026-01-01 12:00:00.250 INFO    decision_deferred      BTC/USDT 0.1 at 43000 route=local:BTC/USDT:1m:follow \
intent=EXIT waits_for=ym_0123456789abcdefcf1b6ee
"""


def test_people_read_time_level_event_and_deal_in_columns() -> None:
    told = [as_console(entry(event)) for event in EVENTS[:4]]
    told = [re.sub(r"[0-9a-f]{6}e$", "cf1b6ee", line) for line in told]
    assert "".join(f"{line}\n" for line in told) == GOLDEN


def test_a_fill_reads_as_a_sentence() -> None:
    (fill,) = (event for event in EVENTS if type(event).__name__ == "OrderFilled")
    said = as_console(entry(fill))
    assert "order_filled           BTC/USDT BUY 0.05 at 42000 fee 0.001 BNB state=PARTIALLY_FILLED" in said
    assert "trade_id" not in said  # that is for machines


def test_a_figure_without_an_end_is_cut_for_people_and_whole_for_machines() -> None:
    third = Decimal(1) / Decimal(3)
    told = {"ts": datetime(2026, 1, 1, tzinfo=UTC), "level": "info", "event": "x", "average_price": third}
    assert as_console(dict(told)).endswith("average_price=0.333333333333333333")
    assert as_json(dict(told))["average_price"] == str(third)


def test_a_trace_stands_below_its_entry_indented() -> None:
    (failed,) = (event for event in EVENTS if type(event).__name__ == "StrategyFailed")
    first, *below = as_console(entry(failed)).splitlines()
    assert first.endswith('why="ZeroDivisionError: division by zero (mine.py:3 in should_long)"')
    assert below[0] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") for line in below)


def test_machines_get_exact_figures_as_text_and_times_in_utc() -> None:
    (fill,) = (event for event in EVENTS if type(event).__name__ == "OrderFilled")
    said = as_json(entry(fill, wall=datetime(2026, 5, 1, tzinfo=UTC)))
    assert list(said)[:3] == ["ts", "level", "event"]
    assert said["ts"] == "2026-01-01T12:00:00.250000Z"
    assert said["wall"] == "2026-05-01T00:00:00Z"
    assert (said["qty"], said["price"], said["fee"]) == ("0.05", "42000", "0.001")
    assert (said["side"], said["state"]) == ("BUY", "PARTIALLY_FILLED")


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_is_a_line_of_each_kind(event: RunEvent) -> None:
    said = as_json(entry(event))
    assert set(said) == set(entry(event))
    assert said["event"] in as_console(entry(event))
    assert "\x1b" not in as_console(entry(event))
    without_colours = re.sub(r"\x1b\[[0-9;]*m", "", as_console(entry(event), COLOURED))
    assert without_colours == as_console(entry(event))


ANYTHING = st.text() | st.just("\x1b]0;owned\x07\r\n2026-01-01 ERROR all is well\u2028")


@given(ANYTHING, ANYTHING)
def test_no_text_from_outside_begins_a_line_or_moves_the_cursor(symbol: str, why: str) -> None:
    told = {"ts": AT, "level": "info", "event": "account_warned", "symbol": symbol, "why": why, "more": {why: [symbol]}}
    line = as_console(dict(told))
    assert line.isprintable()
    assert len(line.splitlines()) == 1
    assert as_json(dict(told))["why"] == why


def test_text_that_is_no_unicode_is_written_all_the_same() -> None:
    told = {
        "ts": AT,
        "level": "info",
        "event": "account_warned",
        "why": "caf\udce9",
        "qty": Decimal("1E-8"),
        "side": Side.BUY,
    }
    said = as_json(dict(told))
    assert said["why"] == "caf\udce9"
    assert (said["qty"], said["side"]) == ("0.00000001", "BUY")
    assert "0.00000001" in as_console(told)
