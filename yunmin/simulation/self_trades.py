"""What an account's order may not trade with: orders of its own or of its trade group, where it asks not to."""

from __future__ import annotations

from yunmin.simulation.ledger import Account
from yunmin.simulation.order_book import Level, OrderBook
from yunmin.simulation.orders import Order, SelfTradePrevention

__all__ = ["can_fill", "effective_mode", "prevented_parts", "reachable"]


def effective_mode(taker: Order, maker: Order) -> SelfTradePrevention:
    """The taker's mode; a transfer takes effect only where both ask for it."""
    mode = taker.self_trade
    if mode is SelfTradePrevention.TRANSFER and maker.self_trade is not SelfTradePrevention.TRANSFER:
        return SelfTradePrevention.DECREMENT
    return mode


def prevented_parts(mode: SelfTradePrevention, taker: Order, maker: Order) -> tuple[int, int]:
    """How much of (the taker, the maker) ends instead of their trade. What a maker hides ends with it only whole."""
    match mode:
        case SelfTradePrevention.EXPIRE_TAKER:
            return taker.remaining, 0
        case SelfTradePrevention.EXPIRE_MAKER:
            return 0, maker.remaining
        case SelfTradePrevention.EXPIRE_BOTH:
            return taker.remaining, maker.remaining
        case _:
            smaller = min(taker.remaining, maker.remaining - maker.hidden)
            return smaller, smaller


def reachable(level: Level, passed_over: Account | None) -> int:
    """The quantity at `level`, hidden or not, without the orders of the account and the group that is passed over."""
    if passed_over is None:
        return level.qty + level.hidden
    return sum(order.remaining for order in level.orders() if not order.owner.is_one_with(passed_over))


def can_fill(book: OrderBook, mode: SelfTradePrevention, taker: Account, *, is_buy: bool, limit: int, qty: int) -> bool:
    """Whether `qty` is there within `limit` without a trade with itself.

    Where the mode would end or shrink the taker, its own order stands in the way of all that comes after it.
    """
    if mode is SelfTradePrevention.NONE:
        return book.can_fill(is_buy, limit, qty)
    for level in book.opposite_levels(is_buy):
        if level.price > limit if is_buy else level.price < limit:
            return False
        for order in level.orders():
            if not order.owner.is_one_with(taker):
                qty -= order.remaining
                if qty <= 0:
                    return True
            elif mode is not SelfTradePrevention.EXPIRE_MAKER:
                return False
    return False
