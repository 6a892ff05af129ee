"""An account under a steady rain of events for minutes or hours: nothing is lost, nothing is double, nothing grows.

The account trades through its adapter's own connector and stream on a local venue in another process, while others
trade against its resting orders, connections break, and frames are lost, doubled, late and out of order. At the end
the weather clears, and every fill of the venue's ledger must have been booked once.
"""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from yunmin.clock import Chance, Clock, SystemClock, seeded
from yunmin.core.data_contracts import OrderRequest, OrderState, OrderType, Side
from yunmin.core.data_contracts.enums import Certainty, FillKind
from yunmin.core.data_contracts.events import (
    FillConflict,
    OrderCancelled,
    OrderCompleted,
    OrderExpired,
    OrderFailed,
    OrderFilled,
    OrderFillVoided,
    OrderOpened,
    OrderRejected,
    Overfill,
)
from yunmin.core.data_contracts.instrument import Instrument
from yunmin.core.data_contracts.money import EXACT, ceil_to_step, floor_to_step
from yunmin.core.data_contracts.stream import BalanceUpdate, StreamGap
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import SubmitsPaused
from yunmin.exchange import AdapterPlugin, ConnectionWish, ExchangeConnector, ShowsMarket
from yunmin.execution.account import Account
from yunmin.execution.account_events import AccountEvent
from yunmin.execution.opening import open_account
from yunmin.execution.policy import AccountPolicy
from yunmin.testing.verify.allocators import give_back_what_is_free
from yunmin.testing.verify.crowd import Crowd, Lane, crowd
from yunmin.testing.verify.forked_venue import ask_venue, forked_venue, load_everything, set_weather
from yunmin.testing.verify.resources import Growth, Sample, Samples, growth_of, open_files, running_tasks

__all__ = ["SoakReport", "compare_fills", "judge_memory", "verify_soak"]

_ACCOUNT: Final = "local"
_SYMBOLS: Final = ("BTC/USDT", "ETH/USDT", "BNB/USDT", "SOL/USDT")
_FILLS_PER_ORDER: Final = 6
_DEPTH: Final = 40
"""Orders of ours that rest on each lane, so that the crowd finds something while answers are slow or a stream is lost.

Those in doubt are not counted: nobody may find them.
"""

_MOST_OPEN: Final = 80
"""Orders on each lane with those in doubt: an exchange takes only so many."""

_MOST_AT_ONCE: Final = 4
_TURN: Final = 0.1
_WEATHER_LASTS: Final = 10.0
_CANCELLED: Final = 0.02
"""The share of turns in which an order is cancelled, on each lane."""

_LOOKS: Final = 2.0
"""Seconds between two looks at the memory."""

_HISTORY: Final = 2_000
"""Done orders that are kept: so few that what they hold, which depends on the weather, hides no leak."""

_WARM_UP: Final = 15_000
"""Orders that end before memory is judged: every store of an account is full then, the largest has 10,000 entries.

The heaviest work comes last, a cancel of all that is open and a pass over everything: so the peak that decides how much
stays resident has been then, and does not come later, by chance.
"""

_WARM_UP_ENDS_WITHIN: Final = 60.0
_HEAL: Final = 120.0
_ROOM: Final = Decimal(2)
"""Each trade is over twice the least notional."""

_MOST_GROWTH: Final = 1024 * 1024
"""Bytes an hour."""

_PATIENT: Final = AccountPolicy(query_interval=1.0, tick=0.2, orders_interval=10.0, fills_interval=15.0)

_ENDS: Final = (OrderCompleted, OrderCancelled, OrderExpired, OrderRejected, OrderFailed)
_CONFLICTS: Final = (FillConflict, Overfill, OrderFillVoided)

_NEVER_THERE: Final = frozenset({OrderState.REJECTED, OrderState.FAILED})

Booked = tuple[str, str, Decimal, Decimal]
"""One fill: symbol, trade id, quantity, price."""


class SoakReport(NamedTuple):
    """What a soak came to. `rate` is what was reached: order events and fills that the account told, a second.

    `growth_in_use` is of bytes that are in use, `growth` of all that are resident, both an hour and after the warm-up:
    once all that is bounded was full, or else nothing is judged (None). `megabytes` are resident at the end of it.
    """

    seed: int
    seconds: float
    orders: int
    fills: int
    reports: int
    rate: float
    balances: int
    gaps: int
    strikes: int
    warmed_up_after: float | None
    growth_in_use: Growth | None
    growth: Growth | None
    megabytes: float
    violations: tuple[str, ...]


