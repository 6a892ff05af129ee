"""Whatever several accounts send, value is conserved, books stay uncrossed, and a seed gives one history."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunmin.clock import seeded
from yunmin.simulation.orders import EngineEvent, Order, SelfTradePrevention

ACCOUNTS = ("ann", "bob", "cid", "thrifty")
STOPS = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
MODES = tuple(SelfTradePrevention)

commands = st.lists(
    st.tuples(
        st.sampled_from(ACCOUNTS),
        st.sampled_from(("BUY", "SELL")),
        st.sampled_from(("LIMIT", "MARKET", "LIMIT_MAKER", "QUOTE", "CANCEL", "AMEND", "PAIR", *STOPS)),
        st.sampled_from(("GTC", "IOC", "FOK")),
        st.integers(0, 400),
        st.integers(9_990, 10_010),
        st.sampled_from(("BTCUSD", "TOKUSD")),
        st.sampled_from(MODES),
    ),
    max_size=40,
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


def needed_by(order: Order) -> int:
    if not order.is_buy:
        return order.remaining
    return (order.price or order.stop_price) * order.remaining // 10**8


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
                together = order.group.orders if order.group is not None else [order]
                still_open = [one for one in together if one.is_open]
                assert sum(one.locked for one in still_open) == max(needed_by(one) for one in still_open)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
        random.choice(("LIMIT", "LIMIT", "LIMIT", "MARKET", "LIMIT_MAKER", "QUOTE", "CANCEL", "AMEND", "PAIR", *STOPS)),
        random.choice(("GTC", "GTC", "IOC", "FOK")),
        random.randint(0, 400),
        random.randint(9_950, 10_050),
        random.choice(("BTCUSD", "TOKUSD")),
        random.choice(MODES),
    )


def history(bench: Any, seed: int, length: int) -> list[tuple[object, ...]]:
    told: list[tuple[object, ...]] = []

    def listen(event: EngineEvent) -> None:
        order: Order = event.order
        told.append((event.kind, event.time, order.market, order.id, order.state, order.remaining, event.fill))

    bench.engine.listen(listen)
    random = seeded(seed)
    for _ in range(length):
        bench.clock.advance(0.001)
        carry_out(bench, random_command(random))
    return told


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_long_seeded_run_keeps_the_books_straight_at_every_step(make_bench: Callable[[], Any], seed: int) -> None:
    bench, random = make_bench(), seeded(seed)
    for number in range(1500):
        carry_out(bench, random_command(random))
        assert bench.engine.audit().ok
        if number % 250 == 0:
            assert_invariants(bench)
    assert_invariants(bench)


def test_one_seed_gives_one_history(make_bench: Callable[[], Any]) -> None:
    first, again, other = (history(make_bench(), seed, 600) for seed in (7, 7, 8))
    assert first == again
    assert first != other
    assert len(first) > 300
