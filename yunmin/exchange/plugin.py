"""What an adapter package hands over: a name and the ways to make its parts, none of them loaded yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Protocol

from pydantic import SecretStr

from yunmin.clock import Clock
from yunmin.core.data_contracts.enums import Liquidity, OrderState, OrderType, Side
from yunmin.exchange.capabilities import Traits
from yunmin.exchange.config import ConnectorConfig, Credentials, LiveConsent
from yunmin.exchange.connector import ExchangeConnector

__all__ = [
    "AdapterPlugin",
    "ConnectionWish",
    "FuzzTarget",
    "LedgerBalance",
    "LedgerFill",
    "LedgerOrder",
    "RunningVenue",
    "TrialReport",
    "VenueAccount",
    "VenueLedger",
    "VenueOptions",
    "VenueTrial",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class VenueOptions:
    """How a local venue is to run, in words that no exchange owns.

    What is None is as `config_file` says, else as usual. A `port` of 0 is any free one. The venue lives by `clock`, the
    machine's where none is given; all seconds here are of it. It goes `pace` times as fast as the wall,
    by which connections are kept. `step_interval` is the number of seconds between two
    moves of its market makers; 0 moves only when told. `candles` or `trades` is a file whose prices move
    `replay_symbol`; `candles` may also be a folder, whose files move the markets that their names begin with. They go
    `speed` times as fast as they were recorded. Without a speed, under a `clock` of one's own, everything recorded
    happens at its own moment by that clock, which is to start when the data does (yunmin.simulation.candles tells when
    that is), or as much later as there is to be a past; without either, they go by one point a move.
    `history` is how much of the markets' past has happened before the doors open: the first part of what was recorded,
    or the way that a random walk came. By recorded time, all that was before the clock's start, if no history is named.
    With a `tls_folder` it speaks TLS too, on `tls_port`, by certificates that are kept or made there.
    `enforces_limits` of False lets clients ask as often as they like, for trials under load.
    `on_notice` hears, in words, what its owner should know while it runs.
    `legacy_listen_key` asks for the user data streams by listen key that an exchange has retired; a venue of an
    exchange that never had them knows nothing of it.
    `state_file` is read where it exists, so that the venue goes on where it stopped, and written while it runs and when
    it stops.
    """

    config_file: str | None = None
    host: str | None = None
    port: int | None = 0
    seed: int | None = None
    candles: str | None = None
    trades: str | None = None
    replay_symbol: str | None = None
    speed: Decimal | None = None
    step_interval: float | None = None
    enforces_limits: bool = True
    legacy_listen_key: bool = False
    tls_folder: str | None = None
    tls_port: int | None = None
    state_file: str | None = None
    on_notice: Callable[[str], None] | None = None
    clock: Clock | None = None
    pace: float | None = None
    history: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class VenueAccount:
    """An account that somebody can log in to. The secret is None where it signs with a key of its own."""

    name: str
    api_key: SecretStr
    api_secret: SecretStr | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionWish:
    """What a user said of where to connect; the adapter completes it from its own settings and environment.

    `credentials` are the user's own; an adapter takes them before its own settings', but never sends them to a local
    venue, whose keys are play money.
    """

    environment: str | None = None
    base_url: str | None = None
    timeout: float = 5.0
    live_consent: LiveConsent | None = None
    credentials: Credentials | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerOrder:
    """An order as the venue has it. `symbol` is BASE/QUOTE; quantities are in base units, the price in quote units.

    `qty` is None where the order names what to spend, and was not sized yet; `average_price` is None without a fill.
    """

    symbol: str
    client_order_id: str
    exchange_order_id: str
    side: Side
    order_type: OrderType
    qty: Decimal | None
    filled: Decimal
    average_price: Decimal | None
    state: OrderState


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerFill:
    """A fill as the venue has it; `fee` in units of `fee_asset`."""

    symbol: str
    trade_id: str
    client_order_id: str
    side: Side
    qty: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerBalance:
    """What an account owns of an asset: free, and set aside for its open orders."""

    asset: str
    free: Decimal
    locked: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class VenueLedger:
    """The venue's own books of one account, straight from its engine: what a client's books are compared with.

    Orders and fills are the oldest first within each market, as many as the venue remembers.
    """

    account: str
    orders: tuple[LedgerOrder, ...]
    fills: tuple[LedgerFill, ...]
    balances: tuple[LedgerBalance, ...]


class RunningVenue(Protocol):
    """A local venue that is up."""

    @property
    def url(self) -> str:
        """The base address of its REST interface, without a trailing slash."""
        ...

    @property
    def credentials(self) -> Credentials:
        """Play-money credentials of its first account with a secret; ConfigurationError where none has one."""
        ...

    @property
    def tls_url(self) -> str | None:
        """The same address over TLS; None where it does not speak it."""
        ...

    @property
    def ca_file(self) -> str | None:
        """The certificate authority that a client has to trust for that."""
        ...

    @property
    def accounts(self) -> tuple[VenueAccount, ...]:
        """Every account that can be logged in to."""
        ...

    @property
    def replay_is_over(self) -> bool | None:
        """Whether all recorded data has happened, the last candle's time included; None where none is replayed."""
        ...

    def ledger(self, account: str | None = None) -> VenueLedger:
        """The books of an account; without a name, of the one of `credentials`. ConfigurationError for no such one."""
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
class FuzzTarget:
    """A reader of what others write. `read` takes any bytes, and raises one of `documented` for those it does not take.

    `examples` are bytes as they should be, for a fuzzer to begin with.
    """

    name: str
    read: Callable[[bytes], object]
    examples: tuple[bytes, ...]
    documented: tuple[type[Exception], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AdapterPlugin:
    """One adapter. Loading the plugin must import neither ccxt nor the connector: both wait in the factories.

    `venue_example` is a file for VenueOptions.config_file, `venue_check` says what a file makes, `venue_accounts` who
    could log in. `client_settings` is, by the name of each known client of the exchange, what to paste so that it
    trades at that address (None: the venue's usual one) as that account. `fuzz_targets` are its readers of the
    exchange's answers and streams.
    """

    name: str
    title: str
    traits: Callable[[], Traits]
    connector: Callable[[ConnectorConfig, Clock], ExchangeConnector]
    configure: Callable[[ConnectionWish], ConnectorConfig]
    local_venue: Callable[[VenueOptions], AbstractAsyncContextManager[RunningVenue]] | None = None
    local_credentials: Callable[[], Credentials] | None = None
    venue_example: Callable[[], str] | None = None
    venue_check: Callable[[VenueOptions], str] | None = None
    venue_accounts: Callable[[VenueOptions], tuple[VenueAccount, ...]] | None = None
    client_settings: Callable[[str | None, Credentials], Mapping[str, str]] | None = None
    venue_trial: Callable[[VenueTrial, Callable[[int], None]], TrialReport] | None = None
    fuzz_targets: Callable[[], tuple[FuzzTarget, ...]] | None = None
    environment_variables: tuple[str, ...] = ()
