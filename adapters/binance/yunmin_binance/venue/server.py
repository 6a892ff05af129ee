"""The local venue as a server: aiohttp on loopback, around an Exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import structlog
from aiohttp import web

from yunmin.clock import Clock, SystemClock
from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.errors import ConfigurationError, InvalidOrder
from yunmin.simulation.ledger import Audit
from yunmin.simulation.reports import AccountReport, OrderReport, report_account, report_order
from yunmin.simulation.steered_clock import SteeredClock
from yunmin.simulation.units import from_micros, to_units
from yunmin_binance.venue.api import Api
from yunmin_binance.venue.chaos.faults import Down
from yunmin_binance.venue.chaos.interference import Interference
from yunmin_binance.venue.chaos.plan import Chaos, Standing
from yunmin_binance.venue.chaos.subject import Door, Subject
from yunmin_binance.venue.config import VenueConfig
from yunmin_binance.venue.control import Control, OrderAs, place_as
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.http import answered
from yunmin_binance.venue.owners_door import OwnersDoor
from yunmin_binance.venue.port import Port
from yunmin_binance.venue.sockets import Sockets
from yunmin_binance.venue.state import load_state, save_state
from yunmin_binance.venue.symbols import SymbolStatus
from yunmin_binance.venue.tls import certificates_in

__all__ = ["LocalVenue", "run_venue"]

_log = structlog.get_logger(__name__)

_LARGEST_BODY: Final = 64 * 1024
_LONGEST_LINE: Final = 16 * 1024


class LocalVenue:
    """A Binance spot exchange on this machine, offline: real HTTP, real matching, a ledger that can be audited.

        async with LocalVenue(VenueConfig(seed=7)) as venue:
            client = make_client(venue.url)          # http://127.0.0.1:PORT
            venue.step()                             # the house moves, quotes and takes

    Python calls and HTTP requests act on the same exchange, on the same event loop, one after the other.
    """

    def __init__(
        self,
        config: VenueConfig | None = None,
        *,
        clock: Clock | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        self.config = config or VenueConfig()
        self._on_notice = on_notice
        self._has_told_the_end = False
        self.state_file: Path | None = None
        self.clock = self._clock = SteeredClock(clock or SystemClock())
        self.exchange = Exchange(self.config, self._clock)
        self._api = Api(self.exchange)
        self.chaos = Chaos(self.config.seed, self.exchange.engine.now)
        self._control = Control(self.exchange, self.chaos, OwnersDoor(self))
        self._faults = Interference(self.chaos, self.exchange, self._clock)
        self._rest_faults = self._faults.rest_of(self._api)
        self.sockets = Sockets(self.exchange, self._clock, self._faults, pace=self.config.pace)
        self.chaos.strike_at_once(Door.VENUE, self._strike_venue)
        self.chaos.strike_at_once(Door.SOCKET, self._strike_sockets)
        folder = self.config.tls_folder
        self.certificates = None if folder is None else certificates_in(folder, self._clock.now())
        self._runner: web.AppRunner | None = None
        self._port: Port | None = None
        self._stepping: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        """Where it serves: scheme, host and port, without a path."""
        return self._open_port().url

    @property
    def tls_url(self) -> str | None:
        """The same over TLS; None where there is none."""
        return self._open_port().tls_url

    @property
    def ca_file(self) -> Path | None:
        """Whom a client has to trust for that."""
        return None if self.certificates is None else self.certificates.authority

    async def start(self) -> None:
        """Open the port and, where an interval is set, begin to step."""
        if self._runner is not None:
            return
        app = web.Application(client_max_size=_LARGEST_BODY)
        self.sockets.add_routes(app.router)
        app.router.add_route("*", "/venue/{tail:.*}", self._serve_control)
        app.router.add_route("*", "/{tail:.*}", self._serve_api)
        runner = web.AppRunner(
            app, access_log=None, max_line_size=_LONGEST_LINE, max_field_size=_LONGEST_LINE, shutdown_timeout=1.0
        )
        await runner.setup()
        context = None if self.certificates is None else self.certificates.context()
        port = Port(runner, self.config.host, self.config.port, context=context, tls_number=self.config.tls_port)
        try:
            await port.open()
        except ConfigurationError:
            await runner.cleanup()
            raise
        self._runner, self._port = runner, port
        if self.config.step_interval:
            self._stepping.append(asyncio.create_task(self._keep_stepping(), name="venue-steps"))
        if self.exchange.houses.next_due is not None:
            self._stepping.append(asyncio.create_task(self._keep_to_the_record(), name="venue-record"))

    async def stop(self) -> None:
        """Close the port. May be called twice; the exchange's state stays readable. Raises what ended the stepping."""
        stepping, self._stepping = self._stepping, []
        for task in stepping:
            task.cancel()
        outcomes = await asyncio.gather(*stepping, return_exceptions=True)
        await self._faults.errands.end()
        runner, self._runner, self._port = self._runner, None, None
        if runner is not None:
            await self.sockets.close()
            await runner.cleanup()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    def save(self, path: str | Path) -> None:
        """Write the venue's state to a file, whole or not at all. Raises ConfigurationError where it cannot be."""
        save_state(Path(path), self.exchange, self.sockets.users)

    @classmethod
    def restore(
        cls,
        path: str | Path,
        config: VenueConfig | None = None,
        *,
        clock: Clock | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> Self:
        """A venue that goes on where the saved one stopped; `config` must have the same markets and accounts.

        Its warm-up and its past are not made again. Time does not run backwards: where `clock` is behind, it waits.
        Raises ConfigurationError where the file is not the whole, undamaged state of such a venue.
        """
        cold = (config or VenueConfig()).model_copy(update={"warmup_steps": 0, "history": 0.0})
        venue = cls(cold, clock=clock, on_notice=on_notice)
        load_state(Path(path), venue.exchange, venue.sockets.users)
        return venue

    def save_own(self) -> str:
        """Save to `state_file`; its name. Raises ConfigurationError where the venue was given none."""
        if self.state_file is None:
            raise ConfigurationError("this venue was given no file for its state")
        self.save(self.state_file)
        return str(self.state_file)

    def keep_saving(self, seconds: float) -> None:
        """Save to `state_file` every so many seconds for as long as it runs."""
        self._faults.errands.run(self._save_every(seconds))

    async def _save_every(self, seconds: float) -> None:
        while True:
            await self._clock.sleep(seconds)
            try:
                self.save_own()
            except ConfigurationError as error:  # the next time may be better: a disk that was full
                _log.warning("venue.state_not_saved", reason=str(error))

    def restart_soon(self, downtime: float) -> None:
        """Go down once what is being answered has been, and come back `downtime` seconds later."""
        self._open_port()
        self._faults.errands.run(self.restart(downtime=downtime))

    async def restart(self, *, downtime: float = 0.0) -> None:
        """Go down, stay away for `downtime` seconds of the venue's clock, and come back where it was.

        Whoever is connected is reset; orders, fills, balances and numbers stay, sessions and subscriptions do not.
        """
        port = self._open_port()
        await port.shut()
        if downtime:
            await self._clock.sleep(downtime)
        if self._port is port:
            await port.open()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def step(self, n: int = 1) -> None:
        """Let the house move the price, renew its quotes and take a little, `n` times in every market."""
        self.exchange.step(n)
        self._tell_the_end()

    def _tell_the_end(self) -> None:
        """Say, once, that there is no recorded data left."""
        if self.exchange.houses.replay_is_over and not self._has_told_the_end:
            self._has_told_the_end = True
            if self._on_notice is not None:
                files = ", ".join(str(file) for file in self.config.recordings().values())
                self._on_notice(f"{files} has come to its end: from here on the price stands still")

    def place_as(
        self,
        account: str,
        symbol: str,
        side: str,
        order_type: str,
        *,
        quantity: str | int | Decimal | None = None,
        price: str | int | Decimal | None = None,
        stop_price: str | int | Decimal | None = None,
        quote_quantity: str | int | Decimal | None = None,
        time_in_force: str = "GTC",
        client_order_id: str | None = None,
    ) -> OrderReport:
        """An order of any account, through the same filters and engine as one from the wire.

        Raises InvalidOrder, with the exchange's code and words, where it is refused.
        """
        wanted = OrderAs.model_validate(
            {
                "account": account,
                "symbol": symbol,
                "side": Side(side.upper()),
                "type": OrderType(order_type.upper()),
                "quantity": quantity,
                "price": price,
                "stop_price": stop_price,
                "quote_quantity": quote_quantity,
                "time_in_force": TimeInForce(time_in_force),
                "client_order_id": client_order_id,
            }
        )
        self.exchange.catch_up()
        try:
            return report_order(place_as(self.exchange, wanted))
        except ApiError as error:
            raise InvalidOrder(error.message, code=error.code, http_status=error.status) from error

    def set_symbol_status(self, symbol: str, status: SymbolStatus | str) -> None:
        """Open or close a market from now on; its orders stay. Raises ConfigurationError for an unknown market."""
        try:
            self.exchange.set_status(symbol, SymbolStatus(status))
        except (ApiError, ValueError) as error:
            raise ConfigurationError(
                f"no market {symbol!r} that could be {status!r}; statuses are {', '.join(SymbolStatus)}"
            ) from error

    def deposit(self, account: str, asset: str, amount: str | int | Decimal) -> None:
        """Bring `amount` of `asset` in from outside; whoever is subscribed to the account is told.

        Below zero it goes out. Raises ConfigurationError where less is free.
        """
        self.exchange.outside.transfer(account, asset, to_units(amount))

    def lock_outside(self, account: str, asset: str, amount: str | int | Decimal) -> None:
        """Let another system lock `amount` of what is free, as for collateral; below zero it gives that back.

        Raises ConfigurationError where it cannot.
        """
        self.exchange.outside.lock(account, asset, to_units(amount))

    def flush_streams(self) -> None:
        """Send everything that streams have to tell by now, without waiting for the clock."""
        self.sockets.flush()

    def ledger_report(self, account: str) -> AccountReport:
        """Orders, fills and balances of an account straight from the engine: the oracle for a client's view."""
        return report_account(self.exchange.engine, account)

    def audit(self) -> Audit:
        """Whether value was conserved, nothing is negative, no book is crossed, and locks match open orders."""
        return self.exchange.engine.audit()

    async def _serve_api(self, request: web.Request) -> web.StreamResponse:
        if self._rest_faults.is_quiet:
            return await answered(self._api, request)
        return await self._rest_faults.serve(request)

    async def _serve_control(self, request: web.Request) -> web.StreamResponse:
        return await answered(self._control, request)

    def _open_port(self) -> Port:
        if self._port is None:
            raise ConfigurationError("the venue is not running")
        return self._port

    def _strike_venue(self, standing: Standing) -> None:
        """What strikes the venue as a whole."""
        if isinstance(standing.rule.fault, Down):
            self.restart_soon(standing.rule.fault.seconds)
        self.chaos.record(standing, Subject(Door.VENUE, ("venue",)))
        if isinstance(standing.rule.fault, Down):
            self.chaos.clear(standing.number)

    def _strike_sockets(self, standing: Standing) -> None:
        self._faults.sockets.strike_open(standing, self.sockets.connections)
        self.chaos.clear(standing.number)

    async def _keep_stepping(self) -> None:
        while True:
            await self._clock.sleep(self.config.step_interval)
            self.step()

    async def _keep_to_the_record(self) -> None:
        """Let recorded data happen at its time, to its end."""
        while (due := self.exchange.houses.next_due) is not None:
            await self._clock.sleep((from_micros(due) - self._clock.now()).total_seconds())
            self.exchange.catch_up()
        self._tell_the_end()


async def run_venue(config: VenueConfig, *, on_ready: Callable[[LocalVenue], None], clock: Clock | None = None) -> None:
    """Serve until cancelled. `on_ready` is called once, with the running venue, when the port is open."""
    async with LocalVenue(config, clock=clock) as venue:
        on_ready(venue)
        await asyncio.get_running_loop().create_future()
