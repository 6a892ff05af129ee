"""What went wrong, as a tree: the class of an error says what the caller may conclude.

YunminError
├── ConfigurationError          the set-up is wrong; nothing was sent
├── InvalidValue                a value is outside its bounds; nothing was sent
├── LifecycleError              an order was asked to do what its life does not allow
├── JournalError                the order journal cannot do what was asked; no new order may be sent
│   ├── JournalUnavailable      it cannot be opened: a folder that is read-only, no more files allowed
│   ├── JournalBusy             another process has it
│   ├── JournalFenced           another process took it over
│   ├── JournalDamaged          what it holds is not what was written
│   ├── JournalTooNew           a later version wrote it
│   └── JournalUnwritable       it was not written
│       └── JournalFull         for want of space
├── SubmitsPaused               new orders are not taken now; nothing was sent, cancels still are
└── ExchangeError               an exchange was involved
    ├── ConnectivityError       WE DO NOT KNOW: the question has no answer yet
    │   ├── Timeout
    │   ├── Unavailable
    │   ├── RateLimited         a query was turned away; carries retry_after
    │   └── OutcomeUnknown      a command left (or may have left); look, do not resend
    ├── Rejected                IT SAID NO: proven, this request did nothing
    │   ├── AuthenticationFailed
    │   ├── PermissionDenied
    │   ├── InsufficientFunds
    │   ├── InvalidOrder
    │   ├── OrderNotFound
    │   ├── DuplicateOrder      the id exists already: the earlier order is real
    │   ├── UnknownSymbol
    │   ├── MarketClosed
    │   └── ClockSkew
    ├── MalformedResponse       the answer could not be read as what it must be
    │   └── CrossedAnswer       it is about another order than the one that was sent
    └── NotSupported            this exchange or adapter does not offer it
"""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "AuthenticationFailed",
    "ClockSkew",
    "ConfigurationError",
    "ConnectivityError",
    "CrossedAnswer",
    "DuplicateOrder",
    "ExchangeError",
    "InsufficientFunds",
    "InvalidOrder",
    "InvalidValue",
    "JournalBusy",
    "JournalDamaged",
    "JournalError",
    "JournalFenced",
    "JournalFull",
    "JournalTooNew",
    "JournalUnavailable",
    "JournalUnwritable",
    "LifecycleError",
    "MalformedResponse",
    "MarketClosed",
    "NotSupported",
    "OrderNotFound",
    "OutcomeUnknown",
    "PermissionDenied",
    "RateLimited",
    "RejectReason",
    "RejectSource",
    "Rejected",
    "SubmitsPaused",
    "Timeout",
    "Unavailable",
    "UnknownSymbol",
    "YunminError",
]


class RejectReason(StrEnum):
    """Why an order or a cancel was refused, in words that no exchange owns."""

    AUTHENTICATION = "AUTHENTICATION"
    PERMISSION = "PERMISSION"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    POST_ONLY = "POST_ONLY"
    RULE_VIOLATION = "RULE_VIOLATION"
    INVALID_REQUEST = "INVALID_REQUEST"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    DUPLICATE_ID = "DUPLICATE_ID"
    MARKET_CLOSED = "MARKET_CLOSED"
    RATE_LIMITED = "RATE_LIMITED"
    CLOCK = "CLOCK"
    NOT_SENT = "NOT_SENT"
    NOT_PLACED = "NOT_PLACED"
    OTHER = "OTHER"


class RejectSource(StrEnum):
    """Who said no."""

    LOCAL = "LOCAL"
    EXCHANGE = "EXCHANGE"
    TRANSPORT = "TRANSPORT"


class YunminError(Exception):
    """The root of every error that Yunmin raises on purpose."""


class ConfigurationError(YunminError):
    """The set-up is wrong. Nothing was sent."""


class InvalidValue(YunminError, ValueError):
    """A value is outside the bounds of its kind. Nothing was sent."""


class LifecycleError(YunminError):
    """An order was asked to do what its life does not allow."""


class JournalError(YunminError):
    """The order journal cannot do what was asked. No new order may be sent; a cancel may, it only takes away."""


class JournalUnavailable(JournalError):
    """The journal cannot be opened: the folder, its rights, or the number of open files."""


