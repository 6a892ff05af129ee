"""Whatever the market does and whatever is sent, paper fills are no more and no better than what was told."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulation.paper_bench import SYMBOL, Paper
from yunmin.clock import ManualClock, seeded
from yunmin.core.data_contracts import Fill, Liquidity, OrderRef, OrderState
from yunmin.errors import ExchangeError
from yunmin.simulation.paper_market import PaperDepth

Step = tuple[str, int, int, str]

NEWS = ("TRADE", "TRADE", "TRADE", "TICKER", "PRICE", "BOOK-LAST")
ORDERS = ("LIMIT", "LIMIT", "LIMIT", "MARKET", "QUOTE", "IOC", "STOP", "STOP-LIMIT", "PROFIT", "CANCEL")

steps = st.lists(
    st.tuples(
        st.sampled_from((*NEWS, *ORDERS)),
        st.integers(9_995, 10_005),
        st.integers(1, 300),
        st.sampled_from(("BUY", "SELL")),
    ),
    min_size=1,
    max_size=40,
)
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def begun(**options: Any) -> Paper:
    paper = Paper(ManualClock(), **options)
    paper.trade("100")
    return paper


def tell(paper: Paper, step: Step) -> None:
    """Let the market outside do something."""
    kind, cents, size, side = step
    price = f"{cents / 100:.2f}"
    if kind == "TRADE":
        paper.trade(price, f"{size / 100:.2f}", side if size % 3 else None)
    elif kind == "PRICE":
        paper.exchange.on_price(SYMBOL, Decimal(price))
    else:
        ask = f"{(cents + 1 + size % 5) / 100:.2f}"
        last = price if kind == "BOOK-LAST" else None
        paper.ticker(price, ask, bid_qty=f"{size / 100:.2f}", ask_qty=f"{size / 50:.2f}", last=last)


def send(paper: Paper, step: Step, open_orders: list[Any]) -> None:
    """Place or cancel something; a refusal is as good an answer as any."""
    kind, cents, size, side = step
    price, qty = f"{cents / 100:.2f}", f"{size / 100:.2f}"
    near = f"{(cents + size % 7 - 3) / 100:.2f}"
    try:
        if kind == "CANCEL":
            if open_orders:
                order = open_orders[size % len(open_orders)]
                paper.connector.cancel_now(OrderRef(symbol=SYMBOL, exchange_order_id=str(order.id)))
        elif kind == "MARKET":
            paper.send(side, qty)
        elif kind == "QUOTE":
            paper.send(side, "0", quote=str(size))
        elif kind == "STOP":
            paper.send(side, qty, kind="STOP_LOSS", stop=price)
        elif kind == "STOP-LIMIT":
            paper.send(side, qty, near, kind="STOP_LOSS_LIMIT", stop=price)
        elif kind == "PROFIT":
            paper.send(side, qty, near, kind="TAKE_PROFIT_LIMIT", stop=price)
        else:
            paper.send(side, qty, price, tif="IOC" if kind == "IOC" else "GTC")
    except ExchangeError:
        pass


def carry_out(paper: Paper, step: Step) -> None:
    paper.clock.advance(0.5)
    if step[0] in NEWS:
        tell(paper, step)
    else:
        send(paper, step, paper.exchange.engine.orders_of("paper").open_orders())


def resting(paper: Paper) -> dict[int, tuple[bool, int, int]]:
    """Side, price and rest of what stands in the book."""
    orders = paper.exchange.engine.orders_of("paper").open_orders()
    return {order.id: (order.is_buy, order.price, order.remaining) for order in orders if order.level is not None}


async def limit_of(paper: Paper, fill: Fill) -> Decimal | None:
    ref = OrderRef(symbol=SYMBOL, exchange_order_id=fill.exchange_order_id)
    return (await paper.connector.fetch_order(ref)).price


@SETTINGS
@given(steps)
async def test_value_is_conserved_and_what_is_locked_is_what_orders_hold(sent: list[Step]) -> None:
    paper = begun()
    for step in sent:
        carry_out(paper, step)
        assert paper.exchange.audit().problems == ()
    account, fees = (paper.exchange.engine.ledger.account(name) for name in ("paper", "fees"))
    assert account is not None
    assert fees is not None
    bought = {"BTC": 0, "USDT": 0}
    for fill in paper.exchange.engine.orders_of("paper").all_fills():
        sign = 1 if fill.is_buyer else -1
        bought["BTC"] += sign * fill.qty
        bought["USDT"] -= sign * fill.cost
        bought[fill.fee_asset] -= fill.fee
    start = {"BTC": 10 * 10**8, "USDT": 100_000 * 10**8}
    assert {asset: paper.told(asset) for asset in start} == {asset: start[asset] + bought[asset] for asset in start}


@SETTINGS
@given(steps)
async def test_a_resting_order_is_filled_at_its_own_price_and_a_taking_one_within_its_limit(sent: list[Step]) -> None:
    paper = begun()
    for step in sent:
        carry_out(paper, step)
    for fill in await paper.connector.fetch_fills(SYMBOL):
        limit = await limit_of(paper, fill)
        if fill.liquidity is Liquidity.MAKER:
            assert fill.price == limit
        elif limit is not None:
            assert fill.price <= limit if fill.side == "BUY" else fill.price >= limit


@SETTINGS
@given(steps, st.sampled_from((0, 300_000, 1_000_000)))
async def test_no_more_is_filled_than_was_traded_at_a_price_or_stood_where_it_was_passed(
    sent: list[Step], queue: int
) -> None:
    paper = begun(depth=PaperDepth(queue=queue))
    for step in sent:
        if step[0] != "TRADE":
            carry_out(paper, step)
            continue
        before, price = resting(paper), step[1] * 10**6
        waiting = set(paper.exchange.engine.floor(SYMBOL).stops.waiting)
        seen = len(paper.exchange.engine.orders_of("paper").all_fills())
        carry_out(paper, step)
        new = paper.exchange.engine.orders_of("paper").all_fills()[seen:]
        makers = [fill for fill in new if fill.order_id in before and fill.is_maker and fill.order_id not in waiting]
        triggered = {fill.order_id for fill in new if fill.order_id in waiting}
        at_price = sum(fill.qty for fill in makers if fill.price == price and not triggered)
        assert at_price <= step[2] * 10**6 * (1_000_000 - queue) // 1_000_000
        for fill in makers:
            is_buy, limit, rest = before[fill.order_id]
            assert fill.qty <= rest
            if not triggered:
                assert price <= limit if is_buy else price >= limit


@SETTINGS
@given(steps)
async def test_the_same_told_and_sent_gives_the_same_books(sent: list[Step]) -> None:
    first, second = begun(seed=1), begun(seed=1)
    for step in sent:
        carry_out(first, step)
        carry_out(second, step)
    assert first.exchange.dump() == second.exchange.dump()
    assert first.connector.new_client_order_id() == second.connector.new_client_order_id()


@SETTINGS
@given(steps, st.data())
async def test_an_account_that_goes_on_from_its_state_is_as_one_that_was_never_stopped(
    sent: list[Step], data: st.DataObject
) -> None:
    """Once both have been told where the market is."""
    stop = data.draw(st.integers(0, len(sent)))
    paper = begun()
    for step in sent[:stop]:
        carry_out(paper, step)
    state = json.loads(json.dumps(paper.exchange.dump()))
    other = Paper(paper.clock, balances={}, state=state)
    other._sent = paper._sent
    assert other.exchange.dump() == state
    ends = []
    elapsed = paper.clock.monotonic()
    for one in (paper, other):
        one.clock = clock_at(elapsed)
        use_clock(one)
        one.ticker("99.99", "100.01")
        one.trade("100", "1")
        for step in sent[stop:]:
            carry_out(one, step)
        ends.append(one.exchange.dump())
    assert ends[0] == ends[1]


def clock_at(elapsed: float) -> ManualClock:
    clock = ManualClock()
    clock.advance(elapsed)
    return clock


def use_clock(paper: Paper) -> None:
    """Each of the two has a clock of its own from here on."""
    paper.exchange.engine._clock = paper.clock


def test_the_steps_reach_what_the_properties_are_about() -> None:
    """A run from fixed steps has fills of both kinds, stops that were reached and orders that were filled in parts."""
    paper, chance = begun(), seeded(5)
    for _ in range(400):
        kind, side = chance.choice((*NEWS, *ORDERS)), chance.choice(("BUY", "SELL"))
        carry_out(paper, (kind, chance.randint(9_990, 10_010), chance.randint(1, 300), side))
    orders = paper.exchange.engine.orders_of("paper").all_orders()
    fills = paper.exchange.engine.orders_of("paper").all_fills()
    assert {fill.is_maker for fill in fills} == {True, False}
    assert {OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED} <= {order.state for order in orders}
    assert any(fill.is_maker and fill.qty < order.qty for order in orders for fill in order.fills)
    assert any(order.stop_price and order.filled for order in orders)
