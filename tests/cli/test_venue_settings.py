"""`yunmin venue settings`: text to paste, for one client or all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from yunmin.cli.app import app


def invoke(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["venue", "settings", *words])
    return done.exit_code, done.stdout, done.stderr


def test_one_client_is_printed_as_it_can_be_pasted() -> None:
    code, said, _ = invoke("ccxt", "--url", "http://127.0.0.1:9999")
    assert code == 0
    assert said.startswith("import ccxt\n")
    assert "http://127.0.0.1:9999/api/v3" in said


def test_without_a_name_all_of_them_are_printed_and_as_json_by_name() -> None:
    _, page, _ = invoke()
    code, said, _ = invoke("--json")
    assert code == 0
    assert [line.removeprefix("--- ") for line in page.splitlines() if line.startswith("--- ")] == list(
        json.loads(said)
    )


def test_keys_come_from_the_venues_file(tmp_path: Path) -> None:
    file = tmp_path / "venue.yaml"
    file.write_text("accounts:\n  - {name: a, api_key: k1, api_secret: s1}\n  - {name: b, api_key: k2, api_secret: s2}")
    assert '"k1"' in invoke("ccxt", "--config", str(file))[1]
    assert '"k2"' in invoke("ccxt", "--config", str(file), "--account", "b")[1]
    code, _, said = invoke("ccxt", "--config", str(file), "--account", "c")
    assert code == 2
    assert "no account 'c' that signs with a secret; there are: a, b" in said


def test_the_address_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_BASE_URL", "http://127.0.0.1:7777")
    assert "http://127.0.0.1:7777/api/v3" in invoke("ccxt")[1]


def test_an_unknown_client_is_told_which_there_are() -> None:
    code, _, said = invoke("nobody")
    assert code == 2
    assert "no settings for 'nobody'; there are binance-api-node" in said
