"""Signatures: the exchange's own vectors, keys of every kind, and which bytes are signed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yunmin.errors import ConfigurationError
from yunmin_binance.venue import AccountConfig, Liquidity, VenueConfig
from yunmin_binance.venue.signing import HmacVerifier, PublicKeyVerifier, signed_payload

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
    assert wire.raw("GET", "openOrders", f"{encoded}&signature={signer(encoded)}").error[0] == -1100
