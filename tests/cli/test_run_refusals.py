"""`yunmin run` says no before anything is sent: consents, limits, modes, settings, strategies, foreign books."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.cli.a_bot import RESTING, working_folder
from yunmin.cli.app import app
from yunmin.clock import SystemClock
from yunmin.engine.worlds.books import WorldOf, claim_books
from yunmin.execution import OrderJournal
from yunmin.execution.journal_records import Note
from yunmin.execution.risk_limits import MANDATORY_FOR_LIVE

NOBODY = "http://127.0.0.1:9"

LIMITS = {"max_daily_loss": 100, "max_total_notional": 1000, "max_order_notional": 100, "max_open_orders": 5}
"""Those that have no default and are mandatory with real money."""

MISSING = {
    "settings": "the settings do not say it",
    "command": "the command does not say it",
    "account": "the account's name was not said",
}


@pytest.fixture(autouse=True)
def reached(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Whom anybody tried to reach or even to find: nobody, in all of this file."""
    tried: list[object] = []

    def try_it(*address: object, **_: object) -> Any:
        tried.append(address)
        raise OSError("there is no way")

    monkeypatch.setattr(socket.socket, "connect", try_it)
    monkeypatch.setattr(socket.socket, "connect_ex", try_it)
    monkeypatch.setattr(socket, "getaddrinfo", try_it)
    yield tried
    assert tried == []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return working_folder(tmp_path, None, RESTING, "BTC/USDT")


def run(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["run", "--json", *words], env=environment)


def refused(result: Result, code: int) -> str:
    """What it said; nothing else was said or left behind."""
    assert (result.exit_code, result.stdout) == (code, "")
    said = json.loads(result.stderr)
    assert said["exit_code"] == code
    assert "Nothing was sent" in said["message"] + said["advice"]
    message: str = said["message"]
    return message


def limits(*names: str) -> list[str]:
    return [word for name in names for word in ("--set", f"risk.{name}={LIMITS[name]}")]


def live_words(command: bool, account: bool) -> list[str]:
    return [*(["--live"] if command else []), *(["--account", "main"] if account else [])]


@pytest.mark.parametrize("given", [each for each in product((False, True), repeat=3) if not all(each)])
def test_M1_real_money_without_one_of_three_consents_is_refused_naming_exactly_what_is_missing(
    folder: Path, given: tuple[bool, bool, bool]
) -> None:
    settings, command, account = given
    words = [*live_words(command, account), *limits(*LIMITS)]
    if not settings and not command:
        words += ["--set", "account.environment=live"]  # a flag is the command's word, and no consent
    environment = {"YUNMIN__ACCOUNT__ENVIRONMENT": "live"} if settings else {}
    said = refused(run(*words, YUNMIN__ACCOUNT__API_KEY="k", YUNMIN__ACCOUNT__API_SECRET="s", **environment), 3)
    named = {name for name, text in MISSING.items() if text in said}
    assert named == {name for name, is_given in zip(MISSING, given, strict=True) if not is_given}
    assert not (folder / "accounts").exists()


def test_M1_the_name_of_another_account_is_no_consent(folder: Path) -> None:
    said = refused(run("--live", "--account", "other", *limits(*LIMITS), YUNMIN__ACCOUNT__ENVIRONMENT="live"), 3)
    assert [name for name, text in MISSING.items() if text in said] == ["account"]
    assert not (folder / "accounts").exists()


@pytest.mark.parametrize("missing", LIMITS)
def test_M1_real_money_with_all_consents_is_refused_without_every_limit(folder: Path, missing: str) -> None:
    words = limits(*(name for name in LIMITS if name != missing))
    if missing == "max_open_orders":
        words += ["--set", "risk.max_open_orders=null"]
    said = refused(run("--live", "--account", "main", *words, YUNMIN__ACCOUNT__ENVIRONMENT="live"), 3)
    assert [name for name in MANDATORY_FOR_LIVE if name in said] == [missing]
    assert not (folder / "accounts").exists()


REFUSED = {
    "two modes": (["--paper", "--testnet"], 3, "--paper and --testnet"),
    "a time that is none": (["--for", "soon"], 3, "--for"),
    "no time at all": (["--for", "0s"], 3, "--for"),
    "a speed that is none": (["--speed", "fast"], 3, "--speed"),
    "a speed of nothing": (["--speed", "0"], 3, "--speed"),
    "candles that are not there": (["--paper", "--candles", "none.csv"], 3, "none.csv"),
    "paper without prices": (["--paper"], 3, "--candles"),
    "a speed where the exchange has its own": (["--speed", "2", "--set", f"account.base_url={NOBODY}"], 3, "own pace"),
    "a setting that is none": (["--set", "run.sped=2"], 3, "speed"),
    "a file that is not there": (["--config", "other.yaml"], 3, "other.yaml"),
    "no strategy of that name": (["--set", "routes.0.strategy=none"], 3, "none"),
    "no such strategy file": (["--set", "routes.0.strategy=none.py"], 3, "there is no strategy file"),
    "a parameter that is none": (["--set", "routes.0.parameters.slow=3"], 3, "slow"),
    "a route at another exchange": (["--set", "routes.0.exchange=kraken"], 3, "one account, at binance"),
    "an adapter that is not there": (["--set", "account.adapter=kraken"], 3, "kraken"),
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("row", REFUSED)
def test_what_cannot_be_run_is_refused_and_says_what_is_wrong(row: str) -> None:
    words, code, told = REFUSED[row]
    where = [] if any("base_url" in word or "--paper" in word for word in words) else account_at_nobodys()
    assert told in refused(run(*words, *where), code)


def account_at_nobodys() -> list[str]:
    return ["--set", f"account.base_url={NOBODY}"]


BROKEN = {
    "it raises when it is loaded": ("raise RuntimeError('broken')", "line 1: RuntimeError: broken"),
    "it is no Python": ("def", "SyntaxError"),
    "it has no strategy": ("x = 1", "none"),
    "it raises when it is made": (
        RESTING + "    def prepare(self):\n        raise KeyError('x')\n",
        "cannot be made: KeyError: 'x'",
    ),
    "it ends the program when it is loaded": ("raise SystemExit(0)", "SystemExit"),
}


@pytest.mark.parametrize("row", BROKEN)
def test_a_strategy_that_is_broken_is_told_before_anybody_is_connected_to(folder: Path, row: str) -> None:
    text, told = BROKEN[row]
    (folder / "strategy.py").write_text(text)
    assert told in refused(run(*account_at_nobodys()), 3)


def test_without_routes_there_is_nothing_to_run(folder: Path) -> None:
    (folder / "yunmin.yaml").write_text("account: {adapter: binance}\n")
    assert "no route is set" in refused(run(*account_at_nobodys()), 3)


def test_books_of_another_world_are_not_opened(folder: Path) -> None:
    books = folder / "accounts" / "main"
    claim_books(books, WorldOf(adapter="binance", environment="local", address=NOBODY))
    with OrderJournal.open(books, clock=SystemClock()) as journal:
        journal.record(Note(kind="opened", text="it was reached", at=SystemClock().now()))
    before = (books / "world.json").read_text()
    keys = {"YUNMIN__ACCOUNT__API_KEY": "k", "YUNMIN__ACCOUNT__API_SECRET": "s"}
    said = refused(run("--testnet", **keys), 3)
    assert "has the books of binance local, and this run is at binance testnet" in said
    assert (books / "world.json").read_text() == before
