"""Recorded trades happen again: the same prices, quantities and sides, between the house's own accounts.

A trade needs somebody who rests and somebody who takes, so both are the house. Orders of others that stand in the way
of a recorded trade are filled by it, as they would have been there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.errors import ConfigurationError
from yunmin.simulation.liquidity import House
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.orders import NewOrder, Order
from yunmin.simulation.recorded_trades import RecordedTrade
from yunmin.simulation.units import align

__all__ = ["TradeReplay"]


class TradeReplay:
    """Plays `trades` in one market and lets `house` quote around the last one.

    With a clock, a step plays all that have happened by the recorded moment; without, exactly one. Prices and
    quantities are rounded to the market's grid. After the last one the price stands still, and `is_over`.
    """

    def __init__(
        self,
        engine: MatchingEngine,
        house: House,
        symbol: str,
        trades: Sequence[RecordedTrade],
        clock: Callable[[], int] | None = None,
        *,
        maker: str,
        taker: str,
    ) -> None:
        if not trades:
            raise ConfigurationError("there are no trades to replay")
        self._engine = engine
        self._house = house
        self._market = engine.floor(symbol).market
        self._trades = trades
        self._clock = clock
        self._maker, self._taker = maker, taker
        self._done = 0

    @property
    def is_over(self) -> bool:
        """Whether the last trade has been played."""
        return self._done == len(self._trades)

    def step(self) -> None:
        """Play what is due, then quote around the last price."""
        self._house.withdraw()
        due = self._due()
        for trade in self._trades[self._done : due]:
            self._play(trade)
            self._done += 1
        self._house.quote(align(self._trades[max(self._done - 1, 0)].price, self._market.tick))

    def _due(self) -> int:
        """How many trades have happened by now."""
        if self._clock is None:
            return min(self._done + 1, len(self._trades))
        moment, due = self._clock(), self._done
        while due < len(self._trades) and self._trades[due].time <= moment:
            due += 1
        return due

    def _play(self, trade: RecordedTrade) -> None:
        rests, takes = (Side.BUY, Side.SELL) if trade.buyer_is_maker else (Side.SELL, Side.BUY)
        resting = self._send(self._maker, trade, rests, TimeInForce.GTC)
        if resting is None or not resting.is_open:
            return
        self._send(self._taker, trade, takes, TimeInForce.IOC)
        if resting.is_open:
            self._engine.cancel(self._maker, resting.market, resting.id)

    def _send(self, account: str, trade: RecordedTrade, side: Side, in_force: TimeInForce) -> Order | None:
        market = self._market
        placed = self._engine.place(
            NewOrder(
                account,
                market.symbol,
                side,
                OrderType.LIMIT,
                f"replay-{market.symbol}-{self._done}-{side.value}",
                qty=align(trade.qty, market.step),
                price=align(trade.price, market.tick),
                time_in_force=in_force,
            )
        )
        return placed if isinstance(placed, Order) else None
