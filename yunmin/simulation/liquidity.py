"""Somebody to trade with: a house that quotes both sides of a market around a price path, and takes a little.

The house trades through the engine like everybody else, with its own funded accounts, so nothing it does can create or
destroy value, and a resting order of somebody else is filled by real opposite orders.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from yunmin.clock import seeded
from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.errors import ConfigurationError
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.orders import NewOrder, Order
from yunmin.simulation.price_paths import PricePath
from yunmin.simulation.units import align

__all__ = ["House", "HouseStyle", "rungs"]

_MILLION = 1_000_000


def rungs(price: int, tick: int, *, gap: int, levels: int) -> Iterator[tuple[int, int]]:
    """Where a house stands around `price`: (bid, ask) from the inside out, a bid of 0 where it would be below a tick.

    `gap` is in millionths of the price; the first of each side is half a gap away.
    """
    step = align(price * gap // _MILLION, tick)
    half = max(step // 2, tick)
    for level in range(levels):
        away = half + level * step
        yield align(price - away, tick) if price - away >= tick else 0, align(price + away, tick)


@dataclass(frozen=True, slots=True)
class HouseStyle:
    """How the house behaves in one market.

    `levels` quotes on each side, `gap` millionths of the price apart, the first half a gap from the path; each of
    `level_qty` base units, give or take half. After quoting it sends up to `takes` market orders of at most a quarter
    of `level_qty`.
    """

    level_qty: int
    levels: int = 10
    gap: int = 200
    takes: int = 3

    def __post_init__(self) -> None:
        if self.level_qty <= 0 or self.levels < 1 or self.gap < 1 or self.takes < 0:
            raise ConfigurationError("a house needs a quantity, a level and a gap")


class House:
    """Quotes one market as `maker` and takes as `taker` (names of accounts in the engine's ledger)."""

    def __init__(
        self,
        engine: MatchingEngine,
        symbol: str,
        path: PricePath,
        style: HouseStyle,
        *,
        seed: int | str,
        maker: str,
        taker: str,
    ) -> None:
        self._engine = engine
        self._market = engine.floor(symbol).market
        self._path = path
        self._style = style
        self._random = seeded(seed)
        self._maker = maker
        self._taker = taker
        self._quotes: list[Order] = []
        self._count = 0

    def step(self) -> None:
        """Move to the next price of the path, quote around it, then take a little."""
        price = self._path.next_price()
        self.withdraw()
        self.quote(price)
        for _ in range(self._random.randint(0, self._style.takes)):
            self._take()

    def withdraw(self) -> None:
        """Take every quote out of the book."""
        for order in self._quotes:
            if order.is_open:
                self._engine.cancel(self._maker, order.market, order.id)
        self._quotes = []

    @property
    def is_worn(self) -> bool:
        """Whether it has no quotes, or somebody has taken from one of them."""
        return not self._quotes or any(not order.is_open or order.filled for order in self._quotes)

    def quote(self, price: int, *, first: Side = Side.BUY) -> None:
        """Stand on both sides of `price`, at each level first on the side `first`."""
        for bid, ask in rungs(price, self._market.tick, gap=self._style.gap, levels=self._style.levels):
            sides = ((Side.BUY, bid), (Side.SELL, ask))
            for side, quoted in sides if first is Side.BUY else reversed(sides):
                if quoted:
                    self._send_quote(side, quoted)

    def _send_quote(self, side: Side, price: int) -> None:
        full = self._style.level_qty
        qty = align(self._random.randint(full // 2, full * 3 // 2), self._market.step)
        placed = self._engine.place(
            NewOrder(self._maker, self._market.symbol, side, OrderType.LIMIT, self._next_id(), qty=qty, price=price)
        )
        if isinstance(placed, Order) and placed.is_open:
            self._quotes.append(placed)

    def _take(self) -> None:
        side = self._random.choice((Side.BUY, Side.SELL))
        qty = align(self._random.randint(0, self._style.level_qty // 4), self._market.step)
        self._engine.place(
            NewOrder(
                self._taker,
                self._market.symbol,
                side,
                OrderType.MARKET,
                self._next_id(),
                qty=qty,
                time_in_force=TimeInForce.GTC,
            )
        )

    def _next_id(self) -> str:
        self._count += 1
        return f"house-{self._market.symbol}-{self._count}"
