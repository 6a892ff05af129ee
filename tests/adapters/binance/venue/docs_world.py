"""A venue in which every documented request can be made: REST, WebSocket API, market streams and user data, by hand.

Nothing here opens a socket. What a client would be sent is kept in an outlet and read from there.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from tests.adapters.binance.venue.conftest import Wire, sign
from tests.adapters.binance.venue.sockets import payload_of
from yunmin_binance.venue import (
    LOCAL_API_KEY,
    LOCAL_API_SECRET,
    AccountConfig,
    LimitsConfig,
    Liquidity,
    VenueConfig,
)
from yunmin_binance.venue.config import default_accounts
from yunmin_binance.venue.count_filters import CountFilters
from yunmin_binance.venue.streams.board import Subscriber, in_millis
from yunmin_binance.venue.streams.market_streams import MarketStreams
from yunmin_binance.venue.streams.names import Pace
from yunmin_binance.venue.symbols import PriceRange, ReferenceRule, rules_of
from yunmin_binance.venue.ws_api.api import WsApi
from yunmin_binance.venue.ws_api.session import Session
from yunmin_binance.venue.ws_api.user_streams import UserStreams

KEY_OF_LOGON = "KeyOfLogon"


class Outlet:
    """Keeps the frames that a client would be sent."""

    def __init__(self) -> None:
        self.frames: list[Any] = []

    def send(self, frame: bytes, about: str = "") -> None:
        self.frames.append(orjson.loads(frame))

    def close(self, code: int, reason: bytes = b"") -> None:
        raise AssertionError((code, reason))

    def take(self) -> list[Any]:
        frames, self.frames = self.frames, []
        return frames


class DocsWorld:
    """One venue, and one client of everything it offers."""

    def __init__(self, *, limits: LimitsConfig | None = None) -> None:
        self._private = Ed25519PrivateKey.generate()
        self.wire = Wire(self._config(limits or LimitsConfig()))
        exchange = self.wire.venue.exchange
        users = UserStreams(exchange)
        exchange.engine.listen(users.hear)
        exchange.outside.listen(users.hear_moved)
        self.users = users
        self._api = WsApi(exchange, on_change=users.tell)
        self.outlet = Outlet()
        self.session: Any = self._session(shows_limits=True)
        self.markets = MarketStreams(exchange, users)
        exchange.engine.listen(self.markets.hear)
        self._ids = itertools.count(1)

    def _config(self, limits: LimitsConfig) -> VenueConfig:
        referenced = rules_of("BTCUSDT").model_copy(
            update={
                "reference": ReferenceRule(),
                "price_range": PriceRange(
                    bid_limit_mult_up="2", bid_limit_mult_down="0.5", ask_limit_mult_up="2", ask_limit_mult_down="0.5"
                ),
            }
        )
        public = self._private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        _, counterparty = default_accounts()
        mine = AccountConfig(
            name="local",
            api_key=LOCAL_API_KEY,
            api_secret=SecretStr(LOCAL_API_SECRET),
            balances={"USDT": "1000000", "BTC": "100", "ETH": "1000", "BNB": "1000"},
            max_assets={"USDT": "100000000"},
        )
        logged_on = AccountConfig(name="logon", api_key=KEY_OF_LOGON, public_key_pem=public.decode())
        return VenueConfig(
            liquidity=Liquidity.NONE,
            extra_symbols=(referenced,),
            accounts=(mine, logged_on, counterparty),
            limits=limits,
            exchange_filters=CountFilters(orders=1000),
        )

    def _session(self, *, shows_limits: bool) -> Session:
        now = self.wire.venue.exchange.engine.now()
        return Session(
            self.outlet,  # type: ignore[arg-type]  # stands in for a connection
            self.users,
            address="127.0.0.1",
            time_of=in_millis,
            shows_limits=shows_limits,
            now=now,
        )

    def rest(self, method: str, path: str, **params: object) -> Any:
        """A signed request; the body of its answer, good or bad."""
        return self.wire.signed(method, path, **self.as_query(params)).json

    @staticmethod
    def as_query(params: Mapping[str, object]) -> dict[str, Any]:
        """Parameters as REST takes them: arrays are JSON, booleans are words."""
        return {name: _query(value) for name, value in params.items()}

    def ws(self, method: str, *, is_signed: bool = True, shows_limits: bool = True, **params: object) -> Any:
        """A request of the WebSocket API, signed or not; its answer, good or bad."""
        full: dict[str, Any] = {**params, **({} if shows_limits else {"returnRateLimits": False})}
        if is_signed:
            full |= {"apiKey": LOCAL_API_KEY, "timestamp": self.wire.now}
            full["signature"] = sign(payload_of(full))
        return self.ask({"id": f"id-{next(self._ids)}", "method": method, "params": full})

    def ask(self, request: Mapping[str, Any]) -> Any:
        """A message of the WebSocket API as it is."""
        return orjson.loads(self._api.answer(self.session, orjson.dumps(request).decode()))

    def log_on(self) -> Any:
        params = {"apiKey": KEY_OF_LOGON, "timestamp": self.wire.now, "returnRateLimits": "false"}
        signature = base64.b64encode(self._private.sign(payload_of(params).encode())).decode()
        return self.ask({"id": "logon", "method": "session.logon", "params": {**params, "signature": signature}})

    def events(self) -> list[Any]:
        """The user data events since the last time."""
        self.users.tell()
        return self.outlet.take()

    def stream(self, *names: str, is_combined: bool = False) -> tuple[Subscriber, Outlet]:
        """A client of market streams that listens to `names`."""
        outlet = Outlet()
        subscriber = Subscriber(outlet, in_millis, is_combined)
        if names:
            self.command(subscriber, "SUBSCRIBE", list(names))
            outlet.take()
        return subscriber, outlet

    def command(self, subscriber: Subscriber, method: str, params: list[Any] | None = None) -> Any:
        request = {"method": method, "id": next(self._ids), **({} if params is None else {"params": params})}
        self.markets.receive(subscriber, orjson.dumps(request).decode())
        return subscriber.connection.frames[-1]  # type: ignore[attr-defined]  # an outlet of this file

    def publish(self) -> None:
        now = self.wire.venue.exchange.engine.now()
        for pace in Pace:
            self.markets.publish(pace, now)

    def book(self) -> None:
        """Both sides of BTCUSDT quoted, and one trade made."""
        for side, price in (("BUY", "49000"), ("SELL", "51000"), ("SELL", "50000")):
            self.wire.opposite(side, "1", price)
        self.wire.market(quantity="0.01")


def _query(value: object) -> object:
    if isinstance(value, list | bool):
        return orjson.dumps(value).decode()
    return value
