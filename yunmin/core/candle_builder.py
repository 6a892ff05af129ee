"""Candles out of what is finer: of shorter candles, or of trades."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from yunmin.core.data_contracts.market import Candle, PublicTrade
from yunmin.core.data_contracts.money import EXACT
from yunmin.core.data_contracts.timeframe import Timeframe
from yunmin.errors import InvalidValue

__all__ = ["CandleBuilder", "CandlesFromTrades"]


class _Forming:
    """The candle that is under way."""

    def __init__(self, symbol: str, open_time: datetime, prices: Candle) -> None:
        self.symbol = symbol
        self.open_time = open_time
        self._open, self._high, self._low = prices.open, prices.high, prices.low
        self._close, self._volume = prices.close, prices.volume

    def add(self, prices: Candle) -> None:
        self._high, self._low = max(self._high, prices.high), min(self._low, prices.low)
        self._close, self._volume = prices.close, EXACT.add(self._volume, prices.volume)

    def closed(self) -> Candle:
        return Candle(
            symbol=self.symbol,
            open_time=self.open_time,
            open=self._open,
            high=self._high,
            low=self._low,
            close=self._close,
            volume=self._volume,
            is_closed=True,
        )


class CandleBuilder:
    """Candles of `timeframe` out of shorter ones, each told as soon as its last part has closed.

    A candle of which the beginning was not seen is not made. One in whose middle parts are missing is made of the
    others; one whose last part is missing is told when a later one shows that it is over.
    """

    def __init__(self, timeframe: Timeframe, *, out_of: Timeframe) -> None:
        if timeframe == out_of or not out_of.divides(timeframe):
            raise InvalidValue(f"candles of {timeframe} cannot be put together from those of {out_of}")
        self._timeframe = timeframe
        self._part = out_of
        self._forming: _Forming | None = None

    def add(self, part: Candle) -> tuple[Candle, ...]:
        """Take a part that has closed, each after the one before; the candle that it ends, if one."""
        begin = self._timeframe.open_of(part.open_time)
        ended = self._end_of_earlier(begin)
        if self._forming is not None:
            self._forming.add(part)
        elif part.open_time == begin:
            self._forming = _Forming(part.symbol, begin, part)
        if self._part.close_of(part.open_time) == self._timeframe.close_of(begin):
            ended += self._end()
        return ended

    def _end_of_earlier(self, begin: datetime) -> tuple[Candle, ...]:
        return self._end() if self._forming is not None and self._forming.open_time < begin else ()

    def _end(self) -> tuple[Candle, ...]:
        if self._forming is None:
            return ()
        candle = self._forming.closed()
        self._forming = None
        return (candle,)


class CandlesFromTrades:
    """Candles of `timeframe` out of one symbol's trades, in the order of their time.

    The first candle is made only where `complete_from` says that trades were heard from its beginning on. An interval
    without a trade has no candle.
    """

    def __init__(self, symbol: str, timeframe: Timeframe, *, complete_from: datetime) -> None:
        self._symbol = symbol
        self._timeframe = timeframe
        self._complete_from = complete_from
        self._forming: _Forming | None = None
        self._last: datetime | None = None

    def add(self, trade: PublicTrade) -> tuple[Candle, ...]:
        """Take a trade; the candle that it shows to be over, if one is.

        Raises InvalidValue for a trade of another symbol, and for one from before the last candle's end.
        """
        if trade.symbol != self._symbol:
            raise InvalidValue(f"a trade of {trade.symbol} is none of {self._symbol}")
        if self._last is not None and trade.ts < self._last:
            raise InvalidValue(f"a trade at {trade.ts.isoformat()} came after {self._last.isoformat()} was told")
        ended = self.close_until(trade.ts)
        begin = self._timeframe.open_of(trade.ts)
        if begin >= self._complete_from:
            self._put(begin, trade.price, trade.qty)
        return ended

    def close_until(self, moment: datetime) -> tuple[Candle, ...]:
        """The candle that is over at `moment`, if one is."""
        if self._forming is None or self._timeframe.close_of(self._forming.open_time) > moment:
            return ()
        candle = self._forming.closed()
        self._last = self._timeframe.close_of(candle.open_time)
        self._forming = None
        return (candle,)

    def _put(self, begin: datetime, price: Decimal, qty: Decimal) -> None:
        flat = Candle(symbol=self._symbol, open_time=begin, open=price, high=price, low=price, close=price, volume=qty)
        if self._forming is None:
            self._forming = _Forming(self._symbol, begin, flat)
        else:
            self._forming.add(flat)
