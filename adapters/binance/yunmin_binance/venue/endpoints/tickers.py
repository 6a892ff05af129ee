"""Tickers: 24hr, price, bookTicker, avgPrice, and of a window or a day (Binance spot rest-api.md, 2026-07-21)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Final

from yunmin.simulation.intervals import DAY, HOUR, MINUTE, open_of, step_open
from yunmin.simulation.order_book import Level
from yunmin.simulation.tape import Bar
from yunmin.simulation.units import SCALE
from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint
from yunmin_binance.venue.endpoints.market_data import read_offset
from yunmin_binance.venue.endpoints.symbol_selection import selected_markets
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.filters import AVERAGE_PRICE_MINUTES
from yunmin_binance.venue.params import Params
from yunmin_binance.venue.wire import amount, percent

__all__ = ["TICKERS"]

_Ticker = Callable[[Call, str], dict[str, object]]

_HEAVY_24HR: Final = ((20, 2), (100, 40))
_HEAVIEST_24HR: Final = 80
_MOST_SYMBOLS: Final = 100
_EACH_WEIGHS: Final = 4
_HEAVIEST_WINDOWS: Final = 200

# the windows of ticker: so many minutes, hours, days at most
_WINDOW_UNITS: Final = {"m": (MINUTE, 59), "h": (HOUR, 23), "d": (DAY, 7)}
_DEFAULT_WINDOW: Final = "1d"


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
    return _each(call, _mini_ticker if _is_mini(call.params) else _full_ticker)


def _window(call: Call) -> Answer:
    """From a whole minute up to now (section Rolling window price change statistics)."""
    is_mini, length = _is_mini(call.params), _read_window(call.params)
    opened = open_of(call.now - length, MINUTE)
    return _each(call, partial(_statistics, opened=opened, closes=call.now, is_mini=is_mini), most=_MOST_SYMBOLS)


def _trading_day(call: Call) -> Answer:
    """All of today, as the clocks of `timeZone` have it (section Trading Day Ticker)."""
    is_mini, offset = _is_mini(call.params), read_offset(call.params)
    opened = open_of(call.now, DAY, offset=offset)
    last_moment = step_open(opened, DAY, 1) - 1
    return _each(call, partial(_statistics, opened=opened, closes=last_moment, is_mini=is_mini), most=_MOST_SYMBOLS)


def _is_mini(params: Params) -> bool:
    return params.choice("type", _Detail, ApiError(-1139, "Invalid ticker type.")) is _Detail.MINI


def _read_window(params: Params) -> int:
    """The length of `windowSize` in microseconds: 1m to 59m, 1h to 23h, 1d to 7d."""
    text = params.text("windowSize") or _DEFAULT_WINDOW
    number, (length, most) = text[:-1], _WINDOW_UNITS.get(text[-1], (0, 0))
    if not (number.isascii() and number.isdigit() and len(number) <= 2 and 1 <= int(number) <= most):
        raise ApiError.invalid("windowSize")
    return int(number) * length


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


def _each(call: Call, ticker: _Ticker, *, most: int | None = None) -> Answer:
    """One object for `symbol`, an array for `symbols` or for neither."""
    selected = selected_markets(call, most=most)
    if isinstance(selected, str):
        return ticker(call, selected)
    return [ticker(call, name) for name in selected]


def _statistics(call: Call, symbol: str, *, opened: int, closes: int, is_mini: bool) -> dict[str, object]:
    """What traded since `opened`; -2016 in a market that has never traded."""
    tape = call.exchange.floor(symbol).tape
    if not tape.last_price:
        raise ApiError.no_trading_window()
    total = tape.since(opened)
    change = {} if is_mini else _change(total)
    return {"symbol": symbol, **change, **_prices(total), **_volumes(call, total, opened, closes)}


def _change(total: Bar) -> dict[str, object]:
    change = total.close - total.open
    return {
        "priceChange": amount(change),
        "priceChangePercent": percent(change, total.open),
        "weightedAvgPrice": amount(total.quote_volume * SCALE // total.volume if total.volume else 0),
    }


def _prices(total: Bar) -> dict[str, object]:
    return {
        "openPrice": amount(total.open),
        "highPrice": amount(total.high),
        "lowPrice": amount(total.low),
        "lastPrice": amount(total.close),
    }


def _volumes(call: Call, total: Bar, opened: int, closes: int) -> dict[str, object]:
    return {
        "volume": amount(total.volume),
        "quoteVolume": amount(total.quote_volume),
        "openTime": call.time_of(opened),
        "closeTime": call.time_of(closes),
        "firstId": total.first_id,
        "lastId": total.last_id,
        "count": total.trades,
    }


def _full_ticker(call: Call, symbol: str) -> dict[str, object]:
    floor = call.exchange.floor(symbol)
    total, close_time, previous_close, last_qty = floor.tape.statistics(call.now)
    return {
        "symbol": symbol,
        **_change(total),
        "prevClosePrice": amount(previous_close),
        "lastPrice": amount(total.close),
        "lastQty": amount(last_qty),
        **_top(floor.book.best_bid, floor.book.best_ask),
        "openPrice": amount(total.open),
        "highPrice": amount(total.high),
        "lowPrice": amount(total.low),
        **_volumes(call, total, close_time - DAY, close_time),
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


def _weight_of_windows(sent: Mapping[str, str]) -> int:
    named = sent["symbols"].count(",") + 1 if "symbols" in sent else 1
    return min(named * _EACH_WEIGHS, _HEAVIEST_WINDOWS)


TICKERS: Final = (
    Endpoint("GET", "/api/v3/avgPrice", _average_price, 2),
    Endpoint("GET", "/api/v3/ticker/24hr", _day, _weight_of_day),
    Endpoint("GET", "/api/v3/ticker", _window, _weight_of_windows),
    Endpoint("GET", "/api/v3/ticker/tradingDay", _trading_day, _weight_of_windows),
    Endpoint("GET", "/api/v3/ticker/price", _price, _weight_of_ticker),
    Endpoint("GET", "/api/v3/ticker/bookTicker", _book, _weight_of_ticker),
)
