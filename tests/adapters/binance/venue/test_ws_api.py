"""The WebSocket API: framing, signatures, sessions; what it answers is what REST answers (web-socket-api.md)."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from tests.adapters.binance.venue.conftest import sign
from tests.adapters.binance.venue.sockets import Client, SocketVenue, payload_of, running
from yunmin_binance.venue import AccountConfig, Liquidity, VenueConfig
from yunmin_binance.venue.config import default_accounts
from yunmin_binance.venue.ws_api import session as sessions
from yunmin_binance.venue.ws_api.request import read_request, signed_bytes

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
OTHER_SECRET = "anotherSecret"
CONFIG = VenueConfig(
    liquidity=Liquidity.NONE,
    accounts=(
        *default_accounts(),
        AccountConfig(name="ed", api_key="edKey", public_key_pem=PEM, balances={"USDT": 10_000}),
        AccountConfig(name="other", api_key="otherKey", api_secret=SecretStr(OTHER_SECRET)),
    ),
)
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": 50000}


@pytest.fixture
async def home() -> AsyncIterator[SocketVenue]:
    async with running(CONFIG) as found:
        yield found


@pytest.fixture
async def client(home: SocketVenue) -> Client:
    return await home.open("/ws-api/v3")


def signed_by_ed(home: SocketVenue, **params: Any) -> dict[str, Any]:
    full = {"apiKey": "edKey", "timestamp": home.now, **params}
    return {**full, "signature": base64.b64encode(KEY.sign(payload_of(full).encode())).decode()}


async def test_a_request_is_answered_with_id_status_result_and_limits(home: SocketVenue, client: Client) -> None:
    assert await client.say({"id": "a-b", "method": "time"}) == {
        "id": "a-b",
        "status": 200,
        "result": {"serverTime": home.now},
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000, "count": 3}
        ],
    }


async def test_limits_are_left_out_where_the_request_or_the_address_says_so(home: SocketVenue, client: Client) -> None:
    assert "rateLimits" not in await client.call("ping", {"returnRateLimits": False})
    quiet = await home.open("/ws-api/v3?returnRateLimits=false")
    assert "rateLimits" not in await quiet.call("ping")
    assert "rateLimits" in await quiet.call("ping", {"returnRateLimits": True})
    assert (await quiet.call("session.status"))["result"]["returnRateLimits"] is False


async def test_methods_may_carry_their_version(client: Client) -> None:
    assert (await client.call("v3/ping"))["result"] == {}


@pytest.mark.parametrize(
    ("method", "params", "path"),
    [
        ("exchangeInfo", {"symbols": ["BTCUSDT", "ETHUSDT"]}, "exchangeInfo"),
        ("depth", {"symbol": "BTCUSDT", "limit": 5}, "depth"),
        ("trades.recent", {"symbol": "BTCUSDT", "limit": 2}, "trades"),
        ("trades.historical", {"symbol": "BTCUSDT", "fromId": 3}, "historicalTrades"),
        ("blockTrades.historical", {"symbol": "BTCUSDT", "fromId": 0}, "historicalBlockTrades"),
        ("trades.aggregate", {"symbol": "BTCUSDT"}, "aggTrades"),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m"}, "klines"),
        ("uiKlines", {"symbol": "BTCUSDT", "interval": "1h", "timeZone": "8"}, "uiKlines"),
        ("ticker", {"symbol": "BTCUSDT", "windowSize": "3h"}, "ticker"),
        ("ticker", {"symbols": ["BTCUSDT", "BNBBTC"], "type": "MINI"}, "ticker"),
        ("ticker.tradingDay", {"symbol": "BTCUSDT", "timeZone": "-3:30"}, "ticker/tradingDay"),
        ("ticker.price", {}, "ticker/price"),
        ("ticker.price", {"symbolStatus": "HALT"}, "ticker/price"),
        ("executionRules", {"symbol": "BTCUSDT"}, "executionRules"),
        ("referencePrice", {"symbol": "BTCUSDT"}, "referencePrice"),
        ("referencePrice.calculation", {"symbol": "BTCUSDT"}, "referencePrice/calculation"),
        ("ticker.24hr", {"symbol": "BTCUSDT"}, "ticker/24hr"),
        ("ticker.book", {"symbols": ["BTCUSDT"]}, "ticker/bookTicker"),
        ("avgPrice", {"symbol": "BTCUSDT"}, "avgPrice"),
        ("depth", {"symbol": "NOPE"}, "depth"),
        ("depth", {}, "depth"),
        ("klines", {"symbol": "BTCUSDT", "interval": "1y"}, "klines"),
        ("ticker.price", {"symbol": ""}, "ticker/price"),
        ("depth", {"symbol": "BTCUSDT", "nonsense": 1}, "depth"),
    ],
)
async def test_public_methods_answer_what_rest_answers(method: str, params: dict[str, Any], path: str) -> None:
    async with running(VenueConfig(seed=3)) as home:
        client = await home.open("/ws-api/v3")
        answer = await client.call(method, params)
        texts = {name: str(value).replace("'", '"').replace(" ", "") for name, value in params.items()}
        rest = await home.get(path, **texts)
        assert answer.get("result", answer.get("error")) == rest
        assert answer["status"] == (400 if "error" in answer else 200)


async def test_an_order_lives_its_life_over_the_websocket(client: Client) -> None:
    placed = (await client.signed("order.place", **ORDER, newClientOrderId="mine", recvWindow=5000))["result"]
    assert (placed["clientOrderId"], placed["status"], placed["price"]) == ("mine", "NEW", "50000.00000000")
    shown = (await client.signed("order.status", symbol="BTCUSDT", orderId=placed["orderId"]))["result"]
    assert (await client.signed("openOrders.status"))["result"] == [shown]
    cancelled = (await client.signed("order.cancel", symbol="BTCUSDT", origClientOrderId="mine"))["result"]
    assert (cancelled["origClientOrderId"], cancelled["status"]) == ("mine", "CANCELED")
    assert [one["orderId"] for one in (await client.signed("allOrders", symbol="BTCUSDT"))["result"]] == [1]
    assert (await client.signed("myTrades", symbol="BTCUSDT"))["result"] == []
    assert (await client.signed("order.test", **ORDER))["result"] == {}
    nothing = await client.signed("openOrders.cancelAll", symbol="BTCUSDT")
    assert (nothing["status"], nothing["error"]) == (400, {"code": -2011, "msg": "Unknown order sent."})
    account = (await client.signed("account.status", omitZeroBalances=True))["result"]
    assert account["accountType"] == "SPOT"


async def test_a_placed_order_shows_the_order_limits(client: Client) -> None:
    limits = (await client.signed("order.place", **ORDER))["rateLimits"]
    assert [(one["rateLimitType"], one["interval"], one["count"]) for one in limits][:2] == [
        ("ORDERS", "SECOND", 1),
        ("ORDERS", "DAY", 1),
    ]


async def test_a_refusal_is_the_one_of_rest(client: Client) -> None:
    answer = await client.signed("order.place", **{**ORDER, "quantity": "100"})
    assert answer["status"] == 400
    assert answer["error"] == {"code": -2010, "msg": "Account has insufficient balance for requested action."}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signature": "00"}, -1022),
        ({"apiKey": "unknown"}, -2015),
        ({"apiKey": "no good"}, -2014),
        ({"apiKey": None}, -1102),
        ({"timestamp": 1}, -1021),
        ({"quantity": "0.02"}, -1022),
        ({"recvWindow": 70_000}, -1131),
        ({"symbol": "ＢＴＣ"}, -1022),
    ],
)
async def test_a_signature_that_does_not_hold_places_nothing(
    home: SocketVenue, client: Client, changes: dict[str, Any], code: int
) -> None:
    answer = await client.call("order.place", {**home.signed(ORDER), **changes})
    assert answer["error"]["code"] == code
    assert home.venue.exchange.orders_placed == 0


def test_signatures_cover_the_literal_text_of_numbers_sorted_by_name() -> None:
    """The example of the docs, ASCII and not."""
    secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    key = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
    ascii_text = (
        '{"id":"1","method":"order.place","params":{"symbol":"BTCUSDT","side":"SELL","type":"LIMIT","timeInForce":'
        '"GTC","quantity":"0.01000000","price":"52000.00","recvWindow":100,"timestamp":1645423376532,"apiKey":"'
        + key
        + '","signature":"x"}}'
    )
    other_text = (
        ascii_text.replace("BTCUSDT", "１２３４５６")
        .replace("SELL", "BUY")
        .replace('"0.01000000"', "1.00000000")
        .replace("52000.00", "0.10000000")
        .replace(":100,", ":5000,")
    )
    assert sign(signed_bytes(read_request(ascii_text).params), secret) == (
        "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"
    )
    assert sign(signed_bytes(read_request(other_text).params), secret) == (
        "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"
    )


async def test_a_session_is_logged_on_with_an_ed25519_key_and_asks_without_signing(
    home: SocketVenue, client: Client
) -> None:
    before = (await client.call("session.status"))["result"]
    assert (before["apiKey"], before["authorizedSince"], before["userDataStream"]) == (None, None, False)
    logged_on = (await client.call("session.logon", signed_by_ed(home)))["result"]
    assert (logged_on["apiKey"], logged_on["authorizedSince"]) == ("edKey", home.now)
    placed = await client.call("order.place", {**ORDER, "timestamp": home.now})
    assert placed["status"] == 200
    assert [order.order_id for order in home.venue.ledger_report("ed").orders] == [1]
    late = await client.call("order.place", {**ORDER, "timestamp": home.now - 6000})
    assert late["error"]["code"] == -1021
    other = await client.signed("openOrders.status")
    assert other["result"] == []
    assert (await client.call("session.logout"))["result"]["apiKey"] is None
    assert (await client.call("openOrders.status", {"timestamp": home.now}))["error"]["code"] == -1102


async def test_a_key_that_is_not_ed25519_cannot_log_on(client: Client) -> None:
    assert (await client.signed("session.logon"))["error"]["code"] == -2015
    assert (await client.call("session.status"))["result"]["apiKey"] is None


async def test_one_subscription_for_each_account(home: SocketVenue, client: Client) -> None:
    assert (await client.call("userDataStream.subscribe"))["error"]["code"] == -2015
    assert (await client.signed("userDataStream.subscribe.signature"))["result"] == {"subscriptionId": 0}
    again = await client.signed("userDataStream.subscribe.signature")
    assert again["error"] == {"code": -2035, "msg": "User Data Stream subscription already active."}
    other = home.signed({"apiKey": "otherKey"}, secret=OTHER_SECRET)
    assert (await client.call("userDataStream.subscribe.signature", other))["result"] == {"subscriptionId": 1}
    await client.call("session.logon", signed_by_ed(home))
    assert (await client.call("userDataStream.subscribe"))["result"] == {"subscriptionId": 2}
    listed = (await client.call("session.subscriptions"))["result"]
    assert listed == [{"subscriptionId": 0}, {"subscriptionId": 1}, {"subscriptionId": 2}]
    assert (await client.call("session.status"))["result"]["userDataStream"] is True


async def test_logging_out_ends_the_subscription_of_the_session_alone(home: SocketVenue, client: Client) -> None:
    await client.signed("userDataStream.subscribe.signature")
    await client.call("session.logon", signed_by_ed(home))
    await client.call("userDataStream.subscribe")
    await client.call("session.logout")
    terminated = {"subscriptionId": 1, "event": {"e": "eventStreamTerminated", "E": home.now}}
    assert await client.next() == terminated
    assert (await client.call("session.subscriptions"))["result"] == [{"subscriptionId": 0}]


async def test_unsubscribing_ends_one_or_all_and_says_so(home: SocketVenue, client: Client) -> None:
    await client.signed("userDataStream.subscribe.signature")
    inactive = await client.call("userDataStream.unsubscribe", {"subscriptionId": 7})
    assert inactive["error"] == {"code": -2036, "msg": "User Data Stream subscription not active."}
    assert (await client.call("userDataStream.unsubscribe"))["result"] == {}
    assert (await client.next())["event"]["e"] == "eventStreamTerminated"
    await client.signed("order.place", **ORDER)
    assert await client.frames() == []


async def test_a_key_that_is_revoked_ends_the_session_at_the_next_request(home: SocketVenue, client: Client) -> None:
    await client.call("session.logon", signed_by_ed(home))
    await client.call("userDataStream.subscribe")
    async with home.http.post(f"{home.venue.url}/venue/keys/revoke", json={"api_key": "edKey"}) as answer:
        assert answer.status == 200
    assert await client.say({"id": 77, "method": "time"}) == {
        "id": None,
        "status": 401,
        "error": {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."},
    }
    assert (await client.next())["event"]["e"] == "eventStreamTerminated"
    assert (await client.call("session.status"))["result"]["apiKey"] is None
    assert (await client.call("session.logon", signed_by_ed(home)))["error"]["code"] == -2015
    async with home.http.post(f"{home.venue.url}/venue/keys/revoke", json={"api_key": "edKey"}) as answer:
        assert answer.status == 400


async def test_a_connection_has_no_more_subscriptions_than_a_thousand_at_once_and_65535_in_its_life(
    home: SocketVenue, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = {"code": -2042, "msg": "Maximum subscription ID reached for this connection."}
    assert (sessions._MOST_AT_ONCE, sessions._MOST_IN_A_LIFE) == (1000, 65_535)
    monkeypatch.setattr(sessions, "_MOST_AT_ONCE", 1)
    monkeypatch.setattr(sessions, "_MOST_IN_A_LIFE", 3)
    other = home.signed({"apiKey": "otherKey"}, secret=OTHER_SECRET)
    await client.signed("userDataStream.subscribe.signature")
    assert (await client.call("userDataStream.subscribe.signature", other))["error"] == refused
    for number in (1, 2):
        await client.call("userDataStream.unsubscribe")
        assert (await client.next())["event"]["e"] == "eventStreamTerminated"
        assert (await client.signed("userDataStream.subscribe.signature"))["result"] == {"subscriptionId": number}
    await client.call("userDataStream.unsubscribe")
    await client.next()
    assert (await client.signed("userDataStream.subscribe.signature"))["error"] == refused


@pytest.mark.parametrize(
    ("text", "identity", "code"),
    [
        ('{"id":1,"method":"depth","params":{"symbol":"BTCUSDT","limit":5,"symbol":"ETHUSDT"}}', 1, -1101),
        ('{"id":1,"method":"depth","params":{"symbol":"BTCUSDT","symbol":"BTCUSDT"}}', 1, -1101),
        ("", None, -1135),
        ("[]", None, -1135),
        ("{", None, -1135),
        ("[" * 10_000, None, -1135),
        ('{"id":1}', 1, -1135),
        ('{"id":"x","method":7}', "x", -1135),
        ('{"id":"x","method":"ping","params":[]}', "x", -1135),
        ('{"id":{},"method":"ping"}', None, -1135),
        ('{"id":1.5,"method":"ping"}', None, -1135),
        ('{"id":' + "9" * 5000 + ',"method":"ping"}', None, -1135),
        ('{"id":"\\ud800","method":"ping"}', None, -1100),
        ('{"id":1,"method":"ping","params":{"a":"\\ud800"}}', 1, -1100),
        ('{"id":1,"method":"ping","params":{"a":NaN}}', None, -1135),
        ('{"id":1,"method":"no.such"}', 1, -1020),
        ('{"id":1,"method":"ping","params":{"a":1}}', 1, -1104),
        ('{"id":1,"method":"depth","params":{"symbol":{"a":[1]}}}', 1, -1100),
        ('{"id":1,"method":"depth","params":{"symbol":"BTCUSDT","limit":1e400}}', 1, -1100),
    ],
)
async def test_what_is_no_request_gets_an_error(client: Client, text: str, identity: object, code: int) -> None:
    answer = await client.say(text)
    assert (answer["id"], answer["error"]["code"]) == (identity, code)
    assert (await client.call("ping"))["status"] == 200
