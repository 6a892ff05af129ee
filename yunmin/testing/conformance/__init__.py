"""The conformance suite: what every adapter must do, as tests that its author inherits and does not write."""

from __future__ import annotations

from yunmin.testing.conformance.account import AccountConformance
from yunmin.testing.conformance.fills import FillsConformance
from yunmin.testing.conformance.life import LifeConformance
from yunmin.testing.conformance.markets import MarketsConformance
from yunmin.testing.conformance.orders import OrdersConformance
from yunmin.testing.conformance.refusals import RefusalsConformance
from yunmin.testing.conformance.requirements import Need, Scenario, requires
from yunmin.testing.conformance.streams import StreamsConformance
from yunmin.testing.conformance.suite import ConformanceSuite, cassette_name, scenarios_of
from yunmin.testing.conformance.tracking import TrackingConformance

__all__ = [
    "AccountConformance",
    "AdapterConformance",
    "ConformanceSuite",
    "FillsConformance",
    "LifeConformance",
    "MarketsConformance",
    "Need",
    "OrdersConformance",
    "RefusalsConformance",
    "Scenario",
    "StreamsConformance",
    "TrackingConformance",
    "cassette_name",
    "requires",
    "scenarios_of",
]


class AdapterConformance(
    StreamsConformance,
    TrackingConformance,
    LifeConformance,
    RefusalsConformance,
    FillsConformance,
    OrdersConformance,
    AccountConformance,
    MarketsConformance,
):
    """The whole suite. Inherit it in a test file, and say which adapter:

    class TestMyExchangeAtItsLocalVenue(AdapterConformance):
        adapter = "myexchange"
    """
