"""Recorded candles by market, and where a run begins in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from yunmin.engine.worlds.recordings import begin_of, read_recordings
from yunmin.errors import ConfigurationError

START = datetime(2026, 1, 1, tzinfo=UTC)


def candles(path: Path, count: int, *, start: datetime = START, minutes: int = 1) -> None:
    rows = [f"{(start + timedelta(minutes=minutes * n)).isoformat()},10,11,9,10,5" for n in range(count)]
    path.write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n")


def test_a_files_name_says_of_which_market_it_is(tmp_path: Path) -> None:
    candles(tmp_path / "BTC_USDT_1m.csv", 8)
    candles(tmp_path / "ETH-BTC.csv", 8)
    assert sorted(read_recordings(tmp_path)) == ["BTC/USDT", "ETH/BTC"]


def test_a_file_whose_name_says_no_market_is_refused(tmp_path: Path) -> None:
    candles(tmp_path / "prices.csv", 8)
    with pytest.raises(ConfigurationError, match="of which market"):
        read_recordings(tmp_path / "prices.csv")


def test_two_files_of_one_market_are_refused(tmp_path: Path) -> None:
    candles(tmp_path / "BTC_USDT_1m.csv", 8)
    candles(tmp_path / "BTC-USDT.csv", 8)
    with pytest.raises(ConfigurationError, match="another file of BTC/USDT"):
        read_recordings(tmp_path)


def test_a_quarter_of_a_short_recording_is_past_and_a_hundred_candles_of_a_long_one(tmp_path: Path) -> None:
    candles(tmp_path / "BTC_USDT.csv", 40)
    assert read_recordings(tmp_path)["BTC/USDT"].past == 10
    candles(tmp_path / "BTC_USDT.csv", 1000)
    assert read_recordings(tmp_path)["BTC/USDT"].past == 100


def test_markets_begin_together_when_enough_of_each_is_past(tmp_path: Path) -> None:
    candles(tmp_path / "BTC_USDT.csv", 40)
    candles(tmp_path / "ETH_USDT.csv", 40, start=START + timedelta(minutes=10))
    found = read_recordings(tmp_path)
    assert {symbol: one.past for symbol, one in found.items()} == {"BTC/USDT": 20, "ETH/USDT": 10}
    assert begin_of(found) == START + timedelta(minutes=20)


def test_a_market_that_is_over_before_another_begins_is_refused(tmp_path: Path) -> None:
    candles(tmp_path / "BTC_USDT.csv", 8)
    candles(tmp_path / "ETH_USDT.csv", 8, start=START + timedelta(days=1))
    with pytest.raises(ConfigurationError, match="over before"):
        read_recordings(tmp_path)
