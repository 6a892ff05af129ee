"""What every test lives with: no way off this machine, and a venue for those that want one."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from yunmin_binance.venue import LocalVenue, VenueConfig

_LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def _no_way_off_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anywhere but loopback fails the test (M8)."""
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and not str(host).startswith(_LOOPBACK):
            pytest.fail(f"a test tried to reach {host}")

    def connect(self: socket.socket, address: Any) -> None:
        check(address)
        return real_connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        check(address)
        return real_connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads the keys or the `.env` of whoever runs it."""
    for name in tuple(os.environ):
        if name.startswith(("BINANCE_", "YUNMIN_")) and name != "YUNMIN_TEST_DATA":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def venue_url() -> Iterator[str]:
    """The address of a local venue for blocking code, the same for all tests of a session."""
    with a_venue_in_a_thread() as url:
        yield url


@pytest.fixture
def own_venue_url() -> Iterator[str]:
    """The address of a local venue for blocking code, on which nobody else trades."""
    with a_venue_in_a_thread() as url:
        yield url


@contextmanager
def a_venue_in_a_thread() -> Iterator[str]:
    ready: threading.Event = threading.Event()
    found: dict[str, Any] = {}

    def serve() -> None:
        asyncio.run(_serve(found, ready))

    thread = threading.Thread(target=serve, name="test-venue", daemon=True)
    thread.start()
    assert ready.wait(30), "the venue did not come up"
    yield found["url"]
    found["loop"].call_soon_threadsafe(found["stop"].set)
    thread.join(10)


async def _serve(found: dict[str, Any], ready: threading.Event) -> None:
    async with LocalVenue(VenueConfig(seed=1)) as venue:
        found.update(url=venue.url, loop=asyncio.get_running_loop(), stop=asyncio.Event())
        ready.set()
        await found["stop"].wait()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Real candles and recorded wire samples, where YUNMIN_TEST_DATA says they are."""
    folder = os.environ.get("YUNMIN_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set YUNMIN_TEST_DATA to a folder with candles/ and wire/ to run this")
    return Path(folder)
