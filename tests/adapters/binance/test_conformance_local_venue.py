"""Binance spot at its local venue, a fresh one for each test: real HTTP, a real matching engine, nothing recorded."""

from tests.adapters.binance.conformance_venue import BinanceConformance


class TestBinanceAtTheLocalVenue(BinanceConformance):
    pass