def verify_soak(
    plugin: AdapterPlugin,
    folder: Path,
    *,
    seconds: float,
    rate: float,
    seed: int = 0,
    progress: Callable[[int], None] = lambda done: None,
) -> SoakReport:
    """Run for `seconds` at about `rate` reports a second of orders and fills; the journal is in `folder`.

    Raises ConfigurationError where there is no local venue, or this system cannot fork.
    """
    with forked_venue(plugin, seed, step_interval=0.0) as url:
        asyncio.run(load_everything(plugin, url))
        lanes = asyncio.run(_lanes(plugin, url))
        trades = rate * _FILLS_PER_ORDER / (_FILLS_PER_ORDER + 1)  # the rest are the orders' own reports
        with crowd(url, lanes, rate=trades, weather_lasts=min(_WEATHER_LASTS, seconds / 4), seed=seed) as others:
            notebook = folder.with_name(f"{folder.name}-fills.txt")
            soak = _Soak(_Ground(plugin, url, folder, lanes, others), notebook, seeded(f"soak-{seed}"))
            asyncio.run(soak.run(seconds, progress))
        return soak.report(seed)


# --- where the account and the others meet ---------------------------------------------------------------------------


async def _lanes(plugin: AdapterPlugin, url: str) -> list[Lane]:
    async with plugin.connector(plugin.configure(ConnectionWish(base_url=url)), SystemClock()) as connector:
        markets = await connector.fetch_instruments()
        return [lane for symbol in _SYMBOLS for lane in await _lanes_of(connector, markets[symbol])]


async def _lanes_of(connector: ExchangeConnector, market: Instrument) -> list[Lane]:
    """Both sides of a market, strictly inside of what the house quotes: ours are always first."""
    assert isinstance(connector, ShowsMarket)  # noqa: S101  a local venue shows its market
    ticker = await connector.fetch_ticker(market.symbol)
    assert ticker.bid is not None and ticker.ask is not None, f"nobody quotes {market.symbol}"  # noqa: S101, PT018
    third = (ticker.ask - ticker.bid) / 3
    unit = ceil_to_step(EXACT.divide(market.min_notional * _ROOM, ticker.bid), market.qty_step)
    prices = {
        Side.BUY: floor_to_step(ticker.bid + third, market.tick_size),
        Side.SELL: ceil_to_step(ticker.ask - third, market.tick_size),
    }
    return [Lane(market.symbol, market.exchange_symbol, side, price, unit) for side, price in prices.items()]


# --- the account -----------------------------------------------------------------------------------------------------


class _Ground(NamedTuple):
    plugin: AdapterPlugin
    url: str
    folder: Path
    lanes: Sequence[Lane]
    others: Crowd


class _Notes:
    """What the account tells, counted; every fill goes to a file, so that the trial itself does not grow."""

    def __init__(self, fills: IO[str]) -> None:
        self.ended = self.reports = self.balances = self.gaps = 0
        self.conflicts: list[str] = []
        self._fills = fills

    def take(self, event: AccountEvent) -> None:
        if isinstance(event, OrderFilled):
            self.reports += 1
            if event.fill.kind is FillKind.REAL:
                fill = event.fill
                self._fills.write(f"{event.order.symbol} {fill.trade_id} {fill.qty} {fill.price}\n")
        elif isinstance(event, _ENDS):
            self.ended += 1
        elif isinstance(event, OrderOpened):
            self.reports += 1
        elif isinstance(event, BalanceUpdate):
            self.balances += 1
        elif isinstance(event, StreamGap):
            self.gaps += 1
        elif isinstance(event, _CONFLICTS):
            self.conflicts.append(f"{type(event).__name__} on {event.order.client_order_id}")


