"""Signatures: the exchange's own vectors, keys of every kind, and which bytes are signed.

The docs give whole vectors for HMAC only. For RSA and Ed25519 they give payloads and signatures, and no public key; no
two of their RSA signatures share a modulus, so none can be computed from them either. What they do fix is tested: the
bytes that are signed, and how a signature is written.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from multidict import CIMultiDict
from pydantic import SecretStr

from tests.adapters.binance.venue.docs_world import Outlet
from yunmin.clock import ManualClock
from yunmin.errors import ConfigurationError
from yunmin_binance.venue import AccountConfig, Liquidity, LocalVenue, VenueConfig
from yunmin_binance.venue.api import Api, RawRequest
from yunmin_binance.venue.signing import HmacVerifier, PublicKeyVerifier, signed_payload
from yunmin_binance.venue.streams.board import in_millis
from yunmin_binance.venue.symbols import rules_of
from yunmin_binance.venue.ws_api.api import WsApi
from yunmin_binance.venue.ws_api.request import read_request, signed_bytes
from yunmin_binance.venue.ws_api.session import Session
from yunmin_binance.venue.ws_api.user_streams import UserStreams

# Binance spot REST docs, 2026-07-21, section SIGNED Endpoint Examples, HMAC Keys
DOCUMENTED_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
TAIL = b"&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
DOCUMENTED = [
    (b"symbol=LTCBTC" + TAIL, "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
    (
        b"symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96" + TAIL,
        "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
    ),
]


@pytest.mark.parametrize(("payload", "signature"), DOCUMENTED)
def test_documented_hmac_signatures_verify_in_either_case(payload: bytes, signature: str) -> None:
    verifier = HmacVerifier(DOCUMENTED_SECRET)
    assert verifier.accepts(payload, signature)
    assert verifier.accepts(payload, signature.upper())
    assert not verifier.accepts(payload + b"1", signature)
    assert not HmacVerifier("other").accepts(payload, signature)
    assert not verifier.accepts(payload, "ü")


def test_a_secret_does_not_show_itself() -> None:
    assert DOCUMENTED_SECRET not in repr(HmacVerifier(DOCUMENTED_SECRET))


@pytest.mark.parametrize(
    ("query", "body", "payload"),
    [
        (b"a=1&b=2&signature=x", b"", b"a=1&b=2"),
        (b"a=1", b"b=2&signature=x", b"a=1b=2"),
        (b"a=1&signature=x", b"b=2", b"a=1b=2"),
        (b"signature=x&a=1", b"", b"a=1"),
        (b"a=1&signature=x&b=2", b"", b"a=1&b=2"),
        (b"a=%2F&b=+", b"", b"a=%2F&b=+"),
    ],
)
def test_the_payload_is_query_then_body_as_received(query: bytes, body: bytes, payload: bytes) -> None:
    assert signed_payload(query, body) == payload


def test_bytes_that_should_have_been_encoded_have_no_payload() -> None:
    assert signed_payload("symbol=１２３".encode(), b"") is None


def a_key(kind: str) -> tuple[str, Callable[[bytes], bytes]]:
    """(public key PEM, signing function)."""
    if kind == "rsa":
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return pem(private), lambda payload: private.sign(payload, padding.PKCS1v15(), SHA256())
    other = ed25519.Ed25519PrivateKey.generate()
    return pem(other), other.sign


def pem(private: Any) -> str:
    encoded: bytes = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return encoded.decode()


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_public_keys_verify_base64_signatures_exactly(kind: str) -> None:
    public, sign = a_key(kind)
    verifier = PublicKeyVerifier(public)
    signature = base64.b64encode(sign(b"a=1")).decode()
    assert verifier.accepts(b"a=1", signature)
    assert not verifier.accepts(b"a=2", signature)
    assert not verifier.accepts(b"a=1", signature.swapcase())
    assert not verifier.accepts(b"a=1", "not base64")
    assert not verifier.accepts(b"a=1", "ü")


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_request_signed_with_a_private_key_is_let_in(kind: str, make_wire: Callable[[VenueConfig], Any]) -> None:
    public, sign = a_key(kind)
    account = AccountConfig(name="keyed", api_key="KeyOfMine", public_key_pem=public)
    wire = make_wire(VenueConfig(liquidity=Liquidity.NONE, accounts=(account,)))
    payload = f"timestamp={wire.now}"
    signature = quote(base64.b64encode(sign(payload.encode())).decode(), safe="")
    assert wire.raw("GET", "account", f"{payload}&signature={signature}", key="KeyOfMine").ok["accountType"] == "SPOT"
    assert wire.raw("GET", "account", f"{payload}&signature=AAAA", key="KeyOfMine").error[0] == -1022


@pytest.mark.parametrize("bad", ["", "no key", pem(ec.generate_private_key(ec.SECP256R1()))])
def test_a_public_key_of_another_kind_is_refused(bad: str) -> None:
    with pytest.raises(ConfigurationError):
        PublicKeyVerifier(bad)


def test_a_client_may_put_parameters_in_the_query_the_body_or_both(wire: Any, signer: Callable[..., str]) -> None:
    order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01"
    rest = f"price=50000&timestamp={wire.now}"
    for query, body in ((f"{order}&{rest}", ""), ("", f"{order}&{rest}"), (order, rest)):
        signature = signer(query + body)
        in_query = wire.raw("POST", "order", f"{query}&signature={signature}".lstrip("&"), body)
        in_body = wire.raw("POST", "order", query, f"{body}&signature={signature}".lstrip("&"))
        assert in_query.ok["status"] == in_body.ok["status"] == "NEW"


def test_the_query_wins_where_both_have_a_parameter(wire: Any, signer: Callable[..., str]) -> None:
    query = f"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000&timestamp={wire.now}"
    body = "price=40000&quantity=0.02"
    said = wire.raw("POST", "order", query, f"{body}&signature={signer(query + body)}").ok
    assert (said["price"], said["origQty"]) == ("50000.00000000", "0.01000000")


def test_a_content_type_is_not_believed(wire: Any, signer: Callable[..., str]) -> None:
    body = f"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000&timestamp={wire.now}"
    signed = f"{body}&signature={signer(body)}"
    said = wire.raw("POST", "order", "", signed, headers={"Content-Type": "application/json"})
    assert said.ok["status"] == "NEW"


def test_the_signature_covers_the_order_of_the_bytes(wire: Any, signer: Callable[..., str]) -> None:
    signature = signer(f"timestamp={wire.now}&recvWindow=5000")
    swapped = f"recvWindow=5000&timestamp={wire.now}&signature={signature}"
    assert wire.raw("GET", "account", swapped).error == (-1022, "Signature for this request is not valid.")


def test_characters_have_to_be_encoded_before_signing(wire: Any, signer: Callable[..., str]) -> None:
    raw = f"symbol=１２３&timestamp={wire.now}"
    encoded = f"symbol={quote('１２３')}&timestamp={wire.now}"
    assert wire.raw("GET", "openOrders", f"{raw}&signature={signer(raw)}").error[0] == -1022
    assert wire.raw("GET", "openOrders", f"{encoded}&signature={signer(encoded)}").error[0] == -1121


DOCUMENTED_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
FOREIGN_SYMBOL = "１２３４５６"


def at(moment_ms: int) -> ManualClock:
    return ManualClock(datetime.fromtimestamp(moment_ms / 1000, UTC))


def documented_venue(moment_ms: int) -> LocalVenue:
    """A venue with the docs' key, at the docs' time, and a market of the docs' name in another script."""
    foreign = rules_of("LTCBTC").model_copy(update={"symbol": FOREIGN_SYMBOL, "base": "LTC"})
    account = AccountConfig(
        name="documented",
        api_key=DOCUMENTED_KEY,
        api_secret=SecretStr(DOCUMENTED_SECRET),
        balances={"BTC": Decimal(10), "USDT": Decimal(10)},
    )
    config = VenueConfig(
        liquidity=Liquidity.NONE,
        symbols=("BTCUSDT", "LTCBTC"),
        extra_symbols=(foreign,),
        accounts=(account,),
    )
    return LocalVenue(config, clock=at(moment_ms))


