"""The local venue: Binance spot's protocols over a matching engine on this machine, offline.

    async with LocalVenue(VenueConfig(seed=1)) as venue:
        ...                                           # point any Binance client at venue.url + "/api/v3"

Everybody may log in with LOCAL_API_KEY and LOCAL_API_SECRET, the credentials of the default account: they are good
here and nowhere else. Beside the exchange's own paths there is a door for tests and demos, for loopback callers only:
GET /venue/state, GET /venue/ledger, POST /venue/orders, POST /venue/step (see `control`).
"""

from yunmin_binance.local_account import LOCAL_API_KEY, LOCAL_API_SECRET
from yunmin_binance.venue.config import (
    COUNTERPARTY,
    LOCAL_ACCOUNT,
    AccountConfig,
    KeyRight,
    Liquidity,
    VenueConfig,
)
from yunmin_binance.venue.limits import LimitsConfig
from yunmin_binance.venue.server import LocalVenue, run_venue
from yunmin_binance.venue.symbols import SymbolStatus

__all__ = [
    "COUNTERPARTY",
    "LOCAL_ACCOUNT",
    "LOCAL_API_KEY",
    "LOCAL_API_SECRET",
    "AccountConfig",
    "KeyRight",
    "LimitsConfig",
    "Liquidity",
    "LocalVenue",
    "SymbolStatus",
    "VenueConfig",
    "run_venue",
]
