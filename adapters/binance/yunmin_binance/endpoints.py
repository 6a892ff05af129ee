"""Where Binance spot is: the four environments, their hosts, and what ccxt is told about each.

Hosts from the spot API docs of 2026-07-21 (rest-api.md, testnet/general-info.md, demo-mode/general-info.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from yunmin.ccxt_bridge import Endpoint, Manners, StreamManners
from yunmin.exchange import ConnectorConfig, Environment
from yunmin_binance.refusals import REFUSALS
from yunmin_binance.traits import RECV_WINDOW

__all__ = [
    "BASE_URLS",
    "LOCAL_PORT",
    "account_stream_url_of",
    "base_url_of",
    "endpoint_for",
    "has_wallet",
    "market_stream_url_of",
]

LOCAL_PORT: Final = 8390
"""Where `yunmin venue up` listens unless told otherwise."""

BASE_URLS: Final = {
    Environment.LIVE: "https://api.binance.com",
    Environment.TESTNET: "https://testnet.binance.vision",
    Environment.DEMO: "https://demo-api.binance.com",
    Environment.LOCAL: f"http://127.0.0.1:{LOCAL_PORT}",
}


_MANNERS: Final = Manners(decimals_are_text=True, errors_have_status=True)
"""Binance sends every figure as a string, and every error with a 4xx or 5xx (rest-api.md, HTTP Return Codes)."""


_ACCOUNT_STREAM_URLS: Final = {
    Environment.LIVE: "wss://ws-api.binance.com:443/ws-api/v3",
    Environment.TESTNET: "wss://ws-api.testnet.binance.vision/ws-api/v3",
    Environment.DEMO: "wss://demo-ws-api.binance.com/ws-api/v3",
}
_MARKET_STREAM_URLS: Final = {
    Environment.LIVE: "wss://stream.binance.com:9443/ws",
    Environment.TESTNET: "wss://stream.testnet.binance.vision/ws",
    Environment.DEMO: "wss://demo-stream.binance.com/ws",
}


def account_stream_url_of(config: ConnectorConfig) -> str:
    """The address of the WebSocket API; with a base address of one's own, on the same server as it."""
    return _stream_url(config, _ACCOUNT_STREAM_URLS, "/ws-api/v3")


def market_stream_url_of(config: ConnectorConfig) -> str:
    """The address of the market streams; with a base address of one's own, on the same server as it."""
    return _stream_url(config, _MARKET_STREAM_URLS, "/ws")


def _stream_url(config: ConnectorConfig, usual: Mapping[Environment, str], path: str) -> str:
    if config.base_url is None and config.environment in usual:
        return usual[config.environment]
    return "ws" + base_url_of(config).removeprefix("http") + path  # http becomes ws, https wss


_STREAM_MANNERS: Final = StreamManners()
"""A connection lives for 24 hours and takes five messages a second (web-socket-streams.md, General WSS information)."""


def base_url_of(config: ConnectorConfig) -> str:
    """The REST address without a trailing slash: the environment's own, or one on this machine that replaces it."""
    return (config.base_url or BASE_URLS[config.environment]).rstrip("/")


def endpoint_for(config: ConnectorConfig) -> Endpoint:
    """What the bridge needs to reach Binance spot in this environment: spot only, one host, no side calls."""
    base = base_url_of(config)
    host = _host(base)
    settings: dict[str, Any] = {
        "urls": {"api": {**dict.fromkeys(("public", "private"), f"{base}/api/v3"), "sapi": f"{base}/sapi/v1"}},
        "options": {
            "defaultType": "spot",
            "fetchMarkets": {"types": ["spot"]},
            "fetchCurrencies": False,
            "fetchMargins": False,
            "fetchOpenOrders": {"warnWithoutSymbol": False},
            "recvWindow": RECV_WINDOW,
        },
    }
    return Endpoint(
        "binance",
        settings=settings,
        allowed_hosts=frozenset({host}),
        refusals=REFUSALS,
        manners=_MANNERS,
        address=base,
        stream_hosts=frozenset(map(_host, (account_stream_url_of(config), market_stream_url_of(config)))),
        stream_manners=_STREAM_MANNERS,
    )


def has_wallet(environment: Environment) -> bool:
    """Whether there is the wallet API, /sapi: testnet has /api only, and demo mode documents nothing else either."""
    return environment in (Environment.LIVE, Environment.LOCAL)


def _host(url: str) -> str:
    host = urlsplit(url).hostname
    assert host is not None  # noqa: S101  every address above has one, and base_url was checked
    return host
