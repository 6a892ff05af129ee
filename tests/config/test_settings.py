"""Each section: what it takes, and what it says of what it does not take."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from importlib.resources import files
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from tests.config.conftest import Complain, Load
from yunmin.config.configuration import load_configuration
from yunmin.config.plain_yaml import Location, plain_yaml_of
from yunmin.config.settings import LogLevel, Settings
from yunmin.core.data_contracts.timeframe import Timeframe
from yunmin.errors import ConfigurationError
from yunmin.exchange import Environment

ROUTE = "routes:\n  - symbol: BTC/USDT\n    timeframe: 1m\n    strategy: ema_crossover\n"


def places_of(model: type[BaseModel], below: Location = ()) -> Iterator[Location]:
    for name, field in model.model_fields.items():
        kinds = [field.annotation, *get_args(field.annotation)]
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if inner is None or name == "routes":
            yield (*below, name)
        else:
            yield from places_of(inner, (*below, name))


def test_default_yaml_has_every_setting_except_those_of_an_account_s_patience() -> None:
    written = set(plain_yaml_of(files("yunmin.config").joinpath("default.yaml").read_text(), "default.yaml").lines)
    missing = [place for place in places_of(Settings) if place not in written and place[:2] != ("account", "policy")]
    assert missing == []


def test_the_defaults_of_the_file_and_of_the_code_are_the_same_but_for_limits(load: Load) -> None:
    read, built_in = load().settings, Settings()
    assert read.account.policy == built_in.account.policy
    assert read.run == built_in.run
    assert read.logging == built_in.logging
    assert read.venue == built_in.venue
    assert read.account.environment is Environment.LOCAL
    assert read.risk.max_dd == Decimal("0.15")


def test_settings_are_frozen(load: Load) -> None:
    settings = load().settings
    with pytest.raises(ValidationError, match="frozen"):
        settings.run.seed = 3  # type: ignore[misc]  # that is the point


def test_every_kind_of_value_is_read_as_its_type(load: Load) -> None:
    settings = load(
        "risk: {max_dd: 0.10, max_open_orders: 3}\nrun: {duration: 2m, speed: 60, seed: 7}\n"
        "logging: {level: debug}\naccount: {timeout: 2.5, adapter: 'no'}\n" + ROUTE
    ).settings
    assert str(settings.risk.max_dd) == "0.10"  # every digit that was written
    assert settings.risk.max_open_orders == 3
    assert settings.run.duration == timedelta(minutes=2)
    assert settings.logging.level is LogLevel.DEBUG
    assert settings.account.timeout == 2.5
    assert settings.account.adapter == "no"
    assert settings.routes[0].timeframe is Timeframe.M1
    assert settings.routes[0].enabled


def test_parameters_are_what_they_are_written_as(load: Load) -> None:
    parameters = "    parameters: {fast: 9, share: 0.10, quick: true, code: '007', word: no, name: x1}\n"
    route = load(ROUTE + parameters).settings.routes[0]
    assert dict(route.parameters) == {
        "fast": 9, "share": Decimal("0.10"), "quick": True, "code": "007", "word": "no", "name": "x1",
    }  # fmt: skip
    assert type(route.parameters["fast"]) is int


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("acount: {}", "yunmin.yaml:1, acount: no such setting; did you mean account?"),
        ("\naccount:\n  adaptr: x", "yunmin.yaml:3, account.adaptr: no such setting; did you mean adapter?"),
        ("account: {policy: {on_clos: LEAVE}}", "account.policy.on_clos: no such setting; did you mean on_close?"),
        (ROUTE + "    prameters: {}", "yunmin.yaml:5, routes[0].prameters: no such setting; did you mean parameters?"),
        ("risk: {max_drawdown: 1}", "risk.max_drawdown: no such setting; "),
        ("account: {environment: LIVE}", "one of local, testnet, demo, live is wanted; did you mean live?"),
        ("account: {environment: prod}", "one of local, testnet, demo, live is wanted"),
        ("account: {adapter: true}", "text is wanted; true and false are text only in quotes"),
        ("account: {adapter: [a]}", "one value is wanted, not several"),
        ("account: {base_url: 'http://example.com'}", "an http address on this machine"),
        (ROUTE + "    enabled: yes", "true or false is wanted"),
        (ROUTE + "    enabled: 'true'", "true or false is wanted"),
        ("run: {seed: 012}", "a number that begins with 0"),
        ("run: {seed: 0x1F}", "a whole number is wanted"),
        ("run: {seed: 1_000}", "a whole number is wanted"),
        ("run: {seed: 1:30}", "a whole number is wanted"),
        ("run: {seed: 1.5}", "a whole number is wanted"),
        ("run: {seed: -1}", "run.seed: Input should be greater than or equal to 0"),
        ("run: {seed: true}", "a number is wanted"),
        ("run: {seed: null}", "a value is wanted, and there is none"),
        ("run: {duration: 90}", "a length of time is wanted, such as 30s"),
        ("run: {duration: 1:30}", "a length of time is wanted"),
        ("run: {duration: 0s}", "run.duration: Input should be greater than"),
        ("risk: {max_dd: 1e-1}", "risk.max_dd: not a plain decimal number"),
        ("risk: {max_dd: 15}", "a fraction of 1"),
        ("risk: {max_dd: .inf}", "risk.max_dd"),
        ("risk: {max_dd: 0.1, max_dd: 0.2}", "line 1: max_dd is given twice"),
        ("routes: {symbol: BTC/USDT}", "a list is wanted"),
        ("routes: [BTC/USDT]", "routes[0]: names with values are wanted"),
        ("routes: [{symbol: BTC/USDT, timeframe: 1m}]", "routes[0].strategy: Field required"),
        (ROUTE.replace("1m", "7m"), "yunmin.yaml:3, routes[0].timeframe: one of 1s, 1m"),
        (ROUTE + "    parameters: {a: 0.1.2}", "routes[0].parameters.a: not a plain decimal number"),
        (ROUTE + "    parameters: {a: 010}", "a number that begins with 0"),
        (ROUTE + "    parameters: {a: [1]}", "one value is wanted, not several"),
        (ROUTE + "    parameters: {2a: 1}", "yunmin.yaml:2, routes[0]: parameters: not a name: '2a'"),
        (ROUTE + "    exchange: a:b", "routes[0]: exchange: no colon"),
        ("run: {duration: 9999999999d}", "a length of time is wanted"),
        ('account: {folder: "a\\0b"}', "the name of a file or folder is wanted"),
        ("account: {folder: ''}", "the name of a file or folder is wanted"),
        ("account: {folder: ~nobody-of-this-name/x}", "no home folder is known"),
        (ROUTE + ROUTE.removeprefix("routes:\n"), "two routes are alike (BTC/USDT:1m:ema_crossover)"),
        (
            "risk: {max_dd: 0.1}\n" + ROUTE + "    risk: {max_dd: 0.2}",
            "yunmin.yaml:6, routes[0].risk: max_dd of a route",
        ),
        (ROUTE + "    risk: {max_ddd: 0.2}", "routes[0].risk.max_ddd: no such setting; did you mean max_dd?"),
        ("- a", "names with values are wanted"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_what_is_wanted(complaint: Complain, text: str, words: str) -> None:
    assert words in complaint(text)


def test_several_mistakes_are_told_at_once_in_the_order_of_the_file(complaint: Complain) -> None:
    said = complaint("run: {sed: 1}\nlogging:\n  level: loud\nrisk: {max_dd: high}")
    assert said.index("run.sed") < said.index("yunmin.yaml:3, logging.level") < said.index("yunmin.yaml:4, risk.max_dd")
    assert said.startswith("these settings cannot be used:\n")


def test_a_section_with_nothing_in_it_says_nothing(load: Load) -> None:
    assert load("risk:\nroutes:\n").settings == load("").settings


def test_a_route_is_a_route_of_the_account_unless_it_names_an_exchange(load: Load) -> None:
    text = ROUTE + "    risk: {max_dd: 0.05, max_open_orders: 2}\n    parameters: {fast: 3}\n"
    here, there = load(text + ROUTE.removeprefix("routes:\n") + "    exchange: other\n").settings.routes_at("mine")
    assert (here.exchange, there.exchange) == ("mine", "other")
    assert here.name == "mine:BTC/USDT:1m:ema_crossover"
    assert dict(here.risk) == {"max_dd": Decimal("0.05"), "max_open_orders": Decimal(2)}
    assert dict(here.parameters) == {"fast": 3}


def test_two_routes_that_are_alike_are_told_apart_by_a_label(load: Load) -> None:
    second = ROUTE.removeprefix("routes:\n") + "    label: second\n"
    assert [route.label for route in load(ROUTE + second).settings.routes] == ["", "second"]


def test_the_venue_section_becomes_the_adapters_options(load: Load) -> None:
    configuration = load("venue: {config_file: venue.yaml, port: 0, seed: 5, step_interval: 0.5}")
    options = configuration.settings.venue.options()
    assert options.config_file == str(configuration.folder / "venue.yaml")
    assert (options.port, options.seed, options.step_interval, options.state_file) == (0, 5, 0.5, None)


# --- whatever stands in a file ---------------------------------------------------------------------------------------

PLACES = st.sampled_from(sorted(places_of(Settings), key=str)).map(lambda place: [str(part) for part in place])
VALUES = st.sampled_from(
    [
        "1",
        "-1",
        "0",
        "1.5",
        "true",
        "no",
        "null",
        "''",
        "1m",
        "30s",
        "[]",
        "{}",
        "[1, {a: b}]",
        "{symbol: x}",
        "'9'*9",
        "~x",
    ]
) | st.text(max_size=12)


@trying(deadline=None, max_examples=60)
@given(PLACES, VALUES)
def test_any_setting_of_any_value_is_taken_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], value: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-settings"
    folder.mkdir(exist_ok=True)
    text = "".join(f"{'  ' * depth}{name}:\n" for depth, name in enumerate(names)).rstrip() + f" {value}\n"
    (folder / "yunmin.yaml").write_text(text, encoding="utf-8")
    refused = contextlib.suppress(ConfigurationError)
    with refused:
        assert load_configuration(environ={}, folder=folder).rows()
    with refused:
        assert load_configuration(environ={"YUNMIN__" + "__".join(names).upper(): value.replace("\0", "")}).rows()
