"""General endpoints: ping, time, exchangeInfo (Binance spot REST docs, 2026-07-21, General endpoints)."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Final

from yunmin.simulation.orders import SelfTradePrevention
from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.limits import RATE_LIMITS
from yunmin_binance.venue.symbols import SymbolRules

__all__ = ["GENERAL", "ORDER_TYPES", "SymbolStatus"]

ORDER_TYPES: Final = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
_PRECISION: Final = 8


class SymbolStatus(StrEnum):
    """The values that the parameter symbolStatus may have."""

    TRADING = "TRADING"
    HALT = "HALT"
    BREAK = "BREAK"


def _ping(_: Call) -> Answer:
    return {}


def _time(call: Call) -> Answer:
    return {"serverTime": call.time_of(call.now)}


def _exchange_info(call: Call) -> Answer:
    show_sets = call.params.flag("showPermissionSets") is not False
    return {
        "timezone": "UTC",
        "serverTime": call.time_of(call.now),
        "rateLimits": list(RATE_LIMITS),
        "exchangeFilters": [],
        "symbols": [_describe(call.exchange, rules, show_sets=show_sets) for rules in _selected(call)],
    }


def _selected(call: Call) -> list[SymbolRules]:
    params, rules = call.params, call.exchange.rules
    one, many = params.symbol(), params.symbols()
    permissions = params.text("permissions")
    status = params.choice("symbolStatus", SymbolStatus, ApiError(-1122, "Invalid symbolStatus."))
    if sum(given is not None for given in (one, many, permissions or status)) > 1:
        raise ApiError.bad_combination()
    names = [one] if one is not None else many
    if names is not None:
        return [call.exchange.rules[call.exchange.floor(name).market.symbol] for name in names]
    if not _includes_spot(permissions) or status not in {None, SymbolStatus.TRADING}:
        return []
    return list(rules.values())


def _includes_spot(permissions: str | None) -> bool:
    if permissions is None or permissions == "SPOT":
        return True
    try:
        wanted = json.loads(permissions)
    except (ValueError, RecursionError):
        return False
    return isinstance(wanted, list) and "SPOT" in wanted


def _describe(exchange: Exchange, rules: SymbolRules, *, show_sets: bool) -> dict[str, object]:
    return {
        "symbol": rules.symbol,
        "status": "TRADING",
        "baseAsset": rules.base,
        "baseAssetPrecision": _PRECISION,
        "quoteAsset": rules.quote,
        "quotePrecision": _PRECISION,
        "quoteAssetPrecision": _PRECISION,
        "baseCommissionPrecision": _PRECISION,
        "quoteCommissionPrecision": _PRECISION,
        "orderTypes": list(ORDER_TYPES),
        "icebergAllowed": False,
        "ocoAllowed": True,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": exchange.filters[rules.symbol].describe(),
        "permissions": [],
        "permissionSets": [["SPOT"]] if show_sets else [],
        "defaultSelfTradePreventionMode": SelfTradePrevention.NONE.value,
        "allowedSelfTradePreventionModes": [mode.value for mode in SelfTradePrevention],
    }


GENERAL: Final = (
    Endpoint("GET", "/api/v3/ping", _ping, 1),
    Endpoint("GET", "/api/v3/time", _time, 1),
    Endpoint("GET", "/api/v3/exchangeInfo", _exchange_info, 20),
)