class JournalBusy(JournalError):
    """Another process writes this journal: `pid` on `host`, `since` (ISO 8601). None where that cannot be read."""

    def __init__(
        self, message: str, *, pid: int | None = None, host: str | None = None, since: str | None = None
    ) -> None:
        super().__init__(message)
        self.pid = pid
        self.host = host
        self.since = since


class JournalFenced(JournalError):
    """Another process took the journal over: this one may write no more."""


class JournalDamaged(JournalError):
    """What the journal holds is not what was written; `seq` is the first record that is wrong, where one is known."""

    def __init__(self, message: str, *, seq: int | None = None) -> None:
        super().__init__(message)
        self.seq = seq


class JournalTooNew(JournalError):
    """A later version of Yunmin wrote the journal."""


class JournalUnwritable(JournalError):
    """The disk did not take it: nothing of what was to be written counts as kept."""


class JournalFull(JournalUnwritable):
    """The disk did not take it for want of space."""


class SubmitsPaused(YunminError):
    """New orders are not taken now, and the text says why. Nothing was sent. Cancels are still taken."""


class ExchangeError(YunminError):
    """Something about an exchange; `code` is the exchange's own code where it gave one."""

    def __init__(self, message: str, *, code: int | str | None = None, http_status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status


class ConnectivityError(ExchangeError):
    """The question has no answer yet: nothing may be concluded about the order or the account."""


class Timeout(ConnectivityError):
    """No answer came within the time allowed."""


class Unavailable(ConnectivityError):
    """The exchange could not be reached, or answered that it is not serving."""


class RateLimited(ConnectivityError):
    """A query was turned away for its rate. `retry_after` is in seconds, None where not said."""

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        code: int | str | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(message, code=code, http_status=http_status)
        self.retry_after = retry_after


class OutcomeUnknown(ConnectivityError):
    """A command may have been carried out. Never send it again: ask the exchange by client order id.

    `is_crossed` where an answer came, and was about another order: then no answer on this way can be trusted.
    """

    def __init__(
        self,
        message: str,
        *,
        client_order_id: str | None = None,
        is_crossed: bool = False,
        code: int | str | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(message, code=code, http_status=http_status)
        self.client_order_id = client_order_id
        self.is_crossed = is_crossed


class Rejected(ExchangeError):
    """A proven no. `reason` says why in neutral words, `source` who said it, `retry_after` seconds if told to wait."""

    default_reason = RejectReason.OTHER

    def __init__(
        self,
        message: str,
        *,
        reason: RejectReason | None = None,
        source: RejectSource = RejectSource.EXCHANGE,
        retry_after: float | None = None,
        code: int | str | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(message, code=code, http_status=http_status)
        self.reason = reason or self.default_reason
        self.source = source
        self.retry_after = retry_after


class AuthenticationFailed(Rejected):
    """The key, the signature or the address was not accepted."""

    default_reason = RejectReason.AUTHENTICATION


class PermissionDenied(Rejected):
    """The key is good, but not for this."""

    default_reason = RejectReason.PERMISSION


class InsufficientFunds(Rejected):
    """The account does not hold what the order needs."""

    default_reason = RejectReason.INSUFFICIENT_FUNDS


class InvalidOrder(Rejected):
    """The order breaks a rule of the market, of the exchange, or of Yunmin."""

    default_reason = RejectReason.INVALID_REQUEST


class OrderNotFound(Rejected):
    """The exchange does not know the order. That proves nothing about an order that was just sent."""

    default_reason = RejectReason.UNKNOWN_ORDER


class DuplicateOrder(Rejected):
    """The client order id is in use: the earlier order with this id exists and must be adopted."""

    default_reason = RejectReason.DUPLICATE_ID


class UnknownSymbol(Rejected):
    """No such market here."""

    default_reason = RejectReason.UNKNOWN_SYMBOL


class MarketClosed(Rejected):
    """The market exists but takes no orders now."""

    default_reason = RejectReason.MARKET_CLOSED


class ClockSkew(Rejected):
    """The request's timestamp was outside the exchange's window; it was refused before matching."""

    default_reason = RejectReason.CLOCK


class MalformedResponse(ExchangeError):
    """The answer could not be read as what it must be."""


class CrossedAnswer(MalformedResponse):
    """The answer to a command is about another order, symbol or side: something on the way mixes answers up."""


class NotSupported(ExchangeError):
    """This exchange, or this adapter, does not offer what was asked."""
