"""Tickers: 24hr, price, bookTicker, avgPrice (Binance spot REST docs, 2026-07-21, Market Data endpoints)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from yunmin.simulation.intervals import DAY
from yunmin.simulation.order_book import Level
from yunmin.simulation.units import SCALE
from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint
from yunmin_binance.venue.endpoints.general import SymbolStatus
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.filters import AVERAGE_PRICE_MINUTES
from yunmin_binance.venue.wire import amount, percent

__all__ = ["TICKERS"]

_Ticker = Callable[[Call, str], dict[str, object]]

_HEAVY_24HR: Final = ((20, 2), (100, 40))
_HEAVIEST_24HR: Final = 80


class _Detail(StrEnum):
    FULL = "FULL"
    MINI = "MINI"


_MINI_LEAVES_OUT: Final = frozenset(
    {
        "priceChange",
        "priceChangePercent",
        "weightedAvgPrice",
        "prevClosePrice",
        "lastQty",
        "bidPrice",
        "bidQty",
        "askPrice",
        "askQty",
    }
)


def _day(call: Call) -> Answer:
    detail = call.params.choice("type", _Detail, ApiError(-1139, "Invalid ticker type."))
    return _each(call, _mini_ticker if detail is _Detail.MINI else _full_ticker)


def _price(call: Call) -> Answer:
    return _each(call, _price_ticker)


def _book(call: Call) -> Answer:
    return _each(call, _book_ticker)


def _average_price(call: Call) -> Answer:
    tape = call.exchange.floor(call.params.required_symbol()).tape
    return {
        "mins": AVERAGE_PRICE_MINUTES,
        "price": amount(tape.average_price(call.now, AVERAGE_PRICE_MINUTES)),
        "closeTime": call.time_of(tape.trades[-1].time if tape.trades else 0),
    }


def _each(call: Call, ticker: _Ticker) -> Answer:
    """One object for `symbol`, an array for `symbols` or for neither."""
    one, many = call.params.symbol(), call.params.symbols()
    status = call.params.choice("symbolStatus", SymbolStatus, ApiError(-1122, "Invalid symbolStatus."))
    is_other_status = status not in {None, SymbolStatus.TRADING}
    if one is not None and many is not None:
        raise ApiError.bad_combination()
    if one is not None:
        symbol = call.exchange.floor(one).market.symbol
        if is_other_status:
            raise ApiError.status_mismatch()
        return ticker(call, symbol)
    names = [call.exchange.floor(name).market.symbol for name in (many or call.exchange.rules)]
    return [] if is_other_status else [ticker(call, name) for name in names]


def _full_ticker(call: Call, symbol: str) -> dict[str, object]:
    floor = call.exchange.floor(symbol)
    total, close_time, previous_close, last_qty = floor.tape.statistics(call.now)
    change = total.close - total.open
    return {
        "symbol": symbol,
        "priceChange": amount(change),
        "priceChangePercent": percent(change, total.open),
        "weightedAvgPrice": amount(total.quote_volume * SCALE // total.volume if total.volume else 0),
        "prevClosePrice": amount(previous_close),
        "lastPrice": amount(total.close),
        "lastQty": amount(last_qty),
        **_top(floor.book.best_bid, floor.book.best_ask),
        "openPrice": amount(total.open),
        "highPrice": amount(total.high),
        "lowPrice": amount(total.low),
        "volume": amount(total.volume),
        "quoteVolume": amount(total.quote_volume),
        "openTime": call.time_of(close_time - DAY),
        "closeTime": call.time_of(close_time),
        "firstId": total.first_id,
        "lastId": total.last_id,
        "count": total.trades,
    }


def _mini_ticker(call: Call, symbol: str) -> dict[str, object]:
    return {key: value for key, value in _full_ticker(call, symbol).items() if key not in _MINI_LEAVES_OUT}


def _price_ticker(call: Call, symbol: str) -> dict[str, object]:
    return {"symbol": symbol, "price": amount(call.exchange.floor(symbol).tape.last_price)}


def _book_ticker(call: Call, symbol: str) -> dict[str, object]:
    book = call.exchange.floor(symbol).book
    return {"symbol": symbol, **_top(book.best_bid, book.best_ask)}


def _top(bid: Level | None, ask: Level | None) -> dict[str, object]:
    return {
        "bidPrice": amount(bid.price if bid else 0),
        "bidQty": amount(bid.qty if bid else 0),
        "askPrice": amount(ask.price if ask else 0),
        "askQty": amount(ask.qty if ask else 0),
    }


def _weight_of_day(sent: Mapping[str, str]) -> int:
    if "symbol" in sent:
        return 2
    if "symbols" not in sent:
        return _HEAVIEST_24HR
    named = sent["symbols"].count(",") + 1
    return next((weight for most, weight in _HEAVY_24HR if named <= most), _HEAVIEST_24HR)


def _weight_of_ticker(sent: Mapping[str, str]) -> int:
    return 2 if "symbol" in sent else 4


TICKERS: Final = (
    Endpoint("GET", "/api/v3/avgPrice", _average_price, 2),
    Endpoint("GET", "/api/v3/ticker/24hr", _day, _weight_of_day),
    Endpoint("GET", "/api/v3/ticker/price", _price, _weight_of_ticker),
    Endpoint("GET", "/api/v3/ticker/bookTicker", _book, _weight_of_ticker),
)
