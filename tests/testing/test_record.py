"""The command behind `make record`."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from yunmin.exchange import AdapterPlugin, ConnectionWish, ConnectorConfig, Environment, registry
from yunmin.testing import AdapterConformance
from yunmin.testing.conformance import cassette_name, scenarios_of
from yunmin.testing.record import main, suite_for

ONE_SCENARIO = '''
from yunmin.testing import AdapterConformance, requires
from yunmin.testing.conformance import ConformanceSuite


class TestOne(ConformanceSuite):
    adapter = "{adapter}"
    cassettes = "cassettes/{adapter}"

    @requires()
    async def test_that_it_answers(self, play):
        """The clock is asked."""
        await play.connector.server_time()

    @requires()
    async def test_that_fails(self, play):
        assert not "{failing}"
'''


@pytest.fixture
def adapter() -> str:
    name = next((name for name in registry.installed() if registry.load(name).local_venue is not None), None)
    if name is None:
        pytest.skip("no installed adapter brings a local venue")
    return name


def test_it_records_and_removes_what_belongs_to_no_test(
    adapter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = tmp_path / "test_one.py"
    suite.write_text(ONE_SCENARIO.format(adapter=adapter, failing=""))
    stray = tmp_path / "cassettes" / adapter / "orders" / "test_gone.yaml"
    stray.parent.mkdir(parents=True)
    stray.write_text("from another time")

    assert main([adapter, "--into", str(tmp_path / "cassettes"), "--suite", str(suite)]) == 0

    content = yaml.safe_load((tmp_path / "cassettes" / adapter / "test_one" / "test_that_it_answers.yaml").read_text())
    assert content["provenance"]["served_by"].startswith("local venue of yunmin")
    assert content["interactions"]
    assert not stray.exists()
    assert "2 of 2" in capsys.readouterr().err


def test_a_scenario_that_fails_is_an_exit_code_and_leaves_no_cassette(
    adapter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = tmp_path / "test_one.py"
    suite.write_text(ONE_SCENARIO.format(adapter=adapter, failing="yes"))
    assert main([adapter, "--into", str(tmp_path), "--suite", str(suite)]) == 1
    assert not (tmp_path / adapter / "test_one" / "test_that_fails.yaml").exists()
    assert "failed" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["no-such-adapter"], ["no-such-adapter", "--environment", "testnet"]])
def test_an_adapter_that_is_not_there_is_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert "no adapter named" in said
    assert "Nothing was sent" in said


def test_real_money_is_not_among_the_choices(adapter: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([adapter, "--environment", "live"])
    assert "invalid choice" in capsys.readouterr().err


def test_the_adapter_s_own_settings_choose_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where they name the test network and there are no keys, every scenario is skipped; real money is refused."""
    suite = tmp_path / "test_one.py"
    suite.write_text(ONE_SCENARIO.format(adapter="elsewhere", failing=""))
    arguments = ["elsewhere", "--into", str(tmp_path / "cassettes"), "--suite", str(suite)]
    try:
        for place, code, said in ((Environment.TESTNET, 0, "at testnet"), (Environment.LIVE, 2, "name live")):
            registry.register(a_plugin_set_to(place))
            assert main(arguments) == code
            assert said in capsys.readouterr().err
    finally:
        registry.unregister("elsewhere")


def a_plugin_set_to(place: Environment) -> AdapterPlugin:
    def unwanted(*_: object) -> None:
        raise AssertionError("it was about to connect")

    def configure(wish: ConnectionWish) -> ConnectorConfig:
        return ConnectorConfig(environment=place)

    return AdapterPlugin(
        name="elsewhere",
        title="Elsewhere",
        traits=unwanted,  # type: ignore[arg-type]  # never called
        connector=unwanted,  # type: ignore[arg-type]  # never called
        configure=configure,
        environment_variables=("ELSEWHERE_API_KEY", "ELSEWHERE_API_SECRET"),
    )


def test_without_a_test_file_the_plain_suite_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    suite = suite_for("example")
    assert issubclass(suite, AdapterConformance)
    assert suite.environment is Environment.LOCAL


def test_every_scenario_has_a_sentence_for_a_name_and_a_place_of_its_own() -> None:
    scenarios = list(scenarios_of(AdapterConformance))
    names = [cassette_name(AdapterConformance, scenario.name) for scenario in scenarios]
    assert len(set(names)) == len(names) >= 50
    assert all(scenario.name.startswith("test_") and scenario.name.count("_") >= 3 for scenario in scenarios)
