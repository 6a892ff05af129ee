"""Whatever is sent, the answer is the exchange's own no: never a 5xx, never a change that was not asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunmin.clock import seeded
from yunmin_binance.venue import LOCAL_API_KEY, LocalVenue

ENDPOINTS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("GET", "exchangeInfo", {"symbol": "BTCUSDT"}),
    ("GET", "exchangeInfo", {"symbols": '["BTCUSDT"]', "permissions": "SPOT"}),
    ("GET", "depth", {"symbol": "BTCUSDT", "limit": "5"}),
    ("GET", "trades", {"symbol": "BTCUSDT", "limit": "5"}),
    ("GET", "aggTrades", {"symbol": "BTCUSDT", "fromId": "1", "limit": "5"}),
    ("GET", "klines", {"symbol": "BTCUSDT", "interval": "1M", "startTime": "0", "endTime": "1", "timeZone": "1"}),
    ("GET", "ticker/24hr", {"symbols": '["BTCUSDT"]', "type": "MINI"}),
    ("GET", "ticker/price", {"symbol": "BTCUSDT"}),
    ("GET", "ticker/bookTicker", {"symbol": "BTCUSDT"}),
    ("GET", "account", {"omitZeroBalances": "true"}),
    ("GET", "account/commission", {"symbol": "BTCUSDT"}),
    ("GET", "order", {"symbol": "BTCUSDT", "orderId": "1", "origClientOrderId": "a"}),
    ("GET", "openOrders", {"symbol": "BTCUSDT"}),
    ("GET", "allOrders", {"symbol": "BTCUSDT", "startTime": "0", "endTime": "1", "limit": "5"}),
    ("GET", "myTrades", {"symbol": "BTCUSDT", "fromId": "1", "orderId": "1"}),
    (
        "POST",
        "order",
        {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01",
            "price": "60000",
            "newClientOrderId": "abc",
            "strategyId": "1",
        },
    ),
    ("POST", "order", {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quoteOrderQty": "20"}),
    ("POST", "order/test", {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.01"}),
    ("DELETE", "order", {"symbol": "BTCUSDT", "orderId": "1", "newClientOrderId": "a", "cancelRestrictions": "X"}),
    ("DELETE", "openOrders", {"symbol": "BTCUSDT"}),
)

NASTY = (
    "",
    " ",
    "0",
    "-1",
    "-0",
    "+1",
    "1e400",
    "NaN",
    "Infinity",
    "1_000",
    "0x10",
    "00001",
    ".5",
    "5.",
    "99999999999999999999",
    "99999999999999999999.99999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "0.00000001",
    "１２３",
    "ВТСUSDT",
    "btcusdt",
    "BTC/USDT",
    "BTCUSDT\x00",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "'; DROP TABLE orders; --",
    "../../etc/passwd",
    "%",
    "%zz",
    "[]",
    "{}",
    "null",
    "true",
    '["BTCUSDT", 1]',
    "[" * 3000,
    "A" * 5000,
    "LIMIT",
    "STOP_LOSS",
    "12:99",
    "-12:00",
)

EXTRA_NAMES = ("quantity", "price", "stopPrice", "icebergQty", "recvWindow", "limit", "orderId", "symbols", "é", "")


def mutate(random: Random, params: dict[str, str]) -> list[tuple[str, str]]:
    pairs = list(params.items())
    for _ in range(random.randint(1, 3)):
        place = random.randrange(len(pairs)) if pairs else 0
        match random.randrange(5):
            case 0 if pairs:
                pairs[place] = (pairs[place][0], random.choice(NASTY))
            case 1 if pairs:
                del pairs[place]
            case 2 if pairs:
                pairs.append(pairs[place])
            case 3:
                pairs.append((random.choice(EXTRA_NAMES), random.choice(NASTY)))
            case _:
                random.shuffle(pairs)
    return pairs


def test_a_thousand_mutated_requests_are_answered_without_a_failure(
    unlimited_wire: Any, signer: Callable[..., str]
) -> None:
    wire, random = unlimited_wire, seeded(11)
    wire.opposite("SELL", "5", "60000")
    wire.opposite("BUY", "5", "59000")
    statuses: set[int] = set()
    for _ in range(1500):
        method, path, params = random.choice(ENDPOINTS)
        payload = urlencode([*mutate(random, params), ("timestamp", str(wire.now))], errors="replace")
        signed = f"{payload}&signature={signer(payload)}"
        query, body = ("", signed) if method != "GET" and random.random() < 0.5 else (signed, "")
        public = path.split("/")[0] in {"exchangeInfo", "depth", "trades", "aggTrades", "klines", "ticker"}
        said = wire.raw(method, path, payload.rpartition("&")[0] if public else query, body)
        assert said.status < 500, (method, path, payload)
        assert said.status == 200 or {"code", "msg"} == set(said.json)
        statuses.add(said.status)
    assert statuses == {200, 400}
    assert wire.venue.audit().ok


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.binary(max_size=80),
    body=st.binary(max_size=80),
    method=st.sampled_from(("GET", "POST", "DELETE", "PUT", "HEAD", "")),
    path=st.sampled_from(("order", "depth", "account", "klines", "ticker/24hr", "openOrders", "", "é")),
    key=st.sampled_from((None, "", LOCAL_API_KEY, "é", "x" * 500)),
)
def test_any_bytes_are_answered(wire: Any, query: bytes, body: bytes, method: str, path: str, key: str | None) -> None:
    assert wire.raw(method, path, query, body, key=key).status < 500


async def test_raw_bytes_on_the_socket_never_break_the_server(venue: LocalVenue) -> None:
    target = urlsplit(venue.url)
    key = LOCAL_API_KEY.encode()
    lines = (
        b"GET /api/v3/depth?symbol=\xff\xfe HTTP/1.1",
        b"GET /api/v3/depth?symbol=%ff%fe HTTP/1.1",
        "GET /api/v3/depth?symbol=１２３ HTTP/1.1".encode(),
        b"GET /api/v3/%ff HTTP/1.1",
        b"GET //api//v3//ping HTTP/1.1",
        b"GET /api/v3/../v3/ping HTTP/1.1",
        b"GET /api/v3/depth?" + b"a" * 20_000 + b" HTTP/1.1",
        b"POST /api/v3/order HTTP/1.1\r\nContent-Length: 3",
        b"POST /api/v3/order HTTP/1.1\r\nContent-Length: 99999999999999999999999",
        b"POST /api/v3/order HTTP/1.1\r\nTransfer-Encoding: chunked",
        b"POST /api/v3/order HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 3",
        b"POST /api/v3/order HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 3",
        b"BREW /api/v3/ping HTTP/1.1",
        b"GET http://[::1 HTTP/1.1",
        b"GET * HTTP/1.1",
        b"GET /venue/ledger?account=%ff HTTP/1.1",
        b"POST /venue/orders HTTP/1.1\r\nContent-Length: 3",
        b"\x16\x03\x01",
    )
    for line in lines:
        reader, writer = await asyncio.open_connection(target.hostname, target.port)
        writer.write(line + b"\r\nHost: x\r\nConnection: close\r\nX-MBX-APIKEY: " + key + b"\r\n\r\nabc")
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert not answer.startswith(b"HTTP/1.1 5"), (line, answer[:200])
    assert venue.audit().ok


async def test_a_body_that_is_too_large_is_refused(venue: LocalVenue) -> None:
    target = urlsplit(venue.url)
    reader, writer = await asyncio.open_connection(target.hostname, target.port)
    body = b"a=" + b"x" * 100_000
    head = f"POST /api/v3/order HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 413")


def test_bad_utf8_and_repeated_names_have_their_own_words(wire: Any) -> None:
    assert wire.raw("GET", "depth", b"symbol=%ff").error == (-1100, "Illegal characters found in a parameter.")
    repeated = wire.raw("GET", "depth", b"symbol=BTCUSDT&symbol=BTCUSDT")
    assert repeated.error == (-1101, "Duplicate values for a parameter detected.")
    assert wire.raw("GET", "depth", f"symbol={quote('BTCUSDT ')}").error[0] == -1100
