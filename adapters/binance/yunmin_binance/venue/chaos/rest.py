"""Where faults meet REST: around the venue's own handling of a request, and behind it on the wire.

What a struck request's caller sees is made here; whether the request was carried out is the engine's own truth.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import Any, Final

import orjson
from aiohttp import web

from yunmin.clock import Clock
from yunmin_binance.venue.api import Api, RawRequest, RawResponse
from yunmin_binance.venue.chaos.bodies import HTML, content_type_of, foreign, under_other_ids
from yunmin_binance.venue.chaos.describing import subject_of_request
from yunmin_binance.venue.chaos.faults import (
    Body,
    CutShort,
    Delay,
    Drip,
    Drop,
    Ending,
    Flood,
    FloodPart,
    ForeignBody,
    Hide,
    Moment,
    Redirect,
    Say,
    Stale,
    Stray,
)
from yunmin_binance.venue.chaos.hiding import HiddenOrders
from yunmin_binance.venue.chaos.line import Line, Script, Scripted, ending, head_of
from yunmin_binance.venue.chaos.plan import Chaos, Standing
from yunmin_binance.venue.chaos.subject import Door
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.http import as_response, read_raw

__all__ = ["RestSeam"]

_QUESTIONS: Final = frozenset(
    f"/api/v3/{path}"
    for path in ("order", "openOrders", "allOrders", "myTrades", "orderList", "allOrderList", "openOrderList")
)
_NO_SUCH_ORDER: Final = {"code": -2013, "msg": "Order does not exist."}
_HTML_TYPE: Final = "text/html"
_BLOCK: Final = 64 * 1024
_NOTHING: Final = RawResponse(200, b"{}")


class RestSeam:
    """Serves REST requests while a rule waits for them, or orders are hidden."""

    def __init__(self, chaos: Chaos, api: Api, exchange: Exchange, clock: Clock, hidden: HiddenOrders) -> None:
        self._chaos = chaos
        self._api = api
        self._exchange = exchange
        self._clock = clock
        self._hidden = hidden
        self._stale: dict[tuple[int, bytes], RawResponse] = {}

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to do here."""
        return Door.REST not in self._chaos.doors and not self._hidden

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer, or fail as the plan wants it."""
        raw = await read_raw(request)
        if isinstance(raw, RawResponse):
            return as_response(raw)
        struck = self._chaos.strike(subject_of_request(raw, self._exchange))
        await self._wait(struck, Moment.BEFORE)
        response = self._respond(raw, next((one for one in struck if not isinstance(one.rule.fault, Delay)), None))
        await self._wait(struck, Moment.AFTER)
        return response

    async def _wait(self, struck: Iterable[Standing], moment: Moment) -> None:
        for standing in struck:
            fault = standing.rule.fault
            if isinstance(fault, Delay) and fault.moment is moment:
                await self._clock.sleep(fault.seconds + fault.jitter * standing.random.random())

    def _respond(self, raw: RawRequest, standing: Standing | None) -> web.StreamResponse:
        fault = None if standing is None else standing.rule.fault
        match fault:
            case Drop():
                self._answer(raw, fault.moment)
                return Scripted(ending(fault.ending))
            case CutShort():
                return Scripted(_cut_short(self._true(raw), fault))
            case Body():
                return self._foreign(self._answer(raw, fault.moment), fault)
            case Say():
                self._answer(raw, fault.moment)
                return self._said(fault, standing)
            case Stray():
                return Scripted(_with_stray(self._true(raw), fault))
            case Redirect():
                return web.Response(status=fault.status, headers={"Location": fault.location})
            case Drip():
                return Scripted(self._dripping(self._true(raw), fault))
            case Flood():
                self._answer(raw, fault.moment)
                return Scripted(_flood(fault))
            case Hide():
                return as_response(self._hide(raw, fault))
            case Stale() if standing is not None:
                return as_response(self._stale_answer(raw, standing))
            case _:
                return as_response(self._true(raw))

    def _answer(self, raw: RawRequest, moment: Moment) -> RawResponse:
        """What the engine says where the fault comes after it; nothing where it comes before."""
        return _NOTHING if moment is Moment.BEFORE else self._true(raw)

    def _true(self, raw: RawRequest) -> RawResponse:
        """The venue's own answer, without the orders that are hidden."""
        answer = self._api.answer(raw)
        if not self._hidden or raw.method != "GET" or raw.path not in _QUESTIONS or answer.status != 200:
            return answer
        shown, is_less = self._hidden.censor(orjson.loads(answer.body), self._exchange.engine.now())
        if not is_less:
            return answer
        if not isinstance(shown, list):
            return RawResponse(400, orjson.dumps(_NO_SUCH_ORDER), answer.headers)
        return RawResponse(200, orjson.dumps(shown), answer.headers)

    def _hide(self, raw: RawRequest, fault: Hide) -> RawResponse:
        answer = self._true(raw)
        if answer.status == 200:
            self._hidden.hide(orjson.loads(answer.body), fault, self._exchange.engine.now())
        return answer

    def _stale_answer(self, raw: RawRequest, standing: Standing) -> RawResponse:
        return self._stale.setdefault((standing.number, _question(raw)), self._true(raw))

    def _foreign(self, true: RawResponse, fault: Body) -> web.StreamResponse:
        other = under_other_ids(true.body) if fault.body is ForeignBody.OTHER_ORDER else b""
        body = foreign(fault.body, true.body, other)
        answer = RawResponse(fault.status or true.status, body, true.headers)
        return Scripted(_whole(answer, content_type_of(fault.body)))

    def _said(self, fault: Say, standing: Standing | None) -> web.StreamResponse:
        wait = fault.retry_after
        if wait is None and standing is not None:
            wait = standing.seconds_left(self._exchange.engine.now())
        headers = {} if wait is None else {"Retry-After": str(wait)}
        if fault.code is None:
            return web.Response(status=fault.status, body=HTML, headers=headers, content_type=_HTML_TYPE)
        body = orjson.dumps({"code": fault.code, "msg": fault.msg})
        return as_response(RawResponse(fault.status, body, headers))

    def _dripping(self, answer: RawResponse, fault: Drip) -> Script:
        async def run(line: Line) -> None:
            data = head_of(answer, length=len(answer.body)) + answer.body
            for start in range(0, len(data), fault.size):
                await line.send(data[start : start + fault.size])
                await self._clock.sleep(fault.pause)

        return run