class _Soak:
    def __init__(self, ground: _Ground, notebook: Path, chance: Chance) -> None:
        self._ground = ground
        self._notebook = notebook
        self._chance = chance
        self._clock: Clock = SystemClock()
        self._samples = Samples()
        self._warm_at: float | None = None
        self._seconds = 0.0
        self._reports_while_trading = 0
        self._violations: list[str] = []
        self._notes: _Notes
        self._tracker: OrderTracker
        self._strikes = 0

    async def run(self, seconds: float, progress: Callable[[int], None]) -> None:
        """Open, trade, heal, close; and see that nothing is left behind."""
        await self._open_and_close()  # what is loaded once, and kept for good, is no leak
        files, tasks = open_files(), running_tasks()
        with self._notebook.open("w", encoding="ascii") as fills:
            self._notes = _Notes(fills)
            async with self._opened() as account:
                account.listen(self._notes.take)
                self._tracker = account.tracker
                self._tracker.history_limit = _HISTORY
                self._ground.others.begin()
                await self._trade(account, seconds, progress)
                self._ground.others.end()
                await self._heal(account)
        gc.collect()
        await self._clock.sleep(_TURN)  # transports that were closed say goodbye in the loop's next turn
        self._expect_nothing_left(files, tasks)

    async def _open_and_close(self) -> None:
        async with self._opened():
            pass

    def _opened(self) -> AbstractAsyncContextManager[Account]:
        ground = self._ground
        wish = ConnectionWish(base_url=ground.url, timeout=5.0)
        return open_account(ground.plugin.name, folder=ground.folder, wish=wish, policy=_PATIENT)

    async def _trade(self, account: Account, seconds: float, progress: Callable[[int], None]) -> None:
        begun = self._clock.monotonic()
        next_sample = 0.0
        while (passed := self._clock.monotonic() - begun) < seconds:
            self._keep_orders_in_the_book(account)
            if self._warm_at is None and self._notes.ended >= _WARM_UP:
                await self._end_the_warm_up(account)
                self._warm_at = self._clock.monotonic() - begun
            if passed >= next_sample:
                next_sample = passed + _LOOKS
                self._look_at(passed)
                progress(int(passed))
            await self._clock.sleep(_TURN)
        self._seconds = self._clock.monotonic() - begun
        self._reports_while_trading = self._notes.reports

    async def _end_the_warm_up(self, account: Account) -> None:
        """Cancel all that is open and look everything over, until there is an answer to every question."""
        deadline = self._clock.monotonic() + _WARM_UP_ENDS_WITHIN
        await account.cancel_all()
        while not (await account.reconcile()).complete:
            if self._clock.monotonic() > deadline:
                self._violations.append(f"no pass was complete within {_WARM_UP_ENDS_WITHIN:g} s at the warm-up's end")
                return

    def _look_at(self, passed: float) -> None:
        gc.collect()  # what waits to be collected is no growth, nor is what the C library keeps for later
        give_back_what_is_free()
        self._samples.add(Sample.take(passed))

    def _keep_orders_in_the_book(self, account: Account) -> None:
        ours: dict[tuple[str, Side], list[InFlightOrder]] = {}
        for order in account.tracker.get_open_orders():
            ours.setdefault((order.symbol, order.side), []).append(order)
        for lane in self._ground.lanes:
            there = ours.get((lane.symbol, lane.side), [])
            if there and self._chance.random() < _CANCELLED:
                account.begin_cancel(self._chance.choice(there).client_order_id)
            certain = sum(order.certainty is Certainty.CONFIRMED for order in there)
            with suppress(SubmitsPaused):
                for _ in range(min(_DEPTH - certain, _MOST_OPEN - len(there), _MOST_AT_ONCE)):
                    account.begin(_request(lane))

    async def _heal(self, account: Account) -> None:
        """Fair weather until everything is settled, then what is open is cancelled."""
        self._strikes = ask_venue(self._ground.url, "/venue/chaos")["strikes"]
        set_weather(self._ground.url, 0.0, seed=0)
        deadline = self._clock.monotonic() + _HEAL
        while self._clock.monotonic() < deadline:
            await account.cancel_all()
            report = await account.reconcile()
            if report.complete and not account.tracker.get_open_orders() and not _doubtful(account.tracker):
                return
            await self._clock.sleep(0.5)

    def _expect_nothing_left(self, files: int, tasks: frozenset[str]) -> None:
        left = open_files() - files
        if left > 0:
            self._violations.append(f"{left} files or sockets are still open after the account was closed")
        self._violations += [f"the task {name!r} still runs" for name in sorted(running_tasks() - tasks)]

    # --- what it came to ---------------------------------------------------------------------------------------------

    def report(self, seed: int) -> SoakReport:
        """Compare with the venue's ledger, and judge what has grown."""
        ledger = ask_venue(self._ground.url, f"/venue/ledger?account={_ACCOUNT}")
        names = {lane.exchange_symbol: lane.symbol for lane in self._ground.lanes}
        violations = [
            *self._violations,
            *self._notes.conflicts,
            *compare_fills(_booked(self._notebook), _there(ledger, names)),
            *_compare_orders(self._tracker, ledger),
        ]
        in_use, resident = self._growth(lambda one: one.in_use), self._growth(lambda one: one.resident)
        violations += judge_memory(in_use, resident)
        return SoakReport(
            seed=seed,
            seconds=round(self._seconds, 1),
            orders=len(ledger["orders"]),
            fills=len(ledger["fills"]),
            reports=self._notes.reports,
            rate=round(self._reports_while_trading / self._seconds, 1),
            balances=self._notes.balances,
            gaps=self._notes.gaps,
            strikes=self._strikes,
            warmed_up_after=self._warm_at,
            growth_in_use=in_use,
            growth=resident,
            megabytes=round([one.resident for one in self._samples][-1] / 2**20, 1),
            violations=tuple(violations),
        )

    def _growth(self, figure: Callable[[Sample], float | None]) -> Growth | None:
        warm = self._warm_at
        if warm is None:
            return None
        told = [(one.at, figure(one)) for one in self._samples if one.at >= warm]
        return growth_of([(at, value) for at, value in told if value is not None])


