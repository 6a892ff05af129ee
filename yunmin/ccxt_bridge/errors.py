"""What a failure means: ccxt's classes for questions, proofs for commands.

A question (a GET) may fail in any way without harm, so one table from ccxt's exception classes to ours is enough. A
command (place, cancel) is classified by allow-list: refused only when an answer that was read to its end proves it,
not sent only when it provably never left; everything else is unknown, whatever its class.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from yunmin import errors
from yunmin.ccxt_bridge.guarded import Answer, UnexpectedStatus, answer_of
from yunmin.ccxt_bridge.transport import Departure, HostNotAllowed
from yunmin.errors import ExchangeError, OutcomeUnknown, Rejected, RejectReason, RejectSource, YunminError

__all__ = ["CLASS_TABLE", "Refusal", "RefusalTable", "translate_command", "translate_question"]

Maker = Callable[[str, Answer | None], ExchangeError]


def _make(kind: type[ExchangeError]) -> Maker:
    def make(message: str, answer: Answer | None) -> ExchangeError:
        return kind(message, code=_code(answer), http_status=None if answer is None else answer.status)

    return make


def _rejected(reason: RejectReason) -> Maker:
    def make(message: str, answer: Answer | None) -> ExchangeError:
        return Rejected(
            message, reason=reason, code=_code(answer), http_status=None if answer is None else answer.status
        )

    return make


def _rate_limited(message: str, answer: Answer | None) -> ExchangeError:
    return errors.RateLimited(
        message,
        retry_after=None if answer is None else answer.retry_after,
        code=_code(answer),
        http_status=None if answer is None else answer.status,
    )


CLASS_TABLE: Final[Mapping[str, Maker]] = {
    "BaseError": _make(errors.Unavailable),
    "ExchangeError": _make(errors.MalformedResponse),
    "AuthenticationError": _make(errors.AuthenticationFailed),
    "PermissionDenied": _make(errors.PermissionDenied),
    "AccountNotEnabled": _make(errors.PermissionDenied),
    "AccountSuspended": _make(errors.PermissionDenied),
    "ArgumentsRequired": _make(errors.InvalidOrder),
    "BadRequest": _make(errors.InvalidOrder),
    "BadSymbol": _make(errors.UnknownSymbol),
    "OperationRejected": _rejected(RejectReason.OTHER),
    "NoChange": _rejected(RejectReason.OTHER),
    "MarginModeAlreadySet": _rejected(RejectReason.OTHER),
    "MarketClosed": _make(errors.MarketClosed),
    "ManualInteractionNeeded": _make(errors.PermissionDenied),
    "RestrictedLocation": _make(errors.PermissionDenied),
    "InsufficientFunds": _make(errors.InsufficientFunds),
    "InvalidAddress": _make(errors.InvalidOrder),
    "AddressPending": _make(errors.InvalidOrder),
    "InvalidOrder": _make(errors.InvalidOrder),
    "OrderNotFound": _make(errors.OrderNotFound),
    "OrderNotCached": _make(errors.OrderNotFound),
    "OrderImmediatelyFillable": _rejected(RejectReason.POST_ONLY),
    "OrderNotFillable": _rejected(RejectReason.OTHER),
    "DuplicateOrderId": _make(errors.DuplicateOrder),
    "ContractUnavailable": _make(errors.MarketClosed),
    "NotSupported": _make(errors.NotSupported),
    "InvalidProxySettings": _make(errors.Unavailable),
    "ExchangeClosedByUser": _make(errors.Unavailable),
    "OperationFailed": _make(errors.Unavailable),
    "NetworkError": _make(errors.Unavailable),
    "DDoSProtection": _rate_limited,
    "RateLimitExceeded": _rate_limited,
    "ExchangeNotAvailable": _make(errors.Unavailable),
    "OnMaintenance": _make(errors.Unavailable),
    "InvalidNonce": _make(errors.ClockSkew),
    "ChecksumError": _make(errors.MalformedResponse),
    "RequestTimeout": _make(errors.Timeout),
    "BadResponse": _make(errors.MalformedResponse),
    "NullResponse": _make(errors.MalformedResponse),
    "CancelPending": _make(errors.Unavailable),
    "UnsubscribeError": _make(errors.Unavailable),
}
"""Every class of `ccxt.base.errors.error_hierarchy` by name, and the error that a failed question becomes."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a proven refusal is, in our words."""

    error: type[Rejected] = Rejected
    reason: RejectReason | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusalTable:
    """An exchange's proven refusals of a command: answers after which the command certainly did nothing.

    `codes` holds for HTTP 4xx answers whose JSON names that code; `messages` refines a code by its exact text;
    `message_prefixes` by how it begins. `statuses` are HTTP statuses that prove a refusal by themselves. `read_code`
    takes code and text out of a parsed body; it returns None where the body is no error of this exchange.
    """

    read_code: Callable[[Any], tuple[int | str, str] | None]
    codes: Mapping[int | str, Refusal] = field(default_factory=dict)
    messages: Mapping[tuple[int | str, str], Refusal] = field(default_factory=dict)
    message_prefixes: Mapping[tuple[int | str, str], Refusal] = field(default_factory=dict)
    statuses: Mapping[int, Refusal] = field(default_factory=dict)

    def proof(self, answer: Answer | None) -> tuple[Refusal, int | str | None, str] | None:
        """(refusal, code, text) where `answer` proves one."""
        if answer is None or not 400 <= answer.status < 500:
            return None
        named = self.read_code(answer.body)
        code, text = named if named is not None else (None, f"HTTP {answer.status}")
        if answer.status in self.statuses:
            return self.statuses[answer.status], code, text
        if code is None or code not in self.codes:
            return None
        return self._refined(code, text), code, text

    def _refined(self, code: int | str, text: str) -> Refusal:
        if (code, text) in self.messages:
            return self.messages[(code, text)]
        for (known, prefix), refusal in self.message_prefixes.items():
            if known == code and text.startswith(prefix):
                return refusal
        return self.codes[code]


