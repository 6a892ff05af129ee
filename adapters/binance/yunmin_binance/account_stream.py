"""The user data stream: how it is subscribed to, and what its events say.

Binance spot user-data-stream.md and web-socket-api.md, 2026-07-21. The subscription is a signed request on the
WebSocket API (`userDataStream.subscribe.signature`), for every kind of key; whether it still stands is asked with
`session.subscriptions`. Events come as `{"subscriptionId": 0, "event": {…}}`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson

from yunmin.ccxt_bridge import Ears, Feed
from yunmin.core.data_contracts import AccountNews, Instrument
from yunmin.errors import ClockSkew, MalformedResponse
from yunmin_binance.account_events import parse_balances, parse_report, parse_transfer
from yunmin_binance.auth import BinanceAuth
from yunmin_binance.fields import says_each_key_once
from yunmin_binance.refusals import stream_refusal

__all__ = ["AccountFeed"]

_SUBSCRIBING: Final = 1
_PROBING: Final = 2

_NOTHING_NEW: Final = frozenset({"listStatus", "externalLockUpdate"})
"""Of an order list each order has its own executionReport; of a lock from outside the balances are told beside it."""


class AccountFeed(Feed[AccountNews]):
    """The news of one account. `stamp` gives Binance's time in milliseconds, `resynchronise` corrects it."""

    what = "the account stream"

    def __init__(
        self,
        url: str,
        *,
        auth: BinanceAuth,
        recv_window: int,
        stamp: Callable[[], int],
        resynchronise: Callable[[], Awaitable[object]],
        market_of: Callable[[str], Instrument | None],
    ) -> None:
        self.url = url
        self._auth = auth
        self._recv_window = recv_window
        self._stamp = stamp
        self._resynchronise = resynchronise
        self._market_of = market_of

    async def prepare(self, failure: Exception | None) -> None:
        if isinstance(failure, ClockSkew):
            await self._resynchronise()

    def converse(self, ears: Ears[AccountNews]) -> AccountConversation:
        return AccountConversation(ears, self._subscription, self._market_of)

    def _subscription(self) -> str:
        """The signed request. Its parameters are signed as text, sorted by name and not percent-encoded."""
        named = {
            "apiKey": self._auth.credentials.api_key.get_secret_value(),
            "recvWindow": self._recv_window,
            "timestamp": self._stamp(),
        }
        signature = self._auth.generate_signature("&".join(f"{name}={value}" for name, value in named.items()))
        return _request(_SUBSCRIBING, "userDataStream.subscribe.signature", {**named, "signature": signature})


class AccountConversation:
    """One connection to the WebSocket API that is there for one subscription."""

    def __init__(
        self, ears: Ears[AccountNews], subscription: Callable[[], str], market_of: Callable[[str], Instrument | None]
    ) -> None:
        self.greeting = subscription
        self._ears = ears
        self._market_of = market_of
        self._number: object = None
        self._unknown_kinds: set[str] = set()
        self._readers: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "executionReport": self._report,
            "outboundAccountPosition": lambda event: ears.news(parse_balances(event)),
            "balanceUpdate": lambda event: ears.news(parse_transfer(event)),
            "eventStreamTerminated": lambda _: ears.ended("the exchange ended the subscription"),
            "serverShutdown": lambda _: ears.leaving("the exchange's server shuts down"),
        }

    def probe(self) -> str:
        return _request(_PROBING, "session.subscriptions", None)

    def read(self, message: bytes) -> None:
        raw = orjson.loads(message)
        if type(raw) is not dict:
            raise MalformedResponse(f"a message of type {type(raw).__name__}")
        event = raw.get("event")
        if event is None:
            self._hear_answer(raw)
            return
        if message.count(b'":') != len(raw) + len(event) and not says_each_key_once(message, raw):
            raise MalformedResponse("a key stands twice in one JSON object")
        kind = event["e"]
        reader = self._readers.get(kind)
        if reader is not None:
            reader(event)
        elif kind not in _NOTHING_NEW and kind not in self._unknown_kinds:
            self._unknown_kinds.add(kind)
            self._ears.missed(f"an event of a kind that is not known: {str(kind)[:40]!r} (told once)")

    def _report(self, event: Mapping[str, Any]) -> None:
        market = self._market_of(event["s"])
        if market is None:
            raise MalformedResponse(f"a symbol that is not listed: {str(event['s'])[:40]!r}")
        update, fill, doubt = parse_report(event, market.symbol)
        if fill is not None:
            self._ears.news(fill)
        self._ears.news(update)
        if doubt is not None:
            self._ears.missed(doubt)

    def _hear_answer(self, raw: Mapping[str, Any]) -> None:
        number, status = raw["id"], raw["status"]
        if number == _SUBSCRIBING and status == 200:
            self._number = raw["result"]["subscriptionId"]
            self._ears.subscribed()
        elif number == _SUBSCRIBING or number is None:
            self._ears.refused(stream_refusal(status, raw["error"], what="the account stream"))
        elif status != 200:
            self._ears.ended(f"the exchange does not say whether it knows the subscription (status {status})")
        elif {"subscriptionId": self._number} in raw["result"]:
            self._ears.is_known()
        else:
            self._ears.ended("the exchange has forgotten the subscription")


def _request(number: int, method: str, params: Mapping[str, object] | None) -> str:
    wanted: dict[str, object] = {"id": number, "method": method}
    if params is not None:
        wanted["params"] = params
    return orjson.dumps(wanted).decode()
