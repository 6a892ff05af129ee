"""A trade whose order nobody finds may be of any order of its time, until it has its name or is given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.execution.world import SYMBOL, a_buy
from yunmin.clock import ManualClock
from yunmin.core.data_contracts import OrderUpdate, Side, SubmitResult, Verdict
from yunmin.execution.backfill import Strangers
from yunmin.execution.bookkeeper import Bookkeeper
from yunmin.execution.nameless_trades import NamelessTrades
from yunmin.execution.order_journal import OrderJournal
from yunmin.execution.policy import AccountPolicy, ExternalOrders

TRADED = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


class Scene:
    """An account's books with what was warned of."""

    def __init__(self, journal: OrderJournal, clock: ManualClock) -> None:
        self.books = Bookkeeper(journal, journal.recover(), clock)
        self.warned: list[str] = []
        self.nameless = NamelessTrades(self.books, warn=self.warned.append)

    def miss(self, times: int) -> list[bool]:
        return [self.nameless.miss(SYMBOL, "7", TRADED) for _ in range(times)]


@pytest.fixture
def scene(journal: OrderJournal, clock: ManualClock) -> Scene:
    return Scene(journal, clock)


@pytest.mark.parametrize(("made_after", "may_be"), [(-60.0, True), (4.5, True), (5.5, False)])
def test_it_may_be_of_an_order_that_was_made_before_it_by_clocks_that_may_differ(
    scene: Scene, made_after: float, may_be: bool
) -> None:
    scene.miss(1)
    assert scene.nameless.is_there_since(SYMBOL, TRADED + timedelta(seconds=made_after)) is may_be
    assert scene.nameless.is_there_since(SYMBOL, None)
    assert not scene.nameless.is_there_since("ETH/USDT", None)


def test_whose_time_nobody_knows_may_be_of_any_order(scene: Scene) -> None:
    scene.nameless.miss(SYMBOL, "7", None)
    assert scene.nameless.is_there_since(SYMBOL, TRADED + timedelta(days=365))


def test_it_is_given_up_loudly_at_the_tenth_miss_and_stays_what_it_was(scene: Scene) -> None:
    assert scene.miss(9) == [True] * 9
    assert scene.warned == []
    assert not scene.nameless.is_given_up(SYMBOL, "7")
    assert scene.miss(1) == [False]
    assert ["given up" in line for line in scene.warned] == [False, True]
    assert scene.nameless.is_given_up(SYMBOL, "7")
    assert scene.nameless.is_there_since(SYMBOL, TRADED)


def test_while_an_order_of_its_time_is_in_doubt_it_is_warned_of_once_and_not_given_up(scene: Scene) -> None:
    scene.books.begin(a_buy(), qty_step=Decimal(1))
    scene.books.take(SubmitResult(client_order_id="ym-1", verdict=Verdict.UNKNOWN))
    late = TRADED + timedelta(days=3650)
    assert [scene.nameless.miss(SYMBOL, "7", late) for _ in range(25)] == [True] * 25
    assert len(scene.warned) == 1
    assert not scene.nameless.is_given_up(SYMBOL, "7")


def test_what_gets_its_name_leaves(scene: Scene) -> None:
    scene.miss(1)
    scene.books.begin(a_buy(), qty_step=Decimal(1))
    scene.books.take(OrderUpdate(symbol=SYMBOL, client_order_id="ym-1", exchange_order_id="7", side=Side.BUY))
    assert not scene.nameless.is_there_since(SYMBOL, None)


def test_the_name_of_an_order_that_left_the_history_counts_too(scene: Scene) -> None:
    scene.books.tracker.history_limit = 1
    for number in ("7", "8", "9"):
        name = f"ym-{number}"
        scene.books.begin(a_buy(name), qty_step=Decimal(1))
        scene.books.take(
            OrderUpdate(
                symbol=SYMBOL, client_order_id=name, exchange_order_id=number, side=Side.BUY, state="CANCELLED",
                updated_at=TRADED,
            )
        )  # fmt: skip
    assert scene.books.tracker.get_order("ym-7") is None
    scene.miss(1)
    assert not scene.nameless.is_there_since(SYMBOL, None)


def test_a_strangers_order_that_is_met_is_no_longer_nameless(scene: Scene, folder: Path) -> None:
    policy = AccountPolicy(external_orders=ExternalOrders.OBSERVE)
    strangers = Strangers(
        scene.books, policy, "ym-", nameless=scene.nameless, tell=lambda update: None, warn=scene.warned.append
    )
    scene.miss(1)
    strangers.meet(OrderUpdate(symbol=SYMBOL, client_order_id="theirs", exchange_order_id="7", side=Side.BUY))
    assert not scene.nameless.is_there_since(SYMBOL, None)
