"""Everybody else on a local venue: they trade against resting orders at a steady pace, and bring the weather.

They run in a process of their own, and speak to the venue's own door over one connection, request after request.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from yunmin.clock import Chance, Clock, SystemClock, seeded
from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.core.data_contracts.money import plain

__all__ = ["Crowd", "Lane", "crowd"]

_NAME: Final = "counterparty"
_TURN: Final = 0.02
_MOST_UNANSWERED: Final = 200
_ANSWER: Final = b"HTTP/1.1 "

_INTENSITIES: Final = (0.0, 0.01, 0.03, 0.08)
_SOCKET_FAULTS: Final = ("disconnect", "disconnect", "terminate", "shutdown", None)


class Lane(NamedTuple):
    """Where one side of one market meets the crowd: our orders rest at `price`, each trade is over `unit`."""

    symbol: str
    exchange_symbol: str
    side: Side
    price: Decimal
    unit: Decimal


class Crowd:
    """The process, forked before its time: it waits for `begin`, and is gone after `end`. Both may be called twice."""

    def __init__(self, child: int, pipe: int) -> None:
        self._child = child
        self._pipe = pipe
        self._is_there = True

    def begin(self) -> None:
        """Trade from now on."""
        if self._is_there:
            os.write(self._pipe, b"!")

    def end(self) -> None:
        """Trade no more. The weather stays as it was."""
        if self._is_there:
            self._is_there = False
            os.close(self._pipe)
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)


@contextmanager
def crowd(url: str, lanes: Sequence[Lane], *, rate: float, weather_lasts: float, seed: int) -> Iterator[Crowd]:
    """`rate` trades a second are tried, in turn on all `lanes`; every `weather_lasts` seconds the weather changes."""
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(there)
        try:
            os.read(here, 1)
            asyncio.run(_Crowd(url, lanes, rate, weather_lasts, seed, SystemClock()).run())
        except BaseException:  # noqa: BLE001  a forked process ends here, whatever happens
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(here)
    one = Crowd(child, there)
    try:
        yield one
    finally:
        one.end()


class _Crowd:
    def __init__(
        self, url: str, lanes: Sequence[Lane], rate: float, weather_lasts: float, seed: int, clock: Clock
    ) -> None:
        self._host = urlsplit(url).netloc
        self._orders = [_order_on(lane) for lane in lanes]
        self._rate = rate
        self._weather_lasts = weather_lasts
        self._clock = clock
        self._chance: Chance = seeded(f"crowd-{seed}")
        self._unanswered = 0

    async def run(self) -> None:
        host, _, port = self._host.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        answers = asyncio.create_task(self._count_answers(reader))
        begun, next_weather, sent = self._clock.monotonic(), 0.0, 0
        while not answers.done():
            passed = self._clock.monotonic() - begun
            if passed >= next_weather:
                next_weather = passed + self._weather_lasts
                writer.writelines(self._weather())
            due = int(passed * self._rate) - sent
            room = max(0, _MOST_UNANSWERED - self._unanswered)
            for _ in range(min(due, room)):
                writer.write(self._request("POST", "/venue/orders", self._orders[sent % len(self._orders)]))
                sent += 1
            sent = max(sent, int(passed * self._rate) - _MOST_UNANSWERED)  # what was missed stays missed
            await writer.drain()
            await self._clock.sleep(_TURN)

    async def _count_answers(self, reader: asyncio.StreamReader) -> None:
        tail = b""
        while piece := await reader.read(65536):
            seen = tail + piece
            self._unanswered -= seen.count(_ANSWER)
            tail = seen[-(len(_ANSWER) - 1) :]

    def _weather(self) -> Iterator[bytes]:
        intensity = self._chance.choice(_INTENSITIES)
        yield self._request("DELETE", "/venue/chaos")
        if intensity:
            storm = {"seed": self._chance.randint(0, 10**6), "intensity": intensity}
            yield self._request("POST", "/venue/chaos/storm", storm)
        fault = self._chance.choice(_SOCKET_FAULTS)
        if fault is not None:
            yield self._request("POST", "/venue/chaos", {"preset": fault, "count": 1})

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        self._unanswered += 1
        sent = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(sent)}\r\n\r\n"
        return head.encode() + sent


def _order_on(lane: Lane) -> dict[str, Any]:
    """What takes one unit from whatever rests on the lane, and leaves nothing in the book."""
    return {
        "account": _NAME,
        "symbol": lane.exchange_symbol,
        "side": Side.BUY if lane.side is Side.SELL else Side.SELL,
        "type": OrderType.LIMIT,
        "time_in_force": TimeInForce.IOC,
        "quantity": plain(lane.unit),
        "price": plain(lane.price),
    }