@pytest.mark.parametrize(("payload", "signature"), DOCUMENTED)
@pytest.mark.parametrize("is_in_body", [False, True])
def test_the_documented_requests_place_orders(payload: bytes, signature: str, *, is_in_body: bool) -> None:
    api = Api(documented_venue(1499827319559).exchange)
    signed = payload + b"&signature=" + signature.encode()
    query, body = (b"", signed) if is_in_body else (signed, b"")
    headers = CIMultiDict({"X-MBX-APIKEY": DOCUMENTED_KEY})
    answer = api.answer(RawRequest("POST", "/api/v3/order", query, body, headers, "127.0.0.1"))
    said = orjson.loads(answer.body)
    assert (answer.status, said["status"], said["price"]) == (200, "NEW", "0.10000000")
    assert said["symbol"] in {"LTCBTC", FOREIGN_SYMBOL}


# web-socket-api.md, 2026-07-21, SIGNED request example (HMAC)
WS_ORDERS = [
    (
        {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01000000",
            "price": "52000.00",
            "recvWindow": 100,
            "timestamp": 1645423376532,
        },
        "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
    ),
    (
        {
            "symbol": FOREIGN_SYMBOL,
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "1.00000000",
            "price": "0.10000000",
            "recvWindow": 5000,
            "timestamp": 1645423376532,
        },
        "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd",
    ),
]


