"""WebSocket text frames as bytes (RFC 6455, section 5.2), compressed where the client asked for it (RFC 7692).

Every message is compressed for itself, without reference to earlier ones, which any client can read; so a payload is
compressed once, however many clients it goes to.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from struct import pack
from typing import Final

__all__ = ["FULL_WINDOW", "framed", "framed_and_deflated"]

FULL_WINDOW: Final = 15
"""The window, as a power of two, of the compression that is shared."""

_TEXT: Final = 0x81
_DEFLATED_TEXT: Final = 0xC1
_WORTHWHILE: Final = 64
_FEW: Final = 64
_EMPTY_BLOCK: Final = b"\x00\x00\xff\xff"


def framed(payload: bytes, first: int = _TEXT) -> bytes:
    """`payload` as one unmasked frame; `first` is its first byte."""
    length = len(payload)
    if length < 126:
        return pack("!BB", first, length) + payload
    if length < 65536:
        return pack("!BBH", first, 126, length) + payload
    return pack("!BBQ", first, 127, length) + payload


@lru_cache(maxsize=_FEW)
def framed_and_deflated(payload: bytes) -> bytes:
    """The same, compressed; what is small stays as it is."""
    if len(payload) < _WORTHWHILE:
        return framed(payload)
    deflate = zlib.compressobj(zlib.Z_BEST_SPEED, wbits=-FULL_WINDOW)
    packed = deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return framed(packed.removesuffix(_EMPTY_BLOCK), _DEFLATED_TEXT)
