"""The exchange's limits: request weight, raw requests and connections per address, unfilled orders per account.

Binance spot rest-api.md (Limits), web-socket-api.md (Rate limits) and the unfilled order count FAQ, 2026-07-21. Windows
are aligned to the clock: a minute begins with the minute, a day at midnight UTC. What goes beyond a limit is refused
with 429; an address that keeps asking all the same is banned (418), from two minutes up to three days, twice as long
each time. How often it may ask all the same is not documented: `refusals_before_ban` is ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

from pydantic import Field

from yunmin.core.data_contracts import Contract
from yunmin.simulation.intervals import DAY, HOUR, MINUTE, SECOND
from yunmin_binance.venue.errors import ApiError

__all__ = ["LimitsConfig", "OrderMeter", "TrafficMeter", "seconds_until"]

_SHORTEST_BAN: Final = 2 * MINUTE
_LONGEST_BAN: Final = 3 * DAY
_A_BAN_IS_REMEMBERED: Final = 3 * DAY

_TAKER_FIRST_FILL: Final = 1
_MAKER_FIRST_FILL: Final = 5

_LENGTHS: Final = {"SECOND": SECOND, "MINUTE": MINUTE, "HOUR": HOUR, "DAY": DAY}


class LimitsConfig(Contract):
    """How much is allowed. The defaults are the exchange's own of 2026-07-21; `is_enforced=False` counts, and refuses
    nothing.

    `refusals_before_ban` requests within one window may be refused before the address is banned.
    """

    is_enforced: bool = True
    weight_per_minute: int = Field(default=6000, ge=1)
    requests_per_5_minutes: int = Field(default=300_000, ge=1)
    orders_per_10_seconds: int = Field(default=100, ge=1)
    orders_per_day: int = Field(default=200_000, ge=1)
    connections_per_5_minutes: int = Field(default=300, ge=1)
    refusals_before_ban: int = Field(default=10, ge=1)

    def describe(self) -> list[dict[str, object]]:
        """The `rateLimits` of exchangeInfo."""
        return [rule.describe() for rule in (self.weight, *self.orders, self.raw_requests)]

    @property
    def weight(self) -> _Rule:
        return _Rule("REQUEST_WEIGHT", "MINUTE", 1, self.weight_per_minute)

    @property
    def orders(self) -> tuple[_Rule, _Rule]:
        return (
            _Rule("ORDERS", "SECOND", 10, self.orders_per_10_seconds),
            _Rule("ORDERS", "DAY", 1, self.orders_per_day),
        )

    @property
    def raw_requests(self) -> _Rule:
        return _Rule("RAW_REQUESTS", "MINUTE", 5, self.requests_per_5_minutes)

    @property
    def connections(self) -> _Rule:
        return _Rule("CONNECTIONS", "MINUTE", 5, self.connections_per_5_minutes)


@dataclass(frozen=True, slots=True)
class _Rule:
    """At most `limit` of something in each `number` intervals of the clock."""

    kind: str
    interval: str
    number: int
    limit: int

    @property
    def length(self) -> int:
        """Microseconds of one window."""
        return _LENGTHS[self.interval] * self.number

    @property
    def per(self) -> str:
        """The window as the exchange's error texts spell it."""
        return f"{self.number} {self.interval}"

    def describe(self) -> dict[str, object]:
        return {
            "rateLimitType": self.kind,
            "interval": self.interval,
            "intervalNum": self.number,
            "limit": self.limit,
        }


