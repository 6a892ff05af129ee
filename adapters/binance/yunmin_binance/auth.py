"""How Binance requests are signed: HMAC-SHA256 with a shared secret, RSA (PKCS#1 v1.5, SHA-256) or Ed25519 with a key.

Source: rest-api.md, SIGNED Endpoint security, 2026-07-21. The payload is the percent-encoded query string followed,
without a separator, by the body. HMAC signatures are hex, the others base64 (percent-encode them in a URL).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import SecretStr

from yunmin.errors import ConfigurationError
from yunmin.exchange import Credentials

__all__ = ["BinanceAuth"]


class _Signer(Protocol):
    def __call__(self, payload: bytes) -> str: ...


class BinanceAuth:
    """Signs for one API key. `api_secret` is the HMAC secret, or a private key as PKCS#8 PEM text (RSA or Ed25519)."""

    def __init__(self, api_key: str | SecretStr, api_secret: str | SecretStr) -> None:
        self.credentials = Credentials.of(api_key, api_secret)
        self._sign = _signer(self.credentials.api_secret)

    def __repr__(self) -> str:
        return "<BinanceAuth>"

    def generate_signature(self, query_string: str) -> str:
        """The signature of a payload: the hex digest for an HMAC secret, base64 for a private key.

        Percent-encode the payload first; the docs ask for it where it is not plain ASCII.
        """
        return self._sign(query_string.encode("utf-8"))

    def headers(self) -> dict[str, SecretStr]:
        """The header that names the key."""
        return {"X-MBX-APIKEY": self.credentials.api_key}


def _signer(secret: SecretStr) -> _Signer:
    if "PRIVATE KEY" not in secret.get_secret_value():
        return lambda payload: hmac.new(secret.get_secret_value().encode("utf-8"), payload, hashlib.sha256).hexdigest()
    key = _private_key(secret)
    if isinstance(key, Ed25519PrivateKey):
        return lambda payload: base64.b64encode(key.sign(payload)).decode("ascii")
    return lambda payload: base64.b64encode(key.sign(payload, PKCS1v15(), hashes.SHA256())).decode("ascii")


def _private_key(secret: SecretStr) -> Ed25519PrivateKey | RSAPrivateKey:
    try:
        key = load_pem_private_key(secret.get_secret_value().encode("ascii"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, (Ed25519PrivateKey, RSAPrivateKey)):
        return key
    raise ConfigurationError("the private key must be an unencrypted RSA or Ed25519 key as PKCS#8 PEM text")
