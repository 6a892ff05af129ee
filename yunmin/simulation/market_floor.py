"""Where one market trades, and what is written down of it."""

from __future__ import annotations

from collections.abc import Callable

from yunmin.simulation.order_book import OrderBook
from yunmin.simulation.orders import Amendment, Market, Order, PreventedMatch, SelfTradePrevention
from yunmin.simulation.stops import StopBook
from yunmin.simulation.tape import Tape

__all__ = ["MarketFloor", "PriceBounds"]

PriceBounds = Callable[[bool, int], tuple[int, int] | None]
"""The lowest and the highest price at which a taker may trade, by whether it buys, at a moment; None sets no bounds."""


class MarketFloor:
    """One market: its book, its tape, its waiting orders, what was prevented and amended.

    `price_bounds`, where it is set, is asked once for each taker. It numbers its orders, so order ids are unique per
    market only.
    """

    __slots__ = ("amendments", "book", "last_order_id", "market", "prevented", "price_bounds", "stops", "tape")

    def __init__(self, market: Market) -> None:
        self.market = market
        self.book = OrderBook()
        self.tape = Tape()
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
        number = len(self.prevented)
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
        return number
