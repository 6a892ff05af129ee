"""`yunmin init` and `yunmin config`, as a user runs them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.cli.conftest import Ran
from yunmin.cli.app import app

HIDDEN = "hunter2hunter2"
RunIn = Callable[..., Ran]


@pytest.fixture
def yunmin(monkeypatch: pytest.MonkeyPatch) -> RunIn:
    """Run `yunmin` in this folder with these words and variables; in this process, which is quicker."""

    def run(folder: Path, *words: str, **environment: str) -> Ran:
        monkeypatch.chdir(folder)
        done = CliRunner().invoke(app, words, env={"NO_COLOR": "1", **environment})
        return Ran(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def demo(tmp_path: Path, yunmin: RunIn) -> Path:
    made = yunmin(tmp_path, "init", "demo")
    assert made.code == 0, made.err
    return tmp_path / "demo"


def by_name(shown: Ran) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in shown.json["settings"]}


def test_what_init_writes_passes_the_check_and_its_strategies_load(demo: Path, yunmin: RunIn) -> None:
    checked = yunmin(demo, "config", "check", "--json")
    assert checked.code == 0, checked.err
    found = {each["what"]: each["found"] for each in checked.json["checked"]}
    assert found["route 0"] == "BTC/USDT 1m ema_crossover (EmaCrossover)"
    assert found["route 2"] == "BNB/USDT 1m strategies/example.py (Example)"


def test_the_check_works_from_another_folder_too(demo: Path, yunmin: RunIn) -> None:
    assert yunmin(demo.parent, "config", "check", "demo/yunmin.yaml").code == 0


def test_init_says_what_it_wrote_and_what_to_type_next(tmp_path: Path, yunmin: RunIn) -> None:
    made = yunmin(tmp_path, "init", "my demo", "--json")
    assert made.code == 0, made.err
    assert all(Path(path).name for path in made.json["written"])
    assert made.json["next"][0] == "cd 'my demo'"
    known = yunmin(tmp_path, "--help").out
    for command in made.json["next"][1:]:
        assert f" {command.split()[1]} " in known, command


def test_init_overwrites_nothing(demo: Path, yunmin: RunIn) -> None:
    (demo / "yunmin.yaml").write_text("run: {seed: 3}\n")
    again = yunmin(demo.parent, "init", "demo", "--json")
    assert (again.code, again.error["error"]) == (3, "ConfigurationError")
    assert "has yunmin.yaml" in again.error["message"]
    assert (demo / "yunmin.yaml").read_text() == "run: {seed: 3}\n"


def test_show_names_the_origin_of_each_value(demo: Path, yunmin: RunIn) -> None:
    shown = yunmin(demo, "config", "show", "--json", "--set", "run.duration=2m", YUNMIN__LOGGING__LEVEL="debug")
    rows = by_name(shown)
    assert rows["run.duration"] == {
        "name": "run.duration", "value": "120s", "origin": "--set run.duration", "source": "flag",
    }  # fmt: skip
    assert (rows["logging.level"]["value"], rows["logging.level"]["origin"]) == ("debug", "YUNMIN__LOGGING__LEVEL")
    assert (rows["risk.max_dd"]["value"], rows["risk.max_dd"]["source"]) == ("0.15", "user_file")
    assert rows["risk.max_dd"]["origin"].startswith("yunmin.yaml:")
    assert rows["account.timeout"]["origin"].startswith("default.yaml:")
    assert rows["account.policy.proofs"]["source"] == "built_in"


def test_show_of_one_section_for_people(demo: Path, yunmin: RunIn) -> None:
    shown = yunmin(demo, "config", "show", "--section", "run").out
    assert "run.speed" in shown
    assert "account.name" not in shown


@pytest.mark.parametrize("words", [("config", "show", "--json"), ("config", "show"), ("config", "check", "--json")])
def test_a_secret_is_never_shown_only_where_it_stands(demo: Path, yunmin: RunIn, words: tuple[str, ...]) -> None:
    shown = yunmin(demo, *words, YUNMIN__ACCOUNT__API_KEY=f"key{HIDDEN}", YUNMIN__ACCOUNT__API_SECRET=HIDDEN)
    assert shown.code == 0, shown.err
    assert HIDDEN not in shown.out + shown.err
    if "show" in words:
        assert "YUNMIN__ACCOUNT__API_SECRET" in shown.out


def test_a_secret_in_the_file_is_refused_with_what_to_do(demo: Path, yunmin: RunIn) -> None:
    (demo / "bad.yaml").write_text(f"account:\n  api_secret: {HIDDEN}\n")
    refused = yunmin(demo, "config", "check", "bad.yaml", "--json")
    assert refused.code == 3
    assert "bad.yaml:2, account.api_secret: a secret does not belong here" in refused.error["message"]
    assert HIDDEN not in refused.out + refused.err


@pytest.mark.skipif(os.name != "posix", reason="files have no such rights here")
def test_S3_a_secrets_file_that_others_can_read_is_refused_with_the_chmod_to_type(demo: Path, yunmin: RunIn) -> None:
    (demo / "keys").write_text(f"API_KEY=k\nAPI_SECRET={HIDDEN}\n")
    (demo / "keys").chmod(0o644)
    words = ("config", "check", "--set", "account.secrets_file=keys", "--json")
    refused = yunmin(demo, *words)
    assert refused.code == 3
    assert f"chmod 600 {demo / 'keys'}" in refused.error["message"]
    (demo / "keys").chmod(0o600)
    assert yunmin(demo, *words).code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("account: {adapter: nowhere}", "bad.yaml:1, account.adapter: no adapter named 'nowhere' is installed"),
        ("run: {candles: none.csv}", "bad.yaml:1, run.candles: there is no file"),
        (
            "routes:\n  - {symbol: BTC/USDT, timeframe: 1m, strategy: strategies/none.py}",
            "bad.yaml:2, routes[0].strategy: there is no strategy file",
        ),
        (
            "routes:\n  - {symbol: BTC/USDT, timeframe: 1m, strategy: ema_crossover,\n     parameters: {fats: 9}}",
            "bad.yaml:3, routes[0].parameters: EmaCrossover has no parameter 'fats'",
        ),
        (
            "routes:\n  - {symbol: BTC/USDT, timeframe: 1m, strategy: ema_crossover, exchange: nowhere}",
            "bad.yaml:2, routes[0].exchange: no adapter named 'nowhere'",
        ),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(demo: Path, yunmin: RunIn, text: str, words: str) -> None:
    (demo / "bad.yaml").write_text(text)
    refused = yunmin(demo, "config", "check", "bad.yaml", "--json")
    assert refused.code == 3
    assert words in refused.error["message"]


def test_the_schema_is_json(tmp_path: Path, yunmin: RunIn) -> None:
    shown = yunmin(tmp_path, "config", "schema")
    assert json.loads(shown.out)["title"] == "yunmin.yaml"
    assert shown.err == ""


def test_set_without_a_value_is_written_wrongly(tmp_path: Path, yunmin: RunIn) -> None:
    shown = yunmin(tmp_path, "config", "show", "--set", "run.seed", "--json")
    assert (shown.code, shown.error["error"]) == (2, "InvalidValue")


def test_other_commands_connect_to_where_the_settings_say(demo: Path, yunmin: RunIn, venue_url: str) -> None:
    (demo / "yunmin.yaml").write_text(f"account: {{base_url: '{venue_url}', environment: local}}\n")
    held = yunmin(demo, "balance", "--json")
    assert held.code == 0, held.err
    assert held.json["LTC"]["free"] == "1000"


def test_a_flag_of_a_command_wins_over_the_settings(demo: Path, yunmin: RunIn, venue_url: str) -> None:
    (demo / "yunmin.yaml").write_text("account: {base_url: 'http://127.0.0.1:9', environment: local}\n")
    assert yunmin(demo, "balance", "--url", venue_url).code == 0
    assert yunmin(demo, "balance").code == 5


def test_real_money_in_the_settings_alone_is_refused(demo: Path, yunmin: RunIn) -> None:
    (demo / "yunmin.yaml").write_text("account: {environment: live}\n")
    refused = yunmin(demo, "balance", "--json")
    assert (refused.code, refused.error["error"]) == (3, "ConfigurationError")


def test_kill_without_a_folder_stops_the_account_of_the_settings(demo: Path, yunmin: RunIn, venue_url: str) -> None:
    (demo / "yunmin.yaml").write_text(f"account: {{folder: accounts/mine, base_url: '{venue_url}'}}\n")
    never = yunmin(demo, "kill", "--json")
    assert never.code == 3
    assert "NOTHING WAS STOPPED" in never.error["message"]
    assert not (demo / "accounts").exists()
    (demo / "accounts" / "mine").mkdir(parents=True)
    killed = yunmin(demo, "kill", "--json")
    assert killed.code == 0, killed.err
    assert Path(killed.json["switch"]).parent == demo / "accounts" / "mine"
    assert yunmin(demo, "kill", "--lift", "--json").json == {"lifted": True}
