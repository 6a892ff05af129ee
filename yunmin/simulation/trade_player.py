"""One recorded trade happens again: the same price, quantity and side, between the house's own accounts.

A trade needs somebody who rests and somebody who takes, so both are the house. Orders of others that stand in the way
of a recorded trade are filled by it, as they would have been there.
"""

from __future__ import annotations

from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.orders import NewOrder, Order
from yunmin.simulation.recorded_trades import RecordedTrade
from yunmin.simulation.units import align

__all__ = ["TradePlayer"]


class TradePlayer:
    """Makes trades of one market happen, as `maker` and `taker` (names of accounts in the engine's ledger).

    Prices and quantities are rounded to the market's grid.
    """

    def __init__(self, engine: MatchingEngine, symbol: str, *, maker: str, taker: str) -> None:
        self._engine = engine
        self._floor = engine.floor(symbol)
        self._maker, self._taker = maker, taker
        self._count = 0

    @property
    def is_watched(self) -> bool:
        """Whether anything rests in the book or waits for a price."""
        book = self._floor.book
        return book.best_bid is not None or book.best_ask is not None or bool(self._floor.stops.waiting)

    def on_grid(self, price: int) -> int:
        """The price of this market that is nearest to `price`."""
        return align(price, self._floor.market.tick)

    def play(self, trade: RecordedTrade) -> None:
        """Let it happen now. What others have at its price or better is filled first, out of its quantity."""
        price, qty = self.on_grid(trade.price), align(trade.qty, self._floor.market.step)
        seller, buyer = self._by_means()
        rests, takes = (
            ((buyer, Side.BUY), (seller, Side.SELL))
            if trade.buyer_is_maker
            else ((seller, Side.SELL), (buyer, Side.BUY))
        )
        resting = self._send(*rests, price, qty, TimeInForce.GTC)
        if resting is None or not resting.is_open:
            return
        self._send(*takes, price, qty, TimeInForce.IOC)
        if resting.is_open:
            self._engine.cancel(resting.account, resting.market, resting.id)

    def _by_means(self) -> tuple[str, str]:
        """Who sells and who buys: who has more to sell sells, so that neither of them runs out of anything."""
        base, owned = self._floor.market.base, self._engine.ledger.account
        one, other = owned(self._maker), owned(self._taker)
        if one is not None and other is not None and one.free[base] < other.free[base]:
            return self._taker, self._maker
        return self._maker, self._taker

    def fill_better_than(self, price: int) -> None:
        """Fill what others would buy for more than `price`, or sell for less, at their prices."""
        book = self._floor.book
        while (bid := book.best_bid) is not None and bid.price > price:
            if not self._take(Side.SELL, bid.price, bid.qty + bid.hidden):
                break
        while (ask := book.best_ask) is not None and ask.price < price:
            if not self._take(Side.BUY, ask.price, ask.qty + ask.hidden):
                break

    def _take(self, side: Side, price: int, qty: int) -> bool:
        """Whether anything of it was filled."""
        taken = self._send(self._taker, side, price, qty, TimeInForce.IOC)
        return taken is not None and taken.filled > 0

    def _send(self, account: str, side: Side, price: int, qty: int, in_force: TimeInForce) -> Order | None:
        self._count += 1
        symbol = self._floor.market.symbol
        placed = self._engine.place(
            NewOrder(
                account,
                symbol,
                side,
                OrderType.LIMIT,
                f"replay-{symbol}-{self._count}",
                qty=qty,
                price=price,
                time_in_force=in_force,
            )
        )
        return placed if isinstance(placed, Order) else None
