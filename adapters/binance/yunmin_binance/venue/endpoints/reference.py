"""Reference prices and the rules that hang on them (Binance spot rest-api.md and the price range FAQ, 2026-07-21)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from yunmin.simulation.units import to_units
from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint
from yunmin_binance.venue.endpoints.symbol_selection import read_status, required_market
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.reference_price import reference_price
from yunmin_binance.venue.symbols import PriceRange, ReferenceRule
from yunmin_binance.venue.wire import amount

__all__ = ["REFERENCE"]

_EACH_WEIGHS: Final = 2
_HEAVIEST: Final = 40


def _price(call: Call) -> Answer:
    symbol = call.exchange.floor(call.params.required_symbol()).market.symbol
    rule, tape = _rule_of(call, symbol), call.exchange.floor(symbol).tape
    if not tape.last_price:
        raise ApiError.no_reference_price()
    price = reference_price(tape, rule, call.now)
    return {
        "symbol": symbol,
        "referencePrice": None if price is None else amount(price),
        "timestamp": call.time_of(call.now),
    }


def _calculation(call: Call) -> Answer:
    symbol = required_market(call)
    rule = _rule_of(call, symbol)
    return {
        "symbol": symbol,
        "calculationType": "ARITHMETIC_MEAN",
        "bucketCount": rule.bucket_count,
        "bucketWidthMs": rule.bucket_width_ms,
    }


def _rule_of(call: Call, symbol: str) -> ReferenceRule:
    rule = call.exchange.rules[symbol].reference
    if rule is None:
        raise ApiError.no_reference_price()
    return rule


def _execution_rules(call: Call) -> Answer:
    """By one parameter, or of all symbols; a symbol without a rule is not listed."""
    params, exchange = call.params, call.exchange
    one, many, status = params.symbol(), params.symbols(), read_status(params)
    if sum(given is not None for given in (one, many, status)) > 1:
        raise ApiError.bad_combination()
    named = [one] if one is not None else many
    symbols = [exchange.floor(name).market.symbol for name in (named or exchange.rules)]
    ranges = {name: exchange.rules[name].price_range for name in symbols if status in {None, exchange.statuses[name]}}
    return {
        "symbolRules": [
            {"symbol": name, "rules": [_described(allowed)]} for name, allowed in ranges.items() if allowed is not None
        ]
    }


def _described(allowed: PriceRange) -> dict[str, object]:
    bounds = {
        "bidLimitMultUp": allowed.bid_limit_mult_up,
        "bidLimitMultDown": allowed.bid_limit_mult_down,
        "askLimitMultUp": allowed.ask_limit_mult_up,
        "askLimitMultDown": allowed.ask_limit_mult_down,
    }
    told = {name: amount(to_units(bound)) for name, bound in bounds.items() if bound is not None}
    return {"ruleType": "PRICE_RANGE", **told}


def _weight_of_rules(sent: Mapping[str, str]) -> int:
    if "symbol" in sent:
        return _EACH_WEIGHS
    if "symbols" not in sent:
        return _HEAVIEST
    return min((sent["symbols"].count(",") + 1) * _EACH_WEIGHS, _HEAVIEST)


REFERENCE: Final = (
    Endpoint("GET", "/api/v3/executionRules", _execution_rules, _weight_of_rules),
    Endpoint("GET", "/api/v3/referencePrice", _price, 2),
    Endpoint("GET", "/api/v3/referencePrice/calculation", _calculation, 2),
)
