"""One request on its way through an endpoint, and what an endpoint is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from yunmin_binance.venue.config import KeyRight
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.exchange import Exchange, Member
from yunmin_binance.venue.params import Params

__all__ = ["Answer", "Call", "Endpoint", "Security", "Weight"]

Answer = Mapping[str, object] | Sequence[object]
Weight = int | Callable[[Mapping[str, str]], int]


class Security(Enum):
    """What a request needs: nothing, a key, or a key and a signature."""

    NONE = "NONE"
    KEY = "KEY"
    SIGNED = "SIGNED"


@dataclass(frozen=True, slots=True)
class Call:
    """What an endpoint works with. `now` is in microseconds; `in_micros` says how times are to be told."""

    exchange: Exchange
    params: Params
    now: int
    in_micros: bool
    caller: Member | None

    @property
    def member(self) -> Member:
        """Who is asking; endpoints that need to know are SIGNED or need a KEY."""
        if self.caller is None:
            raise ApiError.unknown_key()
        return self.caller

    @property
    def account(self) -> str:
        """The name of the account that is asking."""
        return self.member.account.name

    def time_of(self, micros: int) -> int:
        """A moment in the unit that the request asked for."""
        return micros if self.in_micros else micros // 1000

    def last_of(self, micros: int) -> int:
        """The last moment, in that unit, before `micros`."""
        return self.time_of(micros) - 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation. `weight` counts against the address; `free_when_done` means only where it fails.

    One that `places_order` is refused where `order_count` more unfilled orders would be too many; with zero it looks
    to that itself.

    Successful order placement and cancellation weigh nothing since 2026-04-02 (changelog).
    """

    method: str
    path: str
    handle: Callable[[Call], Answer]
    weight: Weight
    security: Security = Security.NONE
    free_when_done: bool = False
    places_order: bool = False
    order_count: int = 1

    @property
    def right(self) -> KeyRight:
        """What a key must be allowed to do here: whatever is signed and changes something is trading."""
        if self.security is Security.KEY:
            return KeyRight.USER_STREAM
        return KeyRight.USER_DATA if self.method == "GET" else KeyRight.TRADE

    def weigh(self, sent: Mapping[str, str]) -> int:
        """The weight of a request with these parameters."""
        return self.weight if isinstance(self.weight, int) else self.weight(sent)
