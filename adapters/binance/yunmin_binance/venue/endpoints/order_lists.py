"""Placing order lists: OCO, OTO, OTOCO, OPO, OPOCO (Binance spot REST docs, 2026-07-21, Order lists; opo.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.simulation.order_lists import NewList
from yunmin.simulation.orders import NewOrder
from yunmin.simulation.stops import STOP_TYPES, rises_to
from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint, Security
from yunmin_binance.venue.endpoints.placing import Draft, answer_pending, answer_placed, read_draft
from yunmin_binance.venue.endpoints.terms import Leg
from yunmin_binance.venue.errors import ApiError, wrong_prices
from yunmin_binance.venue.params import Params
from yunmin_binance.venue.wire import shown_list

__all__ = ["ORDER_LISTS"]

_NOT_IN_OCO: Final = (-1158, "Order type not supported in OCO.")
_RIVAL_TYPES: Final = STOP_TYPES | {OrderType.LIMIT_MAKER}
_WORKING_TYPES: Final = frozenset({OrderType.LIMIT, OrderType.LIMIT_MAKER})
_REFUSED_BY_ENGINE: Final = -2010
_STOP_LOSSES: Final = frozenset({OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT})
_KINDS: Final = {
    OrderType.STOP_LOSS_LIMIT: OrderType.STOP_LOSS,
    OrderType.TAKE_PROFIT_LIMIT: OrderType.TAKE_PROFIT,
}

# errors.md, -1165 to -1199: which leg stands on the wrong side of the market
_MISPLACED: Final = {
    (Side.BUY, OrderType.LIMIT_MAKER): (-1165, "A limit order in a buy OCO must be below."),
    (Side.SELL, OrderType.LIMIT_MAKER): (-1166, "A limit order in a sell OCO must be above."),
    (Side.BUY, OrderType.STOP_LOSS): (-1196, "A stop loss order in a buy OCO must be above."),
    (Side.SELL, OrderType.STOP_LOSS): (-1197, "A stop loss order in a sell OCO must be below."),
    (Side.BUY, OrderType.TAKE_PROFIT): (-1198, "A take profit order in a buy OCO must be below."),
    (Side.SELL, OrderType.TAKE_PROFIT): (-1199, "A take profit order in a sell OCO must be above."),
}

# the deprecated form has names of its own
_OLD_LIMIT: Final = Leg("limit", renamed={"price": "price"}, fixed_type=OrderType.LIMIT_MAKER)
_OLD_STOP: Final = Leg(
    "stop",
    renamed={
        "stopPrice": "stopPrice",
        "trailingDelta": "trailingDelta",
        "price": "stopLimitPrice",
        "timeInForce": "stopLimitTimeInForce",
    },
    fixed_type=OrderType.STOP_LOSS,
)


def _oco(call: Call) -> Answer:
    above, below = _read_rivals(call, "above", "below", shared="")
    return _place(call, NewList(_list_id(call), (above.new, below.new)), (above, below))


def _old_oco(call: Call) -> Answer:
    """The deprecated form: a limit order, and a stop loss with or without a limit."""
    has_limit = call.params.has("stopLimitPrice")
    leg = replace(_OLD_STOP, fixed_type=OrderType.STOP_LOSS_LIMIT) if has_limit else _OLD_STOP
    stop, limit = _read_leg(call, leg), _read_leg(call, _OLD_LIMIT)
    return _place(call, NewList(_list_id(call), (stop.new, limit.new)), (stop, limit))


def _oto(call: Call) -> Answer:
    working = _read_working(call)
    pending = _read_leg(call, Leg("pending", "pending"))
    return _place(call, NewList(_list_id(call), (pending.new,), working.new), (working, pending))


def _otoco(call: Call) -> Answer:
    working = _read_working(call)
    above, below = _read_rivals(call, "pendingAbove", "pendingBelow", shared="pending")
    return _place(call, NewList(_list_id(call), (above.new, below.new), working.new), (working, above, below))


def _opo(call: Call) -> Answer:
    _refuse_what_opo_does_not_take(call.params)
    working = _read_working(call)
    pending = _read_leg(call, Leg("pending", "pending", is_unsized=True))
    _refuse_wrong_sides(working, pending)
    return _place(call, NewList(_list_id(call), (pending.new,), working.new, pays=True), (working, pending))


def _opoco(call: Call) -> Answer:
    _refuse_what_opo_does_not_take(call.params)
    working = _read_working(call)
    above, below = _read_rivals(call, "pendingAbove", "pendingBelow", shared="pending", are_unsized=True)
    _refuse_wrong_sides(working, above)
    new = NewList(_list_id(call), (above.new, below.new), working.new, pays=True)
    return _place(call, new, (working, above, below))


def _list_id(call: Call) -> str:
    return call.params.client_order_id("listClientOrderId") or call.exchange.new_client_order_id()


def _read_working(call: Call) -> Draft:
    return _read_leg(call, Leg("working", "working", types=_WORKING_TYPES))


def _read_rivals(
    call: Call, above_name: str, below_name: str, *, shared: str, are_unsized: bool = False
) -> tuple[Draft, Draft]:
    """Two legs of which one ends the other, each on its own side of the market."""
    above, below = (
        _read_leg(call, Leg(name, shared, types=_RIVAL_TYPES, refused=_NOT_IN_OCO, is_unsized=are_unsized))
        for name in (above_name, below_name)
    )
    if above.new.order_type is below.new.order_type is OrderType.LIMIT_MAKER:
        raise ApiError(-1168, "At least one OCO order must be contingent.")
    for leg, is_above in ((above.new, True), (below.new, False)):
        if _belongs_above(leg) is not is_above:
            code, text = _MISPLACED[leg.side, _KINDS.get(leg.order_type, leg.order_type)]
            raise ApiError(code, text)
    return above, below


def _read_leg(call: Call, leg: Leg) -> Draft:
    draft = read_draft(call, leg)
    if draft.new.iceberg_qty and draft.new.time_in_force is not TimeInForce.GTC:
        name = leg.of("icebergQty")
        text = f"Parameter '{name}' is not supported if `aboveTimeInForce`/`belowTimeInForce` is not GTC."
        raise ApiError(-1160, text)
    return draft


def _belongs_above(leg: NewOrder) -> bool:
    if leg.order_type is OrderType.LIMIT_MAKER:
        return leg.side is Side.SELL
    return rises_to(leg.order_type, is_buy=leg.side is Side.BUY)


def _refuse_what_opo_does_not_take(params: Params) -> None:
    if not params.has("workingQuantity"):
        raise ApiError(-1224, "Working order must include the 'workingQuantity' tag.")


def _refuse_wrong_sides(working: Draft, pending: Draft) -> None:
    if working.new.side is not Side.BUY:
        raise ApiError(-1222, "Working order in an OPO list must be a bid.")
    if pending.new.side is not Side.SELL:
        raise ApiError(-1223, "Pending orders in an OPO list must be asks.")


def _refuse_wrong_prices(call: Call, *legs: NewOrder) -> None:
    """Each leg's price, or its stop where that is what counts, lies on its own side of the last trade."""
    last = call.exchange.floor(legs[0].market).tape.last_price
    for leg in legs:
        counts = leg.stop_price if leg.order_type in _STOP_LOSSES or not leg.price else leg.price
        if last and counts and (counts <= last if _belongs_above(leg) else counts >= last):
            raise wrong_prices()


