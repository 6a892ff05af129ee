"""Binance spot over its cassettes: recorded answers, no server, no network."""

from tests.adapters.binance.conformance_venue import BinanceConformance


class TestBinanceOverCassettes(BinanceConformance):
    cassettes = "cassettes/binance"
