"""Icebergs: the book shows a part, and each next part stands behind everything at its price."""

from __future__ import annotations

from typing import Any

from yunmin.core.data_contracts.enums import OrderState
from yunmin.simulation.orders import ExpiryReason, Refusal
from yunmin.simulation.units import to_units


def best_ask(bench: Any) -> tuple[int, int]:
    level = bench.engine.floor("BTCUSD").book.best_ask
    return (level.qty, level.hidden) if level is not None else (0, 0)


def test_the_book_shows_one_part(bench: Any) -> None:
    order = bench.order("ann", "SELL", "5", "100", iceberg="2")
    assert best_ask(bench) == (to_units(2), to_units(3))
    assert order.remaining == to_units(5)
    assert bench.locked("ann", "BTC") == to_units(5)


def test_the_next_part_stands_behind_what_came_in_between(bench: Any) -> None:
    iceberg = bench.order("ann", "SELL", "5", "100", iceberg="2")
    later = bench.order("bob", "SELL", "1", "100")
    taker = bench.order("cid", "BUY", "4", "100")
    assert [(fill.qty, fill.price) for fill in taker.fills] == [
        (to_units(2), to_units(100)),
        (to_units(1), to_units(100)),
        (to_units(1), to_units(100)),
    ]
    assert later.state is OrderState.FILLED
    assert (iceberg.filled, iceberg.hidden) == (to_units(3), to_units(1))
    assert best_ask(bench) == (to_units(1), to_units(1))


def test_a_taker_meets_all_parts_and_the_last_one_is_what_is_left(bench: Any) -> None:
    iceberg = bench.order("ann", "SELL", "5", "100", iceberg="2")
    taker = bench.order("cid", "BUY", "5", "100", tif="FOK")
    assert [fill.qty for fill in taker.fills] == [to_units(2), to_units(2), to_units(1)]
    assert iceberg.state is taker.state is OrderState.FILLED
    assert best_ask(bench) == (0, 0)
    assert bench.engine.audit().ok


def test_as_a_taker_it_trades_with_all_it_has_and_rests_in_parts(bench: Any) -> None:
    bench.order("bob", "BUY", "3", "100")
    iceberg = bench.order("ann", "SELL", "5", "100", iceberg="0.5")
    assert iceberg.filled == to_units(3)
    assert best_ask(bench) == (to_units("0.5"), to_units("1.5"))


def test_a_market_order_by_amount_reaches_what_is_hidden(bench: Any) -> None:
    bench.order("ann", "SELL", "5", "100", iceberg="1")
    taker = bench.order("bob", "BUY", quote_qty="450")
    assert taker.filled == to_units("4.5")
    assert bench.engine.audit().ok


def test_an_amendment_takes_from_what_is_hidden_first(bench: Any) -> None:
    order = bench.order("ann", "SELL", "5", "100", iceberg="2")
    bench.engine.amend("ann", "BTCUSD", order.id, qty=to_units(3), client_order_id="a")
    assert best_ask(bench) == (to_units(2), to_units(1))
    bench.engine.amend("ann", "BTCUSD", order.id, qty=to_units(1), client_order_id="b")
    assert best_ask(bench) == (to_units(1), 0)
    assert bench.locked("ann", "BTC") == to_units(1)


def test_a_cancel_takes_both_parts_out(bench: Any) -> None:
    other = bench.order("bob", "SELL", "1", "100")
    order = bench.order("ann", "SELL", "5", "100", iceberg="2")
    bench.engine.cancel("ann", "BTCUSD", order.id)
    assert best_ask(bench) == (to_units(1), 0)
    bench.engine.cancel("bob", "BTCUSD", other.id)
    assert best_ask(bench) == (0, 0)


def test_expire_maker_ends_all_of_it_and_decrement_the_part_that_it_shows(bench: Any) -> None:
    whole = bench.order("ann", "SELL", "5", "100", iceberg="2")
    bench.order("ann", "BUY", "1", "100", stp="EXPIRE_MAKER")
    assert (whole.prevented, whole.expiry_reason) == (to_units(5), ExpiryReason.SELF_TRADE)
    shown = bench.order("ann", "SELL", "5", "101", iceberg="2")
    taker = bench.order("ann", "BUY", "3", "101", stp="DECREMENT")
    assert (shown.prevented, shown.remaining, taker.prevented) == (to_units(3), to_units(2), to_units(3))
    assert taker.filled == 0
    assert bench.engine.audit().ok


def test_what_cannot_be_an_iceberg_is_refused(bench: Any) -> None:
    assert bench.send("ann", "SELL", "5", "100", iceberg="6") is Refusal.ICEBERG_TOO_LARGE
    assert bench.send("ann", "SELL", "5", "100", iceberg="1", tif="IOC") is Refusal.UNSUPPORTED_TYPE
    assert bench.send("ann", "SELL", "5", iceberg="1") is Refusal.UNSUPPORTED_TYPE
    assert bench.send("ann", "SELL", "5", "100", iceberg="0.00001") is Refusal.OFF_GRID
