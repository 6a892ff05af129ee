"""Whatever several accounts send, value is conserved, books stay uncrossed, and a seed gives one history."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunmin.clock import seeded
from yunmin.simulation.engine_state import ENGINE_CLASSES, ENGINE_KEPT
from yunmin.simulation.orders import EngineEvent, Order, Peg, PegSide, SelfTradePrevention
from yunmin.simulation.snapshots import Snapshots

ACCOUNTS = ("ann", "bob", "one", "other", "thrifty")
STOPS = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
LISTS = ("PAIR", "OTO", "OTOCO", "OPO", "OPOCO")
KINDS = ("LIMIT", "MARKET", "LIMIT_MAKER", "QUOTE", "CANCEL", "AMEND", "ICEBERG", "PEGGED", "TRAILING", *LISTS, *STOPS)
MODES = tuple(SelfTradePrevention)

commands = st.lists(
    st.tuples(
        st.sampled_from(ACCOUNTS),
        st.sampled_from(("BUY", "SELL")),
        st.sampled_from(KINDS),
        st.sampled_from(("GTC", "IOC", "FOK")),
        st.integers(0, 400),
        st.integers(9_990, 10_010),
        st.sampled_from(("BTCUSD", "TOKUSD")),
        st.sampled_from(MODES),
    ),
    max_size=50,
)


def carry_out(bench: Any, command: tuple[str, str, str, str, int, int, str, str]) -> None:
    account, side, kind, tif, size, cents, market, stp = command
    qty, price = f"{size / 100:.2f}", f"{cents / 100:.2f}"
    if kind == "CANCEL":
        open_orders = bench.engine.orders_of(account).open_orders()
        if open_orders:
            order = open_orders[size % len(open_orders)]
            bench.engine.cancel(account, order.market, order.id)
    elif kind == "AMEND":
        open_orders = bench.engine.orders_of(account).open_orders()
        if open_orders:
            order = open_orders[size % len(open_orders)]
            less = order.qty - size * 10**6
            bench.engine.amend(account, order.market, order.id, qty=less, client_order_id=f"{order.client_order_id}+")
    elif kind == "PAIR":
        far = f"{(2 * 10_000 - cents) / 100:.2f}"
        bench.pair(account, side, qty, limit=price, stop=far, stop_limit=far if size % 2 else "0", market=market)
    elif kind in LISTS:
        behind(bench, command)
    elif kind == "ICEBERG":
        bench.send(account, side, qty, price, iceberg=f"{size / 300:.2f}", market=market, stp=stp)
    elif kind == "PEGGED":
        peg = Peg(PegSide.OWN if size % 2 else PegSide.OPPOSITE, size % 3)
        waits = {"order_type": "STOP_LOSS_LIMIT", "stop": price} if size % 4 == 0 else {"order_type": "LIMIT"}
        bench.send(account, side, qty, peg=peg, tif=tif, market=market, stp=stp, **waits)
    elif kind == "TRAILING":
        stop = price if size % 2 else "0"
        kind = STOPS[size % 2 * 2]
        bench.send(account, side, qty, order_type=kind, stop=stop, trail=1 + size, market=market, stp=stp)
    elif kind == "MARKET":
        bench.send(account, side, qty, market=market, stp=stp)
    elif kind == "QUOTE":
        bench.send(account, side, quote_qty=f"{size}.37", market=market, stp=stp)
    elif kind in STOPS:
        own = f"{(cents + size % 21 - 10) / 100:.2f}" if kind.endswith("LIMIT") else "0"
        bench.send(account, side, qty, own, order_type=kind, tif=tif, stop=price, market=market, stp=stp)
    else:
        bench.send(
            account, side, qty, price, order_type=kind, tif=tif if kind == "LIMIT" else "GTC", market=market, stp=stp
        )


def behind(bench: Any, command: tuple[str, str, str, str, int, int, str, str]) -> None:
    """One order or two behind a working one that the market may fill at once, later or never."""
    account, side, kind, tif, size, cents, market, stp = command
    pays = kind.startswith("OPO")
    qty, price = f"{size / 100:.2f}", f"{cents / 100:.2f}"
    first, then = ("BUY", "SELL") if pays else (side, "SELL" if side == "BUY" else "BUY")
    later = "0" if pays else f"{size / 150:.2f}"
    near, far = f"{(cents + size % 30) / 100:.2f}", f"{(20_000 - cents) / 100:.2f}"
    working = bench.new(account, first, qty, price, tif=tif, stp=stp, market=market)
    if kind.endswith("OCO"):
        limit = bench.new(account, then, later, near, order_type="LIMIT_MAKER", market=market)
        bench.behind(working, limit, limit._replace(**stop_of(bench, far)), pays=pays)
    elif size % 3:
        bench.behind(working, bench.new(account, then, later, near, market=market, stp=stp), pays=pays)
    else:
        bench.behind(working, bench.new(account, then, later, market=market, stp=stp), pays=pays)


def stop_of(bench: Any, price: str) -> dict[str, object]:
    stop = bench.new("ann", "BUY", "1", order_type="STOP_LOSS", stop=price)
    return {name: getattr(stop, name) for name in ("order_type", "price", "stop_price", "client_order_id")}


def needed_by(order: Order) -> int:
    if not order.is_buy:
        return order.remaining
    return (order.price or order.reserved_at) * order.remaining // 10**8


def assert_enough_is_set_aside(order: Order) -> None:
    """Rivals share what the dearer of them needs; what a working order buys for others is theirs until it is filled."""
    group = order.group
    if group is not None and group.pays and order.is_pending:
        assert sum(one.locked for one in group.pending) <= group.orders[0].filled
        return
    together = [order, *(group.rivals_of(order) if group is not None else ())]
    assert sum(one.locked for one in together) == max(needed_by(one) for one in together)


def assert_levels_add_up(bench: Any, market: str) -> None:
    book = bench.engine.floor(market).book
    for level in (*book.bids(), *book.asks()):
        orders = list(level.orders())
        assert level.qty == sum(order.remaining - order.hidden for order in orders)
        assert level.hidden == sum(order.hidden for order in orders)
        assert all(order.remaining > order.hidden >= 0 for order in orders)


def assert_invariants(bench: Any) -> None:
    assert bench.engine.audit().problems == ()
    for account in ACCOUNTS:
        index = bench.engine.orders_of(account)
        for order in index.all_orders():
            assert sum(fill.qty for fill in order.fills) == order.filled <= order.qty
            assert sum(fill.cost for fill in order.fills) == order.quote_spent
            assert (order in index.open.values()) is order.is_open
            assert order.is_open or order.locked == 0
            if order.is_open:
                assert_enough_is_set_aside(order)
    for market in ("BTCUSD", "TOKUSD"):
        assert_levels_add_up(bench, market)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands)
def test_any_orders_in_any_sequence_keep_the_books_straight(make_bench: Callable[[], Any], orders: list[Any]) -> None:
    bench = make_bench()
    for command in orders:
        carry_out(bench, command)
        assert_invariants(bench)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_costs_finer_than_the_smallest_unit_are_rounded_alike_for_both_sides(
    make_bench: Callable[[], Any], seed: int
) -> None:
    bench, random = make_bench(), seeded(seed)
    for _ in range(1000):
        account, side = random.choice(ACCOUNTS), random.choice(("BUY", "SELL"))
        qty, price = f"0.{random.randint(1, 999):04d}", f"0.00{random.randint(1, 99):04d}"
        tif = random.choice(("GTC", "GTC", "IOC", "FOK"))
        bench.send(account, side, qty, price, tif=tif, market="ETHBTC")
        assert bench.engine.audit().ok
    assert_invariants(bench)
    costs = [trade.cost * 10**8 - trade.price * trade.qty for trade in bench.engine.floor("ETHBTC").tape.trades]
    assert min(costs) < 0 <= 10**8 + min(costs)
    assert max(costs) <= 0


def random_command(random: Random) -> tuple[str, str, str, str, int, int, str, str]:
    return (
        random.choice(ACCOUNTS),
        random.choice(("BUY", "SELL")),
        random.choice(("LIMIT", "LIMIT", "LIMIT", "LIMIT", *KINDS)),
        random.choice(("GTC", "GTC", "IOC", "FOK")),
        random.randint(0, 400),
        random.randint(9_950, 10_050),
        random.choice(("BTCUSD", "TOKUSD")),
        random.choice(MODES),
    )


def listened(bench: Any) -> list[tuple[object, ...]]:
    """What the engine tells from now on."""
    told: list[tuple[object, ...]] = []

    def listen(event: EngineEvent) -> None:
        order: Order = event.order
        told.append((event.kind, event.time, order.market, order.id, order.state, order.remaining, event.fill))

    bench.engine.listen(listen)
    return told


def live(bench: Any, random: Random, length: int) -> None:
    for _ in range(length):
        bench.clock.advance(0.001)
        carry_out(bench, random_command(random))


def history(bench: Any, seed: int, length: int) -> list[tuple[object, ...]]:
    told = listened(bench)
    live(bench, seeded(seed), length)
    return told


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_long_seeded_run_keeps_the_books_straight_at_every_step(make_bench: Callable[[], Any], seed: int) -> None:
    bench, random = make_bench(), seeded(seed)
    for number in range(1500):
        carry_out(bench, random_command(random))
        assert bench.engine.audit().problems == ()
        if number % 250 == 0:
            assert_invariants(bench)
    assert_invariants(bench)


def test_one_seed_gives_one_history(make_bench: Callable[[], Any]) -> None:
    first, again, other = (history(make_bench(), seed, 600) for seed in (7, 7, 8))
    assert first == again
    assert first != other
    assert len(first) > 300


def test_an_engine_that_is_saved_with_orders_of_every_kind_goes_on_as_if_it_had_not_been(
    make_bench: Callable[[], Any],
) -> None:
    bench, other, random = make_bench(), make_bench(), seeded(9)
    live(bench, random, 800)
    is_open = [order for name in ACCOUNTS for order in bench.engine.orders_of(name).open_orders()]
    assert any(order.is_pending for order in is_open)
    assert any(order.trail is not None and order.trail.since for order in is_open)
    assert any(order.hidden for order in is_open)
    snapshots = Snapshots(ENGINE_CLASSES, ENGINE_KEPT)
    snapshots.restore([other.engine], orjson.loads(orjson.dumps(snapshots.take([bench.engine]))))
    other.clock.advance(bench.clock.monotonic())
    other._count = bench._count
    told, again = listened(bench), listened(other)
    rest = random.getstate()
    live(bench, random, 400)
    random.setstate(rest)
    live(other, random, 400)
    assert len(told) > 300
    assert told == again
    assert_invariants(other)
