"""Changing an order that is open: cancel and place anew, or make it smaller where it stands.

Binance spot REST docs, 2026-07-21, Cancel an Existing Order and Send a New Order, and Order Amend Keep Priority.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from yunmin.simulation.orders import Amendment, Order, Refusal
from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint, Security
from yunmin_binance.venue.endpoints.cancelling import cancel_one, read_cancel_id, read_restriction, refuse_restricted
from yunmin_binance.venue.endpoints.lookup import find_order
from yunmin_binance.venue.endpoints.placing import Draft, answer_placed, read_draft
from yunmin_binance.venue.errors import ApiError, refused_amendment
from yunmin_binance.venue.wire import amended_order, amendment, shown_list

__all__ = ["REPLACING"]

_DEFAULT_LIMIT: Final = 500
_MOST: Final = 1000

_LIST_STATUS: Final = (
    "orderListId",
    "contingencyType",
    "listOrderStatus",
    "listClientOrderId",
    "symbol",
    "orders",
)

_SUCCESS: Final = "SUCCESS"
_FAILURE: Final = "FAILURE"
_NOT_ATTEMPTED: Final = "NOT_ATTEMPTED"


class _Mode(StrEnum):
    STOP_ON_FAILURE = "STOP_ON_FAILURE"
    ALLOW_FAILURE = "ALLOW_FAILURE"


class _RateLimitMode(StrEnum):
    DO_NOTHING = "DO_NOTHING"
    CANCEL_ONLY = "CANCEL_ONLY"


def _cancel_replace(call: Call) -> Answer:
    """Filters are asked before anything is cancelled; funds and the book after."""
    params = call.params
    draft = read_draft(call)
    mode = params.required_choice("cancelReplaceMode", _Mode, ApiError.invalid("cancelReplaceMode"))
    when_limited = _read_rate_limit_mode(call)
    cancel_id = read_cancel_id(call, "cancelNewClientOrderId")
    only = read_restriction(call)
    if not (params.has("cancelOrderId") or params.has("cancelOrigClientOrderId")):
        raise ApiError.missing_both("cancelOrigClientOrderId", "cancelOrderId")
    named = params.long("cancelOrderId"), params.text("cancelOrigClientOrderId")
    params.refuse_unread()
    call.exchange.check(draft.new)
    too_many = _too_many_orders(call)
    if too_many is not None and when_limited is not _RateLimitMode.CANCEL_ONLY:
        raise too_many
    try:
        order = find_order(call, draft.new.market, missing=ApiError.unknown_order(), named=named)
        refuse_restricted(order, only)
        cancelled: dict[str, object] | ApiError = cancel_one(call, order, cancel_id)
    except ApiError as error:
        cancelled = error
    if isinstance(cancelled, ApiError) and mode is _Mode.STOP_ON_FAILURE:
        # an order that is not attempted counts as one that was placed
        call.exchange.order_counts.placed(call.account, call.now)
        return _outcome(cancelled, None, status=None if too_many is None else too_many.status)
    if too_many is not None:
        return _outcome(cancelled, too_many, status=too_many.status if mode is _Mode.STOP_ON_FAILURE else None)
    placed = _placed(call, draft)
    if isinstance(placed, ApiError) and not isinstance(cancelled, ApiError):
        call.exchange.tell_replacement_rejected(draft.new, placed)
    return _outcome(cancelled, placed)


def _read_rate_limit_mode(call: Call) -> _RateLimitMode | None:
    name = "orderRateLimitExceededMode"
    return call.params.choice(name, _RateLimitMode, ApiError.invalid(name))


def _too_many_orders(call: Call) -> ApiError | None:
    """Why no order may be placed now, where the account has too many that are not filled."""
    try:
        call.exchange.order_counts.require(call.account, 1, call.now)
    except ApiError as error:
        return error
    return None


def _placed(call: Call, draft: Draft) -> dict[str, object] | ApiError:
    try:
        return answer_placed(call, call.exchange.submit(draft.new, draft.labels), draft)
    except ApiError as error:
        return error


def _outcome(
    cancelled: dict[str, object] | ApiError,
    placed: dict[str, object] | ApiError | None,
    *,
    status: int | None = None,
) -> Answer:
    """The answer where both went well; else the error that holds both, with its usual HTTP status or `status`."""
    both = {
        "cancelResult": _result(cancelled),
        "newOrderResult": _result(placed),
        "cancelResponse": _response(cancelled),
        "newOrderResponse": _response(placed),
    }
    results = {both["cancelResult"], both["newOrderResult"]}
    if results == {_SUCCESS}:
        return both
    if _SUCCESS in results:
        raise ApiError(-2021, "Order cancel-replace partially failed.", status=status or 409, data=both)
    raise ApiError(-2022, "Order cancel-replace failed.", status=status or 400, data=both)


def _result(response: dict[str, object] | ApiError | None) -> str:
    if response is None:
        return _NOT_ATTEMPTED
    return _FAILURE if isinstance(response, ApiError) else _SUCCESS


def _response(response: dict[str, object] | ApiError | None) -> dict[str, object] | None:
    return response.body if isinstance(response, ApiError) else response


def _amend(call: Call) -> Answer:
    params = call.params
    symbol = call.exchange.floor(params.required_symbol()).market.symbol
    order = find_order(call, symbol, missing=refused_amendment(Refusal.UNKNOWN_ORDER))
    qty = params.required_units("newQty")
    client_order_id = params.client_order_id("newClientOrderId") or call.exchange.new_client_order_id()
    params.refuse_unread()
    done = call.exchange.amend(order, qty, client_order_id)
    return _amended(call, order, done)


def _amended(call: Call, order: Order, done: Amendment) -> dict[str, object]:
    answer = {
        "transactTime": call.time_of(done.time),
        "executionId": done.id,
        "amendedOrder": amended_order(order, done, call.exchange.labels_of(order), call.time_of),
    }
    if order.group is None:
        return answer
    listed = shown_list(order.group, call.time_of)
    return {**answer, "listStatus": {name: listed[name] for name in _LIST_STATUS}}


def _amendments(call: Call) -> Answer:
    params = call.params
    floor = call.exchange.floor(params.required_symbol())
    order = find_order(call, floor.market.symbol, missing=ApiError.no_such_order())
    from_id = params.long("fromExecutionId")
    limit = params.limit(default=_DEFAULT_LIMIT, most=_MOST)
    made = [one for one in floor.amendments if one.order_id == order.id and (from_id is None or one.id >= from_id)]
    return [amendment(one, call.time_of) for one in made[:limit]]


REPLACING: Final = (
    Endpoint(
        "POST",
        "/api/v3/order/cancelReplace",
        _cancel_replace,
        1,
        Security.SIGNED,
        free_when_done=True,
        places_order=True,
        order_count=0,
    ),
    Endpoint("PUT", "/api/v3/order/amend/keepPriority", _amend, 4, Security.SIGNED),
    Endpoint("GET", "/api/v3/order/amendments", _amendments, 4, Security.SIGNED),
)
