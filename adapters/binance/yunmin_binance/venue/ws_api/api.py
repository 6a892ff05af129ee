"""The rim of the WebSocket API: one text message in, one answer out.

Requests run through the REST endpoints' own code; what differs is how they are framed, signed and answered (Binance
spot web-socket-api.md, 2026-07-21).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson
import structlog

from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint, Security
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.exchange import Exchange, Member
from yunmin_binance.venue.params import Params
from yunmin_binance.venue.security import authenticate_payload, check_timing, require_right
from yunmin_binance.venue.signing import PublicKeyVerifier
from yunmin_binance.venue.wire import TimeOf
from yunmin_binance.venue.ws_api.methods import ENDPOINT_OF_METHOD
from yunmin_binance.venue.ws_api.request import Request, read_request, signed_bytes
from yunmin_binance.venue.ws_api.session import Session

__all__ = ["CONNECTING_WEIGHS", "WsApi"]

CONNECTING_WEIGHS: Final = 2

_SESSION_WEIGHT: Final = 2
_UNKNOWN: Final = "An unknown error occurred while processing the request."
_SHOWS_LIMITS: Final = "returnRateLimits"

_log = structlog.get_logger(__name__)

_Operation = Callable[[Session, Request, Params, int], Answer]


@dataclass(slots=True)
class _Visit:
    """What is learned of one request on its way."""

    session: Session
    request: Request
    now: int
    shows_limits: bool
    placed_by: str | None = None


class WsApi:
    """Answers messages of sessions from an exchange. `on_change` is called when user data events may be waiting."""

    def __init__(self, exchange: Exchange, *, on_change: Callable[[], None]) -> None:
        self._exchange = exchange
        self._on_change = on_change
        self._operations: dict[str, _Operation] = {
            "session.logon": self._log_on,
            "session.status": self._status,
            "session.logout": self._log_out,
            "session.subscriptions": self._subscriptions,
            "userDataStream.subscribe": self._subscribe,
            "userDataStream.subscribe.signature": self._subscribe_by_signature,
            "userDataStream.unsubscribe": self._unsubscribe,
        }

    def answer(self, session: Session, text: str) -> bytes:
        """The answer to `text`; every refusal is one too."""
        self._exchange.catch_up()
        if session.holds_revoked_key(self._exchange.members):
            return self._revoke(session)
        visit = _Visit(session, read_request(text), self._exchange.told_time(), session.shows_limits)
        said: dict[str, object] = {"id": visit.request.id}
        try:
            said |= {"status": 200, "result": self._handle(visit)}
        except ApiError as error:
            said |= {"status": error.status, "error": _told(error, session.time_of, visit.now)}
        except Exception:  # noqa: BLE001 - the rim of the process: the caller gets the exchange's own words
            _log.exception("venue.request_failed", method=visit.request.method)
            said |= {"status": 500, "error": {"code": -1000, "msg": _UNKNOWN}}
        if visit.shows_limits:
            said["rateLimits"] = self._limits(visit)
        return orjson.dumps(said)

    def _revoke(self, session: Session) -> bytes:
        """The key of the session is not good any more: whatever was asked, this is what is said."""
        session.log_out()
        self._on_change()
        error = ApiError.unknown_key()
        return orjson.dumps({"id": None, "status": error.status, "error": error.body})

    def _handle(self, visit: _Visit) -> Answer:
        session, request, now = visit.session, visit.request, visit.now
        endpoint = ENDPOINT_OF_METHOD.get(request.method)
        weight = _SESSION_WEIGHT if endpoint is None else endpoint.weigh(request.params)
        self._exchange.traffic.admit(session.address, now)
        self._exchange.traffic.use(session.address, weight, now)
        if request.problem is not None:
            raise request.problem
        params = Params(request.params)
        wished = params.flag(_SHOWS_LIMITS)
        visit.shows_limits = visit.shows_limits if wished is None else wished
        if endpoint is None:
            result = self._operate(session, request, params, now)
        else:
            result = self._call(endpoint, visit, params)
        params.refuse_unread()
        if endpoint is not None and endpoint.free_when_done:
            self._exchange.traffic.give_back(session.address, weight, now)
        return result

    def _call(self, endpoint: Endpoint, visit: _Visit, params: Params) -> Answer:
        """The answer of the endpoint that REST has for this."""
        session, now = visit.session, visit.now
        member = self._asker(endpoint, session, visit.request, params, now)
        if member is not None:
            require_right(member, endpoint.right)
        call = Call(self._exchange, params, now, session.in_micros, member)
        if endpoint.places_order:
            visit.placed_by = call.account
            self._exchange.order_counts.require(call.account, endpoint.order_count, now)
        return endpoint.handle(call)

    def _operate(self, session: Session, request: Request, params: Params, now: int) -> Answer:
        operation = self._operations.get(request.method)
        if operation is None:
            raise ApiError.unknown_path()
        return operation(session, request, params, now)

    def _asker(self, endpoint: Endpoint, session: Session, request: Request, params: Params, now: int) -> Member | None:
        if endpoint.security is Security.SIGNED:
            return self._caller(session, request, params, now)
        if endpoint.security is Security.NONE:
            return None
        api_key = params.text("apiKey")
        return session.member if api_key is None else self._exchange.members.get(api_key)

    def _caller(self, session: Session, request: Request, params: Params, now: int) -> Member:
        """Who asks: by the request's own key and signature, else the one who is logged on."""
        if params.has("apiKey") or session.member is None:
            return self._signer(request, params, now)
        check_timing(params, now, self._exchange.pace)
        return session.member

    def _signer(self, request: Request, params: Params, now: int) -> Member:
        api_key = params.required_text("apiKey")
        payload = signed_bytes(request.params)
        return authenticate_payload(
            self._exchange.members, api_key, params, payload=payload, now=now, pace=self._exchange.pace
        )

    def _log_on(self, session: Session, request: Request, params: Params, now: int) -> Answer:
        member = self._signer(request, params, now)
        if not isinstance(member.verifier, PublicKeyVerifier) or not member.verifier.is_ed25519:
            raise ApiError.unknown_key()
        params.refuse_unread()
        session.log_on(params.required_text("apiKey"), member, now)
        return session.status(now)

    def _status(self, session: Session, _: Request, params: Params, now: int) -> Answer:
        params.refuse_unread()
        return session.status(now)

    def _log_out(self, session: Session, _: Request, params: Params, now: int) -> Answer:
        params.refuse_unread()
        session.log_out()
        self._on_change()
        return session.status(now)

    def _subscriptions(self, session: Session, _: Request, params: Params, __: int) -> Answer:
        params.refuse_unread()
        return session.subscriptions()

    def _subscribe(self, session: Session, _: Request, params: Params, __: int) -> Answer:
        params.refuse_unread()
        if session.member is None:
            raise ApiError.unknown_key()
        return {"subscriptionId": session.subscribe(session.member, of_session=True)}

    def _subscribe_by_signature(self, session: Session, request: Request, params: Params, now: int) -> Answer:
        member = self._signer(request, params, now)
        params.refuse_unread()
        return {"subscriptionId": session.subscribe(member, of_session=False)}

    def _unsubscribe(self, session: Session, _: Request, params: Params, __: int) -> Answer:
        number = params.long("subscriptionId")
        params.refuse_unread()
        session.unsubscribe(number)
        self._on_change()
        return {}

    def _limits(self, visit: _Visit) -> list[dict[str, object]]:
        """Every limit that the request counted towards, with what is used of it."""
        weight = self._exchange.traffic.describe(visit.session.address, visit.now)
        if visit.placed_by is None:
            return [weight]
        return [*self._exchange.order_counts.describe(visit.placed_by, visit.now), weight]


def _told(error: ApiError, time_of: TimeOf, now: int) -> dict[str, object]:
    """The `error` of an answer; where there were too many requests it says when to ask again."""
    if error.retry_at is None:
        return error.body
    return {**error.body, "data": {"serverTime": time_of(now), "retryAfter": time_of(error.retry_at)}}
