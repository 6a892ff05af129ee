"""Recorded trades of one market, one after the other, with a house that quotes around the last of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from yunmin.errors import ConfigurationError
from yunmin.simulation.liquidity import House
from yunmin.simulation.recorded_trades import RecordedTrade
from yunmin.simulation.trade_player import TradePlayer

__all__ = ["TradeReplay"]


class TradeReplay:
    """Lets `player` play `trades`, and `house` quote around the last one.

    With a clock, a step plays all that have happened by the recorded moment; without, exactly one. After the last one
    the price stands still, and `is_over`.
    """

    def __init__(
        self,
        player: TradePlayer,
        house: House,
        trades: Sequence[RecordedTrade],
        clock: Callable[[], int] | None = None,
    ) -> None:
        if not trades:
            raise ConfigurationError("there are no trades to replay")
        self._player = player
        self._house = house
        self._trades = trades
        self._clock = clock
        self._done = 0

    @property
    def is_over(self) -> bool:
        """Whether the last trade has been played."""
        return self._done == len(self._trades)

    def skip_until(self, moment: int) -> None:
        """Go on behind all trades that were before `moment` (microseconds), which are the past."""
        while not self.is_over and self._trades[self._done].time < moment:
            self._done += 1

    def step(self) -> None:
        """Play what is due, then quote around the last price."""
        self._house.withdraw()
        due = self._due()
        for trade in self._trades[self._done : due]:
            self._player.play(trade)
            self._done += 1
        self._house.quote(self._player.on_grid(self._trades[max(self._done - 1, 0)].price))

    def _due(self) -> int:
        """How many trades have happened by now."""
        if self._clock is None:
            return min(self._done + 1, len(self._trades))
        moment, due = self._clock(), self._done
        while due < len(self._trades) and self._trades[due].time <= moment:
            due += 1
        return due