def _request(lane: Lane) -> OrderRequest:
    qty = EXACT.multiply(lane.unit, Decimal(_FILLS_PER_ORDER))
    return OrderRequest(symbol=lane.symbol, side=lane.side, order_type=OrderType.LIMIT, qty=qty, price=lane.price)


def _doubtful(tracker: OrderTracker) -> list[str]:
    return [one.client_order_id for one in tracker.get_orders() if one.certainty is not Certainty.CONFIRMED]


# --- memory ----------------------------------------------------------------------------------------------------------


def judge_memory(in_use: Growth | None, resident: Growth | None) -> list[str]:
    """What has grown too much, in words; nothing is said of what was not judged (None)."""
    return [
        f"{what} grew by {growth.per_hour / 2**20:.1f} MB an hour after the warm-up"
        for what, growth in (("memory in use", in_use), ("resident memory", resident))
        if growth is not None and growth.is_above(_MOST_GROWTH)
    ]


# --- the comparison --------------------------------------------------------------------------------------------------


def _booked(notebook: Path) -> Iterator[Booked]:
    with notebook.open(encoding="ascii") as lines:
        for line in lines:
            symbol, trade_id, qty, price = line.split()
            yield symbol, trade_id, Decimal(qty), Decimal(price)


def _there(ledger: dict[str, Any], names: dict[str, str]) -> Iterator[Booked]:
    for fill in ledger["fills"]:
        symbol = names[fill["symbol"]]
        yield symbol, str(fill["trade_id"]), Decimal(fill["qty"]), Decimal(fill["price"])


def compare_fills(booked: Iterable[Booked], there: Iterable[Booked]) -> list[str]:
    """What was not booked exactly once, in words."""
    here, truth = Counter(booked), Counter(there)
    return [
        *(f"{symbol}: trade {number} was not booked" for symbol, number, _, _ in (truth - here)),
        *(
            f"{symbol}: trade {number} is not the exchange's, or was booked twice"
            for symbol, number, *_ in here - truth
        ),
    ]


def _compare_orders(tracker: OrderTracker, ledger: dict[str, Any]) -> Iterator[str]:
    """Of the orders that the history still has: the state, and how much was filled."""
    there = {order["client_order_id"]: order for order in ledger["orders"]}
    yield from (f"{name} is in doubt after the heal" for name in _doubtful(tracker))
    for order in tracker.get_orders():
        report = there.get(order.client_order_id)
        if report is None:
            if order.state not in _NEVER_THERE:
                yield f"{order.client_order_id} is {order.state}, and the exchange has no such order"
        elif (order.state, order.filled_qty) != (report["state"], Decimal(report["filled"])):
            yield (
                f"{order.client_order_id}: {order.state}, {order.filled_qty} filled; "
                f"there {report['state']}, {report['filled']}"
            )
