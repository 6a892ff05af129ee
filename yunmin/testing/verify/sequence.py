"""One sequence: an account trades through a storm, dies and comes back, the weather clears, and the books must agree.

Everything in it follows from its seed: the orders, the faults, the crashes, and the order in which tasks run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from yunmin.clock import seeded
from yunmin.core.data_contracts import OrderRequest, OrderType, Side, TimeInForce
from yunmin.core.data_contracts.enums import Origin
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.tracker_state import digest
from yunmin.errors import ExchangeError, SubmitsPaused
from yunmin.execution.account import Account
from yunmin.execution.order_journal import OrderJournal
from yunmin.execution.policy import AccountPolicy
from yunmin.simulation.fees import FeeSchedule
from yunmin.simulation.ledger import Ledger
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.orders import Market, NewOrder
from yunmin.simulation.reports import report_account
from yunmin.simulation.units import SCALE, to_units
from yunmin.testing.verify.mortal_journal import MortalJournal
from yunmin.testing.verify.storm_exchange import CALM, StormExchange, Weather
from yunmin.testing.verify.witness import Witness
from yunmin.testing.virtual_time import VirtualClock, end_all_tasks, run_virtually

__all__ = ["SequenceReport", "run_sequence"]

_ME: Final = "me"
_OTHERS: Final = "others"
_MARKETS: Final = (
    Market("BTC/USDT", "BTC", "USDT", tick=to_units("0.01"), step=to_units("0.001")),
    Market("ETH/USDT", "ETH", "USDT", tick=to_units("0.01"), step=to_units("0.01")),
)
_FUNDS: Final = 10**7 * SCALE
_MIDDLE: Final = 100_00
_STEPS: Final = 30
_HEAL: Final = 40.0
"""Virtual seconds of calm after the storm: the fence, two proofs, and as much again."""

_SNAPSHOT_EVERY, _KEPT = 20, 30
"""Records: so few that even a short storm has snapshots, and loses its oldest."""

_TICK: Final = 5.0
_POLLING: Final = AccountPolicy(tick=_TICK)
_NO_POLLING: Final = AccountPolicy(tick=_TICK, orders_interval=1e6, fills_interval=1e6, audit_interval=1e6)
"""Only what the account asks for on purpose, so that a gap that nobody minds stays open."""


class SequenceReport(NamedTuple):
    """What one sequence came to."""

    seed: int
    orders: int
    fills: int
    events: int
    crashes: int
    cuts: int
    virtual_seconds: float
    violations: tuple[str, ...]


def run_sequence(seed: int, folder: Path) -> SequenceReport:
    """Run the sequence of `seed`; `folder` is for its journal and must be new."""
    return run_virtually(lambda clock: _Sequence(seed, folder, clock).run())


@dataclass(slots=True)
class _Counts:
    crashes: int = 0
    cuts: int = 0


class _Sequence:
    def __init__(self, seed: int, folder: Path, clock: VirtualClock) -> None:
        self._seed = seed
        self._folder = folder
        self._clock = clock
        self._chance = seeded(f"sequence-{seed}")
        self._engine = _an_engine(clock)
        self._exchange = StormExchange(self._engine, _ME, clock, seeded(f"storm-{seed}"))
        self._exchange.on_post = self._check_intent
        self._witness = Witness()
        self._polls = self._chance.random() < 0.5
        self._account: Account | None = None
        self._journal: MortalJournal | None = None
        self._counts = _Counts()
        self._number = 0
        self._others_work: set[asyncio.Task[Any]] = set()

    async def run(self) -> SequenceReport:
        await self._storm()
        await self._heal()
        await self._judge()
        truth = report_account(self._engine, _ME)
        return SequenceReport(
            self._seed,
            len(truth.orders),
            len(truth.fills),
            self._witness.events,
            self._counts.crashes,
            self._counts.cuts,
            self._clock.monotonic(),
            tuple(self._witness.violations),
        )

    # --- the account's lives -----------------------------------------------------------------------------------------

    async def _open(self) -> None:
        """Open the account, as often as it takes."""
        while self._account is None:
            journal = self._journal = self._open_journal()
            account = Account(self._exchange, journal, self._clock, _POLLING if self._polls else _NO_POLLING)
            self._witness.watch(account.tracker)
            try:
                await account.start()
            except ExchangeError:
                await self._clock.sleep(1.0)
            else:
                self._account = account

    def _open_journal(self) -> MortalJournal:
        return MortalJournal.open(self._folder, clock=self._clock, snapshot_every=_SNAPSHOT_EVERY, keep_records=_KEPT)

    async def _crash(self) -> None:
        """The process ends here and now: nothing that it was about to write is written."""
        if self._account is None or self._journal is None:
            return
        self._account = None
        self._counts.crashes += 1
        self._journal.die()
        await end_all_tasks(besides=self._others_work)
        await self._exchange.close()
        await self._clock.sleep(self._chance.uniform(0.0, 30.0))

    # --- the storm ---------------------------------------------------------------------------------------------------

    async def _storm(self) -> None:
        await self._open()
        for _ in range(_STEPS):
            if self._chance.random() < 0.25:
                self._exchange.weather = self._some_weather()
            await self._act()
            await self._clock.sleep(self._chance.expovariate(1.0))

    def _some_weather(self) -> Weather:
        chance = self._chance
        if chance.random() < 0.2:
            return CALM
        return Weather(
            before=chance.uniform(0, 0.15),
            after=chance.uniform(0, 0.2),
            late=chance.uniform(0, 0.2),
            refused=chance.uniform(0, 0.1),
            silent=chance.uniform(0, 0.3),
            limited=chance.uniform(0, 0.05),
            lag=chance.uniform(0, 1.5),
            latency=chance.uniform(0, 0.5),
            # what is dropped without a word is found by polling alone
            dropped=chance.uniform(0, 0.3) if self._polls else 0.0,
            doubled=chance.uniform(0, 0.5),
            delayed=chance.uniform(0, 0.5),
        )

    async def _act(self) -> None:
        acts = (
            (8, self._place),
            (4, self._cancel),
            (8, self._others_trade),
            (1, self._place_by_hand),
            (2, self._cut),
            (1, self._die_and_return),
        )
        weights, choices = zip(*acts, strict=True)
        await self._chance.choices(choices, weights)[0]()

    async def _place(self) -> None:
        if self._account is None:
            return
        try:
            self._account.begin(self._some_request())
        except SubmitsPaused:
            return

    def _some_request(self) -> OrderRequest:
        chance = self._chance
        self._number += 1
        name = f"ym-{self._seed}-{self._number}"
        symbol = chance.choice(_MARKETS).symbol
        side = chance.choice((Side.BUY, Side.SELL))
        qty = Decimal(chance.randint(1, 40)).scaleb(-2)
        if chance.random() < 0.1:
            return OrderRequest(symbol=symbol, side=side, order_type=OrderType.MARKET, qty=qty, client_order_id=name)
        return OrderRequest(
            symbol=symbol,
            side=side,
            order_type=OrderType.LIMIT,
            qty=qty,
            price=Decimal(_MIDDLE + chance.randint(-30, 30)).scaleb(-2),
            time_in_force=chance.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC)),
            client_order_id=name,
        )

    async def _cancel(self) -> None:
        if self._account is None:
            return
        mine = [order for order in self._account.tracker.get_open_orders() if order.origin is Origin.OWN]
        if mine:
            self._account.begin_cancel(self._chance.choice(mine).client_order_id)

    async def _others_trade(self) -> None:
        for _ in range(self._chance.randint(1, 4)):
            self._place_on_engine(_OTHERS, f"others-{self._chance.getrandbits(60)}")

    async def _place_by_hand(self) -> None:
        """The owner of the account places an order with another program."""
        self._place_on_engine(_ME, f"hand-{self._chance.getrandbits(60)}")

    def _place_on_engine(self, account: str, name: str) -> None:
        chance = self._chance
        self._engine.place(
            NewOrder(
                account=account,
                market=chance.choice(_MARKETS).symbol,
                side=chance.choice((Side.BUY, Side.SELL)),
                order_type=OrderType.LIMIT,
                client_order_id=name,
                qty=chance.randint(1, 40) * to_units("0.01"),
                price=(_MIDDLE + chance.randint(-30, 30)) * to_units("0.01"),
            )
        )

    async def _cut(self) -> None:
        """The stream is lost for a while, and others trade meanwhile."""
        self._counts.cuts += 1
        task = asyncio.create_task(self._exchange.cut_streams(self._chance.uniform(0.5, 10.0)))
        self._others_work.add(task)
        task.add_done_callback(self._others_work.discard)
        await self._clock.sleep(self._chance.uniform(0.0, 2.0))
        await self._others_trade()

    async def _die_and_return(self) -> None:
        await self._crash()
        await self._others_trade()
        await self._open()

    # --- and after it ------------------------------------------------------------------------------------------------

    async def _heal(self) -> None:
        self._exchange.weather = CALM
        await self._open()
        if self._others_work:
            await asyncio.wait(tuple(self._others_work))
        await self._clock.sleep(_HEAL)
        await self._missed_in_a_gap()

    async def _missed_in_a_gap(self) -> None:
        """What happens while the stream is away must be known soon after it is back, though nobody polls."""
        cut = asyncio.create_task(self._exchange.cut_streams(4.0))
        await self._clock.sleep(1.0)
        await self._others_trade()
        await cut
        await self._clock.sleep(5.0)

    async def _judge(self) -> None:
        account = self._account
        assert account is not None  # noqa: S101  it was opened to heal
        witness, truth = self._witness, report_account(self._engine, _ME)
        if not account.takes_orders:
            witness.violate("P9", f"takes no orders after heal: {account.pause_reasons}")
        witness.compare(account.tracker, truth, lambda name: name.startswith("ym-"))
        witness.compare_position(account.tracker, truth)
        audit = self._engine.audit()
        for problem in audit.problems:
            witness.violate("I12", problem)
        for name, count in self._exchange.posts.items():
            if count > 1:
                witness.violate("I7", f"{name} was sent {count} times")
        live, orders = digest(account.tracker), account.tracker.get_orders()
        await account.close()
        self._check_replay(live)
        self._check_memory(orders)

    def _check_replay(self, live: str) -> None:
        for _ in range(2):
            with OrderJournal.open(self._folder, clock=self._clock) as journal:
                if digest(journal.recover()) != live:
                    self._witness.violate("I9", "the journal does not give the live state")

    def _check_memory(self, orders: Iterable[InFlightOrder]) -> None:
        """Of each order the journal knows what became of it, though its oldest records are gone."""
        with OrderJournal.open(self._folder, clock=self._clock) as journal:
            for order in orders:
                found = journal.find(order.client_order_id)
                known = None if found is None or found.order is None else (found.order.state, found.order.filled_qty)
                if known != (order.state, order.filled_qty):
                    self._witness.violate("I9", f"{order.client_order_id} is {order.state}, the journal finds {known}")

    def _check_intent(self, request: OrderRequest) -> None:
        name = request.client_order_id or ""
        if self._journal is None or name not in self._journal.intended:
            self._witness.violate("I8", f"{name} was sent before its intent was written down")


def _an_engine(clock: VirtualClock) -> MatchingEngine:
    ledger = Ledger()
    for name in (_ME, _OTHERS):
        ledger.open_account(name, fees=FeeSchedule(maker=to_units("0.001"), taker=to_units("0.001")))
        for asset in ("BTC", "ETH", "USDT"):
            ledger.deposit(name, asset, _FUNDS)
    return MatchingEngine(_MARKETS, ledger, clock)
