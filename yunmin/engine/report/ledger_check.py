"""An account's own books against the venue's, to the last digit: orders, fills, fees, balances, and what was made.

    begin = venue.ledger()                          # before the first order
    ...                                             # the run, and the end of it
    check = compare(opening, begin, venue.ledger(), tracker=account.tracker, positions=..., price=..., currency="USDT")
    check.differences                               # empty: both say the same

Nothing is computed once and used on both sides: what is ours comes from the tracker's fills and the positions, what is
theirs from the ledger's orders, fills and balances. The balances at the beginning, as the exchange told them, are what
our fills are added to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from yunmin.core.data_contracts.base import Contract
from yunmin.core.data_contracts.enums import OrderState
from yunmin.core.data_contracts.money import EXACT, ZERO, plain
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_manager import PositionManager
from yunmin.engine.report.run_opening import RunOpening
from yunmin.engine.report.run_report import gain_of
from yunmin.engine.status.run_status import Exact
from yunmin.exchange.plugin import LedgerFill, LedgerOrder, VenueLedger

__all__ = ["Difference", "LedgerCheck", "compare"]

_NEVER_THERE: Final = frozenset({OrderState.REJECTED, OrderState.FAILED})
_AVERAGE: Final = Decimal("1e-18")

Prices = Callable[[str], Decimal | None]


class Difference(Contract):
    """`subject` (an order, a fill, an asset) is not the same in `what`; both figures as they are told for people."""

    subject: str
    what: str
    ours: str
    theirs: str


class LedgerCheck(Contract):
    """How many orders, fills and assets were compared, and every difference.

    `forgotten` counts orders of the ledger that are done and too old for our tracker to remember: their fills are in
    the balances all the same. `pnl_ours` and `pnl_theirs` are what the run made in `currency`, at the same prices; both
    None where that cannot be said, and then `pnl_note` says why.
    """

    account: str
    orders: int
    fills: int
    assets: int
    forgotten: int
    currency: str
    pnl_ours: Exact | None
    pnl_theirs: Exact | None
    pnl_note: str
    differences: tuple[Difference, ...]

    @property
    def is_equal(self) -> bool:
        return not self.differences


def compare(
    opening: RunOpening,
    begin: VenueLedger,
    end: VenueLedger,
    *,
    tracker: OrderTracker,
    positions: PositionManager,
    price: Prices,
    currency: str,
) -> LedgerCheck:
    """Both sides as they are now. `begin` and `end` are the ledger before the first order, and now."""
    ours = _OwnOrders(tracker)
    differences = [*ours.differences(end.orders), *_fill_differences(ours, end.fills)]
    balances = _own_balances(opening, positions)
    differences += _balance_differences(balances, _totals(end))
    differences += _fee_differences(opening, positions, begin, end)
    pnl_ours, pnl_theirs, note = _made(opening, begin, end, positions, price, currency)
    if pnl_ours != pnl_theirs:
        differences.append(_difference(currency, "what was made", pnl_ours, pnl_theirs))
    return LedgerCheck(
        account=end.account,
        orders=len(ours.compared),
        fills=sum(len(order.fills) for order in ours.compared),
        assets=len({*balances, *_totals(end)}),
        forgotten=len(ours.forgotten),
        currency=currency,
        pnl_ours=pnl_ours,
        pnl_theirs=pnl_theirs,
        pnl_note=note,
        differences=tuple(differences),
    )


# --- orders and fills ------------------------------------------------------------------------------------------------


class _OwnOrders:
    """The tracker's orders, and which of the ledger's each one is. An exchange's id is its own within its symbol."""

    def __init__(self, tracker: OrderTracker) -> None:
        orders = tracker.get_orders()
        self._all = orders
        self._by_exchange_id = {(o.symbol, o.exchange_order_id): o for o in orders if o.exchange_order_id is not None}
        self._by_client_id = {order.client_order_id: order for order in orders if order.exchange_order_id is None}
        done = sum(order.is_completed for order in orders)
        self._has_forgotten = done >= tracker.history_limit
        self.compared: list[InFlightOrder] = []
        self.forgotten: set[tuple[str, str]] = set()

    def differences(self, theirs: Iterable[LedgerOrder]) -> list[Difference]:
        found: list[Difference] = []
        for their in theirs:
            order = self._like(their)
            if order is not None:
                self.compared.append(order)
                found += _order_differences(order, their)
            elif self._has_forgotten and their.state in _DONE:
                self.forgotten.add((their.symbol, their.client_order_id))
            else:
                name = f"order {their.client_order_id}"
                found.append(_difference(name, "order", "not known", f"{their.state} {their.exchange_order_id}"))
        known = {order.client_order_id for order in self.compared}
        for order in self._all:
            if order.client_order_id not in known and order.state not in _NEVER_THERE:
                state = f"{order.state}, {order.certainty}"
                found.append(_difference(f"order {order.client_order_id}", "order", state, "not known"))
        return found

    def _like(self, their: LedgerOrder) -> InFlightOrder | None:
        order = self._by_exchange_id.get((their.symbol, their.exchange_order_id))
        return order or self._by_client_id.get(their.client_order_id)


_DONE: Final = frozenset(OrderState) - {OrderState.PENDING, OrderState.OPEN, OrderState.PARTIALLY_FILLED}


