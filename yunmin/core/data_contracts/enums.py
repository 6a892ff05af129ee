"""The closed vocabularies of trading: each word once, upper case, as text in JSON."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "CancelState",
    "Certainty",
    "FillKind",
    "Liquidity",
    "OrderState",
    "OrderType",
    "Origin",
    "Side",
    "Source",
    "TimeInForce",
    "Verdict",
]


class Side(StrEnum):
    """Which way an order or a fill goes."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """How an order asks to be executed. LIMIT_MAKER is a limit order that may only add liquidity (post-only)."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    LIMIT_MAKER = "LIMIT_MAKER"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"


class TimeInForce(StrEnum):
    """How long an order asks to live: until cancelled, immediate or cancel, fill or kill."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class OrderState(StrEnum):
    """The eight states of an order. What is uncertain is said beside the state, never by a ninth."""

    PENDING = "PENDING"
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


class Certainty(StrEnum):
    """How well the state is known: by evidence, not at all yet, or contradicted by an absence."""

    CONFIRMED = "CONFIRMED"
    UNKNOWN = "UNKNOWN"
    SUSPECT = "SUSPECT"


class CancelState(StrEnum):
    """What became of the last cancel of an order that is still open."""

    NONE = "NONE"
    REQUESTED = "REQUESTED"
    UNKNOWN = "UNKNOWN"
    REFUSED = "REFUSED"


class Verdict(StrEnum):
    """What one command came to, as far as it is proven."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


class FillKind(StrEnum):
    """REAL: the exchange named the trade. INFERRED: cumulative figures say that it must exist."""

    REAL = "REAL"
    INFERRED = "INFERRED"


class Liquidity(StrEnum):
    """Whether a fill took liquidity from the book or had been resting in it."""

    MAKER = "MAKER"
    TAKER = "TAKER"


class Origin(StrEnum):
    """Who made the order: this program, or somebody else on the same account."""

    OWN = "OWN"
    EXTERNAL = "EXTERNAL"


class Source(StrEnum):
    """Where a piece of news came from."""

    ACK = "ACK"
    REST = "REST"
    STREAM = "STREAM"
    LOCAL = "LOCAL"
