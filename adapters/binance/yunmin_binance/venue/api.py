"""The REST rim: one raw request in, one answer with its headers out. Knows nothing of sockets.

Binance spot REST docs, 2026-07-21, General API Information, Limits, Request Security.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson
import structlog

from yunmin_binance.venue.endpoints import endpoint_of
from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint, Security
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.exchange import Exchange, Member
from yunmin_binance.venue.limits import seconds_until
from yunmin_binance.venue.params import Params, merge_parameters
from yunmin_binance.venue.security import API_KEY_HEADER, authenticate, require_right

__all__ = ["Api", "RawRequest", "RawResponse"]

_TIME_UNIT_HEADER: Final = "X-MBX-TIME-UNIT"
_IN_MICROS: Final = {"MICROSECOND": True, "microsecond": True, "MILLISECOND": False, "millisecond": False}
_UNKNOWN: Final = "An unknown error occurred while processing the request."

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it came: `query` and `body` are the bytes received, still percent-encoded.

    What may hold a key or a signature is left out of its repr, and so of logs.
    """

    method: str
    path: str
    query: bytes = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    address: str


@dataclass(frozen=True, slots=True)
class RawResponse:
    """Status, JSON body, and the headers that say what has been used."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Visit:
    """What is learned of one request on its way, for its headers."""

    now: int
    weight: int = 1
    member: Member | None = None
    endpoint: Endpoint | None = None
    retry_at: int | None = None


class Api:
    """Answers raw requests from an exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def answer(self, request: RawRequest) -> RawResponse:
        """The answer to `request`; every refusal is an answer too."""
        self._exchange.catch_up()
        visit = _Visit(now=self._exchange.told_time())
        try:
            self._exchange.traffic.admit(request.address, visit.now)
            answer, status = self._handle(request, visit), 200
        except ApiError as error:
            answer, status, visit.retry_at = error.body, error.status, error.retry_at
        except Exception:  # noqa: BLE001 - the rim of the process: the caller gets the exchange's own words
            _log.exception("venue.request_failed", method=request.method, path=request.path)
            answer, status = {"code": -1000, "msg": _UNKNOWN}, 500
        return RawResponse(status, orjson.dumps(answer), self._headers(request, visit, is_done=status == 200))

    def _handle(self, request: RawRequest, visit: _Visit) -> Answer:
        body = b"" if request.method == "GET" else request.body
        endpoint, sent = self._weigh(request, visit, body)
        if _accepts_only_sbe(request.headers):
            raise ApiError.sbe_disabled()
        in_micros = _wants_micros(request.headers)
        params = Params(sent)
        if endpoint.security is Security.SIGNED:
            visit.member = authenticate(
                self._exchange.members,
                request.headers.get(API_KEY_HEADER),
                params,
                query=request.query,
                body=body,
                now=visit.now,
                pace=self._exchange.pace,
            )
            require_right(visit.member, endpoint.right)
        elif endpoint.security is Security.KEY:
            visit.member = self._exchange.members.get(request.headers.get(API_KEY_HEADER, ""))
        call = Call(self._exchange, params, visit.now, in_micros, visit.member)
        if endpoint.places_order:
            self._exchange.order_counts.require(call.account, endpoint.order_count, visit.now)
        answer = endpoint.handle(call)
        params.refuse_unread()
        return answer

    def _weigh(self, request: RawRequest, visit: _Visit, body: bytes) -> tuple[Endpoint, Mapping[str, str]]:
        """What is asked for, its weight used. What cannot be understood weighs one."""
        weight = 1
        try:
            visit.endpoint = endpoint = _find(request)
            sent = merge_parameters(request.query, body)
            visit.weight = weight = endpoint.weigh(sent)
        finally:
            self._exchange.traffic.use(request.address, weight, visit.now)
        return endpoint, sent

    def _headers(self, request: RawRequest, visit: _Visit, *, is_done: bool) -> dict[str, str]:
        endpoint, traffic = visit.endpoint, self._exchange.traffic
        if is_done and endpoint is not None and endpoint.free_when_done:
            traffic.give_back(request.address, visit.weight, visit.now)
        used = str(traffic.used(request.address, visit.now))
        headers = {
            "x-mbx-uuid": self._exchange.new_uuid(),
            "X-MBX-USED-WEIGHT": used,
            "X-MBX-USED-WEIGHT-1M": used,
        }
        if is_done and endpoint is not None and endpoint.places_order and visit.member is not None:
            short, long = self._exchange.order_counts.counts(visit.member.account.name, visit.now)
            headers |= {"X-MBX-ORDER-COUNT-10S": str(short), "X-MBX-ORDER-COUNT-1D": str(long)}
        if visit.retry_at is not None:
            headers["Retry-After"] = str(seconds_until(visit.retry_at, visit.now))
        return headers


def _find(request: RawRequest) -> Endpoint:
    endpoints = endpoint_of(request.path)
    if not endpoints:
        raise ApiError.unknown_path()
    endpoint = endpoints.get(request.method)
    if endpoint is None:
        raise ApiError.wrong_method()
    return endpoint


def _accepts_only_sbe(headers: Mapping[str, str]) -> bool:
    accepted = headers.get("Accept", "")
    return "application/sbe" in accepted and "application/json" not in accepted


def _wants_micros(headers: Mapping[str, str]) -> bool:
    unit = headers.get(_TIME_UNIT_HEADER, "MILLISECOND")
    if unit not in _IN_MICROS:
        raise ApiError.bad_time_unit()
    return _IN_MICROS[unit]
