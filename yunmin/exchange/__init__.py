"""The port: what Yunmin asks of any exchange, and how an adapter is found."""

from yunmin.exchange.capabilities import Capability, Support, Traits
from yunmin.exchange.config import (
    ConnectorConfig,
    Credentials,
    Environment,
    LiveConsent,
    PlacementConnection,
)
from yunmin.exchange.connector import CancelsAll, ExchangeConnector, KeepsTime, ShowsKeyRights, ShowsMarket, TestsOrders
from yunmin.exchange.plugin import (
    AdapterPlugin,
    ConnectionWish,
    FuzzTarget,
    LedgerBalance,
    LedgerFill,
    LedgerOrder,
    RunningVenue,
    TrialReport,
    VenueAccount,
    VenueLedger,
    VenueOptions,
    VenueTrial,
)
from yunmin.exchange.streams import NewsStream, StreamsAccount, StreamsMarket

__all__ = [
    "AdapterPlugin",
    "CancelsAll",
    "Capability",
    "ConnectionWish",
    "ConnectorConfig",
    "Credentials",
    "Environment",
    "ExchangeConnector",
    "FuzzTarget",
    "KeepsTime",
    "LedgerBalance",
    "LedgerFill",
    "LedgerOrder",
    "LiveConsent",
    "NewsStream",
    "PlacementConnection",
    "RunningVenue",
    "ShowsKeyRights",
    "ShowsMarket",
    "StreamsAccount",
    "StreamsMarket",
    "Support",
    "TestsOrders",
    "Traits",
    "TrialReport",
    "VenueAccount",
    "VenueLedger",
    "VenueOptions",
    "VenueTrial",
]
