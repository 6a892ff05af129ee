"""A person's word: taken for what is in doubt, refused for the rest, and outweighed by the exchange's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.execution.world import a_buy
from yunmin.clock import ManualClock
from yunmin.core.data_contracts import OrderSearched, OrderState, OrderUpdate, Side, SubmitResult, Verdict
from yunmin.errors import JournalBusy, LifecycleError, RejectReason
from yunmin.execution.order_journal import OrderJournal, PlaceIntent
from yunmin.execution.resolving import Resolution, resolve_order


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def folder(tmp_path: Path, clock: ManualClock) -> Path:
    """An account with an unknown order, a suspect one and one that is simply open."""
    with OrderJournal.open(tmp_path / "account", clock=clock) as journal:
        for name in ("unknown", "suspect", "open"):
            journal.intend(PlaceIntent(request=a_buy(name), created_at=clock.now()))
        journal.record(SubmitResult(client_order_id="unknown", verdict=Verdict.UNKNOWN))
        for number, name in enumerate(("suspect", "open")):
            journal.record(
                OrderUpdate(
                    symbol="BTC/USDT",
                    client_order_id=name,
                    exchange_order_id=str(number),
                    state=OrderState.OPEN,
                    side=Side.BUY,
                )
            )
        journal.record(OrderSearched(client_order_id="suspect", attempt=1, found=False))
    return tmp_path / "account"


def test_an_unknown_order_never_came_to_be_because_somebody_looked(folder: Path, clock: ManualClock) -> None:
    order = resolve_order(folder, "unknown", Resolution.NOT_PLACED, "looked at the website", clock=clock)
    assert (order.state, order.reject_reason) == (OrderState.FAILED, RejectReason.NOT_PLACED)
    with OrderJournal.open(folder, clock=clock) as journal:
        again = journal.recover().get_order("unknown")
        assert again is not None
        assert again.state is OrderState.FAILED


def test_a_suspect_order_has_ended_because_somebody_looked(folder: Path, clock: ManualClock) -> None:
    assert resolve_order(folder, "suspect", Resolution.CANCELLED, "w", clock=clock).state is OrderState.CANCELLED


def test_an_order_that_the_exchange_has_shown_was_placed(folder: Path, clock: ManualClock) -> None:
    with pytest.raises(LifecycleError, match="was placed"):
        resolve_order(folder, "suspect", Resolution.NOT_PLACED, "w", clock=clock)


@pytest.mark.parametrize("name", ["open", "nobody"])
def test_what_is_in_no_doubt_or_not_known_is_left_alone(folder: Path, clock: ManualClock, name: str) -> None:
    with pytest.raises(LifecycleError, match="Nothing was changed"):
        resolve_order(folder, name, Resolution.CANCELLED, "w", clock=clock)


def test_an_account_that_runs_is_not_overruled(folder: Path, clock: ManualClock) -> None:
    with OrderJournal.open(folder, clock=clock), pytest.raises(JournalBusy):
        resolve_order(folder, "unknown", Resolution.NOT_PLACED, "w", clock=clock)


def test_the_exchanges_word_outweighs_a_persons(folder: Path, clock: ManualClock) -> None:
    resolve_order(folder, "unknown", Resolution.NOT_PLACED, "w", clock=clock)
    with OrderJournal.open(folder, clock=clock) as journal:
        tracker = journal.recover()
        tracker.apply(OrderUpdate(symbol="BTC/USDT", client_order_id="unknown", state=OrderState.OPEN))
        order = tracker.get_order("unknown")
        assert order is not None
        assert order.state is OrderState.OPEN
