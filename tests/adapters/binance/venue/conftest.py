"""A venue without a socket for protocol tests, and one with a socket and an unmodified ccxt in front of it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import ccxt
import ccxt.async_support as ccxt_async
import orjson
import pytest
from multidict import CIMultiDict

from yunmin.clock import ManualClock
from yunmin.simulation.units import to_micros
from yunmin_binance.venue import (
    COUNTERPARTY,
    LOCAL_API_KEY,
    LOCAL_API_SECRET,
    LimitsConfig,
    Liquidity,
    LocalVenue,
    VenueConfig,
)
from yunmin_binance.venue.api import Api, RawRequest

QUIET = VenueConfig(liquidity=Liquidity.NONE)
UNLIMITED = LimitsConfig(is_enforced=False)


def sign(payload: str | bytes, secret: str = LOCAL_API_SECRET) -> str:
    raw = payload.encode() if isinstance(payload, str) else payload
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


class Said:
    """One answer: status, decoded body, headers."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.status = status
        self.json: Any = orjson.loads(body)
        self.headers = headers

    @property
    def error(self) -> tuple[int, str]:
        assert self.status >= 400, self.json
        return self.json["code"], self.json["msg"]

    @property
    def ok(self) -> Any:
        assert self.status == 200, self.json
        return self.json


class Wire:
    """Raw requests straight into the venue's API, on a clock that stands still."""

    def __init__(self, config: VenueConfig, *, start: datetime | None = None) -> None:
        self.clock = ManualClock() if start is None else ManualClock(start)
        self.venue = LocalVenue(config, clock=self.clock)
        self.api = Api(self.venue.exchange)

    @property
    def now(self) -> int:
        return to_micros(self.clock.now()) // 1000

    def raw(
        self,
        method: str,
        path: str,
        query: str | bytes = b"",
        body: str | bytes = b"",
        *,
        key: str | None = LOCAL_API_KEY,
        headers: Mapping[str, str] | None = None,
    ) -> Said:
        sent = CIMultiDict(headers or {})
        if key is not None:
            sent["X-MBX-APIKEY"] = key
        query, body = (part.encode() if isinstance(part, str) else part for part in (query, body))
        answer = self.api.answer(RawRequest(method, f"/api/v3/{path}", query, body, sent, "127.0.0.1"))
        return Said(answer.status, answer.body, answer.headers)

    def get(self, path: str, **params: object) -> Said:
        return self.raw("GET", path, urlencode(params), key=None)

    def signed(self, method: str, path: str, **params: object) -> Said:
        headers = params.pop("headers", None)
        payload = urlencode({**params, "timestamp": params.get("timestamp", self.now)})
        signed = f"{payload}&signature={sign(payload)}"
        in_body = method == "POST"
        return self.raw(
            method,
            path,
            "" if in_body else signed,
            signed if in_body else "",
            headers=headers,  # type: ignore[arg-type]  # a plain dict stands in for the multidict
        )

    def order(self, **changes: object) -> Said:
        """A buy of 0.01 BTC at 50000, changed; a change to None leaves the parameter out."""
        wanted = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01",
            "price": "50000",
            **changes,
        }
        path = str(wanted.pop("path", "order"))
        return self.signed("POST", path, **{name: value for name, value in wanted.items() if value is not None})

    def market(self, **changes: object) -> Said:
        return self.order(**{"type": "MARKET", "timeInForce": None, "price": None, **changes})

    def opposite(self, side: str, quantity: str, price: str, symbol: str = "BTCUSDT") -> None:
        self.venue.place_as(COUNTERPARTY, symbol, side, "LIMIT", quantity=quantity, price=price)

    def balance(self, asset: str) -> tuple[str, str]:
        for one in self.signed("GET", "account").ok["balances"]:
            if one["asset"] == asset:
                return one["free"], one["locked"]
        raise AssertionError(asset)


@pytest.fixture
def wire() -> Wire:
    """An empty book: whoever wants liquidity brings it."""
    return Wire(QUIET)


@pytest.fixture
def unlimited_wire() -> Wire:
    """The same, where everybody may ask as often as they like."""
    return Wire(VenueConfig(liquidity=Liquidity.NONE, limits=UNLIMITED))


@pytest.fixture
def make_wire() -> Callable[[VenueConfig], Wire]:
    return Wire


@pytest.fixture
def signer() -> Callable[..., str]:
    return sign


@pytest.fixture
async def venue() -> AsyncIterator[LocalVenue]:
    """A running venue with a house that steps when told."""
    async with LocalVenue(VenueConfig(seed=5)) as running:
        yield running


@pytest.fixture
async def quiet_venue() -> AsyncIterator[LocalVenue]:
    """A running venue with empty books."""
    async with LocalVenue(QUIET) as running:
        yield running


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., Any]]:
    """Makes unmodified ccxt clients that know nothing but other base addresses; closes them afterwards."""
    opened: list[Any] = []

    def make(venue: LocalVenue, **changes: Any) -> Any:
        base = f"{venue.url}/api/v3"
        client = ccxt_async.binance(
            {
                "apiKey": LOCAL_API_KEY,
                "secret": LOCAL_API_SECRET,
                "enableRateLimit": False,
                "urls": {"api": {"public": base, "private": base, "sapi": f"{venue.url}/sapi/v1"}},
                "options": {
                    "defaultType": "spot",
                    "fetchMarkets": {"types": ["spot"]},
                    "fetchCurrencies": False,
                    "fetchMargins": False,
                    "fetchOpenOrders": {"warnWithoutSymbol": False},
                },
                "exceptions": {"exact": ccxt.binance().exceptions["spot"]["exact"]},
                **changes,
            }
        )
        opened.append(client)
        return client

    yield make
    for client in opened:
        await client.close()
