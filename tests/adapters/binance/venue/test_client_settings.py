"""Settings of other clients: they can be pasted as they are, and those of ccxt are tried here."""

from __future__ import annotations

import ast
import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from yunmin.exchange import Credentials
from yunmin_binance.local_account import LOCAL_CREDENTIALS
from yunmin_binance.venue import LOCAL_ACCOUNT, Liquidity, LocalVenue, VenueConfig
from yunmin_binance.venue.client_settings import client_settings

TEXTS = client_settings("http://127.0.0.1:8390/", LOCAL_CREDENTIALS)
JAVASCRIPT = {"npm-binance", "binance-api-node"}
PYTHON = TEXTS.keys() - JAVASCRIPT - {"freqtrade"}


def test_every_client_that_is_known_to_work_has_its_settings() -> None:
    assert set(TEXTS) == {
        "ccxt", "ccxt-async", "ccxt-pro", "python-binance", "binance-connector", "binance-sdk-spot", "hummingbot",
        "freqtrade", "npm-binance", "binance-api-node",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_each_names_the_address_once_made_whole_and_leaves_no_blank(name: str) -> None:
    assert "http://127.0.0.1:8390" in TEXTS[name]
    assert "8390//" not in TEXTS[name]
    assert "$" not in TEXTS[name]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_over_tls_every_address_is_https_or_wss(name: str) -> None:
    text = client_settings("https://localhost:8443", Credentials.of("k", "s"))[name]
    assert "http://" not in text
    assert "ws://" not in text


@pytest.mark.parametrize("name", sorted(PYTHON))
def test_python_is_python(name: str) -> None:
    ast.parse(TEXTS[name])


def test_freqtrades_is_json_with_the_keys() -> None:
    exchange = json.loads(TEXTS["freqtrade"])["exchange"]
    assert exchange["key"] == LOCAL_CREDENTIALS.api_key.get_secret_value()
    assert exchange["ccxt_config"]["urls"]["api"]["private"] == "http://127.0.0.1:8390/api/v3"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("name", sorted(JAVASCRIPT))
def test_javascript_is_javascript(name: str, tmp_path: Path) -> None:
    script = tmp_path / "settings.js"
    script.write_text(TEXTS[name])
    subprocess.run(["node", "--check", str(script)], check=True, capture_output=True)


@pytest.mark.parametrize(("name", "shows"), [("ccxt", "1000000"), ("ccxt-async", "1000000"), ("ccxt-pro", "open")])
async def test_ccxt_trades_with_them_as_they_are(name: str, shows: str, tmp_path: Path) -> None:
    import sys

    async with LocalVenue(VenueConfig(liquidity=Liquidity.NONE)) as venue:
        script = tmp_path / "pasted.py"
        script.write_text(client_settings(venue.url, LOCAL_CREDENTIALS)[name])
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(script), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        said, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        assert shows in said.decode()
        assert len(venue.ledger_report(LOCAL_ACCOUNT).orders) == (1 if name == "ccxt-pro" else 0)
