"""What an account's order may not trade with: its own orders, where it asks not to."""

from __future__ import annotations

from yunmin.simulation.order_book import Level, OrderBook
from yunmin.simulation.orders import SelfTradePrevention

__all__ = ["can_fill", "prevented_parts", "reachable"]


def prevented_parts(mode: SelfTradePrevention, taker_left: int, maker_left: int) -> tuple[int, int]:
    """How much of (the taker, the maker) ends instead of their trade."""
    match mode:
        case SelfTradePrevention.EXPIRE_TAKER:
            return taker_left, 0
        case SelfTradePrevention.EXPIRE_MAKER:
            return 0, maker_left
        case SelfTradePrevention.EXPIRE_BOTH:
            return taker_left, maker_left
        case _:
            smaller = min(taker_left, maker_left)
            return smaller, smaller


def reachable(level: Level, passed_over: str | None) -> int:
    """The quantity at `level`, without the orders of the account that is passed over."""
    if passed_over is None:
        return level.qty
    return sum(order.remaining for order in level.orders() if order.account != passed_over)


def can_fill(book: OrderBook, mode: SelfTradePrevention, account: str, *, is_buy: bool, limit: int, qty: int) -> bool:
    """Whether `qty` is there within `limit` without a trade with itself.

    Where the mode would end or shrink the taker, its own order stands in the way of all that comes after it.
    """
    if mode is SelfTradePrevention.NONE:
        return book.can_fill(is_buy, limit, qty)
    for level in book.opposite_levels(is_buy):
        if level.price > limit if is_buy else level.price < limit:
            return False
        for order in level.orders():
            if order.account != account:
                qty -= order.remaining
                if qty <= 0:
                    return True
            elif mode is not SelfTradePrevention.EXPIRE_MAKER:
                return False
    return False
