"""kill -9 in the middle of everything: a program that trades on a local venue is killed again and again.

The venue runs in a process of its own and is the oracle: after the last life, every order and fill that it knows of is
known to the account, once, and the other way round. Each life begins where the last one was killed.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from yunmin.clock import Chance, Clock, SystemClock, seeded
from yunmin.core.data_contracts import OrderRequest, OrderState, OrderType, Side
from yunmin.core.data_contracts.enums import Certainty, Origin
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import ExchangeError, SubmitsPaused
from yunmin.exchange import AdapterPlugin, ConnectionWish, ShowsMarket
from yunmin.execution import crash_points
from yunmin.execution.account import Account
from yunmin.execution.opening import open_account
from yunmin.execution.policy import AccountPolicy
from yunmin.testing.verify.forked import forked
from yunmin.testing.verify.forked_venue import ask_venue, forked_venue, load_everything, set_weather

__all__ = ["CrashReport", "verify_crashes"]

_ACCOUNT: Final = "local"
_LONGEST_START: Final = 60.0
"""Seconds a life may take until it trades: in a storm most of its first questions fail, and it asks again."""

_LONGEST_LIFE: Final = 20.0
"""Seconds a life may take from there on, with its orderly end."""

_ACTS_FOR: Final = 4.0
_HEAL: Final = 60.0
_PATIENT: Final = AccountPolicy(
    query_interval=0.5, tick=0.2, orders_interval=3.0, fills_interval=3.0, snapshot_every=10, keep_records=20
)

_ANY_MOMENT: Final = "any moment"
_SLOW_START: Final = "a start that took long"
_SLOW_END: Final = "an end that took long"

_WEATHER: Final = (0.0, 0.0, 0.1, 0.3, 0.6)
"""How bad the venue treats its clients, by turns; see the storms of docs/local-venue.md."""


class _End(NamedTuple):
    place: str
    code: int
    """As `os.waitstatus_to_exitcode` says it."""


class CrashReport(NamedTuple):
    """What was found at the end. An order that the venue has and we do not is `lost`; one sent twice `doubled`."""

    seed: int
    cycles: int
    killed_at: dict[str, int]
    orders: int
    fills: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unknown: tuple[str, ...]
    different: tuple[str, ...]
    broken_lives: tuple[str, ...]

    @property
    def violations(self) -> tuple[str, ...]:
        """All that should not be, in words."""
        return (
            *(f"lost: {name}" for name in self.lost),
            *(f"doubled: {name}" for name in self.doubled),
            *(f"unknown after heal: {name}" for name in self.unknown),
            *self.different,
            *self.broken_lives,
        )


def verify_crashes(
    plugin: AdapterPlugin,
    folder: Path,
    *,
    cycles: int,
    seed: int = 0,
    progress: Callable[[int], None] = lambda done: None,
) -> CrashReport:
    """Kill `cycles` lives of an account whose journal is in `folder`, heal, and compare with the venue's ledger."""
    chance = seeded(f"crash-{seed}")
    killed_at: Counter[str] = Counter()
    broken: list[str] = []
    with forked_venue(plugin, seed) as url:
        asyncio.run(load_everything(plugin, url))
        for cycle in range(cycles):
            intensity = chance.choice(_WEATHER)
            set_weather(url, intensity, seed=cycle)
            end = _live_and_die(plugin, url, folder, f"{seed}-{cycle}", _place_of(cycle), chance)
            killed_at[end.place if end.code == -signal.SIGKILL else "not killed"] += 1
            broken.extend(_what_is_wrong_with(end, cycle, intensity))
            progress(cycle + 1)
        set_weather(url, 0.0, seed=0)
        tracker = asyncio.run(_heal(plugin, url, folder))
        ledger = ask_venue(url, f"/venue/ledger?account={_ACCOUNT}")
    return _compared(CrashReport(seed, cycles, dict(killed_at), 0, 0, (), (), (), (), tuple(broken)), tracker, ledger)


# --- lives -----------------------------------------------------------------------------------------------------------


