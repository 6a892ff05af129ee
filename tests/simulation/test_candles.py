"""Candles from parquet files, good and bad."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from yunmin.errors import ConfigurationError
from yunmin.simulation.candles import read_candles

polars = pytest.importorskip("polars")

GOOD = {"open": [10.0, 11.0], "high": [12.0, 12.0], "low": [9.0, 10.5], "close": [11.0, 11.5], "volume": [1.0, 2.0]}
MINUTES = [datetime(2026, 1, 1, 0, 0, tzinfo=UTC), datetime(2026, 1, 1, 0, 1, tzinfo=UTC)]


def write(folder: Path, **columns: object) -> Path:
    path = folder / "candles.parquet"
    polars.DataFrame({"timestamp": MINUTES, **GOOD, **columns}).write_parquet(path)
    return path


def test_candles_are_read_exactly(tmp_path: Path) -> None:
    first, second = read_candles(write(tmp_path, volume=[0.1, 0.00005330000000000001]), "X/Y")
    assert (first.symbol, first.open_time, first.open) == ("X/Y", MINUTES[0], Decimal(10))
    assert (first.volume, second.volume) == (Decimal("0.1"), Decimal("0.0000533"))


def test_unsorted_rows_are_put_in_order(tmp_path: Path) -> None:
    candles = read_candles(write(tmp_path, timestamp=MINUTES[::-1]), "X/Y")
    assert [candle.open_time for candle in candles] == MINUTES


@pytest.mark.parametrize("unit", [1, 1000, 1_000_000, 1_000_000_000])
def test_integer_times_are_told_by_their_size(tmp_path: Path, unit: int) -> None:
    times = [int(moment.timestamp()) * unit for moment in MINUTES]
    assert [candle.open_time for candle in read_candles(write(tmp_path, timestamp=times), "X/Y")] == MINUTES


def test_a_naive_time_means_utc_and_the_column_may_be_called_date(tmp_path: Path) -> None:
    path = tmp_path / "candles.parquet"
    naive = [moment.replace(tzinfo=None) for moment in MINUTES]
    polars.DataFrame({"date": naive, **GOOD}).write_parquet(path)
    assert [candle.open_time for candle in read_candles(path, "X/Y")] == MINUTES


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"close": [11.0, float("nan")]}, "row 1"),
        ({"close": [None, 11.0]}, "row 0"),
        ({"high": [float("inf"), 12.0]}, "row 0"),
        ({"low": [0.0, 10.0]}, "row 0"),
        ({"high": [9.5, 12.0]}, "row 0"),
        ({"volume": [-1.0, 1.0]}, "row 0"),
        ({"timestamp": [MINUTES[0], MINUTES[0]]}, "two candles"),
        ({"timestamp": ["a", "b"]}, "not a time"),
        ({"timestamp": [-1, 5]}, "not a time"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, columns: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read_candles(write(tmp_path, **columns), "X/Y")


def test_a_file_that_is_not_there_or_not_parquet_or_lacks_columns_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"not parquet")
    empty = tmp_path / "empty.parquet"
    polars.DataFrame({"timestamp": MINUTES, "open": [1.0, 2.0]}).write_parquet(empty)
    without_time = tmp_path / "without_time.parquet"
    polars.DataFrame(GOOD).write_parquet(without_time)
    no_rows = tmp_path / "no_rows.parquet"
    polars.DataFrame({"timestamp": MINUTES, **GOOD}).clear().write_parquet(no_rows)
    for path in (tmp_path / "absent.parquet", bad, empty, without_time, no_rows):
        with pytest.raises(ConfigurationError):
            read_candles(path, "X/Y")


def test_without_polars_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ConfigurationError, match=r"yunmin\[data\]"):
        read_candles(tmp_path / "candles.parquet", "X/Y")


def test_real_candles_of_several_makers_are_readable() -> None:
    folder = os.environ.get("YUNMIN_TEST_DATA")
    if folder is None:
        pytest.skip("YUNMIN_TEST_DATA is not set")
    for name in ("ADA_BTC_5m", "ETH_BTC_5m", "XRP_ETH_1m"):
        candles = read_candles(Path(folder) / "candles" / f"{name}.parquet", "X/Y")
        assert len(candles) > 2000
