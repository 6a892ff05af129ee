"""`yunmin venue chaos`: faults on demand from another terminal."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def calm(yunmin: Run, venue_url: str) -> Iterator[None]:
    yield
    request = urllib.request.Request(f"{venue_url}/venue/chaos", method="DELETE")
    urllib.request.urlopen(request, timeout=10).close()


@pytest.mark.usefixtures("calm")
def test_a_fault_is_added_strikes_is_listed_and_lifted(yunmin: Run, venue_url: str) -> None:
    words = ("unavailable", "--where", "GET /api/v3/avgPrice", "--set", "status=599", "--for", "2m", "--count", "1")
    (number,) = yunmin("venue", "chaos", "add", *words, "--json").json["rules"]
    with pytest.raises(urllib.error.HTTPError) as struck:
        urllib.request.urlopen(f"{venue_url}/api/v3/avgPrice?symbol=BTCUSDT", timeout=10)
    struck.value.close()
    assert struck.value.code == 599
    shown: dict[str, Any] = yunmin("venue", "chaos", "list", "--json").json
    assert shown["log"][-1]["rule"] == number
    assert shown["log"][-1]["at"] == "GET /api/v3/avgPrice"
    yunmin("venue", "chaos", "add", "hide", "--symbol", "ETHUSDT")
    assert "1 rules stand" in yunmin("venue", "chaos", "list").out
    assert yunmin("venue", "chaos", "clear", "--json").json == {"cleared": 1}


@pytest.mark.usefixtures("calm")
def test_a_storm_is_the_same_for_the_same_seed(yunmin: Run) -> None:
    def rules() -> list[dict[str, Any]]:
        added = yunmin("venue", "chaos", "storm", "--seed", "7", "--intensity", "0.2", "--for", "30s", "--json").json
        shown = yunmin("venue", "chaos", "list", "--json").json["rules"]
        yunmin("venue", "chaos", "clear")
        assert len(added["rules"]) == len(shown) > 5
        return [{**rule, "number": None} for rule in shown]

    assert rules() == rules()


def test_what_cannot_be_meant_is_refused_with_exit_code_2(yunmin: Run) -> None:
    for words in (
        ("add", "nonsense"),
        ("add", "hide", "--for", "soon"),
        ("add", "hide", "--set", "seconds"),
        ("add", "hide", "--set", "colour=red"),
        ("storm", "--intensity", "7"),
        ("clear", "999999"),
    ):
        ran = yunmin("venue", "chaos", *words, "--json")
        assert ran.code == 2, words
        assert ran.error["error"] == "InvalidValue"
    assert "drop-after" in yunmin("venue", "chaos", "add", "nonsense").err


def test_where_no_venue_runs_nothing_answers(yunmin: Run) -> None:
    ran = yunmin("venue", "chaos", "list", "--json", "--url", "http://127.0.0.1:9")
    assert ran.code == 5
    assert "no venue answers" in json.loads(ran.err)["message"]
