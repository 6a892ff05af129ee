"""The recorded cassettes themselves: whose they are, what is not in them, that none is left over."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.adapters.binance.conformance_venue import BinanceConformance
from yunmin.testing.cassettes import provenance_of
from yunmin.testing.conformance import Need, cassette_name, scenarios_of
from yunmin_binance.local_account import LOCAL_CREDENTIALS

FOLDER = Path(__file__).parents[3] / "cassettes" / "binance"
CASSETTES = sorted(FOLDER.rglob("*.yaml"))
SECRET_WORDS = re.compile(r"x-mbx-apikey|signature=|set-cookie|authorization:", re.IGNORECASE)


def test_each_scenario_has_its_cassette_and_each_cassette_its_scenario() -> None:
    recordable = {
        cassette_name(BinanceConformance, scenario.name)
        for scenario in scenarios_of(BinanceConformance)
        if Need.RUNNING_EXCHANGE not in scenario.needs
    }
    assert {path.relative_to(FOLDER) for path in CASSETTES} == recordable


def test_all_of_them_together_are_small() -> None:
    assert sum(path.stat().st_size for path in CASSETTES) < 2_000_000


def test_a_long_list_of_markets_is_cut_to_those_that_are_traded() -> None:
    markets = [{"symbol": symbol} for symbol in ("BTCUSDT", "AAAUSDT", "ETHBTC")]
    trim = BinanceConformance.scrubbing.trim
    assert trim is not None
    cut = trim(json.dumps({"timezone": "UTC", "symbols": markets}).encode())
    assert json.loads(cut) == {"timezone": "UTC", "symbols": [markets[0], markets[2]]}
    assert trim(b'{"orderId":1}') == b'{"orderId":1}'


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_a_cassette_says_where_it_comes_from_and_holds_no_secret(path: Path) -> None:
    provenance = provenance_of(path)
    assert provenance.adapter == "binance"
    assert provenance.test == path.relative_to(FOLDER).with_suffix("").as_posix()
    assert provenance.served_by == "testnet" or provenance.is_local
    assert provenance.skipped is None
    text = path.read_text()
    assert SECRET_WORDS.search(text) is None
    for secret in (LOCAL_CREDENTIALS.api_key, LOCAL_CREDENTIALS.api_secret):
        assert secret.get_secret_value() not in text