def _place(call: Call, new: NewList, drafts: tuple[Draft, ...]) -> Answer:
    call.params.refuse_unread()
    try:
        if new.working is None:
            _refuse_wrong_prices(call, *new.rivals)
        placed = call.exchange.submit_list(new, [draft.labels for draft in drafts])
    except ApiError as error:
        if error.code == _REFUSED_BY_ENGINE:
            call.exchange.tell_list_rejected(new, error)
        raise
    is_waiting = [placed.has_working and order is not placed.working for order in placed.orders]
    reports = [
        answer_pending(call, order, draft) if waits else answer_placed(call, order, draft)
        for order, draft, waits in zip(placed.orders, drafts, is_waiting, strict=True)
    ]
    return {**shown_list(placed, call.time_of), "orderReports": reports}


def _placing(path: str, handle: Callable[[Call], Answer], orders: int) -> Endpoint:
    return Endpoint(
        "POST",
        f"/api/v3/{path}",
        handle,
        1,
        Security.SIGNED,
        free_when_done=True,
        places_order=True,
        order_count=orders,
    )


ORDER_LISTS: Final = (
    _placing("orderList/oco", _oco, 2),
    _placing("orderList/oto", _oto, 2),
    _placing("orderList/otoco", _otoco, 3),
    _placing("orderList/opo", _opo, 2),
    _placing("orderList/opoco", _opoco, 3),
    _placing("order/oco", _old_oco, 2),
)
