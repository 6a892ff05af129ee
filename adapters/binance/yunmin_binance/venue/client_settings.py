"""What other people's clients are told so that they trade on a local venue: nothing of theirs is changed but addresses.

Verified against the pinned versions that `make clients` runs, 2026-11; hummingbot's from its source only. Python texts
end with a call that shows the connection; they can be pasted as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from string import Template
from typing import Any, Final
from urllib.parse import urlsplit

from yunmin.exchange import Credentials

__all__ = ["client_settings"]

_CCXT_SYNC: Final = """\
import ccxt

exchange = ccxt.binance(
    {
        "apiKey": "$key",
        "secret": "$secret",
        "urls": {"api": {"public": "$url/api/v3", "private": "$url/api/v3"}},
        "options": {
            "defaultType": "spot",
            "fetchMarkets": {"types": ["spot"]},
            "fetchCurrencies": False,
            "fetchMargins": False,
        },
        # ccxt picks its table of spot errors by host name; on this host it must be told
        "exceptions": {"exact": ccxt.binance().exceptions["spot"]["exact"]},
    }
)
print(exchange.fetch_balance()["USDT"])
"""

_CCXT_ASYNC: Final = """\
import asyncio

import ccxt
import ccxt.async_support


async def main():
    exchange = ccxt.async_support.binance(
        {
            "apiKey": "$key",
            "secret": "$secret",
            "urls": {"api": {"public": "$url/api/v3", "private": "$url/api/v3"}},
            "options": {
                "defaultType": "spot",
                "fetchMarkets": {"types": ["spot"]},
                "fetchCurrencies": False,
                "fetchMargins": False,
            },
            "exceptions": {"exact": ccxt.binance().exceptions["spot"]["exact"]},
        }
    )
    try:
        print((await exchange.fetch_balance())["USDT"])
    finally:
        await exchange.close()


asyncio.run(main())
"""

_CCXT_PRO: Final = """\
import asyncio

import ccxt
import ccxt.pro


async def main():
    # ccxt.pro tells spot from futures by the address, hence the "stream@"
    streams = "$ws_scheme://stream@$host/ws"
    exchange = ccxt.pro.binance(
        {
            "apiKey": "$key",
            "secret": "$secret",
            "urls": {
                "api": {
                    "public": "$url/api/v3",
                    "private": "$url/api/v3",
                    "ws": {"spot": streams, "margin": streams, "ws-api": {"spot": "$ws/ws-api/v3"}},
                }
            },
            "options": {
                "defaultType": "spot",
                "fetchMarkets": {"types": ["spot"]},
                "fetchCurrencies": False,
                "fetchMargins": False,
            },
            "exceptions": {"exact": ccxt.binance().exceptions["spot"]["exact"]},
        }
    )
    try:
        order = await exchange.create_order_ws("BTC/USDT", "limit", "buy", 0.001, 30000)
        print(order["status"])
    finally:
        await exchange.close()


asyncio.run(main())
"""

_PYTHON_BINANCE: Final = """\
# python-binance: AsyncClient and BinanceSocketManager take the same class attributes
from binance import AsyncClient, BinanceSocketManager, Client

Client.API_URL = AsyncClient.API_URL = "$url/api"
Client.WS_API_URL = AsyncClient.WS_API_URL = "$ws/ws-api/v3"
BinanceSocketManager.STREAM_URL = "$ws/"

client = Client(
    "$key",
    "$secret",
)
print(client.get_asset_balance("USDT"))
"""

_BINANCE_CONNECTOR: Final = """\
# binance-connector; its user data needs `yunmin venue up --legacy-listen-key`
from binance.spot import Spot
from binance.websocket.spot.websocket_api import SpotWebsocketAPIClient
from binance.websocket.spot.websocket_stream import SpotWebsocketStreamClient

client = Spot(
    "$key",
    "$secret",
    base_url="$url",
)
print(client.account(omitZeroBalances="true")["balances"])

streams = SpotWebsocketStreamClient(stream_url="$ws", on_message=lambda _, message: print(message))
api = SpotWebsocketAPIClient(
    stream_url="$ws/ws-api/v3",
    api_key="$key",
    api_secret="$secret",
    on_message=lambda _, message: print(message),
)
for socket in (streams, api):
    socket.stop()
