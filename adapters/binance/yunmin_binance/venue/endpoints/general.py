"""General endpoints: ping, time, exchangeInfo (Binance spot rest-api.md, 2026-07-21)."""

from __future__ import annotations

import json
from typing import Final

from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint
from yunmin_binance.venue.endpoints.symbol_selection import read_status
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.params import Params
from yunmin_binance.venue.symbols import PERMISSIONS, SymbolRules

__all__ = ["GENERAL", "ORDER_TYPES"]

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

# a symbol is shown where it asks for one of these, unless others are named
_SHOWN_PERMISSIONS: Final = frozenset({"SPOT", "MARGIN", "LEVERAGED"})


def _ping(_: Call) -> Answer:
    return {}


def _time(call: Call) -> Answer:
    return {"serverTime": call.time_of(call.now)}


def _exchange_info(call: Call) -> Answer:
    shows_sets = call.params.flag("showPermissionSets") is not False
    return {
        "timezone": "UTC",
        "serverTime": call.time_of(call.now),
        "rateLimits": call.exchange.limits.describe(),
        "exchangeFilters": call.exchange.exchange_filters.describe(),
        "symbols": [_describe(call.exchange, rules, shows_sets=shows_sets) for rules in _shown(call)],
    }


def _shown(call: Call) -> list[SymbolRules]:
    """By symbol or symbols alone, or by permissions and status."""
    params, exchange = call.params, call.exchange
    one, many = params.symbol(), params.symbols()
    permissions, status = _read_permissions(params), read_status(params)
    if sum(given is not None for given in (one, many, permissions or status)) > 1:
        raise ApiError.bad_combination()
    names = [one] if one is not None else many
    if names is not None:
        return [exchange.rules[exchange.floor(name).market.symbol] for name in names]
    wanted = permissions or _SHOWN_PERMISSIONS
    return [
        rules
        for name, rules in exchange.rules.items()
        if status in {None, exchange.statuses[name]} and any(wanted.intersection(one) for one in rules.permission_sets)
    ]


def _read_permissions(params: Params) -> frozenset[str] | None:
    """One permission, or a JSON array of them."""
    text = params.text("permissions")
    if text is None:
        return None
    try:
        wanted = json.loads(text) if text.startswith("[") else [text]
    except (ValueError, RecursionError):
        raise ApiError.bad_json("permissions") from None
    if not wanted or any(one not in PERMISSIONS for one in wanted):
        raise ApiError.invalid("permissions")
    return frozenset(wanted)


def _describe(exchange: Exchange, rules: SymbolRules, *, shows_sets: bool) -> dict[str, object]:
    return {
        "symbol": rules.symbol,
        "status": exchange.statuses[rules.symbol].value,
        "baseAsset": rules.base,
        "baseAssetPrecision": _PRECISION,
        "quoteAsset": rules.quote,
        "quotePrecision": _PRECISION,
        "quoteAssetPrecision": _PRECISION,
        "baseCommissionPrecision": _PRECISION,
        "quoteCommissionPrecision": _PRECISION,
        "orderTypes": list(ORDER_TYPES),
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": True,
        "isSpotTradingAllowed": any("SPOT" in group for group in rules.permission_sets),
        "isMarginTradingAllowed": False,
        "filters": exchange.filters[rules.symbol].describe(),
        "permissions": [],
        "permissionSets": [list(group) for group in rules.permission_sets] if shows_sets else [],
        "defaultSelfTradePreventionMode": rules.default_self_trade_mode.value,
        "allowedSelfTradePreventionModes": [mode.value for mode in rules.self_trade_modes],
    }


GENERAL: Final = (
    Endpoint("GET", "/api/v3/ping", _ping, 1),
    Endpoint("GET", "/api/v3/time", _time, 1),
    Endpoint("GET", "/api/v3/exchangeInfo", _exchange_info, 20),
)
