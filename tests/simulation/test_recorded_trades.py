"""Trades from parquet files, good and bad."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from yunmin.errors import ConfigurationError
from yunmin.simulation.recorded_trades import RecordedTrade, read_trades
from yunmin.simulation.units import to_micros

polars = pytest.importorskip("polars")

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = {"timestamp": [MOMENT], "price": [10.5], "quantity": [0.25], "buyer_maker": ["True"]}


def write(folder: Path, columns: dict[str, object]) -> Path:
    path = folder / "trades.parquet"
    polars.DataFrame(columns).write_parquet(path)
    return path


def test_a_trade_is_read_exactly(tmp_path: Path) -> None:
    expected = RecordedTrade(to_micros(MOMENT), 1_050_000_000, 25_000_000, buyer_is_maker=True)
    assert read_trades(write(tmp_path, GOOD)) == (expected,)


@pytest.mark.parametrize(
    ("name", "cell", "buyer_is_maker"),
    [("side", "sell", True), ("side", "buy", False), ("is_buyer_maker", True, True), ("buyer_maker", "false", False)],
)
def test_who_rested_is_said_in_several_ways(tmp_path: Path, name: str, cell: object, buyer_is_maker: bool) -> None:
    columns = {"date": [1_767_225_600_000], "price": [1.0], "amount": [2.0], name: [cell]}
    (trade,) = read_trades(write(tmp_path, columns))
    assert trade.buyer_is_maker is buyer_is_maker


def test_they_are_put_in_order_of_time_and_those_of_one_moment_stay_as_they_were(tmp_path: Path) -> None:
    columns = {"timestamp": [2_000, 1_000, 1_000], "price": [3, 1, 2], "qty": [1, 1, 1], "side": ["buy"] * 3}
    assert [trade.price // 10**8 for trade in read_trades(write(tmp_path, columns))] == [1, 2, 3]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"buyer_maker": ["perhaps"]}, "row 0: not a side: 'perhaps'"),
        ({"price": [0.0]}, "row 0: price and quantity must be above zero"),
        ({"quantity": [float("nan")]}, "row 0"),
        ({"timestamp": ["today"]}, "row 0: not a time"),
    ],
)
def test_a_row_that_is_no_trade_is_named(tmp_path: Path, changed: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read_trades(write(tmp_path, {**GOOD, **changed}))


def test_a_missing_column_and_an_empty_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="missing columns: quantity, buyer_maker"):
        read_trades(write(tmp_path, {"timestamp": [1], "price": [1.0]}))
    with pytest.raises(ConfigurationError, match="no trades"):
        read_trades(write(tmp_path, {name: [] for name in GOOD}))


@pytest.mark.skipif("YUNMIN_TEST_DATA" not in os.environ, reason="YUNMIN_TEST_DATA is not set")
@pytest.mark.parametrize(
    ("name", "count"), [("BTCUSDT_trades_2021-01-08.parquet", 2001), ("XRP_ETH_trades.parquet", 12_477)]
)
def test_real_recordings_are_read_to_the_last_row(name: str, count: int) -> None:
    trades = read_trades(Path(os.environ["YUNMIN_TEST_DATA"], "trades", name))
    assert len(trades) == count
    assert {trade.buyer_is_maker for trade in trades} == {True, False}
