"""Account endpoints: balances, rates, orders and trades of the caller (Binance spot REST docs, 2026-07-21)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from yunmin.simulation.intervals import DAY
from yunmin.simulation.ledger import NO_TRADE_GROUP
from yunmin.simulation.orders import AccountFill, Order
from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint, Security
from yunmin_binance.venue.endpoints.commission import discount, rates_by_side
from yunmin_binance.venue.endpoints.lookup import find_order
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.params import Params
from yunmin_binance.venue.wire import account_trade, amount, list_id_of, prevented_match, queried_order

__all__ = ["ACCOUNT", "time_range", "within"]

_DEFAULT_LIMIT: Final = 500
_MOST: Final = 1000
_HOURS_AT_ONCE: Final = 24
_KEPT: Final = 90 * DAY

# which of these may be sent together (section Account trade list)
_TRADE_SELECTIONS: Final[frozenset[frozenset[str]]] = frozenset(
    frozenset(names)
    for names in (
        (),
        ("orderId",),
        ("startTime",),
        ("endTime",),
        ("fromId",),
        ("startTime", "endTime"),
        ("orderId", "fromId"),
    )
)


def _account(call: Call) -> Answer:
    omit_zero = call.params.flag("omitZeroBalances")
    member = call.member
    fees, owner = member.account.fees, member.account
    assets = dict.fromkeys((*call.exchange.assets, *owner.assets()))
    return {
        "makerCommission": fees.maker // 10_000,
        "takerCommission": fees.taker // 10_000,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": rates_by_side(fees.maker, fees.taker),
        "canTrade": member.can_trade,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": call.time_of(owner.updated),
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": amount(owner.free[asset]), "locked": amount(owner.locked[asset])}
            for asset in assets
            if not omit_zero or owner.free[asset] or owner.locked[asset]
        ],
        "permissions": list(member.permissions),
        "uid": member.uid,
        **({} if owner.trade_group == NO_TRADE_GROUP else {"tradeGroupId": owner.trade_group}),
    }


def _commission(call: Call) -> Answer:
    symbol = call.exchange.floor(call.params.required_symbol()).market.symbol
    fees = call.member.account.fees
    return {
        "symbol": symbol,
        "standardCommission": rates_by_side(fees.maker, fees.taker),
        "specialCommission": rates_by_side(0, 0),
        "taxCommission": rates_by_side(0, 0),
        "discount": discount(fees),
    }


def _order(call: Call) -> Answer:
    symbol = call.exchange.floor(call.params.required_symbol()).market.symbol
    order = find_order(call, symbol, missing=ApiError.no_such_order())
    if _is_archived(order, call.now):
        raise ApiError.archived_order()
    return _shown(call, order)


def _is_archived(order: Order, now: int) -> bool:
    """Whether it ended long ago without having traded (errors.md, -2026)."""
    return not order.is_open and not order.filled and now - order.updated > _KEPT


def _open_orders(call: Call) -> Answer:
    symbol = call.params.symbol()
    if symbol is not None:
        call.exchange.floor(symbol)
    return [_shown(call, order) for order in call.exchange.engine.orders_of(call.account).open_orders(symbol)]


def _all_orders(call: Call) -> Answer:
    params = call.params
    symbol = call.exchange.floor(params.required_symbol()).market.symbol
    from_id = params.long("orderId")
    start, end = time_range(params)
    limit = params.limit(default=_DEFAULT_LIMIT, most=_MOST)
    orders = [
        order
        for order in call.exchange.engine.orders_of(call.account).orders(symbol)
        if (from_id is None or order.id >= from_id) and within(order.updated, start, end)
    ]
    oldest_first = from_id is not None or start is not None
    return [_shown(call, order) for order in (orders[:limit] if oldest_first else orders[-limit:])]


def _my_trades(call: Call) -> Answer:
    params = call.params
    symbol = call.exchange.floor(params.required_symbol()).market.symbol
    sent = frozenset(name for name in ("orderId", "startTime", "endTime", "fromId") if params.has(name))
    if sent not in _TRADE_SELECTIONS:
        raise ApiError.bad_combination()
    order_id, from_id = params.long("orderId"), params.long("fromId")
    start, end = time_range(params)
    limit = params.limit(default=_DEFAULT_LIMIT, most=_MOST)
    index = call.exchange.engine.orders_of(call.account)
    fills = [
        fill for fill in index.fills(symbol) if _is_selected(fill, order_id, from_id) and within(fill.time, start, end)
    ]
    oldest_first = from_id is not None or start is not None
    return [
        account_trade(fill, list_id_of(index.by_id(symbol, fill.order_id)), call.time_of)
        for fill in (fills[:limit] if oldest_first else fills[-limit:])
    ]


def _prevented_matches(call: Call) -> Answer:
    """By its own id, or of an order, from an id on (section Query Prevented Matches)."""
    params = call.params
    floor = call.exchange.floor(params.required_symbol())
    match_id, order_id = params.long("preventedMatchId"), params.long("orderId")
    from_id = params.long("fromPreventedMatchId")
    limit = params.limit(default=_DEFAULT_LIMIT, most=_MOST)
    if match_id is None and order_id is None:
        raise ApiError.missing_both("preventedMatchId", "orderId")
    if match_id is not None and (order_id is not None or from_id is not None or params.has("limit")):
        raise ApiError.bad_combination()
    matches = [
        match
        for match in floor.prevented
        if call.account in {match.taker_account, match.maker_account}
        and match_id in {None, match.id}
        and order_id in {None, match.taker_order_id, match.maker_order_id}
        and (from_id is None or match.id >= from_id)
    ]
    return [prevented_match(match, call.time_of) for match in matches[:limit]]


def _allocations(call: Call) -> Answer:
    """There is no smart order routing here, so nothing is ever allocated."""
    params = call.params
    call.exchange.floor(params.required_symbol())
    time_range(params)
    for name in ("fromAllocationId", "orderId"):
        params.long(name)
    params.limit(default=_DEFAULT_LIMIT, most=_MOST)
    return []


def _filters(call: Call) -> Answer:
    """Every filter that orders of this account meet in a market."""
    exchange = call.exchange
    symbol = exchange.floor(call.params.required_symbol()).market.symbol
    mine = exchange.asset_filters.get(call.account)
    return {
        "exchangeFilters": exchange.exchange_filters.describe(),
        "symbolFilters": exchange.filters[symbol].describe(),
        "assetFilters": [] if mine is None else mine.describe(exchange.rules[symbol]),
    }


def _unfilled_orders(call: Call) -> Answer:
    return call.exchange.order_counts.describe(call.account, call.now)


def _is_selected(fill: AccountFill, order_id: int | None, from_id: int | None) -> bool:
    return (order_id is None or fill.order_id == order_id) and (from_id is None or fill.trade_id >= from_id)


def time_range(params: Params) -> tuple[int | None, int | None]:
    """(startTime, endTime) in microseconds, at most a day apart; a moment in milliseconds includes all of it."""
    start, end = params.micros("startTime"), params.last_micros("endTime")
    if start is not None and end is not None:
        if end < start:
            raise ApiError.bad_combination()
        if end - start > DAY + 999:
            raise ApiError.more_than_hours(_HOURS_AT_ONCE)
    return start, end


def within(moment: int, start: int | None, end: int | None) -> bool:
    """Whether `moment` lies in a range with either end open."""
    return (start is None or moment >= start) and (end is None or moment <= end)


def _shown(call: Call, order: Order) -> dict[str, object]:
    return queried_order(order, call.exchange.labels_of(order), call.time_of)


def _weight_of_open_orders(sent: Mapping[str, str]) -> int:
    return 6 if "symbol" in sent else 80


def _weight_of_prevented_matches(sent: Mapping[str, str]) -> int:
    return 20 if "orderId" in sent else 2


def _weight_of_trades(sent: Mapping[str, str]) -> int:
    return 5 if "orderId" in sent else 20


ACCOUNT: Final = (
    Endpoint("GET", "/api/v3/account", _account, 20, Security.SIGNED),
    Endpoint("GET", "/api/v3/account/commission", _commission, 20, Security.SIGNED),
    Endpoint("GET", "/api/v3/order", _order, 4, Security.SIGNED),
    Endpoint("GET", "/api/v3/openOrders", _open_orders, _weight_of_open_orders, Security.SIGNED),
    Endpoint("GET", "/api/v3/allOrders", _all_orders, 20, Security.SIGNED),
    Endpoint("GET", "/api/v3/rateLimit/order", _unfilled_orders, 40, Security.SIGNED),
    Endpoint("GET", "/api/v3/myAllocations", _allocations, 20, Security.SIGNED),
    Endpoint("GET", "/api/v3/myFilters", _filters, 40, Security.SIGNED),
    Endpoint("GET", "/api/v3/myTrades", _my_trades, _weight_of_trades, Security.SIGNED),
    Endpoint("GET", "/api/v3/myPreventedMatches", _prevented_matches, _weight_of_prevented_matches, Security.SIGNED),
)
