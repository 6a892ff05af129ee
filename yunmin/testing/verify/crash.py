"""kill -9 in the middle of everything: a program that trades on a local venue is killed again and again.

The venue runs in a process of its own and is the oracle: after the last life, every order and fill that it knows of is
known to the account, once, and the other way round. Each life begins where the last one was killed.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import traceback
from collections import Counter
from collections.abc import Callable
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
from yunmin.testing.verify.forked_venue import ask_venue, forked_venue, load_everything, set_weather

__all__ = ["CrashReport", "verify_crashes"]

_ACCOUNT: Final = "local"
_LONGEST_LIFE: Final = 20.0
_HEAL: Final = 60.0
_PATIENT: Final = AccountPolicy(
    query_interval=0.5, tick=0.2, orders_interval=3.0, fills_interval=3.0, snapshot_every=10, keep_records=20
)

_WEATHER: Final = (0.0, 0.0, 0.1, 0.3, 0.6)
"""How bad the venue treats its clients, by turns; see the storms of docs/local-venue.md."""


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
            set_weather(url, chance.choice(_WEATHER), seed=cycle)
            place = _place_of(cycle, chance)
            end = _live_and_die(plugin, url, folder, f"{seed}-{cycle}", place, chance)
            killed_at[place if end == -signal.SIGKILL else "not killed"] += 1
            if end not in (0, -signal.SIGKILL):
                broken.append(f"life {cycle} ended with {end}")
            progress(cycle + 1)
        set_weather(url, 0.0, seed=0)
        tracker = asyncio.run(_heal(plugin, url, folder))
        ledger = ask_venue(url, f"/venue/ledger?account={_ACCOUNT}")
    return _compared(CrashReport(seed, cycles, dict(killed_at), 0, 0, (), (), (), (), tuple(broken)), tracker, ledger)


# --- lives -----------------------------------------------------------------------------------------------------------


def _place_of(cycle: int, chance: Chance) -> str:
    """Each crash point in turn; every other time at any moment."""
    if cycle % 2:
        return "any moment"
    return crash_points.CRASH_POINTS[cycle // 2 % len(crash_points.CRASH_POINTS)] if chance else ""


def _live_and_die(plugin: AdapterPlugin, url: str, folder: Path, seed: str, place: str, chance: Chance) -> int:
    """One life in a process of its own; returns how it ended, as `os.waitstatus_to_exitcode` says it."""
    count, patience = chance.randint(1, 3), chance.uniform(0.05, 1.5)
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(here)
        _be_a_life(plugin, url, folder, seed, (place, count), there)
    os.close(there)
    try:
        if place == "any moment":
            _wait_for(here, _LONGEST_LIFE)  # it says when it begins to trade
            _wait_for(here, patience)
            os.kill(child, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.close(here)


def _wait_for(pipe: int, seconds: float) -> None:
    """Until the other end says a word or is gone, for at most so long."""
    if select.select([pipe], [], [], seconds)[0]:
        os.read(pipe, 1)


def _be_a_life(plugin: AdapterPlugin, url: str, folder: Path, seed: str, end: tuple[str, int], pipe: int) -> None:
    """Trade until killed; never returns."""
    code = 1
    try:
        place, count = end
        if place in crash_points.CRASH_POINTS:
            crash_points.arm(place, count)
        asyncio.run(_trade(plugin, url, folder, seeded(f"life-{seed}"), pipe))
        code = 0
    except BaseException:  # noqa: BLE001  a forked process ends here, whatever happens
        traceback.print_exc()
    finally:
        os._exit(code)


async def _trade(plugin: AdapterPlugin, url: str, folder: Path, chance: Chance, pipe: int) -> None:
    clock = SystemClock()
    deadline = clock.monotonic() + _LONGEST_LIFE
    while True:
        try:
            async with _opened(plugin, url, folder) as account:
                os.write(pipe, b"!")
                return await _act_until(clock.monotonic() + _LONGEST_LIFE / 5, account, clock, chance)
        except ExchangeError:  # in a storm an account may not come to open: so be it
            if clock.monotonic() > deadline:
                return None
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
