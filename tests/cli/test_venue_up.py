"""`yunmin venue up`: comes up, says where, goes down cleanly."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from yunmin.cli.app import app
from yunmin.config.sample_candles import sample_candles


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "yunmin", "venue", "up", "--port", "0", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop_and_then_exits_with_zero(how: signal.Signals) -> None:
    process = start("--json")
    assert process.stdout is not None
    announced = json.loads(process.stdout.readline())
    with urllib.request.urlopen(f"{announced['url']}/api/v3/ping", timeout=10) as answer:
        assert answer.read() == b"{}"
    process.send_signal(how)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_a_port_that_is_taken_is_a_clear_error() -> None:
    first = start("--json")
    assert first.stdout is not None
    port = json.loads(first.stdout.readline())["url"].rsplit(":", 1)[1]
    second = subprocess.run(
        [sys.executable, "-m", "yunmin", "venue", "up", "--port", port], capture_output=True, text=True, check=False
    )
    first.terminate()
    first.communicate(timeout=20)
    assert second.returncode == 3
    assert port in second.stderr
    assert "Traceback" not in second.stderr


def test_a_venue_of_a_file_has_its_accounts(tmp_path: Path) -> None:
    example = subprocess.run(
        [sys.executable, "-m", "yunmin", "venue", "config", "--example"], capture_output=True, text=True, check=True
    ).stdout
    file = tmp_path / "venue.yaml"
    file.write_text(example)
    process = start("--json", "--config", str(file))
    assert process.stdout is not None
    announced = json.loads(process.stdout.readline())
    process.terminate()
    process.communicate(timeout=20)
    assert [account["name"] for account in announced["accounts"]] == ["alice", "bob"]
    assert announced["api_key"] == "aliceLocalKey"


def test_a_file_is_checked_and_its_mistakes_are_told_with_exit_code_3(tmp_path: Path) -> None:
    file = tmp_path / "venue.yaml"
    file.write_text("liquidity: none\n")
    good = CliRunner().invoke(app, ["venue", "config", "--check", str(file), "--json"])
    assert (good.exit_code, json.loads(good.stdout)["ok"]) == (0, True)
    file.write_text("liquidty: none\n")
    bad = CliRunner().invoke(app, ["venue", "config", "--check", str(file)])
    assert bad.exit_code == 3
    assert "did you mean liquidity?" in bad.stderr
    assert CliRunner().invoke(app, ["venue", "config"]).exit_code == 2


def test_a_venue_that_keeps_its_state_goes_on_where_it_stopped(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    found = []
    for _ in range(2):
        process = start("--json", "--state", str(file), "--step-interval", "0")
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        order = b'{"account":"local","symbol":"BTCUSDT","side":"BUY","type":"LIMIT","quantity":"1","price":"40000"}'
        urllib.request.urlopen(f"{url}/venue/orders", data=order, timeout=10).close()
        with urllib.request.urlopen(f"{url}/venue/ledger?account=local", timeout=10) as answer:
            found.append(len(json.load(answer)["orders"]))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, "")
    assert found == [1, 2]
    file.write_text("nonsense")
    process = start("--json", "--state", str(file))
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "not the state" in json.loads(errors)["message"]


def test_what_no_option_says_is_as_the_settings_say(tmp_path: Path) -> None:
    (tmp_path / "yunmin.yaml").write_text("venue: {port: 1, seed: 5, step_interval: 0, state_file: venue.json}\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "yunmin", "venue", "up", "--port", "0", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert process.stdout is not None
    announced = json.loads(process.stdout.readline())
    process.terminate()
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert not announced["url"].endswith(":1")
    assert (tmp_path / "venue.json").is_file()


def test_a_folder_of_candles_moves_its_markets_and_gives_them_a_past(tmp_path: Path) -> None:
    for name in ("BTC_USDT", "XMR_USDT"):
        (tmp_path / f"{name}_1m.csv").write_text(sample_candles(name, Decimal(200), seed=1, count=30))
    process = start("--json", "--candles", str(tmp_path), "--history", "10m", "--speed", "60")
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    volumes = {}
    for symbol in ("BTCUSDT", "XMRUSDT", "SOLUSDT"):
        with urllib.request.urlopen(f"{url}/api/v3/klines?symbol={symbol}&interval=1m", timeout=10) as answer:
            volumes[symbol] = [float(row[5]) for row in json.load(answer)][:10]
    process.terminate()
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert all(len(found) == 10 and min(found) > 0 for found in volumes.values())
