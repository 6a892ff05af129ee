"""`yunmin verify …`: what it prints, and how it exits."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from yunmin.cli.app import app
from yunmin.exchange import AdapterPlugin, TrialReport, VenueTrial, registry

SMALL = ["verify", "venue", "--orders", "200", "--accounts", "4", "--seed", "3"]


def invoke(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [*SMALL, *words])
    return done.exit_code, done.stdout, done.stderr


def a_plugin(**changes: object) -> AdapterPlugin:
    return replace(registry.load("binance"), **changes)  # type: ignore[arg-type]


def test_it_prints_seed_counts_hash_and_how_to_run_it_again() -> None:
    code, said, _ = invoke()
    assert code == 0
    assert "seed 3:" in said
    assert "log SHA-256" in said
    assert "0 violations" in said
    assert "yunmin verify venue --orders 200 --accounts 4 --seed 3 --log FILE" in said


def test_as_json_it_is_one_object_and_the_same_each_time() -> None:
    (code, one, _), (_, again, _) = invoke("--json", "--twice"), invoke("--json")
    assert code == 0
    assert one == again
    assert json.loads(one)["violations"] == []


def test_a_violation_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(wanted: VenueTrial, tell: object) -> TrialReport:
        return TrialReport(
            orders=1, requests=1, fills=0, events=1, kinds={}, answers={}, violations=("a cent is gone",), log_sha256=""
        )

    monkeypatch.setattr("yunmin.cli.verify_commands.choose_adapter", lambda name: a_plugin(venue_trial=broken))
    code, said, _ = invoke()
    assert code == 1
    assert "a cent is gone" in said


def test_a_log_that_differs_from_run_to_run_is_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = iter(("aa", "bb"))

    def fickle(wanted: VenueTrial, tell: object) -> TrialReport:
        return TrialReport(
            orders=1, requests=1, fills=0, events=1, kinds={}, answers={}, violations=(), log_sha256=next(hashes)
        )

    monkeypatch.setattr("yunmin.cli.verify_commands.choose_adapter", lambda name: a_plugin(venue_trial=fickle))
    code, said, _ = invoke("--twice")
    assert code == 1
    assert "another log: aa, then bb" in said


def test_an_adapter_without_a_trial_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yunmin.cli.verify_commands.choose_adapter", lambda name: a_plugin(venue_trial=None))
    code, _, said = invoke()
    assert code == 4
    assert "no trial of a local venue" in said


def test_the_disk_is_failed_call_by_call() -> None:
    done = CliRunner().invoke(app, ["verify", "io", "--orders", "1", "--every", "40", "--json"])
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["violations"] == []
    assert report["failures"] > 3
    said = CliRunner().invoke(app, ["verify", "io", "--orders", "1", "--every", "60"]).stdout
    assert "0 violations" in said


def test_a_journal_that_loses_something_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    from yunmin.testing.verify.io import IoReport

    lossy = IoReport(runs=1, calls=1, failures=1, violations=("EIO, call 1: an intent is lost",))
    monkeypatch.setattr("yunmin.testing.verify.io.sweep_journal", lambda **_: lossy)
    done = CliRunner().invoke(app, ["verify", "io"])
    assert done.exit_code == 1
    assert "an intent is lost" in done.stdout
