"""Every reader takes a few hundred mutated inputs as it should; and an error that no document names is found."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest
from typer.testing import CliRunner

from yunmin.cli.app import app
from yunmin.clock import seeded
from yunmin.errors import ConfigurationError, InvalidValue
from yunmin.exchange import FuzzTarget, registry
from yunmin.testing.verify.fuzz import Finding, again, fuzz, targets_of, try_one
from yunmin.testing.verify.mutation import mutated

TARGETS = targets_of(registry.load("binance"))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_each_reader_refuses_by_a_documented_error_or_takes_it(target: FuzzTarget) -> None:
    report = fuzz(target, seconds=60, seed=1, most=60 if target.name == "journal" else 1500)
    assert report.findings == ()
    assert report.executions >= 60
    assert report.taken >= len(target.examples)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_each_example_is_as_it_should_be(target: FuzzTarget) -> None:
    assert [try_one(target, example) for example in target.examples] == [None] * len(target.examples)


def fragile(data: bytes) -> None:
    if b"null" in data:
        raise AttributeError("nobody expected that")
    if data != b'{"a": 1}':
        raise InvalidValue("no")


FRAGILE = FuzzTarget(name="fragile", read=fragile, examples=(b'{"a": 1}',), documented=(InvalidValue,))


def test_an_error_that_nobody_documents_is_found_once_and_its_bytes_bring_it_about_again() -> None:
    report = fuzz(FRAGILE, seconds=60, seed=1, most=5000)
    (found,) = report.findings
    assert found.what.startswith("AttributeError")
    assert found.where.startswith("test_fuzz.py:")
    assert b"null" in b64decode(found.data)
    assert isinstance(again(FRAGILE, found.data), Finding)


def test_the_same_seed_makes_the_same_bytes() -> None:
    def some(seed: str) -> list[bytes]:
        chance = seeded(seed)
        return [mutated((b'{"a": [1, "2"], "b": {"c": null}}', b"no json"), chance) for _ in range(300)]

    assert some("x") == some("x")
    assert some("x") != some("y")
    assert len(set(some("x"))) > 200


def test_a_target_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no such target: nothing.*journal.*ack"):
        targets_of(registry.load("binance"), ["nothing"])


def test_the_command_prints_counts_and_exits_by_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["verify", "fuzz", "--seconds", "0.1", "--plain", "--json"]
    fine = CliRunner().invoke(app, [*words, "--target", "number"])
    assert fine.exit_code == 0, fine.stderr
    (report,) = json.loads(fine.stdout)
    assert report["executions"] > 5
    monkeypatch.setattr("yunmin.testing.verify.fuzz.own_targets", lambda: (FRAGILE,))
    bad = CliRunner().invoke(app, ["verify", "fuzz", "--seconds", "5", "--plain", "--target", "fragile"])
    assert bad.exit_code == 1
    assert "AttributeError: nobody expected that" in bad.stdout
    assert "base64:" in bad.stdout
