"""WebSocket clients for tests, and a clock that wakes sleepers when it is moved and never else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp

from tests.adapters.binance.venue.conftest import sign
from yunmin.clock import ManualClock
from yunmin.simulation.units import to_micros
from yunmin_binance.venue import LOCAL_API_KEY, LOCAL_API_SECRET, LocalVenue, VenueConfig

PATIENCE = 5.0
START = datetime(2026, 1, 1, tzinfo=UTC)


class DrivenClock(ManualClock):
    """Sleepers wake when the clock has been moved past their time."""

    def __init__(self, start: datetime = START) -> None:
        super().__init__(start)
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.monotonic() + seconds, future))
        await future

    def drift(self, seconds: float) -> None:
        """Move without waking anybody."""
        super().advance(seconds)

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        now = self.monotonic() + 1e-9
        due = [future for until, future in self._sleepers if until <= now]
        self._sleepers = [(until, future) for until, future in self._sleepers if until > now]
        for future in due:
            if not future.done():
                future.set_result(None)


class SocketVenue:
    """A running venue on a driven clock, and clients of it."""

    def __init__(self, venue: LocalVenue, clock: DrivenClock, http: aiohttp.ClientSession) -> None:
        self.venue = venue
        self.clock = clock
        self.http = http
        self._opened: list[aiohttp.ClientWebSocketResponse] = []

    @property
    def now(self) -> int:
        return to_micros(self.clock.now()) // 1000

    async def open(self, path: str, **options: Any) -> Client:
        socket = await self.http.ws_connect(self.venue.url.replace("http", "ws") + path, **options)
        self._opened.append(socket)
        return Client(self, socket)

    def hang_up(self) -> None:
        """Let go of every socket, whatever state it is in."""
        for socket in self._opened:
            socket._response.close()

    async def get(self, path: str, **params: Any) -> Any:
        async with self.http.get(f"{self.venue.url}/api/v3/{path}", params=params) as answer:
            return await answer.json()

    async def advance(self, seconds: float) -> None:
        """Let time pass, and whoever waited for it do its work."""
        self.clock.advance(seconds)
        for _ in range(5):
            await asyncio.sleep(0)

    def signed(self, params: Mapping[str, Any], *, secret: str = LOCAL_API_SECRET) -> dict[str, Any]:
        full = {"apiKey": LOCAL_API_KEY, "timestamp": self.now, **params}
        return {**full, "signature": sign(payload_of(full), secret)}


class Client:
    """One WebSocket connection."""

    def __init__(self, home: SocketVenue, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.home = home
        self.socket = socket
        self._asked = 0

    async def next(self) -> Any:
        message = await self.socket.receive(timeout=PATIENCE)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        return json.loads(message.data)

    async def say(self, text: str | dict[str, Any]) -> Any:
        """Send, and read the next frame."""
        await self.socket.send_str(text if isinstance(text, str) else json.dumps(text))
        return await self.next()

    async def call(self, method: str, params: dict[str, Any] | None = None) -> Any:
        """A request of the WebSocket API, and its answer; events in between are not expected."""
        self._asked += 1
        request = {"id": self._asked, "method": method, **({} if params is None else {"params": params})}
        answer = await self.say(request)
        assert answer["id"] == self._asked
        return answer

    async def signed(self, method: str, **params: Any) -> Any:
        return await self.call(method, self.home.signed(params))

    async def subscribe(self, *names: str) -> None:
        self.home.clock.drift(1)
        self._asked += 1
        request = {"method": "SUBSCRIBE", "params": list(names), "id": self._asked}
        assert await self.say(request) == {"result": None, "id": self._asked}

    async def frames(self) -> list[Any]:
        """Everything that was sent up to now: what comes before the answer to a question put now."""
        self.home.clock.drift(1)
        self._asked += 1
        mark = f"mark-{self._asked}"
        method = "ping" if self.socket._response.url.path.startswith("/ws-api") else "LIST_SUBSCRIPTIONS"
        await self.socket.send_str(json.dumps({"method": method, "id": mark}))
        found: list[Any] = []
        while True:
            frame = await self.next()
            if isinstance(frame, dict) and frame.get("id") == mark:
                return found
            found.append(frame)

    async def closed(self) -> int | None:
        """The code with which the other side ends it; what comes before is passed over."""
        while True:
            message = await self.socket.receive(timeout=PATIENCE)
            if message.type is not aiohttp.WSMsgType.TEXT:
                return self.socket.close_code


def payload_of(params: Mapping[str, Any]) -> str:
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in params.items()}
    return "&".join(f"{name}={texts[name]}" for name in sorted(texts))


@asynccontextmanager
async def running(config: VenueConfig, *, start: datetime = START) -> AsyncIterator[SocketVenue]:
    clock = DrivenClock(start)
    async with LocalVenue(config, clock=clock) as venue, aiohttp.ClientSession() as http:
        home = SocketVenue(venue, clock, http)
        try:
            yield home
        finally:
            home.hang_up()


async def until(condition: Callable[[], bool]) -> None:
    """Give others their turn until `condition` holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0)
