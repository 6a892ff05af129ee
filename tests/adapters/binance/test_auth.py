"""Signatures, against the figures that the exchange's own documentation publishes."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from pydantic import SecretStr

from yunmin.errors import ConfigurationError
from yunmin_binance.auth import BinanceAuth

DOCS_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
DOCS_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
DOCS_ED25519 = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u
-----END PRIVATE KEY-----
"""
ORDER = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"


@pytest.mark.parametrize(
    ("payload", "signature"),
    [
        (f"symbol=LTCBTC&{ORDER}", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
        (
            f"symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&{ORDER}",
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        ),
    ],
    ids=["ascii", "percent_encoded"],
)
def test_an_hmac_signature_is_the_documented_one(payload: str, signature: str) -> None:
    """rest-api.md, SIGNED Endpoint security, HMAC Keys: both examples."""
    assert BinanceAuth(DOCS_KEY, DOCS_SECRET).generate_signature(payload) == signature


def test_an_ed25519_signature_is_the_documented_one() -> None:
    """fix-api.md publishes a private key, the fields of a logon and the signature over them."""
    payload = "\x01".join(["A", "EXAMPLE", "SPOT", "1", "20240627-11:17:25.223"])
    signature = BinanceAuth(DOCS_KEY, DOCS_ED25519).generate_signature(payload)
    assert signature == "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA=="


def test_an_rsa_signature_verifies_with_its_public_key() -> None:
    """The documentation publishes no RSA private key, and no payload beside its sample signature.

    So this is no official vector: a key made here signs, and its public half verifies (PKCS#1 v1.5, SHA-256).
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    payload = f"symbol=BTCUSDT&{ORDER}"
    signature = base64.b64decode(BinanceAuth(DOCS_KEY, pem_of(key)).generate_signature(payload), validate=True)
    key.public_key().verify(signature, payload.encode(), PKCS1v15(), hashes.SHA256())


def test_an_ed25519_signature_verifies_with_its_public_key() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    signature = BinanceAuth(DOCS_KEY, SecretStr(pem_of(key))).generate_signature("a=1")
    key.public_key().verify(base64.b64decode(signature, validate=True), b"a=1")


@pytest.mark.parametrize(
    "secret",
    [
        "-----BEGIN PRIVATE KEY-----\nnot base64\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n１２３\n-----END PRIVATE KEY-----",
        DOCS_ED25519.replace("MC4C", "MC4D"),
        "PRIVATE KEY",
    ],
)
def test_a_private_key_that_cannot_be_read_is_a_configuration_error(secret: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        BinanceAuth(DOCS_KEY, secret)
    assert secret not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_key_of_another_kind_or_with_a_password_is_a_configuration_error() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    locked = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    for pem in (pem_of(other), locked.decode()):
        with pytest.raises(ConfigurationError):
            BinanceAuth(DOCS_KEY, pem)


def test_nothing_shows_the_key_or_the_secret() -> None:
    auth = BinanceAuth(DOCS_KEY, DOCS_SECRET)
    shown = f"{auth!r} {auth} {auth.credentials!r} {auth.credentials} {auth.headers()!r} {auth._sign!r}"
    assert DOCS_KEY not in shown
    assert DOCS_SECRET not in shown


def test_the_header_names_the_key() -> None:
    assert BinanceAuth(DOCS_KEY, DOCS_SECRET).headers()["X-MBX-APIKEY"].get_secret_value() == DOCS_KEY


def pem_of(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
