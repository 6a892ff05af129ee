"""Which source wins, and that every value knows its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.conftest import Complain, Load
from yunmin.config.configuration import load_configuration
from yunmin.config.layers import Flag, Layer, laid_over
from yunmin.config.origins import BUILT_IN, Origin, Source
from yunmin.errors import ConfigurationError
from yunmin.exchange import Environment

TWO_ROUTES = """
routes:
  - {symbol: BTC/USDT, timeframe: 1m, strategy: ema_crossover, parameters: {fast: 9}}
  - {symbol: ETH/USDT, timeframe: 1m, strategy: ema_crossover}
"""
SEED_FLAG = Flag("run.seed", "4", "--seed")


def test_flags_win_over_variables_over_the_file_over_the_defaults(load: Load) -> None:
    text, environ = "run: {seed: 2}", {"YUNMIN__RUN__SEED": "3"}
    told = [load(), load(text), load(text, environ), load(text, environ, [SEED_FLAG])]
    assert [each.settings.run.seed for each in told] == [0, 2, 3, 4]
    places = [str(each.origin_of("run", "seed")) for each in told]
    assert places[0].startswith("default.yaml:")
    assert places[1:] == ["yunmin.yaml:1", "YUNMIN__RUN__SEED", "--seed"]


def test_what_no_source_names_is_built_in(load: Load) -> None:
    configuration = load(TWO_ROUTES)
    assert configuration.origin_of("account", "policy", "proofs") == BUILT_IN
    assert configuration.origin_of("routes", 0, "enabled") == BUILT_IN
    assert str(configuration.origin_of("routes", 0, "parameters", "fast")) == "yunmin.yaml:3"


def test_every_row_is_a_value_with_its_origin(load: Load) -> None:
    rows = {row.name: row for row in load(TWO_ROUTES, {"YUNMIN__RISK__MAX_DD": "0.1"}).rows()}
    assert str(rows["routes[1].symbol"].origin) == "yunmin.yaml:4"
    assert (str(rows["risk.max_dd"].value), str(rows["risk.max_dd"].origin)) == ("0.1", "YUNMIN__RISK__MAX_DD")
    assert rows["routes[1].parameters"].value == {}
    assert {name.partition(".")[0] for name in rows} >= {"account", "risk", "run", "logging", "venue"}


def test_one_section_is_shown_alone_and_one_that_is_none_is_named(load: Load) -> None:
    assert {row.name.partition(".")[0] for row in load().rows("run")} == {"run"}
    with pytest.raises(ConfigurationError, match="no section 'runs'; there are account, routes"):
        load().rows("runs")


def test_a_variable_changes_one_value_of_one_route_and_leaves_the_others(load: Load) -> None:
    environ = {"YUNMIN__ROUTES__1__ENABLED": "false", "YUNMIN__ROUTES__0__PARAMETERS__FAST": "5"}
    configuration = load(TWO_ROUTES, environ)
    assert [route.enabled for route in configuration.settings.routes] == [True, False]
    assert dict(configuration.settings.routes[0].parameters) == {"fast": 5}
    assert str(configuration.origin_of("routes", 1, "enabled")) == "YUNMIN__ROUTES__1__ENABLED"
    assert str(configuration.origin_of("routes", 1, "symbol")) == "yunmin.yaml:4"


def test_a_variable_with_all_routes_takes_the_place_of_all(load: Load) -> None:
    text = "[{symbol: SOL/USDT, timeframe: 1h, strategy: '007'}]"
    configuration = load(TWO_ROUTES, {"YUNMIN__ROUTES": text})
    (route,) = configuration.settings.routes
    assert (route.symbol, route.strategy) == ("SOL/USDT", "007")
    rows = {row.name: str(row.origin) for row in configuration.rows("routes")}
    assert rows["routes[0].symbol"] == "YUNMIN__ROUTES"


def test_an_empty_variable_says_nothing(load: Load) -> None:
    assert load("run: {seed: 2}", {"YUNMIN__RUN__SEED": ""}).settings.run.seed == 2


def test_a_variable_of_text_is_the_text_that_it_is(load: Load) -> None:
    environ = {"YUNMIN__ACCOUNT__ADAPTER": "no", "YUNMIN__ACCOUNT__KEYRING": "[x: {"}
    account = load(None, environ).settings.account
    assert (account.adapter, account.keyring) == ("no", "[x: {")
    assert load("account: {adapter: a}", {"YUNMIN__ACCOUNT__ADAPTER": "null"}).settings.account.adapter is None


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"YUNMIN__RISK__MAX_D": "1"}, "YUNMIN__RISK__MAX_D, risk.max_d: no such setting; did you mean max_dd?"),
        ({"YUNMIN__RUN__SEED": "x"}, "YUNMIN__RUN__SEED, run.seed: a whole number is wanted"),
        ({"YUNMIN__RISK__MAX_DD": "7"}, "YUNMIN__RISK__MAX_DD, risk.max_dd: a fraction of 1"),
        (
            {"YUNMIN__ROUTES__2__ENABLED": "false"},
            "YUNMIN__ROUTES__2__ENABLED, routes[2].enabled: there is no routes[2] to change",
        ),
        ({"YUNMIN__ROUTES": "[{"}, "YUNMIN__ROUTES, routes: as YAML, line 1"),
        ({"YUNMIN__RUN": "{}", "YUNMIN__RUN__SEED": "1"}, "YUNMIN__RUN__SEED: another one sets all"),
        ({"YUNMIN____SEED": "1"}, "no such setting"),
    ],
)
def test_a_wrong_variable_is_named(complaint: Complain, environ: dict[str, str], words: str) -> None:
    assert words in complaint(TWO_ROUTES, environ)


def test_a_wrong_flag_is_named(complaint: Complain) -> None:
    assert "--set run.sed, run.sed: no such setting; did you mean seed?" in complaint(
        flags=[Flag("run.sed", "1", "--set run.sed")]
    )


def test_paths_of_a_file_go_out_from_its_folder_and_those_of_flags_from_where_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "mine.yaml").write_text("run: {candles: data/candles.csv}\n")
    monkeypatch.chdir(tmp_path)
    named = load_configuration(Path("work/mine.yaml"), environ={})
    assert named.settings.run.candles == tmp_path / "work" / "data" / "candles.csv"
    assert named.settings.account.folder == tmp_path / "work" / "accounts" / "main"
    flagged = load_configuration(Path("work/mine.yaml"), environ={}, flags=[Flag("run.candles", "c.csv", "--candles")])
    assert flagged.settings.run.candles == tmp_path / "c.csv"


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read"):
        load_configuration(tmp_path / "nowhere.yaml", environ={})


def test_the_configuration_s_consent_to_real_money_is_a_file_or_a_variable_and_never_a_flag(load: Load) -> None:
    flag = Flag("account.environment", "live", "--live")
    in_file = load("account: {environment: live, name: savings}")
    in_variable = load("account: {name: savings}", {"YUNMIN__ACCOUNT__ENVIRONMENT": "live"})
    for configuration in (in_file, in_variable):
        assert configuration.live_consent(command_says_live=True, account="savings").is_complete
        assert not configuration.live_consent(command_says_live=False, account="savings").is_complete
        assert not configuration.live_consent(command_says_live=True, account="saving").is_complete
    (in_file.folder / "yunmin.yaml").write_text("account: {environment: local, name: savings}")
    by_flag = load(None, {}, [flag])
    assert by_flag.settings.account.environment is Environment.LIVE
    assert not by_flag.live_consent(command_says_live=True, account="savings").config_says_live


def test_where_to_connect_is_told_in_the_adapters_words(load: Load) -> None:
    wish = load("account: {environment: testnet, timeout: 3, base_url: 'http://127.0.0.1:1'}").connection_wish(
        environ={}
    )
    assert (wish.environment, wish.timeout, wish.base_url) == ("testnet", 3.0, "http://127.0.0.1:1")


# --- layering, for any layers ----------------------------------------------------------------------------------------

NAMES = st.sampled_from("abc")
TREES = st.recursive(
    st.dictionaries(NAMES, st.integers(), max_size=3),
    lambda inner: st.dictionaries(NAMES, st.integers() | inner.filter(bool), max_size=3),
    max_leaves=8,
)


def leaves(tree: object, at: tuple[int | str, ...] = ()) -> dict[tuple[int | str, ...], object]:
    if not isinstance(tree, dict):
        return {at: tree}
    return {place: value for name, inner in tree.items() for place, value in leaves(inner, (*at, name)).items()}


def layer_of(tree: dict[str, object], number: int) -> Layer:
    return Layer(tree, {place: Origin(Source(number), f"layer {number}") for place in leaves(tree)})


def stand_in_each_other_s_way(one: tuple[int | str, ...], other: tuple[int | str, ...]) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


@given(st.lists(TREES, min_size=1, max_size=4))
def test_of_any_layers_the_last_that_names_a_value_wins_and_is_its_origin(trees: list[dict[str, object]]) -> None:
    whole = Layer()
    for number, tree in enumerate(trees):
        whole = laid_over(whole, layer_of(tree, number))
    expected: dict[tuple[int | str, ...], tuple[object, str]] = {}
    for number, tree in enumerate(trees):
        said = leaves(tree)
        expected = {
            place: value
            for place, value in expected.items()
            if not any(stand_in_each_other_s_way(place, new) for new in said)
        }
        expected |= {place: (value, f"layer {number}") for place, value in said.items()}
    found = leaves(whole.values)
    assert found == {place: value for place, (value, _) in expected.items()}
    assert {place: str(whole.origins[place]) for place in found} == {p: where for p, (_, where) in expected.items()}


@given(TREES, TREES)
def test_of_any_two_layers_what_the_upper_does_not_touch_keeps_value_and_origin(
    lower: dict[str, object], upper: dict[str, object]
) -> None:
    whole = laid_over(layer_of(lower, 1), layer_of(upper, 2))
    touched = leaves(upper)
    for place, value in leaves(lower).items():
        if not any(stand_in_each_other_s_way(place, other) for other in touched):
            assert leaves(whole.values)[place] == value
            assert whole.origins[place].source is Source.DEFAULT_FILE


@given(TREES)
def test_any_layer_over_itself_and_over_nothing_is_itself(tree: dict[str, object]) -> None:
    layer = layer_of(tree, 3)
    assert leaves(laid_over(layer, layer).values) == leaves(tree)
    assert leaves(laid_over(Layer(), layer).values) == leaves(tree)


SEEDS = st.none() | st.integers(min_value=0, max_value=999)


@given(in_variable=SEEDS, in_flag=SEEDS)
def test_whatever_is_left_out_the_last_source_that_speaks_is_believed(
    tmp_path_factory: pytest.TempPathFactory, in_variable: int | None, in_flag: int | None
) -> None:
    folder = tmp_path_factory.getbasetemp() / "no-settings"
    folder.mkdir(exist_ok=True)
    environ = {} if in_variable is None else {"YUNMIN__RUN__SEED": str(in_variable)}
    flags = [] if in_flag is None else [Flag("run.seed", str(in_flag), "--seed")]
    configuration = load_configuration(environ=environ, flags=flags, folder=folder)
    spoken = [seed for seed in (in_flag, in_variable, 0) if seed is not None]
    assert configuration.settings.run.seed == spoken[0]
    assert str(configuration.origin_of("risk", "max_dd")).startswith("default.yaml:")