def _question(raw: RawRequest) -> bytes:
    """What is asked, without what differs each time: the moment, and the signature over it."""
    told = (pair for pair in raw.query.split(b"&") if not pair.startswith((b"timestamp=", b"signature=")))
    return f"{raw.method} {raw.path}?".encode() + b"&".join(told)


def _whole(answer: RawResponse, content_type: str) -> Script:
    async def run(line: Line) -> None:
        await line.send(head_of(answer, length=len(answer.body), content_type=content_type) + answer.body)

    return run


def _cut_short(answer: RawResponse, fault: CutShort) -> Script:
    sent = len(answer.body) // 2 if fault.sent is None else min(fault.sent, len(answer.body) - 1)

    async def run(line: Line) -> None:
        await line.send(head_of(answer, length=len(answer.body)) + answer.body[:sent])
        line.end(fault.ending)

    return run


def _with_stray(answer: RawResponse, fault: Stray) -> Script:
    body = answer.body if fault.body is None else fault.body.encode()
    stray = RawResponse(fault.status, body)

    async def run(line: Line) -> None:
        await line.send(head_of(answer, length=len(answer.body)) + answer.body)
        await line.send(head_of(stray, length=len(body)) + body)

    return run


def _flood(fault: Flood) -> Script:
    blocks = fault.size // _BLOCK + 1

    async def run(line: Line) -> None:
        first, block = _POURED[fault.part]
        await line.send(first(blocks * _BLOCK))
        for _ in repeat(None, blocks):
            await line.send(block)
        line.end(Ending.CLOSE)

    return run


_STATUS_LINE: Final = b"HTTP/1.1 200 OK\r\n"
_POURED: Final[dict[FloodPart, tuple[Any, bytes]]] = {
    FloodPart.BODY: (lambda size: head_of(RawResponse(200, b""), length=size), b" " * _BLOCK),
    FloodPart.HEADERS: (lambda _: _STATUS_LINE, b"X-Small: 12345\r\n" * (_BLOCK // 16)),
    FloodPart.HEADER: (lambda _: _STATUS_LINE + b"X-Endless: ", b"a" * _BLOCK),
}