class _Window:
    """Counts by key within the current window; a new window starts at zero."""

    def __init__(self, rule: _Rule) -> None:
        self.rule = rule
        self._length = rule.length
        self._number = 0
        self._counts: defaultdict[str, int] = defaultdict(int)

    def add(self, key: str, count: int, now: int) -> int:
        """Add to what `key` has used, never below zero; what is used then."""
        number = now // self._length
        if number != self._number:
            self._number = number
            self._counts.clear()
        used = self._counts[key] = max(self._counts[key] + count, 0)
        return used

    def end(self, now: int) -> int:
        """When the window that contains `now` is over."""
        return (now // self._length + 1) * self._length


@dataclass(slots=True)
class _Record:
    """What is held against one address."""

    refusals: int = 0
    refused_until: int = 0
    bans: int = 0
    banned_until: int = 0


class TrafficMeter:
    """What each address has used of its weight, requests and connection attempts, and who is banned.

    Every request is admitted, and what it weighs used, before anything else is done with it.
    """

    def __init__(self, config: LimitsConfig) -> None:
        self._config = config
        self._weight = _Window(config.weight)
        self._requests = _Window(config.raw_requests)
        self._connections = _Window(config.connections)
        self._records: dict[str, _Record] = {}

    def admit(self, address: str, now: int) -> None:
        """Count one request; refuse it where its address is banned or asks too often."""
        if not self._config.is_enforced:
            return
        self._refuse_banned(address, now)
        if self._requests.add(address, 1, now) > self._config.requests_per_5_minutes:
            # the one documented text that speaks of requests and not of their weight
            self._refuse(address, "Too many requests queued.", self._requests.end(now), now)

    def use(self, address: str, weight: int, now: int) -> None:
        """Use `weight`; refuse where that is more than the limit. What is refused counts too."""
        used = self._weight.add(address, weight, now)
        if self._config.is_enforced and used > self._config.weight_per_minute:
            rule = self._weight.rule
            text = (
                f"Too much request weight used; current limit is {rule.limit} request weight per {rule.per}. "
                "Please use WebSocket Streams for live updates to avoid polling the API."
            )
            self._refuse(address, text, self._weight.end(now), now)

    def count(self, address: str, weight: int, now: int) -> None:
        """Use `weight` where it is too late to refuse."""
        self._weight.add(address, weight, now)

    def is_banned(self, address: str, now: int) -> bool:
        """Whether every request of this address is refused now."""
        record = self._records.get(address)
        return record is not None and now < record.banned_until

    def give_back(self, address: str, weight: int, now: int) -> None:
        """A request turned out to weigh nothing."""
        self._weight.add(address, -weight, now)

    def connect(self, address: str, now: int) -> None:
        """Count one attempt to open a WebSocket; refuse it where there were too many."""
        if not self._config.is_enforced:
            return
        self._refuse_banned(address, now)
        if self._connections.add(address, 1, now) > self._config.connections_per_5_minutes:
            rule = self._connections.rule
            raise ApiError(
                -1034,
                f"Too many connection attempts from IP; current limit is {rule.limit} per '{rule.per}'.",
                status=429,
                retry_at=self._connections.end(now),
            )

    def used(self, address: str, now: int) -> int:
        """The weight used in the current minute."""
        return self._weight.add(address, 0, now)

    def describe(self, address: str, now: int) -> dict[str, object]:
        """The same as one of the `rateLimits` of the WebSocket API."""
        return {**self._weight.rule.describe(), "count": self.used(address, now)}

    def lift_bans(self) -> None:
        """Forget every ban, and what led to it."""
        self._records.clear()

    def _refuse_banned(self, address: str, now: int) -> None:
        record = self._records.get(address)
        if record is not None and now < record.banned_until:
            raise _banned(record.banned_until)

    def _refuse(self, address: str, text: str, until: int, now: int) -> NoReturn:
        record = self._records.setdefault(address, _Record())
        if until != record.refused_until:
            record.refused_until, record.refusals = until, 0
        record.refusals += 1
        if record.refusals <= self._config.refusals_before_ban:
            raise ApiError(-1003, text, status=429, retry_at=until)
        self._ban(record, now)
        raise _banned(record.banned_until)

    def _ban(self, record: _Record, now: int) -> None:
        if now - record.banned_until > _A_BAN_IS_REMEMBERED:
            record.bans = 0
        record.banned_until = now + min(_SHORTEST_BAN << record.bans, _LONGEST_BAN)
        record.bans += 1
        record.refusals = record.refused_until = 0


def seconds_until(moment: int, now: int) -> int:
    """Whole seconds to wait, rounded up and at least one, as the header Retry-After tells them."""
    return max(-(-(moment - now) // SECOND), 1)


def _banned(until: int) -> ApiError:
    return ApiError(
        -1003,
        f"Way too much request weight used; IP banned until {until // 1000}. "
        "Please use WebSocket Streams for live updates to avoid bans.",
        status=418,
        retry_at=until,
    )


class OrderMeter:
    """Unfilled orders of each account in the current ten seconds and the current day.

    An order's first fill takes one off as taker and five as maker, of the current windows, whenever it was placed, and
    never below zero (FAQ, Spot Unfilled Order Count Rules, by its examples).
    """

    def __init__(self, config: LimitsConfig) -> None:
        self._config = config
        self._windows = tuple(_Window(rule) for rule in config.orders)

    def require(self, account: str, orders: int, now: int) -> None:
        """Refuse where `orders` more would be too many (429, -1015)."""
        if not self._config.is_enforced:
            return
        for window in self._windows:
            if window.add(account, 0, now) + orders > window.rule.limit:
                text = f"Too many new orders; current limit is {window.rule.limit} orders per {window.rule.per}."
                raise ApiError(-1015, text, status=429, retry_at=window.end(now))

    def placed(self, account: str, now: int) -> None:
        for window in self._windows:
            window.add(account, 1, now)

    def first_filled(self, account: str, now: int, *, as_maker: bool) -> None:
        credit = _MAKER_FIRST_FILL if as_maker else _TAKER_FIRST_FILL
        for window in self._windows:
            window.add(account, -credit, now)

    def counts(self, account: str, now: int) -> tuple[int, int]:
        """(in ten seconds, in the day)."""
        short, long = (window.add(account, 0, now) for window in self._windows)
        return short, long

    def describe(self, account: str, now: int) -> list[dict[str, object]]:
        """The limits with what is used of them, as GET rateLimit/order and the WebSocket API tell them."""
        return list(self._described(account, now))

    def _described(self, account: str, now: int) -> Iterator[dict[str, object]]:
        for window in self._windows:
            yield {**window.rule.describe(), "count": window.add(account, 0, now)}
