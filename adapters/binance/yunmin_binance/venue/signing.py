"""Who sent a request: API keys and the signatures over its raw bytes.

Binance spot REST docs, 2026-07-21, section Request Security.

The signed payload is the raw query string followed by the raw body, without a separator and without the `signature`
parameter itself. Every byte of it must be ASCII: other characters have to be percent-encoded before signing. An HMAC
signature is hexadecimal in either case; RSA (PKCS#1 v1.5, SHA-256) and Ed25519 signatures are base64.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from yunmin.errors import ConfigurationError

__all__ = ["HmacVerifier", "PublicKeyVerifier", "Verifier", "signed_payload"]

_SIGNATURE: Final = b"signature="


class Verifier(Protocol):
    """Can tell whether a signature belongs to a payload."""

    def accepts(self, payload: bytes, signature: str) -> bool:
        """Whether `signature` (percent-decoded) was made over `payload` with this key."""
        ...


class HmacVerifier:
    """HMAC-SHA256 with a shared secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def __repr__(self) -> str:
        return "HmacVerifier(...)"

    def accepts(self, payload: bytes, signature: str) -> bool:
        expected = hmac.digest(self._secret, payload, "sha256").hex()
        return hmac.compare_digest(expected.encode(), signature.lower().encode())


class PublicKeyVerifier:
    """RSA or Ed25519, whichever the PEM public key is for."""

    def __init__(self, public_key_pem: str) -> None:
        try:
            key = load_pem_public_key(public_key_pem.encode())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise ConfigurationError("not a PEM public key") from error
        if not isinstance(key, RSAPublicKey | Ed25519PublicKey):
            raise ConfigurationError("a public key must be RSA or Ed25519")
        self._key = key

    @property
    def is_ed25519(self) -> bool:
        return isinstance(self._key, Ed25519PublicKey)

    def accepts(self, payload: bytes, signature: str) -> bool:
        try:
            raw = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            return False
        try:
            self._verify(raw, payload)
        except InvalidSignature:
            return False
        return True

    def _verify(self, raw: bytes, payload: bytes) -> None:
        if isinstance(self._key, RSAPublicKey):
            self._key.verify(raw, payload, PKCS1v15(), SHA256())
        else:
            self._key.verify(raw, payload)


def signed_payload(query: bytes, body: bytes) -> bytes | None:
    """The bytes that a signature covers; None where they hold something that should have been percent-encoded."""
    payload = _without_signature(query) + _without_signature(body)
    return payload if payload.isascii() else None


def _without_signature(part: bytes) -> bytes:
    first = part.find(_SIGNATURE)
    if first < 0:
        return part
    # as nearly everybody sends it: once, and last
    if first > 0 and part.find(b"&", first - 1) == first - 1 and b"&" not in part[first:]:
        return part[: first - 1]
    return b"&".join(pair for pair in part.split(b"&") if not pair.startswith(_SIGNATURE))
