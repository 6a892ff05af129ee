"""The readers of Binance's answers and streams, as targets of a fuzzer: any bytes, and a documented error or a value.

What they make of bytes that they take goes on to where it would go: an acknowledgement is compared with the request,
the news of an account is applied to a tracker, and must come back from a journal as it went in.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar

import orjson

from yunmin.ccxt_bridge.acceptance import doubt_of_ack
from yunmin.clock import ManualClock, to_millis
from yunmin.core.data_contracts import Fill, Instrument, OrderRequest, OrderUpdate
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import YunminError
from yunmin.exchange import FuzzTarget
from yunmin_binance.account_stream import AccountConversation
from yunmin_binance.market_stream import CandleFeed, TickerFeed, TradeFeed
from yunmin_binance.parse import parse_ack

__all__ = ["fuzz_targets"]

Item = TypeVar("Item")

_BAD_FIELDS: Final = (YunminError, KeyError, TypeError, ValueError)
"""As the readers say: a field that is missing, of another type, or with another value in it; or no JSON at all."""

_NOT_KEPT: Final = frozenset({"raw"})

_CLOCK: Final = ManualClock()
_NOW: Final = to_millis(_CLOCK.now())
_MARKET: Final = Instrument(
    symbol="BTC/USDT",
    exchange_symbol="BTCUSDT",
    base_asset="BTC",
    quote_asset="USDT",
    tick_size=Decimal("0.01"),
    qty_step=Decimal("0.00001"),
)
_REQUEST: Final = OrderRequest(
    symbol="BTC/USDT", side="BUY", order_type="LIMIT", qty="0.1", price="42000", client_order_id="ym-1"
)
_ACK: Final[dict[str, Any]] = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "orderListId": -1,
    "clientOrderId": "ym-1",
    "transactTime": _NOW,
    "price": "42000.00000000",
    "origQty": "0.10000000",
    "executedQty": "0.04000000",
    "origQuoteOrderQty": "0.00000000",
    "cummulativeQuoteQty": "1680.00000000",
    "status": "PARTIALLY_FILLED",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "BUY",
    "workingTime": _NOW,
    "selfTradePreventionMode": "NONE",
    "fills": [
        {
            "price": "42000.00000000",
            "qty": "0.04000000",
            "commission": "0.00004000",
            "commissionAsset": "BTC",
            "tradeId": 56,
        }
    ],
}
_REPORT: Final[dict[str, Any]] = {
    "e": "executionReport", "E": _NOW, "s": "BTCUSDT", "c": "ym-1", "S": "BUY", "o": "LIMIT", "f": "GTC",
    "q": "0.10000000", "p": "42000.00000000", "P": "0.00000000", "F": "0.00000000", "g": -1, "C": "", "x": "TRADE",
    "X": "PARTIALLY_FILLED", "r": "NONE", "i": 28, "l": "0.04000000", "z": "0.04000000", "L": "42000.00000000",
    "n": "0.00004000", "N": "BTC", "T": _NOW, "t": 56, "w": False, "m": True, "O": _NOW, "Z": "1680.00000000",
    "Y": "1680.00000000", "Q": "0.00000000", "W": _NOW, "V": "NONE",
}  # fmt: skip
_EVENTS: Final[tuple[dict[str, Any], ...]] = (
    _REPORT,
    {**_REPORT, "x": "NEW", "X": "NEW", "t": -1, "l": "0.00000000", "z": "0.00000000", "Z": "0.00000000", "N": None},
    {**_REPORT, "x": "CANCELED", "X": "CANCELED", "c": "other", "C": "ym-1", "t": -1, "l": "0.00000000"},
    {**_REPORT, "x": "EXPIRED", "X": "EXPIRED", "eR": "OCO_TRIGGER", "t": -1, "l": "0.00000000"},
    {"e": "outboundAccountPosition", "E": _NOW, "u": _NOW, "B": [{"a": "BTC", "f": "1.00000000", "l": "0.10000000"}]},
    {"e": "balanceUpdate", "E": _NOW, "a": "BTC", "d": "-1.00000000", "T": _NOW},
    {"e": "listStatus", "E": _NOW, "s": "BTCUSDT"},
    {"e": "eventStreamTerminated", "E": _NOW},
    {"e": "serverShutdown", "E": _NOW},
)
_ANSWERS: Final[tuple[dict[str, Any], ...]] = (
    {"id": 1, "status": 200, "result": {"subscriptionId": 0}},
    {"id": 2, "status": 200, "result": [{"subscriptionId": 0}]},
    {"id": 1, "status": 401, "error": {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}},
)
_TOLD: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "kline": (
        {"e": "kline", "E": _NOW, "s": "BTCUSDT", "k": {
            "t": _NOW, "T": _NOW + 59_999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 9, "o": "1.00000000",
            "c": "1.50000000", "h": "2.00000000", "l": "0.50000000", "v": "10.00000000", "n": 9, "x": False}},
    ),
    "trade": ({"e": "trade", "E": _NOW, "s": "BTCUSDT", "t": 5, "p": "1.00000000", "q": "2.00000000", "T": _NOW,
               "m": True, "M": True},),
    "ticker": (
        {"u": 400900217, "s": "BTCUSDT", "b": "25.35190000", "B": "31.21000000", "a": "25.36520000", "A": "40.66"},
        {"e": "24hrTicker", "E": _NOW, "s": "BTCUSDT", "c": "25.35200000", "b": "25.35190000", "B": "31.21000000",
         "a": "25.36520000", "A": "40.66000000"},
    ),
}  # fmt: skip
_SUBSCRIBED: Final[tuple[dict[str, Any], ...]] = (
    {"result": None, "id": 1},
    {"result": ["btcusdt@trade", "btcusdt@kline_1m", "btcusdt@bookTicker", "btcusdt@ticker"], "id": 2},
    {"code": 2, "msg": "Invalid request: too many parameters", "id": 1},
    {"e": "serverShutdown", "E": _NOW},
)


def fuzz_targets() -> tuple[FuzzTarget, ...]:
    """Acknowledgement, account stream, market streams."""
    return (
        FuzzTarget(name="ack", read=_read_ack, examples=(orjson.dumps(_ACK),), documented=_BAD_FIELDS),
        FuzzTarget(
            name="account-stream",
            read=_read_account_message,
            examples=(
                *(orjson.dumps({"subscriptionId": 0, "event": event}) for event in _EVENTS),
                *map(orjson.dumps, _ANSWERS),
            ),
            documented=_BAD_FIELDS,
        ),
        FuzzTarget(
            name="market-stream",
            read=_read_market_message,
            examples=tuple(orjson.dumps(event) for events in (*_TOLD.values(), _SUBSCRIBED) for event in events),
            documented=_BAD_FIELDS,
        ),
    )


def _read_ack(data: bytes) -> None:
    ack = parse_ack(orjson.loads(data), _MARKET.symbol)
    if doubt_of_ack(ack, _REQUEST) is not None:
        return
    _take([ack.update, *ack.fills])


class _Ears(Generic[Item]):
    """Keeps the news of one message, and lets the rest pass."""

    def __init__(self) -> None:
        self.heard: list[Item] = []

    def news(self, item: Item) -> None:
        self.heard.append(item)

    def subscribed(self) -> None: ...

    def refused(self, error: Exception) -> None: ...

    def is_known(self) -> None: ...

    def ended(self, why: str) -> None: ...

    def leaving(self, why: str) -> None: ...

    def missed(self, why: str) -> None: ...

    def meanwhile(self, work: Coroutine[Any, Any, None]) -> None:
        work.close()


def _read_account_message(data: bytes) -> None:
    ears = _Ears[Any]()
    conversation = AccountConversation(ears, str, lambda name: _MARKET if name == _MARKET.exchange_symbol else None)
    try:
        conversation.read(data)
    finally:  # also where a message could be read in part only
        _take([item for item in ears.heard if isinstance(item, OrderUpdate | Fill)])


def _read_market_message(data: bytes) -> None:
    """The same message to a reader of each kind; refused where all of them refuse it."""
    failures: list[Exception] = []
    feeds = (CandleFeed("", _MARKET, "1m"), TradeFeed("", _MARKET), TickerFeed("", _MARKET))
    for feed in feeds:
        try:
            feed.converse(_Ears[Any]()).read(data)
        except _BAD_FIELDS as error:
            failures.append(error)
    if len(failures) == len(feeds):
        raise failures[0]


def _take(news: Sequence[OrderUpdate | Fill]) -> None:
    tracker = OrderTracker()
    tracker.submit(_REQUEST, qty_step=_MARKET.qty_step, created_at=_CLOCK.now() - timedelta(seconds=1))
    for piece in news:
        tracker.apply(piece)
        _insist_that_it_comes_back(piece)


def _insist_that_it_comes_back(piece: OrderUpdate | Fill) -> None:
    """A journal keeps it as JSON; what cannot be read again would stop the account at its next start."""
    try:
        again = type(piece).model_validate_json(piece.model_dump_json(exclude_none=True, warnings=False))
    except ValueError as error:
        raise AssertionError(f"it could not be read again from a journal: {error}") from error
    if again != piece.model_copy(update=dict.fromkeys(_NOT_KEPT & type(piece).model_fields.keys())):
        raise AssertionError("it would come back from a journal as something else")
