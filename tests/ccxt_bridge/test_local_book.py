"""N31: a book that is kept from differences equals the true one, or it is known that it does not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunmin.ccxt_bridge.local_book import Joint, LocalBook
from yunmin.core.data_contracts import BookLevel, OrderBook

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other work may hold the machine up
Sides = dict[str, dict[Decimal, Decimal]]


def a_book(sequence: int, sides: Sides) -> OrderBook:
    def levels(side: str, *, reverse: bool) -> tuple[BookLevel, ...]:
        return tuple(BookLevel(price=price, qty=qty) for price, qty in sorted(sides[side].items(), reverse=reverse))

    return OrderBook(
        symbol="BTC/USDT", bids=levels("bids", reverse=True), asks=levels("asks", reverse=False), sequence=sequence
    )


# bids below 100, asks above: no update crosses
updates = st.lists(
    st.one_of(
        st.tuples(st.just("bids"), st.integers(90, 99), st.integers(0, 3)),
        st.tuples(st.just("asks"), st.integers(101, 110), st.integers(0, 3)),
    ),
    min_size=1,
    max_size=40,
)


class Venue:
    """A true book whose every update has a number; differences bundle some that follow each other."""

    def __init__(self, changes: list[Any]) -> None:
        self.changes = changes
        self.states: list[OrderBook] = []
        sides: Sides = {"bids": {}, "asks": {}}
        self.states.append(a_book(0, sides))
        for number, (side, price, qty) in enumerate(changes, start=1):
            sides[side].pop(Decimal(price), None)
            if qty:
                sides[side][Decimal(price)] = Decimal(qty)
            self.states.append(a_book(number, sides))

    def difference(self, first: int, last: int) -> tuple[int, int, list[Any], list[Any]]:
        """What updates `first` to `last` made of the levels that they touched."""
        touched: Sides = {"bids": {}, "asks": {}}
        for side, price, qty in self.changes[first - 1 : last]:
            touched[side][Decimal(price)] = Decimal(qty)
        return first, last, list(touched["bids"].items()), list(touched["asks"].items())


@calm
@given(updates, st.data())
def test_N31_differences_that_join_lead_to_the_true_book(changes: list[Any], data: st.DataObject) -> None:
    venue, count = Venue(changes), len(changes)
    cuts = sorted(data.draw(st.sets(st.integers(1, count))) | {count})
    bundles = [venue.difference(first + 1, last) for first, last in zip([0, *cuts], cuts, strict=False)]
    start = data.draw(st.integers(0, count))
    book = LocalBook(venue.states[start])
    for bundle in bundles:
        joint = book.apply(*bundle)
        assert joint is (Joint.OLD if bundle[1] <= start else Joint.JOINS)
        assert book.show(50) == venue.states[max(start, bundle[1])]
        assert not book.is_crossed


@calm
@given(updates, st.data())
def test_N31_a_difference_that_is_missing_is_noticed_at_the_next(changes: list[Any], data: st.DataObject) -> None:
    venue, count = Venue(changes), len(changes)
    kept = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    book = LocalBook(venue.states[0])
    expected = 0
    for number, is_kept in enumerate(kept, start=1):
        if not is_kept:
            continue
        joint = book.apply(*venue.difference(number, number))
        assert joint is (Joint.JOINS if number == expected + 1 else Joint.LEAVES_A_GAP)
        expected = book.sequence
        assert book.show(50) == venue.states[expected], "what does not join is not applied"


@calm
@given(updates, st.data())
def test_N31_what_comes_twice_or_late_changes_nothing(changes: list[Any], data: st.DataObject) -> None:
    venue, count = Venue(changes), len(changes)
    book = LocalBook(venue.states[0])
    for number in range(1, count + 1):
        assert book.apply(*venue.difference(number, number)) is Joint.JOINS
        again = data.draw(st.integers(1, number))
        assert book.apply(*venue.difference(again, again)) is Joint.OLD
        assert book.show(50) == venue.states[number]


def test_N31_a_crossed_book_is_known_as_such() -> None:
    book = LocalBook(a_book(1, {"bids": {Decimal(99): Decimal(1)}, "asks": {Decimal(101): Decimal(1)}}))
    assert not book.is_crossed
    assert book.apply(2, 2, [(Decimal(101), Decimal(1))], []) is Joint.JOINS
    assert book.is_crossed


def test_a_side_that_grows_beyond_bounds_keeps_what_is_near() -> None:
    book = LocalBook(a_book(0, {"bids": {}, "asks": {}}))
    book.apply(1, 1, [(Decimal(n), Decimal(1)) for n in range(1, 10_002)], [])
    shown = book.show(10_000)
    assert len(shown.bids) == 5000
    assert shown.bids[0].price == 10_001
