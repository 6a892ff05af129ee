"""Conservation under fire, in small; and that the witness sees what it is there to see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from yunmin.errors import ConfigurationError
from yunmin.exchange import TrialReport, VenueTrial
from yunmin.simulation.ledger import Account
from yunmin.simulation.order_index import OrderIndex
from yunmin.simulation.pit import Pit
from yunmin_binance.venue.fire import run_trial
from yunmin_binance.venue.fire.witness import Passbooks
from yunmin_binance.venue.streams.market_feed import DepthDifferences


def a_trial(orders: int = 600, *, seed: int = 7, log_file: Path | None = None) -> TrialReport:
    wanted = VenueTrial(orders=orders, accounts=5, seed=seed, log_file=None if log_file is None else str(log_file))
    return run_trial(wanted, lambda sent: None)


def test_after_random_orders_value_is_conserved_books_are_whole_and_fills_add_up() -> None:
    report = a_trial(2500)
    assert report.violations == ()
    assert report.orders >= 2500
    assert report.fills > 1000


def test_every_kind_of_order_and_of_change_is_carried_out_at_least_once() -> None:
    done = {kind.removesuffix(": done") for kind in a_trial(2500).kinds if kind.endswith(": done")}
    assert done >= {
        "limit", "limit maker", "market", "market by quote", "stop loss", "stop loss limit", "take profit",
        "take profit limit", "trailing stop", "iceberg", "pegged", "oco", "old oco", "oto", "otoco", "opo", "opoco",
        "cancel", "cancel list", "cancel all", "replace", "amend",
    }  # fmt: skip


def test_the_same_seed_gives_the_same_log_byte_for_byte_and_another_seed_another(tmp_path: Path) -> None:
    one, again, other = tmp_path / "one", tmp_path / "again", tmp_path / "other"
    reports = [a_trial(log_file=one), a_trial(log_file=again), a_trial(seed=8, log_file=other)]
    assert one.read_bytes() == again.read_bytes() != other.read_bytes()
    assert reports[0].log_sha256 == reports[1].log_sha256 != reports[2].log_sha256
    assert reports[0].events == len(one.read_bytes().splitlines())


def test_it_says_now_and_then_how_far_it_is() -> None:
    heard: list[int] = []
    run_trial(VenueTrial(orders=2100, accounts=3, seed=1), heard.append)
    assert [sent // 1000 for sent in heard] == [1, 2]


@pytest.mark.parametrize("wanted", [(0, 5), (10, 1), (10, 201)])
def test_a_trial_of_nobody_or_nothing_is_refused(wanted: tuple[int, int]) -> None:
    with pytest.raises(ConfigurationError, match="at least one order"):
        run_trial(VenueTrial(orders=wanted[0], accounts=wanted[1], seed=1), lambda sent: None)


def test_a_log_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot write the log"):
        a_trial(log_file=tmp_path / "nowhere" / "log")


def loses_a_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    unlock = Account.unlock

    def short(self: Account, asset: str, amount: int) -> None:
        unlock(self, asset, amount)
        self.free[asset] -= amount > 0

    monkeypatch.setattr(Account, "unlock", short)


def forgets_to_match(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pit, "match", lambda *_: None)


def skips_an_update_id(monkeypatch: pytest.MonkeyPatch) -> None:
    publish = DepthDifferences.__call__

    def skipping(self: DepthDifferences, now: int) -> None:
        self._sequence += self._floor.book.sequence > self._sequence
        publish(self, now)

    monkeypatch.setattr(DepthDifferences, "__call__", skipping)


def hides_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DepthDifferences, "hear", lambda *_: None)
    monkeypatch.setattr(
        "yunmin_binance.venue.streams.market_feed._difference",
        lambda old, new, touched: {price: qty for price, qty in new.items() if old.get(price) != qty},
    )


def forgets_transfers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Passbooks, "_book_transfer", lambda *_: None)


def loses_a_fill(monkeypatch: pytest.MonkeyPatch) -> None:
    add_fill = OrderIndex.add_fill

    def forgetful(self: OrderIndex, fill: object) -> None:
        if fill.trade_id % 5:  # type: ignore[attr-defined]
            add_fill(self, fill)  # type: ignore[arg-type]

    monkeypatch.setattr(OrderIndex, "add_fill", forgetful)


@pytest.mark.parametrize(
    ("sabotage", "seen_as"),
    [
        (loses_a_unit, "by its fills"),
        (forgets_to_match, "the book is crossed"),
        (skips_an_update_id, "depth event"),
        (hides_a_level, "kept from the stream are not those of REST"),
        (loses_a_fill, "executed"),
        (forgets_transfers, "by its fills"),
    ],
)
def test_a_venue_that_breaks_a_promise_is_found_out(
    sabotage: Callable[[pytest.MonkeyPatch], None], seen_as: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotage(monkeypatch)
    assert any(seen_as in violation for violation in a_trial(800).violations)
