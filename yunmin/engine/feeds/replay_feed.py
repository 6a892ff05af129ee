"""The market as it was recorded: candles happen again, on a clock that stands still until all of a moment is done.

Each candle is four trades, one a quarter of its time, at its corners. Before the clock goes on, whoever was told has
done what he does about it and every order has its outcome: so the same recording gives the same run, however slow the
machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import merge
from typing import Final, NamedTuple

from yunmin.clock import Clock
from yunmin.core.candle_history import SeriesKey
from yunmin.core.data_contracts.enums import Side
from yunmin.core.data_contracts.instrument import Instrument
from yunmin.core.data_contracts.market import Candle, PublicTrade
from yunmin.core.data_contracts.timeframe import Timeframe
from yunmin.engine.feeds.feed import Sink, Wanted
from yunmin.errors import ConfigurationError
from yunmin.simulation.candle_trades import candle_trades
from yunmin.simulation.candles import length_of
from yunmin.simulation.paper_exchange import PaperExchange
from yunmin.simulation.recorded_trades import RecordedTrade
from yunmin.simulation.steered_clock import SteeredClock
from yunmin.simulation.units import from_micros, from_units, to_units

__all__ = ["Recording", "ReplayFeed"]

_FIRST, _SECOND = 0, 1
"""What happens at one moment: first the candles that end with it, then the trades that begin the next ones."""


class Recording(NamedTuple):
    """Candles of one market, oldest first, and its rules. `past` of them were over before the run begins."""

    market: Instrument
    candles: Sequence[Candle]
    past: int

    @property
    def timeframe(self) -> Timeframe:
        """How long each candle is. ConfigurationError where no timeframe is that long."""
        length = length_of(self.candles)
        for timeframe in Timeframe:
            if timeframe.length == length:
                return timeframe
        raise ConfigurationError(f"the candles of {self.market.symbol} are {length} apart, and no timeframe is")


class _Moment(NamedTuple):
    """What is told of one market at `at`: a trade, or a candle that has ended."""

    at: datetime
    rank: int
    symbol: str
    trade: RecordedTrade | None
    candle: Candle | None


class ReplayFeed:
    """`clock` is the run's and stands still; `pace` times as fast as `wall` it is moved on.

    `is_heard` says whether the account has heard all that `exchange` told it.
    """

    def __init__(
        self,
        recordings: Mapping[str, Recording],
        exchange: PaperExchange,
        *,
        is_heard: Callable[[], bool],
        clock: SteeredClock,
        wall: Clock,
        pace: float,
    ) -> None:
        self.patience = timedelta(0)
        self._recordings = recordings
        self._exchange = exchange
        self._is_heard = is_heard
        self._clock = clock
        self._wall = wall
        self._pace = pace
        self._sink: Sink | None = None
        self._series: dict[str, SeriesKey] = {}
        self._trades: frozenset[str] = frozenset()
        self._number = 0

    async def begin(self, wanted: Wanted, sink: Sink) -> None:
        self._sink = sink
        self._trades = frozenset(wanted.trades)
        for series in wanted.series:
            self._name_series(series, sink)
        for symbol, key in self._series.items():  # what is put together must be named before the first candle
            recording = self._recording(symbol)
            sink.seed(key, list(recording.candles[: recording.past]))
        for symbol in wanted.symbols:
            recording = self._recording(symbol)
            price = recording.candles[recording.past].open
            self._exchange.on_price(symbol, price)
            sink.on_price(symbol, price)

    async def run(self) -> None:
        """Until the last candle has ended."""
        assert self._sink is not None, "a feed begins before it runs"  # noqa: S101
        sink = self._sink
        begun_at, begun = self._wall.monotonic(), self._clock.now()
        for moment in self._moments():
            if moment.at > self._clock.now():
                await self._settle(sink)
                await self._wait_until((moment.at - begun).total_seconds() / self._pace + begun_at)
                self._clock.advance((moment.at - self._clock.now()).total_seconds())
            self._tell(moment, sink)
        await self._settle(sink)

    async def close(self) -> None:
        self._exchange.close()

    # --- the beginning -----------------------------------------------------------------------------------------------

    def _name_series(self, series: SeriesKey, sink: Sink) -> None:
        """Which series its market's candles are fed to, and what is put together out of that."""
        recording = self._recording(series.symbol)
        recorded = recording.timeframe
        if recorded is not series.timeframe:
            if not recorded.divides(series.timeframe):
                raise ConfigurationError(
                    f"the recorded candles of {series.symbol} are of {recorded}, and none of {series.timeframe} can be "
                    "made of them. Nothing was sent"
                )
            sink.build(series, out_of=recorded)
        self._series[series.symbol] = series._replace(timeframe=recorded)

    def _recording(self, symbol: str) -> Recording:
        found = self._recordings.get(symbol)
        if found is None:
            raise ConfigurationError(
                f"there are no recorded candles of {symbol}; there are of {', '.join(self._recordings)}. "
                "Nothing was sent. A file's name begins with its market, such as BTC_USDT_1m.csv"
            )
        return found

    # --- as time goes on ---------------------------------------------------------------------------------------------

    def _moments(self) -> Iterator[_Moment]:
        """All that happens from the run's beginning on, in the order of time."""
        return merge(*(self._moments_of(self._recordings[symbol]) for symbol in sorted(self._series)), key=_order)

    def _moments_of(self, recording: Recording) -> Iterator[_Moment]:
        market, length = recording.market, length_of(recording.candles)
        candles = recording.candles[recording.past :]
        ends = ((_Moment(c.open_time + length, _FIRST, market.symbol, None, c)) for c in candles)
        tick, step = to_units(market.tick_size), to_units(market.qty_step)
        trades = (
            _Moment(from_micros(trade.time), _SECOND, market.symbol, trade, None)
            for trade in candle_trades(candles, tick=tick, step=step)
        )
        return merge(trades, ends, key=_order)

    def _tell(self, moment: _Moment, sink: Sink) -> None:
        if moment.candle is not None:
            sink.on_candle(self._series[moment.symbol], moment.candle.model_copy(update={"is_closed": True}))
        if moment.trade is not None:
            self._exchange.on_recorded_trade(moment.symbol, moment.trade)
            sink.on_price(moment.symbol, from_units(moment.trade.price))
            if moment.symbol in self._trades:
                sink.on_trade(self._public(moment.symbol, moment.trade))

    def _public(self, symbol: str, trade: RecordedTrade) -> PublicTrade:
        self._number += 1
        return PublicTrade(
            symbol=symbol,
            trade_id=str(self._number),
            price=from_units(trade.price),
            qty=from_units(trade.qty),
            taker_side=Side.SELL if trade.buyer_is_maker else Side.BUY,
            ts=from_micros(trade.time),
        )

    async def _settle(self, sink: Sink) -> None:
        """Until the account has heard all that the exchange told, and the run has done what it does about it."""
        await sink.settled(self._clock.now(), self._is_heard)

    async def _wait_until(self, moment: float) -> None:
        left = moment - self._wall.monotonic()
        await self._wall.sleep(max(left, 0.0))


_order: Final[Callable[[_Moment], tuple[datetime, int, str]]] = lambda moment: moment[:3]  # noqa: E731  a sort key with its type
