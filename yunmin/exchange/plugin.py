"""What an adapter package hands over: a name and the ways to make its parts, none of them loaded yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from yunmin.clock import Clock
from yunmin.exchange.capabilities import Traits
from yunmin.exchange.config import ConnectorConfig, Credentials, LiveConsent
from yunmin.exchange.connector import ExchangeConnector

__all__ = ["AdapterPlugin", "ConnectionWish", "RunningVenue", "TrialReport", "VenueOptions", "VenueTrial"]


@dataclass(frozen=True, kw_only=True, slots=True)
class VenueOptions:
    """How a local venue is to run, in words that no exchange owns.

    A `port` of 0 is any free one, None the adapter's usual one. `step_interval` is the number of seconds between two
    moves of its market makers; 0 moves only when told. `legacy_listen_key` asks for the user data streams by listen key
    that an exchange has retired; a venue of an exchange that never had them knows nothing of it.
    """

    host: str = "127.0.0.1"
    port: int | None = 0
    seed: int = 1
    candles: str | None = None
    candles_symbol: str | None = None
    step_interval: float = 0.25
    legacy_listen_key: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionWish:
    """What a user said of where to connect; the adapter completes it from its own settings and environment."""

    environment: str | None = None
    base_url: str | None = None
    timeout: float = 5.0
    live_consent: LiveConsent | None = None


class RunningVenue(Protocol):
    """A local venue that is up."""

    @property
    def url(self) -> str:
        """The base address of its REST interface, without a trailing slash."""
        ...

    @property
    def credentials(self) -> Credentials:
        """Play-money credentials of its default account."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class VenueTrial:
    """Random orders to be sent through a local venue's order entry: how many, by how many accounts, from which seed.

    `log_file` gets every request, answer and event of it.
    """

    orders: int
    accounts: int
    seed: int
    log_file: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialReport:
    """What a trial came to. The same trial must give the same `log_sha256`, byte for byte.

    `kinds` counts what was sent, by kind and outcome; `answers` counts what was said. `violations` are in words; an
    empty one means that value was conserved, no book was crossed, no update was lost and every order's fills add up.
    """

    orders: int
    requests: int
    fills: int
    events: int
    kinds: Mapping[str, int]
    answers: Mapping[str, int]
    violations: tuple[str, ...]
    log_sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AdapterPlugin:
    """One adapter. Loading the plugin must import neither ccxt nor the connector: both wait in the factories."""

    name: str
    title: str
    traits: Callable[[], Traits]
    connector: Callable[[ConnectorConfig, Clock], ExchangeConnector]
    configure: Callable[[ConnectionWish], ConnectorConfig]
    local_venue: Callable[[VenueOptions], AbstractAsyncContextManager[RunningVenue]] | None = None
    local_credentials: Callable[[], Credentials] | None = None
    venue_trial: Callable[[VenueTrial, Callable[[int], None]], TrialReport] | None = None
    environment_variables: tuple[str, ...] = ()
