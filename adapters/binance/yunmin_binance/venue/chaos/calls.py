"""Where faults meet the WebSocket API: around the venue's own handling of a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import WSCloseCode

from yunmin.clock import Clock
from yunmin_binance.venue.chaos.bodies import foreign, under_other_ids
from yunmin_binance.venue.chaos.describing import subject_of_call
from yunmin_binance.venue.chaos.errands import Errands
from yunmin_binance.venue.chaos.faults import (
    Body,
    CutShort,
    Delay,
    Drop,
    Ending,
    Flood,
    Hide,
    Moment,
    Say,
    Stale,
    Stray,
)
from yunmin_binance.venue.chaos.hiding import HiddenOrders
from yunmin_binance.venue.chaos.plan import Chaos, Standing
from yunmin_binance.venue.chaos.subject import Door
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.ws_api.api import WsApi
from yunmin_binance.venue.ws_api.request import Request, read_request
from yunmin_binance.venue.ws_api.session import Session

__all__ = ["CallSeam"]

_QUESTIONS: Final = frozenset({"order.status", "openOrders.status", "allOrders", "myTrades", "orderList.status",
                               "allOrderLists", "openOrderLists.status"})  # fmt: skip
_NO_SUCH_ORDER: Final = {"code": -2013, "msg": "Order does not exist."}
_BLOCK: Final = 64 * 1024


class CallSeam:
    """Answers calls while a rule waits for them, or orders are hidden."""

    def __init__(
        self, chaos: Chaos, api: WsApi, exchange: Exchange, clock: Clock, hidden: HiddenOrders, errands: Errands
    ) -> None:
        self._chaos = chaos
        self._api = api
        self._exchange = exchange
        self._clock = clock
        self._hidden = hidden
        self._errands = errands
        self._stale: dict[tuple[int, bytes], dict[str, Any]] = {}

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to do here."""
        return Door.CALL not in self._chaos.doors and not self._hidden

    def receive(self, session: Session, text: str) -> None:
        """Answer one message, or fail as the plan wants it."""
        request = read_request(text)
        subject = subject_of_call(request.method, request.params, session.member, self._exchange)
        struck = self._chaos.strike(subject)
        other = next((one for one in struck if not isinstance(one.rule.fault, Delay)), None)
        before, after = (_wait(struck, moment) for moment in Moment)
        if before or after:
            self._errands.run(self._answer_late(session, text, request, other, before, after))
        else:
            for frame in self._answer(session, text, request, other):
                session.connection.send(frame)

    async def _answer_late(
        self, session: Session, text: str, request: Request, other: Standing | None, before: float, after: float
    ) -> None:
        if before:
            await self._clock.sleep(before)
        frames = self._answer(session, text, request, other)
        if after:
            await self._clock.sleep(after)
        for frame in frames:
            session.connection.send(frame)

    def _answer(self, session: Session, text: str, request: Request, standing: Standing | None) -> list[bytes]:
        """The frames that are sent, none to several."""
        fault = None if standing is None else standing.rule.fault
        if isinstance(fault, Drop | Body | Say | Flood) and fault.moment is Moment.BEFORE:
            true = orjson.dumps({"id": request.id})
        else:
            true = self._true(session, text, request)
        match fault:
            case Drop():
                _end(session, fault.ending)
                return []
            case CutShort():
                return [true[: len(true) // 2 if fault.sent is None else fault.sent]]
            case Body():
                return [foreign(fault.body, true, _under_other_ids(true))]
            case Say():
                return [_said(request, fault)]
            case Stray():
                return [true, true if fault.body is None else fault.body.encode()]
            case Flood():
                return [b" " * _BLOCK for _ in range(fault.size // _BLOCK + 1)]
            case Hide():
                self._hidden.hide(orjson.loads(true).get("result"), fault, self._exchange.engine.now())
            case Stale() if standing is not None:
                return [self._stale_answer(true, request, standing)]
        return [true]

    def _true(self, session: Session, text: str, request: Request) -> bytes:
        """The venue's own answer, without the orders that are hidden."""
        answer = self._api.answer(session, text)
        if not self._hidden or request.method not in _QUESTIONS:
            return answer
        told = orjson.loads(answer)
        shown, is_less = self._hidden.censor(told.get("result"), self._exchange.engine.now())
        if not is_less:
            return answer
        if isinstance(shown, list):
            return orjson.dumps({**told, "result": shown})
        kept = {name: value for name, value in told.items() if name not in {"result", "status"}}
        return orjson.dumps({**kept, "status": 400, "error": _NO_SUCH_ORDER})

    def _stale_answer(self, true: bytes, request: Request, standing: Standing) -> bytes:
        key = (standing.number, _question(request))
        return orjson.dumps({**self._stale.setdefault(key, orjson.loads(true)), "id": request.id})


def _wait(struck: list[Standing], moment: Moment) -> float:
    faults = ((one, one.rule.fault) for one in struck)
    return sum(
        fault.seconds + fault.jitter * one.random.random()
        for one, fault in faults
        if isinstance(fault, Delay) and fault.moment is moment
    )


def _end(session: Session, ending: Ending) -> None:
    match ending:
        case Ending.CLOSE:
            session.connection.close(WSCloseCode.GOING_AWAY)
        case Ending.RESET:
            session.connection.reset()


def _said(request: Request, fault: Say) -> bytes:
    error: Mapping[str, object] = {"code": fault.code or 0, "msg": fault.msg}
    return orjson.dumps({"id": request.id, "status": fault.status, "error": error})


def _question(request: Request) -> bytes:
    asked = {name: value for name, value in request.params.items() if name not in {"timestamp", "signature"}}
    return orjson.dumps([request.method, sorted(asked.items())])


def _under_other_ids(true: bytes) -> bytes:
    told = orjson.loads(true)
    return orjson.dumps({**told, "result": orjson.loads(under_other_ids(orjson.dumps(told.get("result"))))})
