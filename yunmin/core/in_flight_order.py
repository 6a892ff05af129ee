"""One order that is being followed: the facts known of it, and what they amount to.

The object is live: whoever holds it sees it change as news arrives. From outside it is read-only: the facts are written
by `yunmin.core.order_evolution`, and the exchange's id by the tracker, which must find the order under it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Context, Decimal

from yunmin.core.data_contracts.enums import (
    CancelState,
    Certainty,
    OrderState,
    OrderType,
    Origin,
    Side,
    TimeInForce,
)
from yunmin.core.data_contracts.events import OrderFill, OrderSnapshot
from yunmin.core.data_contracts.money import EXACT, ZERO
from yunmin.core.order_lifecycle import TERMINAL
from yunmin.errors import RejectReason, RejectSource

__all__ = ["CANCEL_ACCEPTED", "CANCEL_REFUSED", "CANCEL_REQUESTED", "CANCEL_UNKNOWN", "InFlightOrder", "price_to_18"]

_add, _subtract, _multiply = EXACT.add, EXACT.subtract, EXACT.multiply
_ratio = Context(prec=28).divide  # of our own: an average must not depend on the caller's decimal context

# What is known of a cancel attempt, weakest first: in whatever order it is learned, the strongest stands.
_NO_CANCEL, CANCEL_REQUESTED, CANCEL_UNKNOWN, CANCEL_REFUSED, CANCEL_ACCEPTED = range(5)
# An accepted cancel is still under way until the order itself is seen to have ended.
_CANCEL_STATES = (
    CancelState.NONE,
    CancelState.REQUESTED,
    CancelState.UNKNOWN,
    CancelState.REFUSED,
    CancelState.REQUESTED,
)
_PRICE_PLACES = Decimal("1e-18")

# Looking a member up on its enum class costs more than all else in a comparison, and these are met on every event.
_PENDING, _FILLED, _REJECTED, _FAILED = OrderState.PENDING, OrderState.FILLED, OrderState.REJECTED, OrderState.FAILED
_CONFIRMED, _NO_CANCEL_STATE = Certainty.CONFIRMED, CancelState.NONE
_NO_REFUSAL = (None, None)
_new_tuple = tuple.__new__  # what a NamedTuple's own constructor calls in the end


class InFlightOrder:
    """A live order. Quantities are in base units, prices in quote units per base unit, all exact Decimals.

    `total_filled_qty`, `avg_fill_price` and `total_commission` are the same figures as floats, for people.
    """

    __slots__ = (
        "_acknowledged",
        "_asked_price",
        "_asked_qty",
        "_cancel",
        "_client_order_id",
        "_created_at",
        "_end",
        "_exchange_order_id",
        "_fees",
        "_fees_unknown",
        "_figures",
        "_fills",
        "_inferred",
        "_inferred_effective",
        "_local_fills",
        "_order_type",
        "_origin",
        "_price",
        "_price_at",
        "_qty",
        "_qty_at",
        "_qty_step",
        "_real_cost",
        "_real_qty",
        "_refused",
        "_reported_cost",
        "_reported_qty",
        "_said_full",
        "_search",
        "_side",
        "_state",
        "_symbol",
        "_time_in_force",
        "_told_end",
        "_told_open",
        "_told_overfill",
        "_uncertain",
        "_updated_at",
        "_voided",
    )

    def __init__(
        self,
        client_order_id: str,
        symbol: str,
        side: Side,
        order_type: OrderType,
        qty: Decimal | None,
        price: Decimal | None,
        time_in_force: TimeInForce,
        *,
        qty_step: Decimal = ZERO,
        origin: Origin = Origin.OWN,
        created_at: datetime | None = None,
    ) -> None:
        self._client_order_id = client_order_id
        self._symbol = symbol
        self._side = side
        self._order_type = order_type
        self._asked_qty = self._qty = qty
        self._asked_price = self._price = price
        self._time_in_force = time_in_force
        self._qty_step = qty_step
        self._origin = origin
        self._created_at = created_at
        self._updated_at: datetime | None = None
        self._exchange_order_id: str | None = None
        # facts: they only grow
        self._acknowledged = False
        self._uncertain = False
        self._refused: tuple[OrderState, RejectReason, RejectSource | None] | None = None
        self._cancel = (0, _NO_CANCEL)  # the last attempt, and what is known of it
        self._search = (0, True)  # the last attempt to find it at the exchange, and whether it was found
        self._qty_at: datetime | None = None  # when the exchange gave these terms; None while they are our own
        self._price_at: datetime | None = None
        self._end: tuple[int, OrderState] | None = None
        self._said_full = False
        self._figures: tuple[Decimal, Decimal | None] | None = None  # the figures given, once FILLED came without any
        self._reported_qty = ZERO
        self._reported_cost: Decimal | None = None
        self._fills: dict[str, OrderFill] | None = None
        self._real_qty = ZERO
        self._real_cost = ZERO
        self._inferred: dict[str, OrderFill] | None = None
        self._voided: dict[str, OrderFill | None] | None = None
        self._local_fills = 0
        # derived from them
        self._state = _PENDING
        self._fees: tuple[tuple[str, Decimal], ...] = ()
        self._fees_unknown = 0
        self._inferred_effective = ZERO
        # what was told already
        self._told_open = False
        self._told_end = False
        self._told_overfill = ZERO

    # --- who it is -------------------------------------------------------------------------------------------------

    @property
    def client_order_id(self) -> str:
        return self._client_order_id

    @property
    def exchange_order_id(self) -> str | None:
        return self._exchange_order_id

    @property
    def symbol(self) -> str:
        return self._symbol

    @property
    def side(self) -> Side:
        return self._side

    @property
    def order_type(self) -> OrderType:
        return self._order_type

    @property
    def time_in_force(self) -> TimeInForce:
        return self._time_in_force

    @property
    def origin(self) -> Origin:
        return self._origin

    @property
    def qty(self) -> Decimal | None:
        """What the order is for now, as the exchange last said; None for an order by quote amount, until it says."""
        return self._qty

    @property
    def price(self) -> Decimal | None:
        """The limit price as the exchange last said; None for a market order."""
        return self._price

    @property
    def created_at(self) -> datetime | None:
        return self._created_at

    @property
    def updated_at(self) -> datetime | None:
        """The exchange's own time of its latest news, None before any."""
        return self._updated_at

    # --- where it stands -------------------------------------------------------------------------------------------

    @property
    def state(self) -> OrderState:
        return self._state

    @property
    def is_open(self) -> bool:
        """Whether something of it may rest or be under way: PENDING, OPEN or PARTIALLY_FILLED."""
        return self._state not in TERMINAL

    @property
    def is_completed(self) -> bool:
        """Whether it is in one of the five terminal states."""
        return self._state in TERMINAL

    @property
    def has_evidence(self) -> bool:
        """Whether the exchange itself has shown this order in any way."""
        return self._acknowledged or self._end is not None or self._said_full or bool(self._fills or self._reported_qty)

    @property
    def certainty(self) -> Certainty:
        """UNKNOWN while its placement has no answer and nothing else shows that it exists.

        SUSPECT while it is open and the exchange, which had shown it, does not find it any more.
        """
        if self._uncertain and self._refused is None and not self.has_evidence:
            return Certainty.UNKNOWN
        if not self._search[1] and self._state not in TERMINAL:
            return Certainty.SUSPECT
        return Certainty.CONFIRMED

    @property
    def cancel_attempts(self) -> int:
        """The number of the last attempt to cancel it."""
        return self._cancel[0]

    @property
    def searches(self) -> int:
        """The number of the last search for it that was reported."""
        return self._search[0]

    @property
    def cancel_state(self) -> CancelState:
        """What became of the last cancel; NONE once the order is done."""
        return CancelState.NONE if self._state in TERMINAL else _CANCEL_STATES[self._cancel[1]]

    @property
    def reject_reason(self) -> RejectReason | None:
        """Why it is REJECTED or FAILED; OTHER where only the exchange's status says so. None in other states."""
        return self._refusal()[0]

    @property
    def reject_source(self) -> RejectSource | None:
        """Who said no."""
        return self._refusal()[1]

    # --- what was filled -------------------------------------------------------------------------------------------

    @property
    def gross_filled_qty(self) -> Decimal:
        """The larger of all fills ever booked and the largest cumulative quantity reported; voided trades count."""
        return self._real_qty if self._real_qty >= self._reported_qty else self._reported_qty

    @property
    def filled_qty(self) -> Decimal:
        """Base units filled: the gross, less what the exchange took back."""
        gross = self.gross_filled_qty
        return gross if self._voided is None else _subtract(gross, self._voided_totals()[0])

    @property
    def remaining_qty(self) -> Decimal | None:
        """Base units still to fill, never below zero; None while the order's own quantity is not known."""
        if self._qty is None:
            return None
        return max(ZERO, _subtract(self._qty, self.filled_qty))

    @property
    def attributed_qty(self) -> Decimal:
        """Base units for which a real fill is booked; taken-back trades count."""
        return self._real_qty

    @property
    def unattributed_qty(self) -> Decimal:
        """Base units that the exchange reports filled and no fill, real or inferred, accounts for yet."""
        if self._reported_qty <= self._real_qty:
            return ZERO
        return _subtract(_subtract(self._reported_qty, self._real_qty), self._inferred_effective)

    @property
    def overfill_qty(self) -> Decimal:
        """Base units filled beyond what was asked."""
        gross = self.gross_filled_qty
        return ZERO if self._qty is None or gross <= self._qty else _subtract(gross, self._qty)

    @property
    def average_price(self) -> Decimal | None:
        """Quote units per base unit over all that is filled; None while nothing is.

        sum(qty * price) / sum(qty) over the fills; while the exchange reports more than the fills show, its own
        cumulative cost / cumulative quantity.
        """
        qty, cost = self._real_qty, self._real_cost
        # a reported cost below that of the fills we have contradicts them: then the fills alone are believed
        if self._reported_qty > qty and self._reported_cost is not None and self._reported_cost > cost:
            qty, cost = self._reported_qty, self._reported_cost
        if self._voided is not None:
            voided_qty, voided_cost = self._voided_totals()
            qty, cost = _subtract(qty, voided_qty), _subtract(cost, voided_cost)
        return _ratio(cost, qty) if qty > ZERO else None

    @property
    def fills(self) -> tuple[OrderFill, ...]:
        """Every fill that counts: the real ones, less those taken back, then the inferred ones still needed."""
        voided = self._voided or {}
        real = tuple(fill for key, fill in (self._fills or {}).items() if key not in voided)
        return real + tuple(self._inferred_needed())

    @property
    def fees(self) -> dict[str, Decimal]:
        """Asset -> amount paid, over the fills whose fee is known; see `fees_complete`."""
        return dict(self._fees)

    @property
    def fees_complete(self) -> bool:
        """Whether every filled unit has a known fee."""
        return not self._fees_unknown and self._inferred_effective == ZERO and self.unattributed_qty == ZERO

    # --- for people ------------------------------------------------------------------------------------------------

    @property
    def total_filled_qty(self) -> float:
        return float(self.filled_qty)

    @property
    def avg_fill_price(self) -> float:
        """0.0 while nothing is filled."""
        average = self.average_price
        return 0.0 if average is None else float(average)

    @property
    def total_commission(self) -> float | None:
        """The fees as one number where they are one asset and all known; None where they are not."""
        if len(self._fees) > 1 or not self.fees_complete:
            return None
        return float(self._fees[0][1]) if self._fees else 0.0

    # --- for listeners ---------------------------------------------------------------------------------------------

    def snapshot(self) -> OrderSnapshot:
        """The order as it is now, frozen."""
        state = self._state
        filled_qty, unattributed_qty, fees_complete = self._real_qty, ZERO, not self._fees_unknown
        if self._voided is not None or self._reported_qty > filled_qty:
            filled_qty, unattributed_qty, fees_complete = self.filled_qty, self.unattributed_qty, self.fees_complete
        refusal = self._refusal() if state is _REJECTED or state is _FAILED else _NO_REFUSAL
        return _new_tuple(
            OrderSnapshot,
            (
                self._client_order_id,
                self._exchange_order_id,
                self._symbol,
                self._side,
                self._order_type,
                self._time_in_force,
                self._qty,
                self._price,
                state,
                self.certainty if self._uncertain or not self._search[1] else _CONFIRMED,
                self.cancel_state if self._cancel[0] else _NO_CANCEL_STATE,
                filled_qty,
                self.average_price if filled_qty else None,
                unattributed_qty,
                self.overfill_qty if state is _FILLED else ZERO,
                self._fees,
                fees_complete,
                self._origin,
                *refusal,
            ),
        )

    def __repr__(self) -> str:
        return (
            f"<InFlightOrder {self._client_order_id} {self._side} {self._qty} {self._symbol} "
            f"{self._state} filled={self.filled_qty}>"
        )

    def _refusal(self) -> tuple[RejectReason | None, RejectSource | None]:
        if self._state is not _REJECTED and self._state is not _FAILED:
            return _NO_REFUSAL
        if self._refused is not None and self._refused[0] is self._state:
            return self._refused[1:]
        return RejectReason.OTHER, RejectSource.EXCHANGE

    def _inferred_needed(self) -> list[OrderFill]:
        """The inferred fills, or what is left of them once real fills cover a part."""
        if self._inferred is None or self._inferred_effective <= ZERO:
            return []
        fills = [self._inferred[trade_id] for trade_id in sorted(self._inferred)]
        total = ZERO
        for fill in fills:
            total = _add(total, fill.qty)
        if total == self._inferred_effective:
            return fills
        return [fills[-1]._replace(qty=self._inferred_effective, price=self._gap_price() or fills[-1].price)]

    def _gap_price(self) -> Decimal | None:
        """What a unit that no real fill shows cost on average, to 18 decimals; None where the exchange gave no cost."""
        if self._reported_cost is None:
            return None
        qty = _subtract(self._reported_qty, self._real_qty)
        cost = _subtract(self._reported_cost, self._real_cost)
        return price_to_18(cost, qty) if qty > ZERO and cost > ZERO else None

    def _voided_totals(self) -> tuple[Decimal, Decimal]:
        """Quantity and cost of the fills that were booked and then taken back."""
        qty = cost = ZERO
        for fill in (self._voided or {}).values():
            if fill is not None:
                qty = _add(qty, fill.qty)
                cost = _add(cost, _multiply(fill.qty, fill.price))
        return qty, cost


def price_to_18(cost: Decimal, qty: Decimal) -> Decimal | None:
    """cost / qty to 18 decimals, which is as many as a price may have; None where nothing is left of it."""
    price = EXACT.quantize(EXACT.divide(cost, qty), _PRICE_PLACES).normalize(EXACT)
    return price if price > ZERO else None
