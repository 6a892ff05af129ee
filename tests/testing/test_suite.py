"""Where the suite may be played, and under whose name what it hears is written down."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from yunmin.errors import ConfigurationError
from yunmin.exchange import (
    AdapterPlugin,
    Capability,
    ConnectionWish,
    ConnectorConfig,
    Credentials,
    Environment,
    LiveConsent,
    registry,
)
from yunmin.testing import Playground, requires
from yunmin.testing.conformance import ConformanceSuite, scenarios_of

CREDENTIALS = Credentials.of("key", "secret")


class OneScenario(ConformanceSuite):
    adapter = "elsewhere"
    environment = Environment.TESTNET

    @requires(Capability.TICKER)
    async def test_never_reached(self, play: Playground) -> None:
        raise AssertionError("it was played")


def plugin_configured(config: ConnectorConfig) -> None:
    """Register an adapter whose settings say `config`."""

    def unwanted(*_: object) -> None:
        raise AssertionError("it was about to connect")

    def configure(wish: ConnectionWish) -> ConnectorConfig:
        return config

    plugin = AdapterPlugin(
        name="elsewhere",
        title="Elsewhere",
        traits=unwanted,  # type: ignore[arg-type]  # never called
        connector=unwanted,  # type: ignore[arg-type]  # never called
        configure=configure,
        environment_variables=("ELSEWHERE_API_KEY", "ELSEWHERE_API_SECRET"),
    )
    registry.register(plugin)


@pytest.fixture(autouse=True)
def _no_adapter_left_behind() -> object:
    yield
    registry.unregister("elsewhere")


def play(suite: type[ConformanceSuite]) -> None:
    (scenario,) = scenarios_of(suite)
    suite().play(scenario)


def test_a_local_answer_never_passes_for_the_testnet(tmp_path: Path) -> None:
    """A base address on this machine, left over in a variable, would be recorded under the exchange's name."""
    plugin_configured(
        ConnectorConfig(environment=Environment.TESTNET, base_url="http://127.0.0.1:9", credentials=CREDENTIALS)
    )
    with pytest.raises(ConfigurationError, match="must not pass for it"):
        play(OneScenario)
    (scenario,) = scenarios_of(OneScenario)
    with pytest.raises(ConfigurationError, match="must not pass for it"):
        OneScenario().record(scenario, tmp_path)
    assert not list(tmp_path.rglob("*"))


def test_settings_that_lead_elsewhere_are_refused() -> None:
    plugin_configured(ConnectorConfig(environment=Environment.LOCAL, credentials=CREDENTIALS))
    with pytest.raises(ConfigurationError, match="not to the testnet"):
        play(OneScenario)


def test_it_does_not_play_with_real_money() -> None:
    consent = LiveConsent(config_says_live=True, command_says_live=True, account="main")
    plugin_configured(ConnectorConfig(environment=Environment.LIVE, credentials=CREDENTIALS, live_consent=consent))
    with pytest.raises(ConfigurationError, match="real money"):
        play(type("Live", (OneScenario,), {"environment": Environment.LIVE}))


def test_without_keys_it_is_skipped_and_names_the_variables() -> None:
    plugin_configured(ConnectorConfig(environment=Environment.TESTNET))
    with pytest.raises(pytest.skip.Exception, match="ELSEWHERE_API_KEY and ELSEWHERE_API_SECRET"):
        play(OneScenario)


def test_without_a_local_venue_it_is_skipped() -> None:
    plugin_configured(ConnectorConfig(environment=Environment.LOCAL))
    with pytest.raises(pytest.skip.Exception, match="brings no local venue"):
        play(type("Local", (OneScenario,), {"environment": Environment.LOCAL}))


def test_a_missing_cassette_fails_and_says_how_to_record(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not recorded"):
        play(type("Replayed", (OneScenario,), {"cassettes": tmp_path}))


@pytest.mark.parametrize("missing", ["vcr", "pytest"])
def test_without_the_extra_the_import_says_what_to_install(missing: str) -> None:
    code = f"""
import importlib.util as util
real = util.find_spec
util.find_spec = lambda name, *more: None if name == {missing!r} else real(name, *more)
from yunmin.errors import ConfigurationError
try:
    import yunmin.testing
except ConfigurationError as error:
    assert {missing!r} in str(error) and "yunmin[testing]" in str(error), error
else:
    raise SystemExit("it was imported")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
