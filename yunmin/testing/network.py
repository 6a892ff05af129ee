"""Tests that must not reach a network: any attempt to connect is an error."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn
from unittest.mock import patch

__all__ = ["no_network"]


@contextmanager
def no_network() -> Iterator[None]:
    """Inside, no socket connects anywhere, this machine included; AssertionError says where it would have gone."""

    def refuse(_: socket.socket, address: object) -> NoReturn:
        raise AssertionError(f"a connection to {address} was attempted")

    with patch.object(socket.socket, "connect", refuse), patch.object(socket.socket, "connect_ex", refuse):
        yield