def _place_of(cycle: int) -> str:
    """Each crash point in turn; every other time at any moment."""
    if cycle % 2:
        return _ANY_MOMENT
    return crash_points.CRASH_POINTS[cycle // 2 % len(crash_points.CRASH_POINTS)]


def _what_is_wrong_with(end: _End, cycle: int, intensity: float) -> Iterator[str]:
    if end.code not in (0, -signal.SIGKILL):
        yield f"life {cycle} ended with {end.code}"
    if end.place == _SLOW_START and not intensity:
        yield f"life {cycle} did not come to trade within {_LONGEST_START:.0f} s, in fair weather"
    if end.place == _SLOW_END and not intensity:
        yield f"life {cycle} did not end within {_LONGEST_LIFE:.0f} s, in fair weather"


def _live_and_die(plugin: AdapterPlugin, url: str, folder: Path, seed: str, place: str, chance: Chance) -> _End:
    """One life in a process of its own, and how it ended."""
    count, patience = chance.randint(1, 3), chance.uniform(0.05, 1.5)
    here, there = os.pipe()

    def live() -> None:
        os.close(here)
        if place in crash_points.CRASH_POINTS:
            crash_points.arm(place, count)
        asyncio.run(_trade(plugin, url, folder, seeded(f"life-{seed}"), there))

    child = forked(live)
    os.close(there)
    killed_at = place
    try:
        if not _hears(here, _LONGEST_START):
            killed_at = _SLOW_START
        elif place == _ANY_MOMENT:
            _hears(here, patience)
        elif not _hears(here, _LONGEST_LIFE):
            killed_at = _SLOW_END
    finally:
        os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(here)
    return _End(killed_at, code)


def _hears(pipe: int, seconds: float) -> bool:
    """Whether the life at the other end says within so long that it begins to trade, or is gone."""
    if not select.select([pipe], [], [], seconds)[0]:
        return False
    os.read(pipe, 1)
    return True


async def _trade(plugin: AdapterPlugin, url: str, folder: Path, chance: Chance, pipe: int) -> None:
    clock, says_so = SystemClock(), True
    while True:
        try:
            async with _opened(plugin, url, folder) as account:
                if says_so:  # once: after it, whoever listens hears the end
                    os.write(pipe, b"!")
                says_so = False
                return await _act_until(clock.monotonic() + _ACTS_FOR, account, clock, chance)
        except ExchangeError:  # in a storm an account may not come to open; how long is for the other end to say
            await clock.sleep(0.2)


def _opened(plugin: AdapterPlugin, url: str, folder: Path) -> AbstractAsyncContextManager[Account]:
    wish = ConnectionWish(base_url=url, timeout=2.0)
    return open_account(plugin.name, folder=folder, wish=wish, policy=_PATIENT)


async def _act_until(deadline: float, account: Account, clock: Clock, chance: Chance) -> None:
    while clock.monotonic() < deadline:
        await _act(account, chance)
        await clock.sleep(chance.uniform(0.0, 0.05))


async def _act(account: Account, chance: Chance) -> None:
    own = [order for order in account.tracker.get_open_orders() if order.origin is Origin.OWN]
    if own and (len(own) > 20 or chance.random() < 0.4):
        account.begin_cancel(chance.choice(own).client_order_id)
        return
    symbol = chance.choice(("BTC/USDT", "ETH/USDT"))
    assert isinstance(account.connector, ShowsMarket)  # noqa: S101  a local venue shows its market
    try:
        ticker = await account.connector.fetch_ticker(symbol)
        if ticker.bid is None or ticker.ask is None:
            return
        account.begin(_request(symbol, chance.choice((ticker.bid, ticker.ask)), chance))
    except (ExchangeError, SubmitsPaused):
        return


def _request(symbol: str, price: Decimal, chance: Chance) -> OrderRequest:
    qty = (Decimal(chance.randint(20, 60)) / price).quantize(Decimal("0.0001"))
    if chance.random() < 0.2:
        return OrderRequest(symbol=symbol, side=Side.BUY, order_type=OrderType.MARKET, qty=qty)
    side = chance.choice((Side.BUY, Side.SELL))
    return OrderRequest(symbol=symbol, side=side, order_type=OrderType.LIMIT, qty=qty, price=price)


async def _heal(plugin: AdapterPlugin, url: str, folder: Path) -> OrderTracker:
    """The last life: everything that is in doubt is settled, and what is open is cancelled."""
    clock: Clock = SystemClock()
    async with open_account(plugin.name, folder=folder, wish=ConnectionWish(base_url=url), policy=_PATIENT) as account:
        deadline = clock.monotonic() + _HEAL
        while clock.monotonic() < deadline:
            await account.cancel_all()
            await account.reconcile()
            doubtful = [o for o in account.tracker.get_orders() if o.certainty is not Certainty.CONFIRMED]
            if not doubtful and not account.tracker.get_open_orders():
                break
            await clock.sleep(0.5)
        return account.tracker


# --- the comparison --------------------------------------------------------------------------------------------------


_NEVER_THERE: Final = frozenset({OrderState.REJECTED, OrderState.FAILED})


def _compared(report: CrashReport, tracker: OrderTracker, ledger: dict[str, Any]) -> CrashReport:
    theirs: dict[str, dict[str, Any]] = {}
    names = Counter(order["client_order_id"] for order in ledger["orders"])
    for order in ledger["orders"]:
        theirs[order["client_order_id"]] = order
    lost, different = [], []
    for name, order in theirs.items():
        known = tracker.get_order(name)
        if known is None or known.state in _NEVER_THERE:
            lost.append(f"{name} ({'not known' if known is None else known.state})")
            continue
        ours = sorted((fill.trade_id, fill.qty) for fill in known.fills)
        there = sorted((str(fill["trade_id"]), Decimal(fill["qty"])) for fill in order["fills"])
        if known.state != order["state"] or ours != there:
            different.append(f"{name}: {known.state} {ours} here, {order['state']} {there} there")
    ours_only = [
        order.client_order_id
        for order in tracker.get_orders()
        if order.client_order_id not in theirs and order.state not in _NEVER_THERE
    ]
    return report._replace(
        orders=len(theirs),
        fills=len(ledger["fills"]),
        lost=tuple(lost),
        doubled=tuple(name for name, count in names.items() if count > 1),
        unknown=tuple(ours_only),
        different=tuple(different),
    )
