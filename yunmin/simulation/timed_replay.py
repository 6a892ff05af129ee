"""Recorded trades of several markets happen at the very moments of their record, by the clock that everybody lives by.

So the exchange's own candles are the recorded ones, whatever else goes on and however late a step is: a trade that is
due is written down at its own time, not at the time at which it is played, and until it is, the engine's time waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from yunmin.core.data_contracts.enums import Side
from yunmin.errors import ConfigurationError
from yunmin.simulation.liquidity import House
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.past import PastTrade
from yunmin.simulation.recorded_trades import RecordedTrade
from yunmin.simulation.trade_player import TradePlayer

__all__ = ["RecordedMarket", "TimedReplay"]

IsOpen = Callable[[str], bool]


class RecordedMarket(NamedTuple):
    """What is to happen in one market, oldest first, who makes it happen, and who quotes around it."""

    trades: Sequence[RecordedTrade]
    player: TradePlayer
    house: House


class TimedReplay:
    """Plays every market's trades, in the order of their times, when `clock` (microseconds) has come to them.

    What others have in the book at better prices than a recorded trade's is filled before it, on top of its quantity;
    what they have at its price, out of it. While it is played there are quotes on both sides of its price, for orders
    that it triggers. What is due in a market that is closed does not happen. It is over at the moment `end`.
    """

    def __init__(
        self,
        engine: MatchingEngine,
        markets: Mapping[str, RecordedMarket],
        clock: Callable[[], int],
        *,
        end: int,
    ) -> None:
        if not all(market.trades for market in markets.values()):
            raise ConfigurationError("there are no trades to replay")
        self._engine = engine
        self._players = {symbol: market.player for symbol, market in markets.items()}
        self._houses = {symbol: market.house for symbol, market in markets.items()}
        everything = [(symbol, trade) for symbol, market in markets.items() for trade in market.trades]
        self._timeline = sorted(everything, key=lambda one: one[1].time)
        self._clock = clock
        self._end = end
        self._done = 0
        self._prices = {symbol: market.player.on_grid(market.trades[0].price) for symbol, market in markets.items()}
        self._hold()

    @property
    def is_over(self) -> bool:
        """Whether all of its time has passed."""
        return self._done == len(self._timeline) and self._clock() >= self._end

    @property
    def next_due(self) -> int | None:
        """When the next trade is due, or after the last one, the end; None when it is over."""
        if self._done < len(self._timeline):
            return self._timeline[self._done][1].time
        return None if self.is_over else self._end

    def past(self, since: int, until: int) -> Iterator[PastTrade]:
        """What happened from `since` until `until`, both included; what was before counts as played."""
        while self._done < len(self._timeline) and self._timeline[self._done][1].time <= until:
            symbol, trade = self._timeline[self._done]
            player = self._players[symbol]
            self._done += 1
            self._prices[symbol] = player.on_grid(trade.price)
            self._hold()
            if trade.time >= since:
                yield PastTrade(trade.time, player, trade)

    def step(self, is_open: IsOpen) -> None:
        """Play what is due, and renew the quotes that somebody has taken from."""
        self.catch_up(is_open)
        for symbol, house in self._houses.items():
            if house.is_worn and is_open(symbol):
                self._quote(symbol)

    def catch_up(self, is_open: IsOpen) -> None:
        """Play what is due."""
        moment, moved = self._clock(), dict[str, None]()
        while self._done < len(self._timeline) and self._timeline[self._done][1].time <= moment:
            symbol, trade = self._timeline[self._done]
            if is_open(symbol):
                self._play(symbol, trade)
                moved[symbol] = None
            self._done += 1
            self._hold()
        for symbol in moved:
            self._quote(symbol)

    def _hold(self) -> None:
        """Time goes on to the next trade, and no further."""
        is_left = self._done < len(self._timeline)
        self._engine.hold_at(self._timeline[self._done][1].time if is_left else None)

    def _play(self, symbol: str, trade: RecordedTrade) -> None:
        player, house = self._players[symbol], self._houses[symbol]
        price = player.on_grid(trade.price)
        with self._engine.at(trade.time):
            house.withdraw()
            if player.is_watched:
                # where the price goes, orders in its way meet these quotes; behind it, orders that it triggers do
                house.quote(price, first=Side.SELL if price >= self._prices[symbol] else Side.BUY)
                player.fill_better_than(price)
            player.play(trade)
        self._prices[symbol] = price

    def _quote(self, symbol: str) -> None:
        house = self._houses[symbol]
        house.withdraw()
        house.quote(self._prices[symbol])
