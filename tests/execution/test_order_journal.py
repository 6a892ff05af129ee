"""What is written in the journal comes back: the tracker, bit for bit, the ids that were used, the marks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.test_order_tracker_properties import OWN_ID, Life, told_lives
from tests.execution.lives import MOMENT, SYMBOL, a_fill, a_life, an_intent, an_update, follow
from yunmin.clock import ManualClock
from yunmin.core.data_contracts import CancelRequest, Fill, OrderRequest, OrderState, OrderUpdate, Side
from yunmin.core.order_tracker import News, OrderTracker
from yunmin.core.tracker_state import digest
from yunmin.errors import (
    InvalidValue,
    JournalDamaged,
    JournalError,
    JournalUnavailable,
    JournalUnwritable,
    LifecycleError,
)
from yunmin.execution.journal_verify import entries_in, verify_journal
from yunmin.execution.order_journal import Adopted, Mark, Note, OrderJournal, PlaceIntent, apply_entry
from yunmin.testing.verify.disk import Disk


def opened(
    folder: Path, clock: ManualClock, snapshot_every: int = 20_000, keep_records: int = 1_000_000
) -> OrderJournal:
    return OrderJournal.open(folder, clock=clock, snapshot_every=snapshot_every, keep_records=keep_records)


def test_a_new_journal_recovers_to_a_tracker_that_knows_nothing(journal: OrderJournal) -> None:
    assert digest(journal.recover()) == digest(OrderTracker())
    assert list(journal.entries()) == []


def test_what_was_recorded_is_recovered_bit_for_bit(folder: Path, clock: ManualClock) -> None:
    with opened(folder, clock) as journal:
        tracker = journal.recover()
        follow(journal, tracker, *a_life("a"), *a_life("b")[:3], an_intent("c"))
    with opened(folder, clock) as journal:
        assert digest(journal.recover()) == digest(tracker)
        assert digest(journal.recover()) == digest(tracker)


def test_entries_come_back_with_number_and_time_as_they_were_written(journal: OrderJournal, clock: ManualClock) -> None:
    note = Note(kind="reconcile", text="finished", at=MOMENT, data={"orders": "2"})
    raw = an_update("a").model_copy(update={"raw": {"what": "the exchange said"}})
    assert journal.intend(an_intent("a")) == 1
    clock.advance(1.5)
    assert journal.record(raw, note) == 3
    start = ManualClock().now()
    assert list(journal.entries()) == [
        (1, start, an_intent("a")),
        (2, clock.now(), an_update("a")),
        (3, clock.now(), note),
    ]
    assert [seq for seq, _, _ in journal.entries(since=1)] == [2, 3]


def test_several_intents_are_one_transaction(journal: OrderJournal) -> None:
    assert journal.intend(an_intent("a"), an_intent("b")) == 2
    with pytest.raises(LifecycleError):
        journal.intend(an_intent("c"), an_intent("a"))
    assert journal.seq == 2
    assert journal.find("c") is None


def test_an_id_is_used_once_for_ever(folder: Path, clock: ManualClock) -> None:
    with opened(folder, clock) as journal:
        journal.intend(an_intent("a"))
    with opened(folder, clock) as journal:
        with pytest.raises(LifecycleError, match="Nothing was sent"):
            journal.intend(an_intent("a"))
        assert journal.failure is None
        assert journal.intend(an_intent("b")) == 2


def test_an_intent_to_place_is_never_merely_recorded(journal: OrderJournal) -> None:
    with pytest.raises(InvalidValue):
        journal.record(an_intent("a"))
    assert journal.seq == 0


def test_an_intent_without_an_id_is_none() -> None:
    request = OrderRequest(symbol=SYMBOL, side="BUY", order_type="LIMIT", qty="1", price="1")
    with pytest.raises(ValueError, match="client_order_id"):
        PlaceIntent(request=request, created_at=MOMENT)


def test_what_is_no_entry_is_not_written(journal: OrderJournal) -> None:
    with pytest.raises(TypeError):
        journal.record("news")  # type: ignore[arg-type]
    assert journal.seq == 0


def test_a_closed_journal_takes_nothing(folder: Path, clock: ManualClock) -> None:
    journal = opened(folder, clock)
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.intend(an_intent("a"))


def test_recovery_is_the_same_from_a_snapshot_as_from_the_first_entry(folder: Path, clock: ManualClock) -> None:
    with opened(folder, clock, snapshot_every=4) as journal:
        tracker = journal.recover()
        for name in ("a", "b", "c", "d"):
            follow(journal, tracker, *a_life(name))
            assert journal.snapshot_due
            journal.snapshot(tracker)
            assert not journal.snapshot_due
        follow(journal, tracker, *a_life("e"))
        assert digest(journal.recover()) == digest(tracker)
        from_the_first = OrderTracker()
        for _, _, entry in journal.entries():
            apply_entry(from_the_first, entry)
        assert digest(from_the_first) == digest(tracker)


def test_an_adopted_order_is_adopted_again(folder: Path, clock: ManualClock) -> None:
    foreign = OrderUpdate(
        symbol=SYMBOL,
        exchange_order_id="77",
        state=OrderState.OPEN,
        side=Side.SELL,
        order_type="LIMIT",
        qty="1",
        price="9",
    )
    with opened(folder, clock) as journal:
        tracker = journal.recover()
        follow(journal, tracker, Adopted(update=foreign))
        follow(journal, tracker, Fill(symbol=SYMBOL, trade_id="1", exchange_order_id="77", qty="0.5", price="9"))
        assert digest(journal.recover()) == digest(tracker)
        found = journal.find_by_exchange_id(SYMBOL, "77")
        assert found is not None
        assert found.order is not None
        assert [fill.trade_id for fill in found.order.fills] == ["1"]


def test_what_the_tracker_refused_is_refused_again_at_every_replay(journal: OrderJournal) -> None:
    tracker = journal.recover()
    entry = Adopted(update=an_update("a"))
    journal.record(entry)
    with pytest.raises(InvalidValue):
        apply_entry(tracker, entry)
    assert digest(journal.recover()) == digest(tracker)


def test_marks_are_kept_and_the_last_word_stands(folder: Path, clock: ManualClock) -> None:
    with opened(folder, clock) as journal:
        journal.set_last_trade_id(SYMBOL, "41")
        journal.record(a_fill("a", "42"), Mark(name=f"last_trade:{SYMBOL}", value="42"))
        journal.set_mark("balances", "seen")
    with opened(folder, clock) as journal:
        assert journal.last_trade_ids() == {SYMBOL: "42"}
        assert (journal.mark("balances"), journal.mark("nothing")) == ("seen", None)


def test_case_63_an_order_that_the_tracker_let_go_is_still_known_with_its_fills(journal: OrderJournal) -> None:
    tracker = OrderTracker(history_limit=1)
    for name in ("a", "b", "c"):
        follow(journal, tracker, *a_life(name))
    assert tracker.get_order("a") is None
    by_ours, by_theirs = journal.find("a"), journal.find_by_exchange_id(SYMBOL, "xa")
    assert by_ours is not None
    assert by_theirs is not None
    for found in (by_ours, by_theirs):
        assert found[:4] == ("a", SYMBOL, "xa", 1)
        assert found.order is not None
        assert found.order.state is OrderState.FILLED
        assert [fill.trade_id for fill in found.order.fills] == ["a-1", "a-2"]
    assert journal.find("never") is None
    assert journal.find_by_exchange_id("ETH/USDT", "xa") is None


def test_news_under_the_exchanges_id_alone_is_found_with_its_order(journal: OrderJournal) -> None:
    tracker = OrderTracker()
    follow(journal, tracker, an_intent("a"), an_update("a"))
    follow(journal, tracker, a_fill("a", "1").model_copy(update={"client_order_id": None}))
    follow(journal, tracker, a_fill("a", "2").model_copy(update={"client_order_id": "the cancel's own id"}))
    found = journal.find("a")
    assert found is not None
    assert found.order is not None
    assert [fill.trade_id for fill in found.order.fills] == ["1"]  # the other is refused: own orders keep their ids
    assert digest(journal.recover()) == digest(tracker)


def test_reading_does_not_keep_the_log_from_being_put_away(folder: Path, clock: ManualClock) -> None:
    with opened(folder, clock) as journal:
        follow(journal, OrderTracker(), *a_life("a"))
        next(journal.entries())
        journal.find("a")
    assert not folder.joinpath("journal.sqlite3-wal").exists()


def test_times_are_exact_to_the_microsecond(journal: OrderJournal, clock: ManualClock) -> None:
    clock.advance(0.000_001)
    journal.record(CancelRequest(client_order_id="a", attempt=1))
    ((_, at, _),) = journal.entries()
    assert at == datetime(2026, 1, 1, microsecond=1, tzinfo=UTC)


def test_I24_old_records_go_and_what_they_said_stays(folder: Path, clock: ManualClock) -> None:
    names = [f"order-{number}" for number in range(12)]
    with opened(folder, clock, snapshot_every=10, keep_records=15) as journal:
        tracker = OrderTracker(history_limit=2)
        state = digest(tracker)
        journal.set_last_trade_id(SYMBOL, "1")
        follow(journal, tracker, an_intent("rests"))
        for name in names:
            follow(journal, tracker, *a_life(name))
            if journal.snapshot_due:
                journal.snapshot(tracker)
            if journal.is_long:
                journal.let_go()
        state = digest(tracker)
        kept = [seq for seq, _, _ in journal.entries()]
        assert kept == list(range(kept[0], 63))
        assert 15 <= len(kept) < 45
    report = verify_journal(folder)
    assert report.problems == ()
    assert report.first_seq == kept[0]
    with opened(folder, clock) as journal:
        assert digest(journal.recover()) == state
        assert journal.last_trade_ids() == {SYMBOL: "1"}
        for name in names:
            found = journal.find(name)
            assert found is not None
            assert found.order is not None
            assert (found.order.state, len(found.order.fills)) == (OrderState.FILLED, 2)
            with pytest.raises(LifecycleError):
                journal.intend(an_intent(name))
        resting = journal.find("rests")
        assert resting is not None
        assert resting.order is not None
        assert resting.order.state is OrderState.PENDING


def test_I24_lives_that_are_short_let_records_go_too(folder: Path, clock: ManualClock) -> None:
    for number in range(20):
        with opened(folder, clock, snapshot_every=5, keep_records=20) as journal:
            tracker = journal.recover()
            follow(journal, tracker, an_intent(f"order-{number}"), an_update(f"order-{number}"))
            if journal.snapshot_due:
                journal.snapshot(tracker)
            if journal.is_long:
                journal.let_go()
    report = verify_journal(folder)
    assert report.problems == ()
    assert report.last_seq == 40
    assert report.first_seq > 10


def test_records_that_go_while_they_are_read_are_told(
    folder: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yunmin.execution.journal_file._PAGE", 2)
    with opened(folder, clock, snapshot_every=10, keep_records=15) as journal:
        tracker = OrderTracker()
        for number in range(8):
            follow(journal, tracker, *a_life(f"order-{number}"))
            if journal.snapshot_due:
                journal.snapshot(tracker)
        entries = entries_in(folder)
        assert [next(entries)[0] for _ in range(2)] == [1, 2]
        journal.let_go()
        with pytest.raises(JournalUnavailable, match=r"records 3 to \d+ went while they were read"):
            next(entries)


def test_P10_old_records_that_are_not_what_was_written_are_not_let_go(folder: Path, clock: ManualClock) -> None:
    with opened(folder, clock, snapshot_every=10, keep_records=15) as journal:
        tracker = OrderTracker()
        for number in range(8):
            follow(journal, tracker, *a_life(f"order-{number}"))
            if journal.snapshot_due:
                journal.snapshot(tracker)
        journal._file._execute("UPDATE records SET kind = 'other' WHERE seq = 1")
        with pytest.raises(JournalDamaged, match=r"record 1 is not what was written; the oldest records stay"):
            journal.let_go()
        assert journal.failure is not None
        with pytest.raises(JournalUnwritable):
            journal.intend(an_intent("no more"))
    report = verify_journal(folder)
    assert report.first_seq == 1
    assert report.problems


@settings(
    max_examples=50, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(told=told_lives(), moment=st.integers(0, 30))
def test_I9_whatever_is_told_replay_is_the_live_state(
    told: tuple[Life, list[News], list[News], int, int], moment: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, news, _, created_after, _ = told
    folder = tmp_path_factory.mktemp("journal")
    steps: list[News | PlaceIntent] = list(news)
    steps.insert(created_after, an_intent(OWN_ID))
    disk = Disk()
    with OrderJournal.open(folder, clock=ManualClock(), vfs=disk.name) as journal:
        tracker = journal.recover()
        for number, entry in enumerate(steps):
            if number == moment:
                journal.snapshot(tracker)
            follow(journal, tracker, entry)
        assert digest(journal.recover()) == digest(tracker)
