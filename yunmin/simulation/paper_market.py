"""One market of the paper exchange: what is told of it from outside, and what that does to orders that rest here.

Nothing that is told makes a resting order's price better, and nothing is filled that was not traded, or traded through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from yunmin.core.data_contracts.enums import OrderType, Side
from yunmin.errors import ConfigurationError
from yunmin.simulation.liquidity import rungs
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.orders import NewOrder, Order
from yunmin.simulation.units import SCALE, align, cost_of

__all__ = ["PaperDepth", "PaperMarket", "Quote"]

_MILLION: Final = 1_000_000


class Quote(NamedTuple):
    """What stands at one price outside, in units of 10^-8; a `qty` of 0 where it was not told."""

    price: int
    qty: int


@dataclass(frozen=True, slots=True)
class PaperDepth:
    """What is assumed of a market where nothing is told.

    `levels` on each side, `gap` millionths of the price apart, the first half a gap from the last price. A level whose
    quantity was not told holds `level_orders` of the smallest order that the market takes. `queue` is the part, in
    millionths, of what trades at the very price of a resting order that goes to those who stood there before it.
    """

    levels: int = 10
    gap: int = 200
    level_orders: int = 1000
    queue: int = 500_000

    def __post_init__(self) -> None:
        if self.levels < 1 or self.gap < 1 or self.level_orders < 1 or not 0 <= self.queue <= _MILLION:
            raise ConfigurationError("a depth has a level, a gap and a quantity, and a queue between none and all")


class PaperMarket:
    """Quotes as `house` what was told, and lets it trade with resting orders of `clients`: all names of accounts.

    `smallest` are the least quantity and the least notional of an order, in units.
    """

    def __init__(
        self,
        engine: MatchingEngine,
        symbol: str,
        depth: PaperDepth,
        *,
        house: str,
        clients: Sequence[str],
        smallest: tuple[int, int],
    ) -> None:
        self._engine = engine
        self._floor = engine.floor(symbol)
        self._depth = depth
        self._house = house
        self._clients = clients
        self._min_qty, self._min_notional = smallest
        self._bids: tuple[Quote, ...] = ()
        self._asks: tuple[Quote, ...] = ()
        self._quotes: list[Order] = []
        self._is_quoted = False
        self._sent = 0
        self.last = 0
        """The last price that was told; 0 before the first."""

    @property
    def is_told(self) -> bool:
        """Whether anything is known of the market outside."""
        return bool(self._bids or self._asks)

    @property
    def best_told(self) -> tuple[Quote | None, Quote | None]:
        """The best bid and ask as they are known."""
        return next(iter(self._bids), None), next(iter(self._asks), None)

    # --- what is told ------------------------------------------------------------------------------------------------

    def on_quotes(self, bids: Iterable[Quote], asks: Iterable[Quote], last: int = 0) -> None:
        """The market stands at these prices, best first; `last` is the last traded price, 0 where it is not told.

        A side that is crossed by the other is no state of a market: then nothing is believed. A resting order is filled
        where the other side has come past its price; where it only stands at it, nothing has traded yet.
        """
        tick = self._floor.market.tick
        new_bids = tuple(Quote(price // tick * tick, qty) for price, qty in bids)
        new_asks = tuple(Quote(-(-price // tick) * tick, qty) for price, qty in asks)
        if new_bids and new_asks and new_bids[0].price >= new_asks[0].price:
            return
        self._stand_at(new_bids, new_asks)
        for order in self._resting():
            against = new_asks if order.is_buy else new_bids
            if against and _is_past(against[0].price, order):
                self._hit(order, order.remaining)
        if last and last != self.last:
            self._print(align(last, tick), 0, None, None)

    def on_trade(self, price: int, qty: int, taker: Side | None, moment: int | None = None) -> None:
        """Others have traded, at `moment` (now, where None), and `taker` says who came: it fills what stood in its way.

        A resting order whose price was passed is filled whole; one at the very price shares what others traded there.
        """
        price = align(price, self._floor.market.tick)
        at_price = self._fill(price, qty, taker, moment)
        bid, ask = self.best_told
        if not (bid and ask and bid.price <= price <= ask.price):
            around = list(rungs(price, self._floor.market.tick, gap=self._depth.gap, levels=self._depth.levels))
            self._stand_at([Quote(bid, 0) for bid, _ in around if bid], [Quote(ask, 0) for _, ask in around])
        else:
            self._withdraw()
        self._print(price, qty - at_price, taker, moment)

    def _fill(self, price: int, qty: int, taker: Side | None, moment: int | None) -> int:
        """Fill resting orders by a trade; how much was filled at the very price."""
        there = qty * (_MILLION - self._depth.queue) // _MILLION
        left = there = there // self._floor.market.step * self._floor.market.step
        for order in self._resting():
            if moment is not None and order.working_since > moment:
                continue  # it had happened before the order was there
            if _is_past(price, order):
                self._hit(order, order.remaining)
            elif order.price == price and left and taker is not order.side:
                taken = min(order.remaining, left)
                self._hit(order, taken)
                left -= taken
        return there - left

    def _print(self, price: int, qty: int, taker: Side | None, moment: int | None) -> None:
        """Write the rest of a trade on the tape. A trade above the last one, of a taker unknown, was a buyer's."""
        if self._floor.stops.waiting:
            self.quote()  # what is triggered finds the market as it is now
        is_sell = price < self.last if taker is None else taker is Side.SELL
        self.last = price
        symbol = self._floor.market.symbol
        self._engine.observe(symbol, price, max(qty, 0), buyer_is_maker=is_sell, moment=moment)

    def _stand_at(self, bids: Sequence[Quote], asks: Sequence[Quote]) -> None:
        self._withdraw()
        self._bids, self._asks = tuple(bids), tuple(asks)

    # --- orders here -------------------------------------------------------------------------------------------------

    def _resting(self) -> list[Order]:
        """What rests here of the clients, in the order in which a market would meet it."""
        symbol = self._floor.market.symbol
        found = [
            order
            for index in map(self._engine.orders_of, self._clients)
            if index.open_in[symbol]
            for order in index.open_orders(symbol)
            if order.level is not None
        ]
        return sorted(found, key=lambda one: (-one.price if one.is_buy else one.price, one.working_since, one.id))

    def _hit(self, order: Order, qty: int) -> None:
        market = self._floor.market
        self._withdraw()
        if order.is_buy:
            self._fund(market.base, qty)
        else:
            self._fund(market.quote, cost_of(order.price, qty))
        self._engine.hit(self._house, order, qty, self._next_id())

    # --- the house ---------------------------------------------------------------------------------------------------

    def quote(self) -> None:
        """Stand in the book as the market outside does, so that it can be taken from.

        What has been taken is gone until something new is told. The house never takes: where an order of a client's
        stands in its way, it stays away.
        """
        if self._is_quoted:
            return
        self._is_quoted = True
        for price, qty in self._told_and_assumed(self._bids, -1):
            self._fund(self._floor.market.quote, cost_of(price, qty))
            self._send(Side.BUY, price, qty)
        for price, qty in self._told_and_assumed(self._asks, 1):
            self._fund(self._floor.market.base, qty)
            self._send(Side.SELL, price, qty)

    def _withdraw(self) -> None:
        for order in self._quotes:
            if order.is_open:
                self._engine.cancel(self._house, order.market, order.id)
        self._quotes = []
        self._is_quoted = False

    def _told_and_assumed(self, told: Sequence[Quote], sign: int) -> Iterable[Quote]:
        """What was told of a side, then levels as they are assumed behind it."""
        if not told:
            return
        market = self._floor.market
        unknown = self._level_qty(told[0].price)
        for price, qty in told:
            yield Quote(price, qty // market.step * market.step or (0 if qty else unknown))
        step = align(told[0].price * self._depth.gap // _MILLION, market.tick)
        behind = (told[-1].price + sign * step * number for number in range(1, self._depth.levels + 1))
        for price in islice(behind, max(self._depth.levels - len(told), 0)):
            if price > 0:
                yield Quote(price, unknown)

    def _level_qty(self, price: int) -> int:
        step = self._floor.market.step
        smallest = max(self._min_qty, -(-self._min_notional * SCALE // price), step)
        return -(-smallest // step) * step * self._depth.level_orders

    def _send(self, side: Side, price: int, qty: int) -> None:
        if not qty:
            return
        placed = self._engine.place(
            NewOrder(self._house, self._floor.market.symbol, side, OrderType.LIMIT_MAKER, self._next_id(), qty, price)
        )
        if isinstance(placed, Order):
            self._quotes.append(placed)

    def _fund(self, asset: str, amount: int) -> None:
        """The house is as rich as it has to be: what it lacks is brought in from outside."""
        ledger = self._engine.ledger
        house = ledger.account(self._house)
        assert house is not None  # noqa: S101  whoever made the market opened it
        if house.free[asset] < amount:
            ledger.deposit(self._house, asset, amount - house.free[asset])

    def _next_id(self) -> str:
        self._sent += 1
        return f"house-{self._floor.market.symbol}-{self._sent}"


def _is_past(price: int, order: Order) -> bool:
    """Whether a market at `price` has gone through the price of `order`."""
    return price < order.price if order.is_buy else price > order.price
