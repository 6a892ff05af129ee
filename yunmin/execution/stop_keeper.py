"""Stops and profits: by the exchange's own orders where it has them, else by watching the price."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.enums import Certainty, OrderState, OrderType, Side
from yunmin.core.data_contracts.instrument import Instrument
from yunmin.core.data_contracts.money import ZERO, floor_to_step
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.exchange.capabilities import Capability
from yunmin.execution.order_maker import OrderMaker
from yunmin.execution.order_port import OrderPort
from yunmin.execution.order_tags import OrderRole
from yunmin.execution.protection import Protection
from yunmin.execution.risk_manager import Refused, RiskRule
from yunmin.execution.route_desk import RouteDesk, RouteDesks
from yunmin.execution.sizing import slack_of

__all__ = ["StopKeeper"]

_SLACK: Final = Decimal("0.01")
"""How much worse than its stop a stop order of the exchange's may be filled, as a fraction: it must fill, not rest."""


class StopKeeper:
    """`close` closes a position, and is called again at every price until it is closed."""

    def __init__(
        self,
        port: OrderPort,
        tracker: OrderTracker,
        desks: RouteDesks,
        maker: OrderMaker,
        close: Callable[[RouteDesk, Decision], None],
    ) -> None:
        self._port = port
        self._tracker = tracker
        self._desks = desks
        self._maker = maker
        self._close = close
        self._noted: dict[tuple[str, str], RiskRule] = {}

    def write_down(self, desk: RouteDesk, decision: Decision, *, is_fresh: bool) -> None:
        """Keep the stop and the profit, before the order leaves that makes them needed.

        A position that is added to keeps what it has where nothing new is said.
        """
        symbol, known = decision.symbol, desk.protections.get(decision.symbol)
        says_nothing = decision.stop is None and decision.take_profit is None
        if says_nothing and (known is None or not is_fresh):
            return
        stop_order = known.stop_order if known is not None and self._is_live(known.stop_order) else ""
        new = None if says_nothing else Protection(symbol, decision.stop, decision.take_profit, stop_order)
        desk.protect(symbol, new)
        self._desks.save()
        told = {"stop": str(decision.stop), "profit": str(decision.take_profit)}
        self._port.note("protection", desk.route.name, symbol=symbol, **told)

    def watch(self, symbol: str, market: Decimal) -> None:
        """The market trades at `market`: close what has reached its stop or profit, and again until it is closed."""
        for desk in self._desks.all():
            protection = desk.protections.get(symbol)
            if protection is not None:
                self._watch(desk, protection, market)

    def tend(self, desk: RouteDesk, symbol: str) -> None:
        """An order of this route has changed: what its position needs now."""
        protection = desk.protections.get(symbol)
        if protection is None or symbol in desk.plans:
            return
        if self._maker.held(desk, symbol) != ZERO:
            self._place_at_the_exchange(desk, protection)
        elif not desk.live(self._tracker, symbol):
            desk.protect(symbol, None)
            self._desks.save()
        elif self._is_live(protection.stop_order):
            self._port.begin_cancel(protection.stop_order)

    def _watch(self, desk: RouteDesk, protection: Protection, market: Decimal) -> None:
        symbol = protection.symbol
        held = self._maker.held(desk, symbol)
        why = protection.reached(held, market)
        if held == ZERO or symbol in desk.plans:
            return
        if not why and not protection.is_triggered:
            self.tend(desk, symbol)
            return
        if self._is_closing(desk, symbol):
            return
        if why.startswith("the stop") and self._is_at_work(protection.stop_order, market):
            return
        if not protection.is_triggered:
            desk.protect(symbol, protection._replace(is_triggered=True))
            self._desks.save()
            self._port.note("protection", f"{why} was reached at {market}", route=desk.route.name, symbol=symbol)
        self._close(desk, Decision.exit(symbol, reason=why or "a stop or profit was reached before"))

    def _is_at_work(self, client_order_id: str, market: Decimal) -> bool:
        """Whether the exchange's own order closes the position: not one whose limit the market has jumped beyond.

        That one rests where nobody trades any more. An EXIT cancels it, and closes what is still held then.
        """
        order = self._tracker.get_order(client_order_id)
        if order is None or not order.is_open:
            return False
        if order.price is None:
            return True
        return market >= order.price if order.side is Side.SELL else market <= order.price

    def _is_closing(self, desk: RouteDesk, symbol: str) -> bool:
        live = desk.live(self._tracker, symbol)
        return any(self._desks.role(order.client_order_id) is OrderRole.EXIT for order in live)

    def _place_at_the_exchange(self, desk: RouteDesk, protection: Protection) -> None:
        """Once the position stands still: an order of the exchange's works when this program does not run."""
        symbol, held = protection.symbol, self._maker.held(desk, protection.symbol)
        instrument = self._port.instruments.get(symbol)
        if protection.stop is None or protection.is_triggered or instrument is None or not self._has_stops(instrument):
            return
        if self._was_refused(protection.stop_order):
            return  # it would be refused again, and again
        live = desk.live(self._tracker, symbol)
        if live:
            self._withdraw_if_outgrown(live, protection, floor_to_step(held.copy_abs(), instrument.qty_step))
            return
        side = Side.SELL if held > ZERO else Side.BUY
        price = slack_of(protection.stop, side, _SLACK)
        approved = self._maker.make(
            desk,
            symbol,
            side,
            held.copy_abs(),
            price,
            OrderRole.STOP,
            order_type=OrderType.STOP_LOSS_LIMIT,
            trigger_price=protection.stop,
        )
        if isinstance(approved, Refused):
            self._note_once(desk, symbol, approved)
            return
        desk.protect(symbol, protection._replace(stop_order=approved.request.client_order_id or ""))
        self._desks.save()
        self._maker.place(approved)

    def _note_once(self, desk: RouteDesk, symbol: str, refused: Refused) -> None:
        """It is tried again at every price; the journal need not hear of each."""
        if self._noted.get((desk.tag, symbol)) is not refused.rule:
            self._noted[desk.tag, symbol] = refused.rule
            self._port.note("protection", f"watched here, for {refused}", route=desk.route.name, symbol=symbol)

    def _was_refused(self, client_order_id: str) -> bool:
        """One that never left, for its program was killed before, is no refusal: it is made anew."""
        order = self._tracker.get_order(client_order_id)
        return order is not None and order.state is OrderState.REJECTED

    def _withdraw_if_outgrown(self, live: list[InFlightOrder], protection: Protection, wanted: Decimal) -> None:
        """A stop for another quantity than is held gives way to one for all of it: once its end is seen."""
        (first, *others) = live
        if others or first.client_order_id != protection.stop_order or first.remaining_qty == wanted:
            return
        if first.certainty is Certainty.CONFIRMED and first.state is not OrderState.PENDING:
            self._port.begin_cancel(first.client_order_id)

    def _has_stops(self, instrument: Instrument) -> bool:
        is_listed = not instrument.order_types or OrderType.STOP_LOSS_LIMIT in instrument.order_types
        return is_listed and self._port.connector.traits.support_of(Capability.STOP_ORDER).is_usable

    def _is_live(self, client_order_id: str) -> bool:
        order = self._tracker.get_order(client_order_id)
        return order is not None and order.is_open
