"""`yunmin demo`: the spine, end to end, in two processes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run

README = Path(__file__).parents[2] / "README.md"


def test_the_whole_way_over_http_ends_where_the_venues_ledger_says(yunmin: Run) -> None:
    done = yunmin("demo", "--json")
    assert done.code == 0, done.err
    result = done.json
    assert result["states"] == ["PENDING", "OPEN", "PARTIALLY_FILLED", "FILLED"]
    assert result["ledger_matches"] is True
    assert result["ledger_audit_ok"] is True
    assert result["stream_matches"] is True
    assert (result["stream_news"]["OrderUpdate"], result["stream_news"]["Fill"]) == (5, len(result["fills"]))
    assert len(result["fills"]) >= 2
    assert result["filled_qty"] == "0.00067"
    assert result["average_price"] == "60007.01"
    assert result["fees"] == {"BTC": "0.00000067"}
    assert result["cancelled"]["state"] == "CANCELLED"
    assert (result["refused"]["state"], result["refused"]["reason"]) == ("REJECTED", "INSUFFICIENT_FUNDS")


def test_the_readme_shows_what_it_prints(yunmin: Run) -> None:
    captured = README.read_text().split("$ make demo\n", 1)[1].split("```", 1)[0]
    printed = yunmin("demo").out
    assert settled(captured) == settled(printed)[: len(settled(captured))]


def settled(text: str) -> list[str]:
    """The lines, without what differs from run to run: the port and the process."""
    lines = [re.sub(r"http://127.0.0.1:\d+ \(process \d+\)", "HERE", line).rstrip() for line in text.splitlines()]
    return [line for line in lines if line]


def test_another_seed_is_another_market(yunmin: Run) -> None:
    first, second = (yunmin("demo", "--json", "--seed", seed).json for seed in ("1", "2"))
    assert first["average_price"] != second["average_price"]


@pytest.mark.parametrize(
    "name", ["BTC-PERP_1m_2022-01", "ETH_BTC_5m", "LTC_BTC_5m", "ADA_BTC_5m", "XMR_BTC_5m", "XRP_ETH_1m"]
)
def test_real_prices_from_a_candles_file(yunmin: Run, data_folder: Path, name: str) -> None:
    done = yunmin("demo", "--json", "--candles", str(data_folder / "candles" / f"{name}.parquet"))
    assert done.code == 0, done.err
    assert done.json["states"][-1] == "FILLED"
    assert done.json["ledger_matches"] is True
