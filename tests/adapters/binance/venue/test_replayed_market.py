"""Which market a candles file moves, and whether its rules fit the file's prices."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from yunmin.errors import ConfigurationError
from yunmin.exchange import Environment, VenueOptions
from yunmin_binance.endpoints import BASE_URLS
from yunmin_binance.venue.opening import config_of, open_venue
from yunmin_binance.venue.replayed_market import market_for_candles
from yunmin_binance.venue.symbols import DEFAULT_SYMBOLS

polars = pytest.importorskip("polars", reason="candles are read with polars")


def a_file(folder: Path, name: str, price: float) -> Path:
    path = folder / name
    row = {"timestamp": [datetime(2026, 1, 1, tzinfo=UTC)], "volume": [1.0]}
    row |= {column: [price] for column in ("open", "high", "low", "close")}
    polars.DataFrame(row).write_parquet(path)
    return path


def test_the_name_that_was_given_wins(tmp_path: Path) -> None:
    assert market_for_candles(a_file(tmp_path, "ETH_BTC_5m.parquet", 3000.0), "ETH/USDT").symbol == "ETHUSDT"


def test_else_the_files_name_says_it(tmp_path: Path) -> None:
    assert market_for_candles(a_file(tmp_path, "ETH_BTC_5m.parquet", 0.05), None).symbol == "ETHBTC"


def test_else_it_is_bitcoin_in_dollars(tmp_path: Path) -> None:
    path = a_file(tmp_path, "BTC-PERP_1m_2022-01.parquet", 46000.0)
    assert market_for_candles(path, None) == DEFAULT_SYMBOLS["BTCUSDT"]


def test_a_market_whose_tick_is_too_coarse_for_the_prices_gets_rules_that_fit(tmp_path: Path) -> None:
    rules = market_for_candles(a_file(tmp_path, "prices.parquet", 0.5), "BTCUSDT")
    assert rules.tick_size < DEFAULT_SYMBOLS["BTCUSDT"].tick_size
    assert rules.start_price / rules.tick_size >= 1000


@pytest.mark.parametrize("price", [0.00005, 0.0017, 0.03, 1.0, 250.0, 46000.0])
def test_fitted_rules_have_the_usual_proportions(tmp_path: Path, price: float) -> None:
    rules = market_for_candles(a_file(tmp_path, "x.parquet", price), "XYZ/BTC")
    assert 1000 <= rules.start_price / rules.tick_size <= 100_000
    assert Decimal(10) <= rules.min_notional / rules.start_price / rules.step_size or rules.step_size == Decimal("1E-8")
    assert rules.min_price < rules.start_price < rules.max_price


@pytest.mark.parametrize("name", ["XYZ", "XYZ/ABC", "/BTC", "btc/usdt", "BTC/BTC"])
def test_what_is_no_pair_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no market"):
        market_for_candles(a_file(tmp_path, "x.parquet", 1.0), name)


async def test_a_venue_follows_them_and_lists_their_market_first(tmp_path: Path) -> None:
    path = a_file(tmp_path, "XMR_BTC_5m.parquet", 0.0275)
    async with open_venue(VenueOptions(candles=str(path), step_interval=0)) as running:
        assert next(iter(running.venue.exchange.rules)) == "XMRBTC"
        assert running.venue.audit().ok
        held = {balance.asset: balance.free for balance in running.venue.ledger_report("local").balances}
        assert held["XMR"] > 0


def test_options_that_do_not_hang_together_are_told_so() -> None:
    with pytest.raises(ConfigurationError, match="loopback"):
        config_of(VenueOptions(host="0.0.0.0"))
    with pytest.raises(ConfigurationError, match="cannot read candles"):
        config_of(VenueOptions(candles="nowhere.parquet"))


def test_without_a_port_it_is_where_a_connector_looks_for_it() -> None:
    port = config_of(VenueOptions(port=None)).port
    assert BASE_URLS[Environment.LOCAL] == f"http://127.0.0.1:{port}"
    assert config_of(VenueOptions(port=0)).port == 0
