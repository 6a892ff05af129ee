"""Candles and trades from CSV files: the same rules as for parquet, and no package is needed."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from yunmin.errors import ConfigurationError
from yunmin.simulation.candles import read_candles
from yunmin.simulation.recorded_trades import read_trades

GOOD = """timestamp,open,high,low,close,volume
2026-01-01T00:01:00Z,11,12.0,10.5,11.5,2
2026-01-01T00:00:00Z,10.00000001,12,9,11,0.1
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "candles.csv"
    path.write_text(text)
    return path


def test_candles_are_read_exactly_in_order_and_without_polars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    first, second = read_candles(write(tmp_path, GOOD), "X/Y")
    assert (first.open_time, first.open) == (datetime(2026, 1, 1, tzinfo=UTC), Decimal("10.00000001"))
    assert (second.high, second.volume) == (Decimal(12), Decimal(2))


@pytest.mark.parametrize("time", ["1767225600", "1767225600000", "2026-01-01", "2026-01-01 00:00:00+00:00"])
def test_times_are_text_or_digits(tmp_path: Path, time: str) -> None:
    (candle,) = read_candles(write(tmp_path, f"open,high,low,close,volume,date\n1,1,1,1,0,{time}\n"), "X/Y")
    assert candle.open_time == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "missing columns: open"),
        ("timestamp,open,high,low,close,volume\n", "no candles"),
        ("timestamp,open,high,low,close\n", "missing columns: volume"),
        ("open,high,low,close,volume\n1,1,1,1,1\n", "no column named timestamp or date"),
        (GOOD + "2026-01-01,1,1,1,1\n", "row 2: 5 cells under 6 names"),
        (GOOD.replace("10.5", "NaN"), "row 0: not a plain decimal number"),
        (GOOD.replace("10.5", "1e1"), "row 0: not a plain decimal number"),
        (GOOD.replace("10.5", ""), "row 0: not a plain decimal number"),
        (GOOD.replace("2026-01-01T00:01:00Z", "yesterday"), "row 0: not a time"),
        (GOOD.replace("2026-01-01T00:01:00Z", "9" * 21), "row 0: not a time"),
        (GOOD + '"2026', "cannot read candles"),
    ],
)
def test_what_is_wrong_is_told_with_its_row(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read_candles(write(tmp_path, text), "X/Y")


def test_a_file_that_is_not_there_or_no_text_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("nowhere.csv", "binary.csv"):
        with pytest.raises(ConfigurationError, match=f"cannot read candles from {name}"):
            read_candles(tmp_path / name, "X/Y")


def test_trades_come_from_csv_too(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    path.write_text("timestamp,price,qty,side\n1767225600000,100.5,0.1,sell\n")
    (trade,) = read_trades(path)
    assert (trade.price, trade.qty, trade.buyer_is_maker) == (10_050_000_000, 10_000_000, True)
