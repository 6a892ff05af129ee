"""The two ways in which a connection ends."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Final

__all__ = ["hang_up", "reset"]

_AT_ONCE: Final = struct.pack("ii", 1, 0)


def reset(transport: asyncio.Transport) -> None:
    """End a connection by RST, as a crash or a firewall does."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()


def hang_up(transport: asyncio.Transport) -> None:
    """End a connection by FIN, after what was written."""
    transport.close()
