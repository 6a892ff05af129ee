"""A long life in bounded memory: what is done is forgotten in time, what is open never."""

from __future__ import annotations

from yunmin.clock import ManualClock, seeded
from yunmin.core.data_contracts.enums import OrderType, Side
from yunmin.simulation.ledger import Ledger
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.orders import Market, NewOrder, Order, SelfTradePrevention
from yunmin.simulation.units import SCALE

KEEP = 50
PRICE = 50_000 * SCALE


def an_engine() -> MatchingEngine:
    ledger = Ledger()
    for name in ("a", "b"):
        ledger.open_account(name)
        for asset in ("BTC", "USDT"):
            ledger.deposit(name, asset, 10**9 * SCALE)
    return MatchingEngine([Market("BTCUSDT", "BTC", "USDT", SCALE, SCALE // 1000)], ledger, ManualClock(), keep=KEEP)


def test_ten_thousand_orders_later_the_counts_are_bounded_and_the_books_add_up() -> None:
    engine, random = an_engine(), seeded(5)
    floor, first = engine.floor("BTCUSDT"), []
    for number in range(10_000):
        account, side = random.choice("ab"), random.choice((Side.BUY, Side.SELL))
        price = PRICE + random.randint(-5, 5) * SCALE
        if number < 3:  # out of reach: these stay open to the end
            account, side, price = "a", Side.BUY, PRICE // 2
        new = NewOrder(
            account, "BTCUSDT", side, OrderType.LIMIT, f"order-{number}", qty=SCALE // 100, price=price,
            self_trade=SelfTradePrevention.EXPIRE_TAKER,
        )  # fmt: skip
        placed = engine.place(new)
        assert isinstance(placed, Order)
        first += [placed] if number < 3 else []
        if number % 7 == 0 and placed.is_open and number >= 3:
            engine.amend(account, "BTCUSDT", placed.id, qty=SCALE // 200, client_order_id=f"amended-{number}")
        if number % 3 == 0 and placed.is_open and number >= 3:
            engine.cancel(account, "BTCUSDT", placed.id)
    for name in ("a", "b"):
        index = engine.orders_of(name)
        most = 2 * KEEP + len(index.open)
        assert KEEP <= len(index.orders("BTCUSDT")) <= most + 1
        assert KEEP <= len(index.fills("BTCUSDT")) <= 2 * KEEP
        newest = index.orders("BTCUSDT")[-1]
        assert index.by_id("BTCUSDT", newest.id) is index.by_client_id("BTCUSDT", newest.client_order_id) is newest
    assert all(engine.orders_of("a").by_id("BTCUSDT", order.id) is order for order in first)
    assert engine.orders_of("a").by_client_id("BTCUSDT", "order-3") is None
    assert len(floor.tape.trades) <= 8 * KEEP
    assert KEEP <= len(floor.prevented) <= 2 * KEEP
    assert KEEP <= len(floor.amendments) <= 2 * KEEP
    last = floor.prevented[-1]
    assert last.id > 2 * KEEP
    assert floor.prevented_match(last.id) is last
    assert floor.prevented_match(0) is None
    assert [one.id for one in floor.amendments] == list(range(floor.amendments[0].id, floor.next_amendment))
    assert engine.audit().ok


def test_what_is_shorter_than_its_bound_is_kept_whole() -> None:
    engine = an_engine()
    for number in range(KEEP):
        placed = engine.place(
            NewOrder("a", "BTCUSDT", Side.BUY, OrderType.LIMIT, f"x{number}", qty=SCALE // 100, price=PRICE)
        )
        assert isinstance(placed, Order)
        engine.cancel("a", "BTCUSDT", placed.id)
    assert [order.client_order_id for order in engine.orders_of("a").orders("BTCUSDT")] == [
        f"x{number}" for number in range(KEEP)
    ]
