"""Every ccxt class has its meaning; a command is refused or unsent only by proof."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp
import pytest
from ccxt.base import errors as ccxt_errors
from ccxt.base.errors import error_hierarchy

from yunmin import errors
from yunmin.ccxt_bridge.errors import CLASS_TABLE, Refusal, RefusalTable, translate_command, translate_question
from yunmin.ccxt_bridge.guarded import Answer
from yunmin.ccxt_bridge.transport import Departure, HostNotAllowed
from yunmin.errors import ConnectivityError, ExchangeError, OutcomeUnknown, Rejected, RejectReason, RejectSource

TABLE = RefusalTable(
    read_code=lambda body: (body["code"], str(body.get("text"))) if isinstance(body, dict) and "code" in body else None,
    codes={5: Refusal(errors.InvalidOrder)},
    messages={(5, "twice"): Refusal(errors.DuplicateOrder)},
    message_prefixes={(5, "Rule:"): Refusal(errors.InvalidOrder, RejectReason.RULE_VIOLATION)},
    statuses={429: Refusal(Rejected, RejectReason.RATE_LIMITED)},
)


def names_in(tree: Mapping[str, Any]) -> Iterator[str]:
    for name, below in tree.items():
        yield name
        yield from names_in(below)


def test_the_table_and_ccxts_hierarchy_name_the_same_classes() -> None:
    assert sorted(CLASS_TABLE) == sorted(names_in(error_hierarchy))


def test_every_class_of_ccxts_module_is_in_its_hierarchy() -> None:
    classes = {
        name
        for name, found in vars(ccxt_errors).items()
        if isinstance(found, type) and issubclass(found, Exception) and found.__module__ == ccxt_errors.__name__
    }
    assert classes <= set(CLASS_TABLE)


EXPECTED = {
    "OrderNotFound": errors.OrderNotFound,
    "OrderNotCached": errors.OrderNotFound,
    "DuplicateOrderId": errors.DuplicateOrder,
    "InvalidOrder": errors.InvalidOrder,
    "InsufficientFunds": errors.InsufficientFunds,
    "BadSymbol": errors.UnknownSymbol,
    "BadRequest": errors.InvalidOrder,
    "PermissionDenied": errors.PermissionDenied,
    "AccountSuspended": errors.PermissionDenied,
    "AuthenticationError": errors.AuthenticationFailed,
    "MarketClosed": errors.MarketClosed,
    "InvalidNonce": errors.ClockSkew,
    "RequestTimeout": errors.Timeout,
    "RateLimitExceeded": errors.RateLimited,
    "DDoSProtection": errors.RateLimited,
    "NetworkError": errors.Unavailable,
    "ExchangeNotAvailable": errors.Unavailable,
    "OnMaintenance": errors.Unavailable,
    "OperationFailed": errors.Unavailable,
    "BadResponse": errors.MalformedResponse,
    "NotSupported": errors.NotSupported,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_nearest_class_decides_what_a_failed_question_means(name: str) -> None:
    """ccxt's OrderNotFound is an InvalidOrder, its RequestTimeout a NetworkError: the subclass comes first."""
    found = translate_question(getattr(ccxt_errors, name)("http://host/?signature=abc"), what="it")
    assert type(found) is EXPECTED[name]


@pytest.mark.parametrize("name", sorted(names_in(error_hierarchy)))
def test_no_class_lets_ccxts_text_through(name: str) -> None:
    secret = "https://host/order?signature=deadbeef"
    for found in (
        translate_question(getattr(ccxt_errors, name)(secret), what="it"),
        command(getattr(ccxt_errors, name)(secret)),
    ):
        assert isinstance(found, ExchangeError)
        assert "deadbeef" not in str(found)
        assert (found.__cause__, found.__context__) == (None, None)


@pytest.mark.parametrize("name", sorted(names_in(error_hierarchy)))
def test_no_class_by_itself_proves_a_refusal_of_a_command(name: str) -> None:
    assert type(command(getattr(ccxt_errors, name)("no"))) is OutcomeUnknown


