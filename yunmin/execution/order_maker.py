"""How one order comes to be: on the market's grid, tagged, approved, and handed over. There is no other way out."""

from __future__ import annotations

from decimal import Decimal

from yunmin.core.data_contracts.enums import Side
from yunmin.core.data_contracts.money import ZERO
from yunmin.core.data_contracts.order import OrderRequest
from yunmin.errors import JournalError, LifecycleError, SubmitsPaused
from yunmin.execution.order_port import OrderPort
from yunmin.execution.order_tags import OrderRole, OrderTag, new_order_id
from yunmin.execution.outcomes import Placed
from yunmin.execution.risk_manager import Approved, Refused, RiskManager, RiskRule
from yunmin.execution.route_desk import RouteDesk
from yunmin.execution.sizing import on_the_grid, order_terms

__all__ = ["OrderMaker"]


class OrderMaker:
    """Makes orders for the desks of routes."""

    def __init__(self, port: OrderPort, risk: RiskManager) -> None:
        self._port = port
        self._risk = risk

    def make(
        self,
        desk: RouteDesk,
        symbol: str,
        side: Side,
        qty: Decimal,
        price: Decimal | None,
        role: OrderRole,
        **terms: object,
    ) -> Approved[OrderRequest] | Refused:
        """A request that the market takes and risk approves, or why there is none. `terms` are added to the order's."""
        connector = self._port.connector
        name = new_order_id(connector.new_client_order_id(), OrderTag(desk.tag, role), connector.traits)
        wanted = order_terms(symbol, side, qty, price, name) | terms
        request = on_the_grid(wanted, self._port.instruments.get(symbol), market_price=self._risk.price(symbol))
        return request if isinstance(request, Refused) else self._risk.check(request, desk.route.risk)

    def place(self, approved: Approved[OrderRequest] | Refused) -> Placed | Refused:
        """Hand over what risk approved; a refusal goes through as it is."""
        return approved if isinstance(approved, Refused) else self._send(approved)

    def _send(self, approved: Approved[OrderRequest]) -> Placed | Refused:
        """The only way out: what risk has not approved cannot be handed in."""
        try:
            return Placed(self._port.begin(approved.request))
        except (SubmitsPaused, JournalError, LifecycleError) as error:
            self._risk.release(approved)
            return Refused(RiskRule.PAUSED, str(error))

    def held(self, desk: RouteDesk, symbol: str) -> Decimal:
        """What of its position can be closed: less than one step of the market is nothing."""
        held = desk.position(symbol).qty
        instrument = self._port.instruments.get(symbol)
        is_dust = instrument is not None and held.copy_abs() < instrument.qty_step
        return ZERO if is_dust else held