@pytest.mark.parametrize(("params", "signature"), WS_ORDERS)
def test_the_documented_requests_of_the_websocket_api_place_orders(params: dict[str, Any], signature: str) -> None:
    venue = documented_venue(1645423376532)
    users = UserStreams(venue.exchange)
    api = WsApi(venue.exchange, on_change=users.tell)
    full = {**params, "apiKey": DOCUMENTED_KEY, "signature": signature}
    request = {"id": "4885f793", "method": "order.place", "params": full}
    said = orjson.loads(api.answer(a_session(venue, users), orjson.dumps(request).decode()))
    assert (said["status"], said["result"]["status"]) == (200, "NEW")
    broken = {**request, "params": {**full, "price": "52000.0"}}
    assert orjson.loads(api.answer(a_session(venue, users), orjson.dumps(broken).decode()))["error"]["code"] == -1022


def a_session(venue: LocalVenue, users: UserStreams) -> Session:
    outlet: Any = Outlet()
    return Session(
        outlet, users, address="127.0.0.1", time_of=in_millis, shows_limits=False, now=venue.exchange.engine.now()
    )


@pytest.mark.parametrize(
    ("api_key", "signature", "bits"),
    [
        (
            "CAvIjXy3F44yW6Pou5k8Dy1swsYDWJZLeoK2r8G4cFDnE9nosRppc2eKc1T8TRTQ",
            "OJJaf8C/3VGrU4ATTR4GiUDqL2FboSE1Qw7UnnoYNfXTXHubIl1iaePGuGyfct4NPu5oVEZCH4Q6ZStfB1w4ssgu0uiB/Bg+fBrRFfVg"
            "VaLKBdYHMvT+ljUJzqVaeoThG9oXlduiw8PbS9U8DYAbDvWN3jqZLo4Z2YJbyovyDAvDTr/oC0+vssLqP7NmlNb3fF3Bj7StmOwJvQJT"
            "bRAtzxK5PP7OQe+0mbW+D7RqVkUiSswR8qJFWTeSe4nXXNIdZdueYhF/Xf25L+KitJS5IHdIHcKfEw3MQzHFb2ZsGWkjDQwxkwr7Noi0"
            "Zaa+gFtxCuatGFm9dFIyx217pmSHtA==",
            2048,
        ),
        (
            "4yNzx3yWC5bS6YTwEkSRaC0nRmSQIIStAUOh1b6kqaBrTLIhjCpI5lJH8q8R8WNO",
            "EocljwPl29jDxWYaaRaOo4pJ9wEblFbklJvPugNscLLuKd5vHM2grWjn1z+rY0aJ7r/44enxHL6mOAJuJ1kqCg==",
            512,
        ),
    ],
)
def test_documented_payloads_of_public_keys_are_those_that_are_verified(
    api_key: str, signature: str, bits: int
) -> None:
    params = WS_ORDERS[0][0] | {"apiKey": api_key, "signature": signature}
    request = read_request(orjson.dumps({"id": 1, "method": "order.place", "params": params}).decode())
    assert signed_bytes(request.params).decode() == (
        f"apiKey={api_key}&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT"
        "&timeInForce=GTC&timestamp=1645423376532&type=LIMIT"
    )
    assert len(base64.b64decode(request.params["signature"], validate=True)) * 8 == bits


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_public_keys_signature_has_to_be_percent_encoded(kind: str, make_wire: Callable[[VenueConfig], Any]) -> None:
    public, sign = a_key(kind)
    account = AccountConfig(name="keyed", api_key="KeyOfMine", public_key_pem=public)
    wire = make_wire(VenueConfig(liquidity=Liquidity.NONE, accounts=(account,)))
    recv_window = 5000
    while True:  # until there is a plus sign in it, which means a blank where it is not encoded
        payload = f"recvWindow={recv_window}&timestamp={wire.now}"
        signature = base64.b64encode(sign(payload.encode())).decode()
        if "+" in signature:
            break
        recv_window += 1
    encoded = quote(signature, safe="")
    assert wire.raw("GET", "account", f"{payload}&signature={encoded}", key="KeyOfMine").status == 200
    assert wire.raw("GET", "account", f"{payload}&signature={signature}", key="KeyOfMine").error[0] == -1022


def test_parameters_in_both_parts_are_signed_without_anything_between(wire: Any, signer: Callable[..., str]) -> None:
    query, body = (
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC",
        f"quantity=0.01&price=50000&timestamp={wire.now}",
    )
    for joined, status in ((query + body, 200), (f"{query}&{body}", 400)):
        said = wire.raw("POST", "order", query, f"{body}&signature={signer(joined)}")
        assert said.status == status


def test_a_body_of_a_get_request_is_not_looked_at(wire: Any, signer: Callable[..., str]) -> None:
    query = f"timestamp={wire.now}"
    said = wire.raw("GET", "account", f"{query}&signature={signer(query)}", "omitZeroBalances=maybe")
    assert said.status == 200