@pytest.mark.parametrize("name", sorted(names_in(error_hierarchy)))
@pytest.mark.parametrize("status", [200, 307, 500, 503])
def test_a_refusal_code_outside_of_4xx_proves_nothing(name: str, status: int) -> None:
    assert type(command(answered(getattr(ccxt_errors, name)("no"), status, {"code": 5}))) is OutcomeUnknown


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        KeyError("x"),
        RecursionError(),
        MemoryError(),
        AssertionError(),
        ArithmeticError(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"),
        OSError(),
        ConnectionResetError(),
        TimeoutError(),
        ssl.SSLError(),
        aiohttp.ClientError(),
        aiohttp.ServerDisconnectedError(),
        errors.MalformedResponse("x"),
        errors.InvalidValue("x"),
        errors.ConfigurationError("x"),
        Rejected("x"),
        asyncio.CancelledError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_anything_after_the_departure_is_unknown(error: BaseException) -> None:
    found = command(error)
    assert type(found) is OutcomeUnknown
    assert found.client_order_id == "mine"


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        ccxt_errors.ExchangeNotAvailable("x"),
        ccxt_errors.RequestTimeout("x"),
        OSError(),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_anything_before_the_departure_is_proven_not_sent(error: BaseException) -> None:
    found = command(error, left=False)
    assert type(found) is Rejected
    assert (found.reason, found.source) == (RejectReason.NOT_SENT, RejectSource.TRANSPORT)


def test_an_own_error_before_the_departure_is_kept() -> None:
    own = errors.NotSupported("x")
    assert command(own, left=False) is own
    assert type(command(HostNotAllowed("x"), left=False)) is errors.ConfigurationError


def test_a_cancellation_before_the_departure_stays_one_without_its_frames() -> None:
    def deep() -> None:
        raise asyncio.CancelledError("stop")

    with pytest.raises(asyncio.CancelledError) as caught:
        deep()
    found = command(caught.value, left=False)
    assert type(found) is asyncio.CancelledError
    assert (found.args, found.__traceback__) == (("stop",), None)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ({"code": 5, "text": "no"}, errors.InvalidOrder, RejectReason.INVALID_REQUEST),
        ({"code": 5, "text": "twice"}, errors.DuplicateOrder, RejectReason.DUPLICATE_ID),
        ({"code": 5, "text": "Rule: step"}, errors.InvalidOrder, RejectReason.RULE_VIOLATION),
    ],
)
def test_a_code_in_the_table_with_a_4xx_is_a_refusal(body: Any, kind: type[Rejected], reason: RejectReason) -> None:
    found = command(answered(ccxt_errors.ExchangeError("x"), 400, body))
    assert type(found) is kind
    assert (found.reason, found.code, found.http_status) == (reason, 5, 400)


@pytest.mark.parametrize("body", [None, {}, [], "x", {"code": 6}, {"code": None}])
def test_a_4xx_without_a_code_of_the_table_is_unknown(body: Any) -> None:
    assert type(command(answered(ccxt_errors.InvalidOrder("x"), 400, body))) is OutcomeUnknown


def test_a_refusal_for_the_rate_says_how_long_to_wait() -> None:
    found = command(answered(ccxt_errors.DDoSProtection("x"), 429, None, {"retry-after": "9"}))
    assert isinstance(found, Rejected)
    assert (found.reason, found.retry_after) == (RejectReason.RATE_LIMITED, 9.0)


@pytest.mark.parametrize("status", [418, 429])
def test_a_question_turned_away_for_its_rate_is_rate_limited(status: int) -> None:
    found = translate_question(
        answered(ccxt_errors.DDoSProtection("x"), status, None, {"Retry-After": "9"}), what="it", table=TABLE
    )
    assert isinstance(found, errors.RateLimited)
    assert found.retry_after == 9.0


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (TimeoutError(), errors.Timeout),
        (aiohttp.ServerTimeoutError(), errors.Timeout),
        (aiohttp.ClientPayloadError(), errors.Unavailable),
        (ConnectionResetError(), errors.Unavailable),
    ],
)
def test_a_question_cut_off_is_a_matter_of_the_connection(cause: Exception, kind: type[ConnectivityError]) -> None:
    """ccxt calls an answer cut in mid-body a bare ExchangeError."""
    error = ccxt_errors.ExchangeError("x")
    error.__cause__ = cause
    assert type(translate_question(error, what="it")) is kind


def test_a_code_of_the_exchange_decides_before_ccxts_class_does() -> None:
    found = translate_question(
        answered(ccxt_errors.DDoSProtection("x"), 401, {"code": 5, "text": "twice"}), what="it", table=TABLE
    )
    assert type(found) is errors.DuplicateOrder


def command(error: BaseException, *, left: bool = True) -> Any:
    return translate_command(
        error, departure=Departure(left=left), table=TABLE, what="the order", client_order_id="mine"
    )


def answered(error: Exception, status: int, body: Any, headers: Mapping[str, str] | None = None) -> Exception:
    error.yunmin_answer = Answer(status, body, headers or {})  # type: ignore[attr-defined]  # as the guard does
    return error
