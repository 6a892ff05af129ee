"""The public record of one market's trades, and what is read off it: aggregates, bars, statistics.

Appending is all that the engine pays for. Aggregates and bars are brought up to date when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from yunmin.simulation.intervals import DAY, MINUTE, MONTH, SECOND, open_of, step_open
from yunmin.simulation.orders import Trade
from yunmin.simulation.units import SCALE

__all__ = ["AggregateTrade", "Bar", "Statistics", "Tape"]


class AggregateTrade(NamedTuple):
    """Neighbouring trades of one taker order at one price, added up."""

    id: int
    price: int
    qty: int
    first_id: int
    last_id: int
    time: int
    buyer_is_maker: bool


class Bar(NamedTuple):
    """Prices and volumes of one interval; `trades` of zero means that nothing traded and the price stood still."""

    open_time: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    quote_volume: int = 0
    trades: int = 0
    taker_buy_volume: int = 0
    taker_buy_quote: int = 0
    first_id: int = -1
    last_id: int = -1


class Statistics(NamedTuple):
    """A day up to now. Prices are zero and ids -1 where nothing traded."""

    total: Bar
    close_time: int
    previous_close: int
    last_qty: int


class Tape:
    """Trades in the order in which they happened, numbered from one.

    Remembers at least the last `keep` trades and traded seconds; minutes are remembered for ever.
    """

    def __init__(self, *, keep: int = 200_000) -> None:
        self.trades: list[Trade] = []
        self.next_id = 1
        self.last_price = 0
        self._keep = keep
        self._aggregates: list[AggregateTrade] = []
        self._aggregated = 0
        self._latest: Trade | None = None
        self._seconds = _BarSeries(SECOND)
        self._minutes = _BarSeries(MINUTE)

    def append(self, trade: Trade) -> None:
        """Write down the next trade."""
        self.trades.append(trade)
        self.next_id += 1
        self.last_price = trade.price
        if len(self.trades) > 2 * self._keep:
            self._forget()

    def _forget(self) -> None:
        self.aggregates()
        for series in (self._seconds, self._minutes):
            series.catch_up(self.trades)
            series.seen = self._keep
        del self.trades[: -self._keep]
        del self._aggregates[: -self._keep]
        self._seconds.keep(self._keep)
        self._aggregated = self._keep

    def aggregates(self) -> list[AggregateTrade]:
        """Every aggregate trade that is remembered, oldest first, numbered from one without holes."""
        for trade in self.trades[self._aggregated :]:
            self._aggregate(trade)
        self._aggregated = len(self.trades)
        return self._aggregates

    def _aggregate(self, trade: Trade) -> None:
        previous, self._latest = self._latest, trade
        last = self._aggregates[-1] if self._aggregates else None
        if last is not None and previous is not None and _belong_together(previous, trade):
            self._aggregates[-1] = last._replace(qty=last.qty + trade.qty, last_id=trade.id)
            return
        number = 1 if last is None else last.id + 1
        self._aggregates.append(
            AggregateTrade(number, trade.price, trade.qty, trade.id, trade.id, trade.time, trade.buyer_is_maker)
        )

    def bars(
        self,
        length: int,
        *,
        now: int,
        limit: int,
        start: int | None = None,
        end: int | None = None,
        offset: int = 0,
    ) -> list[Bar]:
        """At most `limit` bars, oldest first, without holes from the first remembered trade to `now`.

        With `start`, the oldest that open at or after it; else the newest that open at or before `end`.
        """
        if not self.trades or (start is not None and start > now):
            return []
        first = open_of(self._series(length).bars[0].open_time, length, offset=offset)
        last = open_of(now if end is None else min(now, end), length, offset=offset)
        if start is not None:
            first = max(first, _first_open_from(start, length, offset))
        elif length != MONTH:
            first = max(first, step_open(last, length, 1 - limit, offset=offset))
        opens: list[int] = []
        while first <= last and (len(opens) < limit or start is None):
            opens.append(first)
            first = step_open(first, length, 1, offset=offset)
        return self._fold_each(opens[-limit:], length, offset)

    def _fold_each(self, opens: list[int], length: int, offset: int) -> list[Bar]:
        series = self._series(length)
        folded = []
        for open_time in opens:
            low = series.index_of(open_time)
            high = series.index_of(step_open(open_time, length, 1, offset=offset))
            folded.append(_fold(open_time, series.bars[low:high], series.close_before(low)))
        return folded

    def statistics(self, now: int) -> Statistics:
        """The last 24 hours, whole minutes at the old end."""
        series = self._series(MINUTE)
        low = series.index_of(open_of(now - DAY, MINUTE))
        bars = series.bars[low:]
        previous = series.close_before(low) or (bars[0].open if bars else 0)
        total = _fold(now - DAY, bars, self.last_price)
        return Statistics(total, now, previous, self.trades[-1].qty if self.trades else 0)

    def rolling(self, now: int, length: int) -> Bar:
        """The last `length` and as much more as begins it on a whole minute, as one bar."""
        return self.since(open_of(now - length, MINUTE))

    def since(self, opened: int) -> Bar:
        """All that traded since the whole minute `opened`; the last price stands where nothing did."""
        series = self._series(MINUTE)
        return _fold(opened, series.bars[series.index_of(opened) :], self.last_price)

    def average_price(self, now: int, minutes: int) -> int:
        """The volume-weighted price of the last `minutes`, else the last price; zero before the first trade."""
        series = self._series(SECOND)
        volume, quote_volume = series.volumes_from(series.index_of(now - minutes * MINUTE))
        return quote_volume * SCALE // volume if volume else self.last_price

    def _series(self, length: int) -> _BarSeries:
        series = self._seconds if MONTH < length < MINUTE else self._minutes
        series.catch_up(self.trades)
        return series


class _BarSeries:
    """Bars of one short length, only where something traded."""

    def __init__(self, length: int) -> None:
        self._length = length
        self.seen = 0
        self.bars: list[Bar] = []
        self._volume = self._quote_volume = 0
        self._before: list[tuple[int, int]] = []
        """What had been traded, in base and in quote, before each of the bars."""

    def catch_up(self, trades: list[Trade]) -> None:
        bars = self.bars
        for trade in trades[self.seen :]:
            open_time = trade.time // self._length * self._length
            if bars and bars[-1].open_time == open_time:
                bars[-1] = _with_trade(bars[-1], trade)
            else:
                bars.append(_bar_of(open_time, trade))
                self._before.append((self._volume, self._quote_volume))
            self._volume += trade.qty
            self._quote_volume += trade.cost
        self.seen = len(trades)

    def keep(self, most: int) -> None:
        """Forget all but the newest."""
        del self.bars[:-most], self._before[:-most]

    def volumes_from(self, index: int) -> tuple[int, int]:
        """What was traded, in base and in quote, from that bar on."""
        if index >= len(self._before):
            return 0, 0
        volume, quote_volume = self._before[index]
        return self._volume - volume, self._quote_volume - quote_volume

    def index_of(self, moment: int) -> int:
        return bisect_left(self.bars, moment, key=_open_time_of)

    def close_before(self, index: int) -> int:
        return self.bars[index - 1].close if index else 0


def _open_time_of(bar: Bar) -> int:
    return bar.open_time


def _belong_together(one: Trade, other: Trade) -> bool:
    return one.taker_order_id == other.taker_order_id and one.price == other.price and one.time == other.time


def _first_open_from(start: int, length: int, offset: int) -> int:
    opened = open_of(start, length, offset=offset)
    return opened if opened == start else step_open(opened, length, 1, offset=offset)


def _bar_of(open_time: int, trade: Trade) -> Bar:
    bought, spent = (0, 0) if trade.buyer_is_maker else (trade.qty, trade.cost)
    price = trade.price
    return Bar(open_time, price, price, price, price, trade.qty, trade.cost, 1, bought, spent, trade.id, trade.id)


def _with_trade(bar: Bar, trade: Trade) -> Bar:
    bought, spent = (0, 0) if trade.buyer_is_maker else (trade.qty, trade.cost)
    price = trade.price
    return Bar(
        bar.open_time,
        bar.open,
        max(bar.high, price),
        min(bar.low, price),
        price,
        bar.volume + trade.qty,
        bar.quote_volume + trade.cost,
        bar.trades + 1,
        bar.taker_buy_volume + bought,
        bar.taker_buy_quote + spent,
        bar.first_id,
        trade.id,
    )


def _fold(open_time: int, bars: list[Bar], standing_price: int) -> Bar:
    if not bars:
        return Bar(open_time, standing_price, standing_price, standing_price, standing_price)
    return Bar(
        open_time=open_time,
        open=bars[0].open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=bars[-1].close,
        volume=sum(bar.volume for bar in bars),
        quote_volume=sum(bar.quote_volume for bar in bars),
        trades=sum(bar.trades for bar in bars),
        taker_buy_volume=sum(bar.taker_buy_volume for bar in bars),
        taker_buy_quote=sum(bar.taker_buy_quote for bar in bars),
        first_id=bars[0].first_id,
        last_id=bars[-1].last_id,
    )
