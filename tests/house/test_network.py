"""The tests' own guard: nothing in them gets off this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

FAR_AWAY = ("192.0.2.1", 443)  # set aside for documentation: nobody has it (RFC 5737)


def connect(address: tuple[str, int]) -> None:
    with socket.socket() as plain:
        plain.connect(address)


def connect_ex(address: tuple[str, int]) -> None:
    with socket.socket() as plain:
        plain.connect_ex(address)


def open_connection(address: tuple[str, int]) -> None:
    asyncio.run(asyncio.open_connection(*address))


@pytest.mark.parametrize("reach", [connect, connect_ex, open_connection])
def test_M8_a_test_that_reaches_for_the_internet_fails(reach: Callable[[tuple[str, int]], None]) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"tried to reach 192\.0\.2\.1"):
        reach(FAR_AWAY)
