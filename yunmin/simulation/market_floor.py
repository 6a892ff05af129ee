"""Where one market trades, and what is written down of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from yunmin.simulation.order_book import OrderBook
from yunmin.simulation.order_index import KEPT
from yunmin.simulation.orders import Amendment, Market, Order, PreventedMatch, SelfTradePrevention
from yunmin.simulation.stops import StopBook
from yunmin.simulation.tape import Tape

__all__ = ["MarketFloor", "PriceBounds"]

_Record = TypeVar("_Record", PreventedMatch, Amendment)

PriceBounds = Callable[[bool, int], tuple[int, int] | None]
"""The lowest and the highest price at which a taker may trade, by whether it buys, at a moment; None sets no bounds."""


class MarketFloor:
    """One market: its book, its tape, its waiting orders, what was prevented and amended.

    `price_bounds`, where it is set, is asked once for each taker. It numbers its orders, so order ids are unique per
    market only.
    """

    __slots__ = ("amendments", "book", "keep", "last_order_id", "market", "prevented", "price_bounds", "stops", "tape")

    def __init__(self, market: Market, *, keep: int = KEPT) -> None:
        self.market = market
        self.keep = keep
        self.book = OrderBook()
        self.tape = Tape(keep=2 * keep)
        self.stops = StopBook()
        self.prevented: list[PreventedMatch] = []
        self.amendments: list[Amendment] = []
        self.last_order_id = 0
        self.price_bounds: PriceBounds | None = None

    def record_prevented(
        self,
        taker: Order,
        maker: Order,
        mode: SelfTradePrevention,
        parts: tuple[int, int],
        now: int,
    ) -> int:
        """Write down a trade that did not happen; its number."""
        number = _next_number(self.prevented)
        match = PreventedMatch(
            number,
            self.market.symbol,
            taker.account,
            maker.account,
            taker.owner.trade_group,
            taker.id,
            maker.id,
            mode,
            maker.price,
            min(taker.remaining, maker.remaining - maker.hidden),
            *parts,
            now,
        )
        self.prevented.append(match)
        _forget_old(self.prevented, self.keep)
        return number

    def prevented_match(self, number: int) -> PreventedMatch | None:
        """What was prevented under that number; None where it is not remembered any more."""
        first = self.prevented[0].id if self.prevented else 0
        return self.prevented[number - first] if 0 <= number - first < len(self.prevented) else None

    @property
    def next_amendment(self) -> int:
        """The number of the next amendment."""
        return _next_number(self.amendments)

    def record_amendment(self, done: Amendment) -> None:
        """Write down an amendment."""
        self.amendments.append(done)
        _forget_old(self.amendments, self.keep)


def _next_number(records: Sequence[PreventedMatch | Amendment]) -> int:
    return records[-1].id + 1 if records else 0


def _forget_old(records: list[_Record], keep: int) -> None:
    if len(records) > 2 * keep:
        del records[:-keep]