def _order_differences(order: InFlightOrder, their: LedgerOrder) -> Iterator[Difference]:
    pairs: dict[str, tuple[object, object]] = {
        "symbol": (order.symbol, their.symbol),
        "side": (order.side, their.side),
        "type": (order.order_type, their.order_type),
        "client order id": (order.client_order_id, their.client_order_id),
        "state": (order.state, their.state),
        "qty": (order.qty, their.qty),
        "filled": (order.filled_qty, their.filled),
        "average price": (_to_18(order.average_price), _to_18(their.average_price)),
    }
    for what, (mine, other) in pairs.items():
        if mine != other:
            yield _difference(f"order {order.client_order_id}", what, mine, other)


def _fill_differences(ours: _OwnOrders, theirs: Iterable[LedgerFill]) -> Iterator[Difference]:
    """By order, symbol and trade: a trade of an account with itself belongs to two orders."""
    mine = {
        (order.symbol, order.client_order_id, fill.trade_id): (fill.qty, fill.price, fill.fee, fill.fee_asset)
        for order in ours.compared
        for fill in order.fills
    }
    others = {
        (fill.symbol, fill.client_order_id, fill.trade_id): (fill.qty, fill.price, fill.fee, fill.fee_asset)
        for fill in theirs
        if (fill.symbol, fill.client_order_id) not in ours.forgotten
    }
    for key in sorted(mine.keys() | others.keys()):
        if mine.get(key) != others.get(key):
            symbol, name, trade_id = key
            subject = f"fill {trade_id} of {name} ({symbol})"
            yield _difference(subject, "qty, price, fee, fee asset", _told(mine.get(key)), _told(others.get(key)))


def _told(fill: tuple[object, ...] | None) -> str:
    return "not known" if fill is None else ", ".join(map(_text, fill))


# --- balances and fees -----------------------------------------------------------------------------------------------


def _own_balances(opening: RunOpening, positions: PositionManager) -> dict[str, Decimal]:
    """What was there at the beginning, and what our fills made of it."""
    moved = _changes(opening.flows, positions.flows())
    return {
        asset: EXACT.add(opening.balances.balance(asset).total, moved.get(asset, ZERO))
        for asset in sorted({*opening.balances.balances, *moved})
    }


def _totals(ledger: VenueLedger) -> dict[str, Decimal]:
    return {balance.asset: EXACT.add(balance.free, balance.locked) for balance in ledger.balances}


def _balance_differences(ours: Mapping[str, Decimal], theirs: Mapping[str, Decimal]) -> Iterator[Difference]:
    for asset in sorted({*ours, *theirs}):
        mine, other = ours.get(asset, ZERO), theirs.get(asset, ZERO)
        if mine != other:
            yield _difference(f"balance of {asset}", "total", mine, other)


def _fee_differences(
    opening: RunOpening, positions: PositionManager, begin: VenueLedger, end: VenueLedger
) -> Iterator[Difference]:
    before = _summed((a, f) for p in opening.positions.values() for a, f in p.fees.items())
    now = _summed((a, f) for p in positions.positions().values() for a, f in p.fees.items())
    ours = _changes(before, now)
    theirs = _changes(_summed(map(_fee, begin.fills)), _summed(map(_fee, end.fills)))
    for asset in sorted({*ours, *theirs}):
        mine, other = ours.get(asset, ZERO), theirs.get(asset, ZERO)
        if mine != other:
            yield _difference(f"fees in {asset}", "sum", mine, other)


def _fee(fill: LedgerFill) -> tuple[str, Decimal]:
    return fill.fee_asset, fill.fee


def _summed(amounts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for asset, amount in amounts:
        total[asset] = EXACT.add(total.get(asset, ZERO), amount)
    return total


def _changes(before: Mapping[str, Decimal], after: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Asset -> what came to it; those of which nothing moved are left out."""
    moved = {
        asset: EXACT.subtract(after.get(asset, ZERO), before.get(asset, ZERO)) for asset in sorted({*before, *after})
    }
    return {asset: amount for asset, amount in moved.items() if amount}


# --- what was made ---------------------------------------------------------------------------------------------------


def _made(
    opening: RunOpening,
    begin: VenueLedger,
    end: VenueLedger,
    positions: PositionManager,
    price: Prices,
    currency: str,
) -> tuple[Decimal | None, Decimal | None, str]:
    """Ours from positions, theirs from balances; at the same prices they are one number, where all is paid in
    `currency`: a market in another quote asset would value its base asset by a second way.
    """
    held = positions.positions()
    others = sorted(symbol for symbol in held if symbol.partition("/")[2] != currency)
    if others:
        return None, None, f"not compared: {', '.join(others)} is not quoted in {currency}"
    now = gain_of(held.values(), currency, price).net
    then = gain_of(opening.positions.values(), currency, price).net
    theirs = ZERO
    for asset, amount in _changes(_totals(begin), _totals(end)).items():
        worth = Decimal(1) if asset == currency else price(f"{asset}/{currency}")
        if worth is None:
            return None, None, f"not compared: no price of {asset} in {currency} is known"
        theirs = EXACT.fma(amount, worth, theirs)
    if now is None or then is None:
        return None, None, "not compared: a price or a fee is not known"
    return EXACT.subtract(now, then), theirs, ""


def _difference(subject: str, what: str, ours: object, theirs: object) -> Difference:
    return Difference(subject=subject, what=what, ours=_text(ours), theirs=_text(theirs))


def _text(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else "-" if value is None else str(value)


def _to_18(price: Decimal | None) -> Decimal | None:
    """An average has no end; both sides round it somewhere beyond."""
    return None if price is None else EXACT.quantize(price, _AVERAGE)