def translate_command(
    error: BaseException, *, departure: Departure, table: RefusalTable, what: str, client_order_id: str | None
) -> BaseException:
    """The error that a failed command becomes. `what` names the command for the message.

    A cancelled task stays cancelled as long as nothing can have left; afterwards its outcome is unknown too.
    """
    if isinstance(error, (YunminError, HostNotAllowed)) and not departure.left:
        return error if isinstance(error, YunminError) else errors.ConfigurationError(str(error))
    if not departure.left:
        return _not_sent(error, what)
    answer = answer_of(error)
    proof = table.proof(answer)
    if proof is not None and answer is not None:
        refusal, code, text = proof
        return refusal.error(
            f"{what} was refused: {text}",
            reason=refusal.reason,
            code=code,
            http_status=answer.status,
            retry_after=answer.retry_after,
        )
    return OutcomeUnknown(
        f"{what}: the outcome is not known ({_shown(error, answer)}). It may have been carried out: do not send it "
        "again, ask for the order by its client order id",
        client_order_id=client_order_id,
        is_crossed=isinstance(error, errors.CrossedAnswer),
        code=_code(answer),
        http_status=None if answer is None else answer.status,
    )


def _not_sent(error: BaseException, what: str) -> BaseException:
    if isinstance(error, asyncio.CancelledError):
        return asyncio.CancelledError(*error.args)  # without the frames below, whose locals hold the signed request
    if not isinstance(error, Exception):
        return error
    return Rejected(
        f"{what} was not sent ({_shown(error, None)}). Nothing left this machine",
        reason=RejectReason.NOT_SENT,
        source=RejectSource.TRANSPORT,
    )


def translate_question(error: Exception, *, what: str, table: RefusalTable | None = None) -> YunminError:
    """The error that a failed question becomes; ccxt's own text, which holds signed URLs, stays behind.

    `table` lets an exchange's own codes decide before ccxt's classes do. Raise the result outside of the handler that
    caught `error`, so that nothing of it travels along as context.
    """
    if isinstance(error, YunminError):
        return error
    if isinstance(error, HostNotAllowed):
        return errors.ConfigurationError(str(error))
    answer = answer_of(error)
    if answer is not None and answer.status in (418, 429):
        return _rate_limited(f"{what}: the exchange turned it away for its rate", answer)
    proof = None if table is None else table.proof(answer)
    if proof is not None and answer is not None:
        refusal, code, text = proof
        return refusal.error(f"{what}: {text}", reason=refusal.reason, code=code, http_status=answer.status)
    message = f"{what} failed ({_shown(error, answer)})"
    for ancestor in type(error).__mro__:
        if ancestor.__module__.startswith("ccxt.") and ancestor.__name__ in CLASS_TABLE:
            if answer is None and isinstance(error.__cause__, (aiohttp.ClientError, OSError, TimeoutError)):
                kind = errors.Timeout if isinstance(error.__cause__, TimeoutError) else errors.Unavailable
                return kind(message)
            return CLASS_TABLE[ancestor.__name__](message, answer)
    if isinstance(error, (aiohttp.ClientError, OSError, UnexpectedStatus)):
        return _make(errors.Unavailable)(message, answer)
    return errors.MalformedResponse(message)


def _code(answer: Answer | None) -> int | str | None:
    body = None if answer is None else answer.body
    code = body.get("code") if isinstance(body, dict) else None
    return code if type(code) is int or (type(code) is str and len(code) <= 32) else None


def _shown(error: BaseException, answer: Answer | None) -> str:
    """A failure in words that hold no URL, key or signature: its class, its cause's class, the status and code."""
    if isinstance(error, YunminError):
        return str(error)
    names = [type(error).__name__]
    if error.__cause__ is not None:
        names.append(type(error.__cause__).__name__)
    shown = " from ".join(names)
    if answer is not None:
        shown += f", HTTP {answer.status}"
        code = _code(answer)
        if code is not None:
            shown += f", code {code}"
    return shown
