"""A new working folder is complete, can be used as it stands, and takes the place of nothing."""

from __future__ import annotations

import itertools
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from yunmin.config.configuration import load_configuration
from yunmin.config.sample_candles import sample_candles
from yunmin.config.working_folder import WorkingFolder, write_working_folder
from yunmin.core.route_manager import RouteManager
from yunmin.errors import ConfigurationError
from yunmin.simulation.candles import read_candles
from yunmin.strategy import load_strategy

WANTED = WorkingFolder(adapter="some-exchange", variables=("SOME_KEY", "SOME_SECRET"))


def test_its_settings_its_strategy_and_its_candles_can_be_read(tmp_path: Path) -> None:
    write_working_folder(tmp_path / "demo", WANTED)
    loaded = load_configuration(environ={}, folder=tmp_path / "demo")
    assert loaded.settings.account.adapter == "some-exchange"
    assert loaded.settings.account.folder == tmp_path / "demo" / "accounts" / "main"
    assert len(loaded.settings.routes_at("some-exchange")) == 3
    for route in loaded.settings.routes:
        load_strategy(loaded.strategy_at(route.strategy))(**route.parameters)
    candles = read_candles(tmp_path / "demo" / "candles" / "BTC_USDT_1m.csv", "BTC/USDT")
    assert len(candles) == 500
    assert {(later.open_time - earlier.open_time).seconds for earlier, later in itertools.pairwise(candles)} == {60}


def test_its_limits_are_all_that_real_money_asks_for(tmp_path: Path) -> None:
    write_working_folder(tmp_path, WANTED)
    load_configuration(environ={}, folder=tmp_path).settings.risk.require_all_for_live()


def test_what_holds_secrets_or_state_is_kept_out_of_a_repository(tmp_path: Path) -> None:
    write_working_folder(tmp_path, WANTED)
    ignored = (tmp_path / ".gitignore").read_text().splitlines()
    assert {".env", "accounts/", "*.sqlite3", "keys"} <= set(ignored)


def test_no_mark_of_a_template_is_left_and_the_adapter_s_variables_are_named(tmp_path: Path) -> None:
    for path in write_working_folder(tmp_path, WANTED):
        assert "@" not in path.read_text(), path
    assert "SOME_KEY, SOME_SECRET" in (tmp_path / "README.md").read_text()


def test_nothing_is_overwritten_and_then_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"has README\.md already"):
        write_working_folder(tmp_path, WANTED)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_link_to_nowhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "yunmin.yaml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match=r"yunmin\.yaml already"):
        write_working_folder(tmp_path, WANTED)
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot write"):
        write_working_folder(tmp_path / "file" / "demo", WANTED)


def test_the_same_seed_gives_the_same_candles_and_another_gives_others() -> None:
    first, again, other = (sample_candles("X", Decimal(100), seed=seed, count=20) for seed in (1, 1, 2))
    assert first == again != other
    assert sample_candles("Y", Decimal(100), seed=1, count=20) != first


def test_its_strategies_find_something_to_do_in_its_candles(tmp_path: Path) -> None:
    write_working_folder(tmp_path, WANTED)
    loaded = load_configuration(environ={}, folder=tmp_path)
    candles = read_candles(tmp_path / "candles" / "BTC_USDT_1m.csv", "BTC/USDT")
    end = candles[-1].open_time + timedelta(minutes=1)
    for route in loaded.settings.routes_at("here"):
        manager = RouteManager(lambda name: load_strategy(loaded.strategy_at(name)))
        added = manager.add_route("here", "BTC/USDT", "1m", route.strategy_name, parameters=dict(route.parameters))
        for candle in candles:
            manager.on_candle("here", "1m", candle)
        decided = []
        while (moment := manager.next_moment(end)) is not None:
            for due in manager.set_global_time(moment):
                decided += [each for each in manager.step_route(due) if not each.is_hold]
        assert decided, added.name
        assert {each.symbol for each in decided} == {"BTC/USDT"}
