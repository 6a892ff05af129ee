"""How each documented example comes about: what has to happen before, and with which parameters it is asked for.

A scene is given the world and `ask`, which sends the example's own request, by REST or by WebSocket API.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from tests.adapters.binance.venue.docs_world import DocsWorld

__all__ = ["NOT_SERVED", "SCENES", "Scene"]

Ask = Callable[..., Any]
Scene = Callable[[DocsWorld, Ask], Any]

BTC: Final[dict[str, Any]] = {"symbol": "BTCUSDT"}
TWO: Final = ["BTCUSDT", "ETHUSDT"]
LIMIT: Final = {**BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "48000"}
OCO: Final = {
    **BTC,
    "side": "SELL",
    "quantity": "0.01",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "60000",
    "belowType": "STOP_LOSS_LIMIT",
    "belowStopPrice": "40000",
    "belowPrice": "39000",
    "belowTimeInForce": "GTC",
    "newOrderRespType": "RESULT",
}
OLD_OCO: Final = {
    **BTC,
    "side": "SELL",
    "quantity": "0.01",
    "price": "60000",
    "stopPrice": "40000",
    "stopLimitPrice": "39000",
    "stopLimitTimeInForce": "GTC",
    "newOrderRespType": "RESULT",
}
WORKING: Final = {
    **BTC,
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingPrice": "48000",
    "workingQuantity": "0.01",
    "workingTimeInForce": "GTC",
    "newOrderRespType": "RESULT",
}
OTO: Final = {
    **WORKING,
    "pendingType": "LIMIT",
    "pendingSide": "SELL",
    "pendingPrice": "60000",
    "pendingQuantity": "0.01",
    "pendingTimeInForce": "GTC",
}
OTOCO: Final = {
    **WORKING,
    "pendingSide": "SELL",
    "pendingQuantity": "0.01",
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "60000",
    "pendingBelowType": "STOP_LOSS",
    "pendingBelowStopPrice": "40000",
}
OPO: Final = {
    **WORKING,
    "pendingType": "LIMIT",
    "pendingSide": "SELL",
    "pendingPrice": "60000",
    "pendingTimeInForce": "GTC",
}
OPOCO: Final = {
    **WORKING,
    "pendingSide": "SELL",
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "60000",
    "pendingBelowType": "STOP_LOSS",
    "pendingBelowStopPrice": "40000",
}


def asks(**params: object) -> Scene:
    """Nothing has to happen before."""
    return lambda _, ask: ask(**params)


def traded(**params: object) -> Scene:
    """Both markets have a book and have traded."""

    def scene(world: DocsWorld, ask: Ask) -> Any:
        world.book()
        world.wire.opposite("SELL", "1", "3000", "ETHUSDT")
        world.wire.market(symbol="ETHUSDT", quantity="0.01")
        return ask(**params)

    return scene


def with_order(**params: object) -> Scene:
    """An order of mine is on the book; `order` among the parameters stands for its id."""

    def scene(world: DocsWorld, ask: Ask) -> Any:
        world.book()
        order = world.wire.order(price="48000", newClientOrderId="mine").ok["orderId"]
        return ask(**{name: order if value is OPEN_ORDER else value for name, value in params.items()})

    return scene


OPEN_ORDER: Final = object()


def with_list(**params: object) -> Scene:
    """An order list of mine is open; the ids of it and of its first order may stand among the parameters."""

    def scene(world: DocsWorld, ask: Ask) -> Any:
        world.book()
        pair = world.rest("POST", "orderList/oco", **OCO)
        named: dict[object, object] = {OPEN_LIST: pair["orderListId"], FIRST_OF_LIST: pair["orders"][0]["orderId"]}
        return ask(**{name: named.get(value, value) for name, value in params.items()})

    return scene


OPEN_LIST: Final = "<list>"
FIRST_OF_LIST: Final = "<first of the list>"


def with_order_and_list(**params: object) -> Scene:
    def scene(world: DocsWorld, ask: Ask) -> Any:
        world.wire.order(price="48000")
        return with_list(**params)(world, ask)

    return scene


def reference_gone(world: DocsWorld, ask: Ask) -> Any:
    world.book()
    world.wire.clock.advance(3600)
    return ask(**BTC)


def amended_twice(world: DocsWorld, ask: Ask) -> Any:
    order = world.wire.order().ok["orderId"]
    for qty in ("0.009", "0.008"):
        world.rest("PUT", "order/amend/keepPriority", **BTC, orderId=order, newQty=qty)
    return ask(**BTC, orderId=order)


def amending_what_waits(world: DocsWorld, ask: Ask) -> Any:
    waiting = world.rest("POST", "orderList/oto", **OTO)["orders"][1]["orderId"]
    return ask(**BTC, orderId=waiting, newQty="0.005")


def prevented(world: DocsWorld, ask: Ask) -> Any:
    world.wire.order()
    taker = world.wire.order(side="SELL", selfTradePreventionMode="EXPIRE_MAKER").ok["orderId"]
    return ask(**BTC, orderId=taker)


def prevented_orders(world: DocsWorld, ask: Ask) -> Any:
    world.wire.order()
    world.wire.order(side="SELL", selfTradePreventionMode="EXPIRE_MAKER")
    return ask(**BTC)


def replacing(*, cancels: bool = True, places: bool = True, **more: object) -> Scene:
    """Cancel-replace of which either half may fail."""

    def scene(world: DocsWorld, ask: Ask) -> Any:
        order = world.wire.order(price="48000").ok["orderId"] if cancels else 99
        quantity = LIMIT["quantity"] if places else "100"
        wanted = {**LIMIT, "quantity": quantity, "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": order}
        return ask(**{**wanted, **more})

    return scene


def replacing_beyond_the_limit(**more: object) -> Scene:
    def scene(world: DocsWorld, ask: Ask) -> Any:
        orders = [world.wire.order(price="48000", quantity="0.001").ok["orderId"] for _ in range(100)]
        return ask(**LIMIT, cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=orders[0], **more)

    return scene


def partly_filled_and_restricted(world: DocsWorld, ask: Ask) -> Any:
    order = world.wire.order().ok["orderId"]
    return ask(**BTC, orderId=order, cancelRestrictions="ONLY_PARTIALLY_FILLED")


# what both APIs document, by its name and number in rest-api.md and in web-socket-api.md
BOTH: Final[tuple[tuple[Scene, str | None, str | None], ...]] = (
    (asks(), "Test connectivity #1", "Test connectivity #1"),
    (asks(), "Check server time #1", "Check server time #1"),
    (asks(), "Exchange information #1", "Exchange information #1"),
    (asks(**BTC), "Query Execution Rules #1", "Query Execution Rules #1"),
    (traded(**BTC), "Order book #1", "Order book #1"),
    (traded(**BTC), "Recent trades list #1", "Recent trades #1"),
    (traded(**BTC, fromId=1), "Old trade lookup #1", "Historical trades #1"),
    (traded(**BTC), "Compressed/Aggregate trades list #1", "Aggregate trades #1"),
    (traded(**BTC, interval="1h"), "Kline/Candlestick data #1", "Klines #1"),
    (traded(**BTC, interval="1h"), "UIKlines #1", "UI Klines #1"),
    (traded(**BTC), "Current average price #1", "Current average price #1"),
    (traded(**BTC), "24hr ticker price change statistics #1", "24hr ticker price change statistics #1"),
    (traded(symbols=TWO), "24hr ticker price change statistics #2", "24hr ticker price change statistics #3"),
    (traded(**BTC, type="MINI"), "24hr ticker price change statistics #3", "24hr ticker price change statistics #2"),
    (traded(symbols=TWO, type="MINI"), "24hr ticker price change statistics #4", None),
    (traded(**BTC), "Trading Day Ticker #1", "Trading Day Ticker #1"),
    (traded(symbols=TWO), "Trading Day Ticker #2", "Trading Day Ticker #2"),
    (traded(**BTC, type="MINI"), "Trading Day Ticker #3", "Trading Day Ticker #3"),
    (traded(symbols=TWO, type="MINI"), "Trading Day Ticker #4", "Trading Day Ticker #4"),
    (traded(**BTC), "Symbol price ticker #1", "Symbol price ticker #1"),
    (traded(symbols=TWO), "Symbol price ticker #2", "Symbol price ticker #2"),
    (traded(**BTC), "Symbol order book ticker #1", "Symbol order book ticker #1"),
    (traded(symbols=TWO), "Symbol order book ticker #2", "Symbol order book ticker #2"),
    (traded(**BTC), "Rolling window price change statistics #1", "Rolling window price change statistics #2"),
    (traded(symbols=TWO), "Rolling window price change statistics #2", "Rolling window price change statistics #4"),
    (
        traded(**BTC, type="MINI"),
        "Rolling window price change statistics #3",
        "Rolling window price change statistics #3",
    ),
    (traded(symbols=TWO, type="MINI"), "Rolling window price change statistics #4", None),
    (traded(**BTC), "Query Reference Price #1", "Query Reference Price #1"),
    (reference_gone, "Query Reference Price #2", "Query Reference Price #2"),
    (asks(symbol="ETHUSDT"), "Query Reference Price #3", "Query Reference Price #3"),
    (asks(symbol="ETHUSDT"), "Query Reference Price Calculation #1", "Query Reference Price Calculation #1"),
    (asks(**BTC), "Query Reference Price Calculation #2", "Query Reference Price Calculation #2"),
    (asks(**LIMIT, newOrderRespType="ACK"), "New order #1", "Place new order #1"),
    (asks(**LIMIT, newOrderRespType="RESULT"), "New order #2", "Place new order #2"),
    (traded(**BTC, side="BUY", type="MARKET", quantity="0.01"), "New order #3", "Place new order #3"),
    (asks(**LIMIT), "Test new order #1", "Test new order #1"),
    (asks(**LIMIT, computeCommissionRates=True), "Test new order #2", "Test new order #2"),
    (with_order(**BTC, orderId=OPEN_ORDER), "Cancel order #1", "Cancel order #1"),
    (with_list(**BTC, orderId=FIRST_OF_LIST), None, "Cancel order #2"),
    (with_order(**BTC, orderId=OPEN_ORDER, cancelRestrictions="NO"), "Cancel order #2", None),
    (partly_filled_and_restricted, "Cancel order #3", None),
    (with_order_and_list(**BTC), "Cancel All Open Orders on a Symbol #1", "Cancel open orders #1"),
    (replacing(), "Cancel an Existing Order and Send a New Order #1", None),
    (replacing(newOrderRespType="RESULT"), None, "Cancel and replace order #1"),
    (replacing(cancels=False), "Cancel an Existing Order and Send a New Order #2", "Cancel and replace order #2"),
    (replacing(places=False), "Cancel an Existing Order and Send a New Order #3", "Cancel and replace order #3"),
    (
        replacing(cancels=False, cancelReplaceMode="ALLOW_FAILURE", newOrderRespType="ACK"),
        "Cancel an Existing Order and Send a New Order #4",
        None,
    ),
    (replacing(cancels=False, cancelReplaceMode="ALLOW_FAILURE"), None, "Cancel and replace order #4"),
    (
        replacing(cancels=False, places=False, cancelReplaceMode="ALLOW_FAILURE"),
        "Cancel an Existing Order and Send a New Order #5",
        "Cancel and replace order #5",
    ),
    (
        replacing_beyond_the_limit(),
        "Cancel an Existing Order and Send a New Order #6",
        "Cancel and replace order #6",
    ),
    (
        replacing_beyond_the_limit(orderRateLimitExceededMode="CANCEL_ONLY"),
        "Cancel an Existing Order and Send a New Order #7",
        "Cancel and replace order #7",
    ),
    (
        with_order(**BTC, orderId=OPEN_ORDER, newQty="0.005"),
        "Order Amend Keep Priority #1",
        "Order Amend Keep Priority #1",
    ),
    (amending_what_waits, "Order Amend Keep Priority #2", None),
    (with_list(**BTC, orderId=FIRST_OF_LIST, newQty="0.005"), None, "Order Amend Keep Priority #2"),
    (traded(**OLD_OCO), "New OCO - Deprecated #1", "Place new OCO - Deprecated #1"),
    (traded(**OCO), "New Order list - OCO #1", "Place new Order list - OCO #1"),
    (traded(**OTO), "New Order list - OTO #1", "Place new Order list - OTO #1"),
    (traded(**OTOCO), "New Order list - OTOCO #1", "Place new Order list - OTOCO #1"),
    (traded(**OPO), "New Order List - OPO #1", "OPO #1"),
    (traded(**OPOCO), "New Order List - OPOCO #1", "OPOCO #1"),
    (with_list(**BTC, orderListId=OPEN_LIST), "Cancel Order list #1", "Cancel Order list #1"),
    (asks(), "Account information #1", "Account information #1"),
    (with_order(**BTC, orderId=OPEN_ORDER), "Query order #1", "Query order #1"),
    (with_order(**BTC), "Current open orders #1", "Current open orders #1"),
    (with_order(**BTC), "All orders #1", None),
    (prevented_orders, None, "Account order history #1"),
    (with_list(orderListId=OPEN_LIST), "Query Order list #1", "Query Order list #1"),
    (with_list(), "Query all Order lists #1", "Account order list history #1"),
    (with_list(), "Query Open Order lists #1", "Current open Order lists #1"),
    (traded(**BTC), "Account trade list #1", "Account trade history #1"),
    (asks(), "Query Unfilled Order Count #1", "Unfilled Order Count #2"),
    (prevented, "Query Prevented Matches #1", "Account prevented matches #1"),
    (asks(**BTC), "Query Commission Rates #1", "Account Commission Rates #1"),
    (asks(**BTC), "Query relevant filters #1", "Query Relevant Filters #1"),
    (amended_twice, "Query Order Amendments #1", "Query Order Amendments #1"),
)


def banned(world: DocsWorld, ask: Ask) -> Any:
    traffic, now = world.wire.venue.exchange.traffic, world.wire.venue.exchange.engine.now()
    for _ in range(100):
        if traffic.is_banned("127.0.0.1", now):
            return ask()
        world.ws("ticker.24hr", is_signed=False)
    raise AssertionError("never banned")


def without_limits(world: DocsWorld, _: Ask) -> Any:
    return world.ask({"id": 2, "method": "time", "params": {"returnRateLimits": False}})


def events_of(name: str, *happenings: Callable[[DocsWorld], object]) -> Scene:
    """The first user data event of that name after something has happened."""

    def scene(world: DocsWorld, _: Ask) -> Any:
        world.ws("userDataStream.subscribe.signature")
        world.outlet.take()
        for happening in happenings:
            happening(world)
        return next(one for one in world.events() if one["event"]["e"] == name)

    return scene


def stream_of(name: str) -> Scene:
    """The first payload of a market stream after orders and a trade."""

    def scene(world: DocsWorld, _: Ask) -> Any:
        outlet = world.stream(name)[1]
        world.book()
        world.publish()
        return outlet.take()[0]

    return scene


def command(method: str, params: list[Any] | None = None) -> Scene:
    def scene(world: DocsWorld, _: Ask) -> Any:
        subscriber = world.stream("btcusdt@aggTrade")[0]
        return world.command(subscriber, method, params)

    return scene


def farewell(*, is_combined: bool) -> Scene:
    def scene(world: DocsWorld, _: Ask) -> Any:
        subscriber = world.stream(is_combined=is_combined)[0]
        return orjson.loads(world.markets.farewell(subscriber))

    return scene


def logged_on(method: str, *before: str) -> Scene:
    def scene(world: DocsWorld, _: Ask) -> Any:
        world.log_on()
        for one in before:
            world.ws(one, is_signed=False)
        return world.ws(method, is_signed=False, shows_limits=False)

    return scene


def times_of_a_window(world: DocsWorld, ask: Ask) -> Any:
    """The docs show a part of it."""
    result = traded(**BTC, windowSize="7d")(world, ask)["result"]
    return {name: result[name] for name in ("openTime", "closeTime")}


def error_of(scene: Scene) -> Scene:
    """The docs show no more of the answer."""
    return lambda world, ask: scene(world, ask)["error"]


def shut_down(world: DocsWorld, _: Ask) -> Any:
    return orjson.loads(world.wire.venue.sockets._farewell(world.session))


def log_on(world: DocsWorld, _: Ask) -> Any:
    return world.log_on()


def unknown_key(world: DocsWorld, _: Ask) -> Any:
    params = {"apiKey": "nobody", "timestamp": world.wire.now, "signature": "x", "returnRateLimits": False}
    return world.ask({"id": None, "method": "account.status", "params": params})


def subscribed(world: DocsWorld, ask: Ask) -> Any:
    world.ws("userDataStream.subscribe.signature")
    return world.ws("session.subscriptions", is_signed=False, shows_limits=False)


def unsubscribed(world: DocsWorld, ask: Ask) -> Any:
    world.ws("userDataStream.subscribe.signature")
    return world.ws("userDataStream.unsubscribe", is_signed=False, shows_limits=False, subscriptionId=0)


def terminated(world: DocsWorld) -> None:
    world.ws("userDataStream.unsubscribe", is_signed=False, subscriptionId=0)


def an_order(world: DocsWorld) -> None:
    world.wire.order()


def a_trade(world: DocsWorld) -> None:
    world.wire.opposite("SELL", "1", "50000")
    world.wire.market(quantity="0.01")


def a_list(world: DocsWorld) -> None:
    world.book()
    world.rest("POST", "orderList/oco", **OCO)


def a_deposit(world: DocsWorld) -> None:
    world.wire.venue.deposit("local", "BTC", 1)


def a_lock(world: DocsWorld) -> None:
    world.wire.venue.lock_outside("local", "BTC", 1)


_WS = "web-socket-api.md"
_STREAMS = "web-socket-streams.md"
_USER = "user-data-stream.md"

# what only one document has
SCENES: Final[dict[str, Scene]] = {
    "rest-api.md Error Codes #1": lambda world, _: world.wire.get("depth", symbol="NOPE").json,
    f"{_WS} Response format #1": lambda world, _: world.ws("order.place", **LIMIT, newOrderRespType="RESULT"),
    f"{_WS} Response format #2": lambda world, _: world.ws("order.place", **{**LIMIT, "quantity": "100"}),
    f"{_WS} Event format #1": events_of("outboundAccountPosition", an_order),
    f"{_WS} How to interpret rate limits #1": lambda world, _: world.ws("time", is_signed=False),
    f"{_WS} How to show/hide rate limit information #1": lambda world, _: world.ask({"id": 1, "method": "time"}),
    f"{_WS} How to show/hide rate limit information #2": without_limits,
    f"{_WS} IP limits #1": lambda world, _: world.ws("trades.recent", is_signed=False, **BTC),
    f"{_WS} IP limits #2": banned,
    f"{_WS} Unfilled Order Count #1": lambda world, _: world.ws("order.place", **LIMIT, newOrderRespType="RESULT"),
    f"{_WS} Authenticate after connection #1": unknown_key,
    f"{_WS} Rolling window price change statistics #1": times_of_a_window,
    f"{_WS} Server Shutdown #1": shut_down,
    f"{_WS} Cancel order #3": error_of(with_order(**BTC, orderId=OPEN_ORDER, cancelRestrictions="NO")),
    f"{_WS} Cancel order #4": error_of(partly_filled_and_restricted),
    f"{_WS} Log in with API key (SIGNED) #1": log_on,
    f"{_WS} Query session status #1": logged_on("session.status"),
    f"{_WS} Log out of the session #1": logged_on("session.logout"),
    f"{_WS} Subscribe to User Data Stream #1": logged_on("userDataStream.subscribe"),
    f"{_WS} Unsubscribe from User Data Stream #1": unsubscribed,
    f"{_WS} Listing all subscriptions #1": subscribed,
    f"{_WS} Subscribe to User Data Stream through signature subscription #1": asks(),
    f"{_STREAMS} Server Shutdown #1": farewell(is_combined=False),
    f"{_STREAMS} Server Shutdown #2": farewell(is_combined=True),
    f"{_STREAMS} Subscribe to a stream #1": command("SUBSCRIBE", ["btcusdt@depth"]),
    f"{_STREAMS} Unsubscribe to a stream #1": command("UNSUBSCRIBE", ["btcusdt@aggTrade"]),
    f"{_STREAMS} Listing Subscriptions #1": command("LIST_SUBSCRIPTIONS"),
    f"{_STREAMS} Setting Properties #1": command("SET_PROPERTY", ["combined", True]),
    f"{_STREAMS} Retrieving Properties #1": command("GET_PROPERTY", ["combined"]),
    f"{_STREAMS} Reference Price Streams #1": stream_of("btcusdt@referencePrice"),
    f"{_STREAMS} Aggregate Trade Streams #1": stream_of("btcusdt@aggTrade"),
    f"{_STREAMS} Trade Streams #1": stream_of("btcusdt@trade"),
    f"{_STREAMS} Kline/Candlestick Streams for UTC #1": stream_of("btcusdt@kline_1m"),
    f"{_STREAMS} Kline/Candlestick Streams with timezone offset #1": stream_of("btcusdt@kline_1d@+08:00"),
    f"{_STREAMS} Individual Symbol Mini Ticker Stream #1": stream_of("btcusdt@miniTicker"),
    f"{_STREAMS} All Market Mini Tickers Stream #1": stream_of("!miniTicker@arr"),
    f"{_STREAMS} Individual Symbol Ticker Streams #1": stream_of("btcusdt@ticker"),
    f"{_STREAMS} Individual Symbol Rolling Window Statistics Streams #1": stream_of("btcusdt@ticker_1h"),
    f"{_STREAMS} All Market Rolling Window Statistics Streams #1": stream_of("!ticker_1h@arr"),
    f"{_STREAMS} Individual Symbol Book Ticker Streams #1": stream_of("btcusdt@bookTicker"),
    f"{_STREAMS} Average Price #1": stream_of("btcusdt@avgPrice"),
    f"{_STREAMS} Partial Book Depth Streams #1": stream_of("btcusdt@depth5"),
    f"{_STREAMS} Diff. Depth Stream #1": stream_of("btcusdt@depth"),
    f"{_USER} Account Update #1": events_of("outboundAccountPosition", an_order),
    f"{_USER} Balance Update #1": events_of("balanceUpdate", a_deposit),
    f"{_USER} External Lock Update #1": events_of("externalLockUpdate", a_lock),
    f"{_USER} Order Update #1": events_of("executionReport", an_order),
    f"{_USER} Order Reject Reason #1": events_of("listStatus", a_list),
    f"{_USER} Event Stream Terminated #1": events_of("eventStreamTerminated", terminated),
}
SCENES.update({f"rest-api.md {name}": scene for scene, name, _ in BOTH if name is not None})
SCENES.update({f"{_WS} {name}": scene for scene, _, name in BOTH if name is not None})

_SOR = "smart order routing is left out"
_BLOCKS = "nobody trades in blocks here: the list is always empty"
NOT_SERVED: Final[dict[str, str]] = {
    "rest-api.md Historical Block Trades #1": _BLOCKS,
    f"{_WS} Historical Block Trades #1": _BLOCKS,
    f"{_STREAMS} Block Trade Streams #1": _BLOCKS,
    "rest-api.md Query Reference Price Calculation #3": "the venue makes its reference prices itself",
    f"{_WS} Query Reference Price Calculation #3": "the venue makes its reference prices itself",
    "rest-api.md New order using SOR #1": _SOR,
    "rest-api.md Test new order using SOR #1": _SOR,
    "rest-api.md Test new order using SOR #2": _SOR,
    f"{_WS} Place new order using SOR #1": _SOR,
    f"{_WS} Test new order using SOR #1": _SOR,
    f"{_WS} Test new order using SOR #2": _SOR,
    "rest-api.md Query Allocations #1": _SOR,
    f"{_WS} Account allocations #1": _SOR,
}