"""

_SDK_SPOT: Final = """\
# binance-sdk-spot; timeout is in milliseconds
from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_sdk_spot.spot import Spot

keys = {
    "api_key": "$key",
    "api_secret": "$secret",
}
client = Spot(
    config_rest_api=ConfigurationRestAPI(**keys, base_path="$url", timeout=5000),
    config_ws_api=ConfigurationWebSocketAPI(**keys, stream_url="$ws/ws-api/v3"),
    config_ws_streams=ConfigurationWebSocketStreams(stream_url="$ws/stream"),
)
print(client.rest_api.get_account(omit_zero_balances=True).data().balances)
"""

_HUMMINGBOT: Final = """\
# hummingbot: in hummingbot/connector/exchange/binance/binance_constants.py, {} is the domain
REST_URL = "$url/api/"
WSS_URL = "$ws/ws"
WSS_API_URL = "$ws/ws-api/v3"
"""

_NPM_BINANCE: Final = """\
// npm binance: leave syncTime off, getServerTime() does not ask baseUrl
const { MainClient, WebsocketAPIClient, WebsocketClient } = require('binance');

const keys = { api_key: '$key', api_secret: '$secret' };
const client = new MainClient({ ...keys, baseUrl: '$url' });
const streams = new WebsocketClient({ wsUrl: '$ws' });
const api = new WebsocketAPIClient({ ...keys, wsUrl: '$ws', restOptions: { baseUrl: '$url' } });

client.getAccountInformation().then((account) => console.log(account.balances));
"""

_API_NODE: Final = """\
// binance-api-node
const Binance = require('binance-api-node').default;

const client = Binance({
  apiKey: '$key',
  apiSecret: '$secret',
  httpBase: '$url',
  wsBase: '$ws/ws',
  wsApi: '$ws/ws-api/v3',
});

client.accountInfo().then((account) => console.log(account.balances));
"""

_TEMPLATES: Final = {
    "ccxt": _CCXT_SYNC,
    "ccxt-async": _CCXT_ASYNC,
    "ccxt-pro": _CCXT_PRO,
    "python-binance": _PYTHON_BINANCE,
    "binance-connector": _BINANCE_CONNECTOR,
    "binance-sdk-spot": _SDK_SPOT,
    "hummingbot": _HUMMINGBOT,
    "npm-binance": _NPM_BINANCE,
    "binance-api-node": _API_NODE,
}


def client_settings(url: str, credentials: Credentials) -> Mapping[str, str]:
    """What each known client is told to trade at `url` as this account: code to paste, or a piece of configuration.

    The texts hold the secret: they are for play money.
    """
    parts = urlsplit(url.rstrip("/"))
    ws_scheme = "wss" if parts.scheme == "https" else "ws"
    key, secret = credentials.api_key.get_secret_value(), credentials.api_secret.get_secret_value()
    words = {
        "url": f"{parts.scheme}://{parts.netloc}",
        "ws": f"{ws_scheme}://{parts.netloc}",
        "ws_scheme": ws_scheme,
        "host": parts.netloc,
        "key": key,
        "secret": secret,
    }
    texts = {name: Template(template).substitute(words) for name, template in _TEMPLATES.items()}
    return {**texts, "freqtrade": json.dumps(_freqtrade(words), indent=2) + "\n"}


def _freqtrade(words: Mapping[str, str]) -> dict[str, Any]:
    """The `exchange` of freqtrade's configuration file."""
    rest, streams = f"{words['url']}/api/v3", f"{words['ws_scheme']}://stream@{words['host']}/ws"
    sockets = {"spot": streams, "margin": streams, "ws-api": {"spot": f"{words['ws']}/ws-api/v3"}}
    settings = {
        "urls": {"api": {"public": rest, "private": rest, "ws": sockets}},
        "options": {
            "defaultType": "spot",
            "fetchMarkets": {"types": ["spot"]},
            "fetchCurrencies": False,
            "fetchMargins": False,
        },
    }
    return {
        "exchange": {
            "name": "binance",
            "key": words["key"],
            "secret": words["secret"],
            "ccxt_config": settings,
            "ccxt_async_config": settings,
            "pair_whitelist": ["BTC/USDT"],
        }
    }
