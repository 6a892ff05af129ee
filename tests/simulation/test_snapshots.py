"""State as plain data: whole, exact, shared things shared, and loud about what it does not know."""

from __future__ import annotations

import inspect
from collections import defaultdict, deque
from enum import StrEnum
from typing import Any, NamedTuple

import orjson
import pytest

from yunmin.clock import ManualClock, seeded
from yunmin.core.data_contracts.enums import OrderType, Side
from yunmin.errors import ConfigurationError
from yunmin.simulation.engine_state import ENGINE_CLASSES, ENGINE_KEPT
from yunmin.simulation.ledger import Account, Ledger
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.order_lists import OrderList
from yunmin.simulation.orders import Market, NewOrder, Order
from yunmin.simulation.snapshots import Snapshots
from yunmin.simulation.tape import Tape


class Colour(StrEnum):
    RED = "red"


class Pair(NamedTuple):
    one: int
    other: Any


class Slotted:
    __slots__ = ("left", "shared")
    left: Any
    shared: Any


class Open:
    def __init__(self) -> None:
        self.values: Any = None
        self.wires: Any = "set-up"
        self.slotted = Slotted()


KNOWN = Snapshots((Colour, Pair, Slotted, Open), {Open: frozenset({"wires"})})


def through_json(root: object, other: object, snapshots: Snapshots = KNOWN) -> None:
    snapshots.restore([other], orjson.loads(orjson.dumps(snapshots.take([root]))))


def test_every_kind_of_value_comes_back_as_it_was() -> None:
    one, other = Open(), Open()
    one.values = [None, True, 1, 2**80, -(2**70), 0.1, "x", Colour.RED, (1, (2,)), frozenset({3}), {4}, deque([5]),
                  {("a", 1): [6]}, defaultdict(int, {"b": 7}), Pair(8, [9])]  # fmt: skip
    through_json(one, other)
    assert other.values == one.values
    assert [type(value) for value in other.values] == [type(value) for value in one.values]
    assert other.values[13]["new"] == 0


def test_what_was_one_object_is_one_object_again_and_rings_are_no_trouble() -> None:
    one, other = Open(), Open()
    shared: list[Any] = [1]
    shared.append(shared)
    one.values, one.slotted.left, one.slotted.shared = shared, one, shared
    through_json(one, other)
    assert other.values is other.slotted.shared is other.values[1]
    assert other.slotted.left is other


def test_objects_that_are_there_are_refilled_and_set_up_stays() -> None:
    one, other = Open(), Open()
    one.wires, other.wires = "one", "other"
    before = other.slotted
    one.slotted.left = 5
    through_json(one, other)
    assert other.slotted is before
    assert (other.slotted.left, other.wires) == (5, "other")
    assert not hasattr(other.slotted, "shared")


def test_chance_goes_on_where_it_was() -> None:
    one, other = Open(), Open()
    one.values, other.values = seeded(1), seeded(2)
    one.values.random()
    through_json(one, other)
    assert [one.values.random() for _ in range(3)] == [other.values.random() for _ in range(3)]


@pytest.mark.parametrize("value", [object(), print, lambda: 1, b"bytes", Exception()])
def test_what_it_does_not_know_is_refused_by_name(value: Any) -> None:
    one = Open()
    one.values = value
    with pytest.raises(TypeError, match="no part of a state"):
        KNOWN.take([one])


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"Slotted"', b'"Gone"'), (b'"left"', b'"renamed"'), (b'"one","other"', b'"one"')],
)
def test_a_state_of_other_classes_is_of_another_version(old: bytes, new: bytes) -> None:
    one = Open()
    one.slotted.left, one.slotted.shared, one.values = 1, 2, Pair(1, 2)
    told = orjson.dumps(KNOWN.take([one]))
    assert old in told
    with pytest.raises(ConfigurationError, match="version"):
        KNOWN.restore([Open()], orjson.loads(told.replace(old, new)))


def an_engine() -> MatchingEngine:
    ledger = Ledger()
    for name in ("a", "b"):
        ledger.open_account(name)
        for asset in ("BTC", "USDT"):
            ledger.deposit(name, asset, 10**15)
    return MatchingEngine([Market("BTCUSDT", "BTC", "USDT", 10**6, 10**3)], ledger, ManualClock())


def test_every_slot_of_an_engines_objects_is_written_unless_it_is_named_as_set_up() -> None:
    snapshots = Snapshots(ENGINE_CLASSES, ENGINE_KEPT)
    engine = an_engine()
    limit = NewOrder("a", "BTCUSDT", Side.BUY, OrderType.LIMIT, "x", qty=10**8, price=5 * 10**12)
    engine.place(limit)
    engine.place(limit._replace(account="b", side=Side.SELL, client_order_id="y", qty=10**7))
    layout = {name: set(fields) for name, fields in snapshots.take([engine])["layout"].items()}
    for one in (Order, Account, Tape, Ledger, MatchingEngine):
        assert one.__name__ in layout
    for kind in (entry for entry in ENGINE_CLASSES if entry.__name__ in layout):
        slots = set(snapshots.attributes_of(kind))
        assert slots - ENGINE_KEPT.get(kind, frozenset()) <= layout[kind.__name__], kind.__name__
    assert set(OrderList.__slots__) == set(snapshots.attributes_of(OrderList))


def test_every_class_of_an_engine_can_be_part_of_a_state() -> None:
    assert {Order, OrderList, Tape, Ledger, Account, MatchingEngine} <= set(ENGINE_CLASSES)
    for one, kept in ENGINE_KEPT.items():
        source = inspect.getsource(one)
        assert all(f"self.{name}" in source for name in kept), "set-up that is no longer there"


def test_a_long_queue_at_one_price_is_no_trouble() -> None:
    engine, other = an_engine(), an_engine()
    for number in range(3000):
        engine.place(NewOrder("a", "BTCUSDT", Side.BUY, OrderType.LIMIT, f"x{number}", qty=10**5, price=5 * 10**12))
    through_json(engine, other, Snapshots(ENGINE_CLASSES, ENGINE_KEPT))
    resting = [order.client_order_id for order in other.floor("BTCUSDT").book.orders()]
    assert resting == [f"x{number}" for number in range(3000)]
    assert other.audit().ok
