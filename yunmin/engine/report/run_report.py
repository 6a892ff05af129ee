"""The table at the end of a run: its orders, fills, positions, fees, and what it made.

opening = opening_of(clock.now(), tracker=account.tracker, positions=executor.positions, ...)
...                                             # the run
report = report_of(about, opening, tracker=account.tracker, positions=executor.positions, ...)
report.model_dump_json()
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from yunmin.core.data_contracts.base import Contract, UtcDatetime
from yunmin.core.data_contracts.enums import Certainty, OrderState
from yunmin.core.data_contracts.money import EXACT, ZERO
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_manager import Position, PositionManager
from yunmin.engine.report.run_opening import RunOpening, trades_of
from yunmin.engine.status.run_status import AboutRun, Exact, PositionStatus, position_status

__all__ = ["GainReport", "RunReport", "gain_of", "report_of"]

Prices = Callable[[str], Decimal | None]


class GainReport(Contract):
    """What a run made in the markets of one quote asset, in that asset.

    `realised` and `fees` are of this run; `unrealised` is of all that is held at its end, at the last prices, what was
    held before it included. None where a price or a fee is not known. Fees in a third asset are counted at its last
    price in the quote asset.
    """

    quote_asset: str
    realised: Exact
    unrealised: Exact | None
    fees: Exact | None

    @property
    def net(self) -> Decimal | None:
        """All of it, less fees."""
        if self.unrealised is None or self.fees is None:
            return None
        return EXACT.subtract(EXACT.add(self.realised, self.unrealised), self.fees)


class RunReport(Contract):
    """See the module. `orders` counts, by state, those that were open in this run, as far as the books remember.

    `fees` are amounts by asset; without every fee known, `fees_complete` is False. `uncertain` names the orders whose
    outcome is not known at the end. Times are by the run's clock; equity in `currency`.
    """

    world: str
    why: str
    started_at: UtcDatetime
    ended_at: UtcDatetime
    currency: str
    equity_start: Exact | None
    equity_end: Exact | None
    orders: dict[str, int]
    uncertain: tuple[str, ...]
    fills: int
    fees: dict[str, Exact]
    fees_complete: bool
    positions: tuple[PositionStatus, ...]
    gains: tuple[GainReport, ...]

    @property
    def equity_change(self) -> Decimal | None:
        if self.equity_start is None or self.equity_end is None:
            return None
        return EXACT.subtract(self.equity_end, self.equity_start)


def report_of(
    about: AboutRun,
    opening: RunOpening,
    *,
    tracker: OrderTracker,
    positions: PositionManager,
    price: Prices,
    equity: Decimal | None,
    at: datetime,
    why: str,
) -> RunReport:
    """The run from `opening` until now. `price` gives a market's last known one."""
    orders = [order for order in tracker.get_orders() if order.client_order_id not in opening.ended]
    counted = Counter(order.state for order in orders)
    held = positions.positions()
    quotes = sorted({symbol.partition("/")[2] for symbol in held})
    return RunReport(
        world=about.world,
        why=why,
        started_at=opening.at,
        ended_at=at,
        currency=about.currency,
        equity_start=opening.equity,
        equity_end=equity,
        orders={str(state): counted[state] for state in OrderState if counted[state]},
        uncertain=tuple(order.client_order_id for order in orders if order.certainty is not Certainty.CONFIRMED),
        fills=sum(trades_of(order) - opening.fills.get(order.client_order_id, 0) for order in orders),
        fees=_less(_fees(held.values()), _fees(opening.positions.values())),
        fees_complete=all(position.fees_complete for position in held.values()),
        positions=tuple(position_status(position, price(symbol)) for symbol, position in held.items()),
        gains=tuple(_gain_since(opening, held, quote, price) for quote in quotes),
    )


def gain_of(positions: Iterable[Position], quote: str, price: Prices) -> GainReport:
    """What positions made since they were first opened, of the markets in `quote`."""
    realised = unrealised = fees = ZERO
    is_priced = fees_known = True
    for position in positions:
        base, _, asset = position.symbol.partition("/")
        if asset != quote:
            continue
        realised = EXACT.add(realised, position.realised)
        mark = price(position.symbol)
        if position.qty and mark is not None:
            unrealised = EXACT.add(unrealised, position.unrealised(mark))
        is_priced = is_priced and (mark is not None or not position.qty)
        fees = EXACT.add(fees, position.paid_in_quote)
        fees_known = fees_known and position.fees_complete
        for paid_in, amount in position.fees.items():
            rate = ZERO if paid_in in (base, quote) else price(f"{paid_in}/{quote}")
            fees_known = fees_known and rate is not None
            fees = EXACT.fma(amount, rate or ZERO, fees)
    return GainReport(
        quote_asset=quote,
        realised=realised,
        unrealised=unrealised if is_priced else None,
        fees=fees if fees_known else None,
    )


def _gain_since(opening: RunOpening, held: Mapping[str, Position], quote: str, price: Prices) -> GainReport:
    now, then = gain_of(held.values(), quote, price), gain_of(opening.positions.values(), quote, price)
    is_known = now.fees is not None and then.fees is not None
    return GainReport(
        quote_asset=quote,
        realised=EXACT.subtract(now.realised, then.realised),
        unrealised=now.unrealised,
        fees=EXACT.subtract(now.fees or ZERO, then.fees or ZERO) if is_known else None,
    )


def _fees(positions: Iterable[Position]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for position in positions:
        for asset, amount in position.fees.items():
            total[asset] = EXACT.add(total.get(asset, ZERO), amount)
    return total


def _less(now: Mapping[str, Decimal], then: Mapping[str, Decimal]) -> dict[str, Decimal]:
    changed = {asset: EXACT.subtract(amount, then.get(asset, ZERO)) for asset, amount in sorted(now.items())}
    return {asset: amount for asset, amount in changed.items() if amount}
