"""Everybody else on a local venue: they trade against resting orders at a steady pace, and bring the weather.

They run in a process of their own, and speak to the venue's own door over one connection, request after request.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from yunmin.clock import Chance, Clock, SystemClock, seeded
from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.core.data_contracts.money import plain
from yunmin.testing.verify.forked import forked

__all__ = ["Crowd", "Lane", "crowd"]

_NAME: Final = "counterparty"
_ORDERS: Final = "/venue/orders"
_TURN: Final = 0.02
_MOST_UNANSWERED: Final = 200
_ARREARS_WITHIN: Final = 2.0
"""Seconds over which trades that found nothing to trade with are made up for."""

_HASTE: Final = 1.5
"""The most that is tried, in parts of the wanted rate."""

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
    """On average `rate` trades a second, in turn on all `lanes`; every `weather_lasts` seconds the weather changes.

    What finds nobody to trade with is made up for as soon as it does, at no more than one and a half times that rate.
    """
    here, there = os.pipe()

    def trade() -> None:
        os.close(there)
        os.read(here, 1)
        asyncio.run(_Crowd(url, lanes, rate, weather_lasts, seed, SystemClock()).run())

    child = forked(trade)
    os.close(here)
    one = Crowd(child, there)
    try:
        yield one
    finally:
        one.end()


class Pace:
    """How many trades to try, so that on average `rate` a second come about."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._traded = 0
        self._under_way = 0
        self._asked_at = 0.0
        self._allowed = 0.0

    def due(self, passed: float) -> int:
        """How many to try now, `passed` seconds after the beginning. They count as under way."""
        since, self._asked_at = passed - self._asked_at, passed
        self._allowed = min(self._allowed + since * self._rate * _HASTE, self._rate * _ARREARS_WITHIN)
        wanted = passed * self._rate - self._traded - self._under_way
        count = max(0, min(int(wanted), int(self._allowed), _MOST_UNANSWERED - self._under_way))
        self._allowed -= count
        self._under_way += count
        return count

    def answered(self, count: int, *, traded: int) -> None:
        """Of `count` that were under way, so many have traded, and the rest found nobody."""
        self._under_way -= count
        self._traded += traded


class _Crowd:
    def __init__(
        self, url: str, lanes: Sequence[Lane], rate: float, weather_lasts: float, seed: int, clock: Clock
    ) -> None:
        self._host = urlsplit(url).netloc
        self._orders = [_order_on(lane) for lane in lanes]
        self._weather_lasts = weather_lasts
        self._clock = clock
        self._chance: Chance = seeded(f"crowd-{seed}")
        self._unanswered: deque[bool] = deque()  # of each request, oldest first: whether it brings orders
        self._pace = Pace(rate)

    async def run(self) -> None:
        host, _, port = self._host.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        answers = asyncio.create_task(self._take_answers(reader))
        begun, next_weather, orders = self._clock.monotonic(), 0.0, itertools.cycle(self._orders)
        while not answers.done():
            passed = self._clock.monotonic() - begun
            if passed >= next_weather:
                next_weather = passed + self._weather_lasts
                writer.writelines(self._weather())
            due = list(itertools.islice(orders, self._pace.due(passed)))
            if due:
                writer.write(self._request("POST", _ORDERS, due))
            await writer.drain()
            await self._clock.sleep(_TURN)
        answers.result()

    async def _take_answers(self, reader: asyncio.StreamReader) -> None:
        while head := await _head_of_answer(reader):
            body = await reader.readexactly(_length_of_body(head))
            if self._unanswered.popleft():
                orders = json.loads(body)["orders"]
                self._pace.answered(len(orders), traded=sum(Decimal(one.get("filled", 0)) > 0 for one in orders))

    def _weather(self) -> Iterator[bytes]:
        intensity = self._chance.choice(_INTENSITIES)
        yield self._request("DELETE", "/venue/chaos")
        if intensity:
            storm = {"seed": self._chance.randint(0, 10**6), "intensity": intensity}
            yield self._request("POST", "/venue/chaos/storm", storm)
        fault = self._chance.choice(_SOCKET_FAULTS)
        if fault is not None:
            yield self._request("POST", "/venue/chaos", {"preset": fault, "count": 1})

    def _request(self, method: str, path: str, body: object = None) -> bytes:
        self._unanswered.append(path == _ORDERS)
        sent = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(sent)}\r\n\r\n"
        return head.encode() + sent


async def _head_of_answer(reader: asyncio.StreamReader) -> bytes:
    """Status and headers of the next answer; empty where the venue has hung up."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def _length_of_body(head: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return 0 if found is None else int(found[1])


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
