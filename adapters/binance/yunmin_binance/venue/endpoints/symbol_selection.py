"""Which markets a request is about: `symbol`, `symbols` or neither, and the `symbolStatus` they must be in.

Binance spot rest-api.md, 2026-07-21: one market in another status is error -1220; of several, those in another status
are left out.
"""

from __future__ import annotations

from typing import Final

from yunmin_binance.venue.endpoints.call import Call
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.params import Params
from yunmin_binance.venue.symbols import SymbolStatus

__all__ = ["read_status", "required_market", "selected_markets"]

_ASKED_FOR: Final = frozenset({SymbolStatus.TRADING, SymbolStatus.HALT, SymbolStatus.BREAK})


def read_status(params: Params) -> SymbolStatus | None:
    """The parameter symbolStatus: TRADING, HALT or BREAK."""
    status = params.choice("symbolStatus", SymbolStatus, ApiError.bad_symbol_status())
    if status is not None and status not in _ASKED_FOR:
        raise ApiError.bad_symbol_status()
    return status


def required_market(call: Call) -> str:
    """The market that `symbol` names, in the status asked for."""
    symbol = call.exchange.floor(call.params.required_symbol()).market.symbol
    _require_status(call, symbol, read_status(call.params))
    return symbol


def selected_markets(call: Call, *, most: int | None = None) -> str | list[str]:
    """The one market that `symbol` names, else those of `symbols`, else all.

    With `most`, one of the two has to be sent, and no more than that many may be named.
    """
    one, many = call.params.symbol(), call.params.symbols()
    status = read_status(call.params)
    if one is not None and many is not None:
        raise ApiError.bad_combination()
    if one is not None:
        symbol = call.exchange.floor(one).market.symbol
        _require_status(call, symbol, status)
        return symbol
    if many is None and most is not None:
        raise ApiError.missing_both("symbol", "symbols")
    if many is not None and most is not None and len(many) > most:
        raise ApiError.too_many_parameters(most, len(many))
    names = [call.exchange.floor(name).market.symbol for name in (many or call.exchange.rules)]
    return [name for name in names if status in {None, call.exchange.statuses[name]}]


def _require_status(call: Call, symbol: str, status: SymbolStatus | None) -> None:
    if status not in {None, call.exchange.statuses[symbol]}:
        raise ApiError.status_mismatch()
