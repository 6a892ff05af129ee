"""What every part of the conformance suite stands on: which adapter, and where its scenarios are played."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final, Protocol, runtime_checkable

import pytest

from yunmin.clock import ManualClock, SystemClock, random_token
from yunmin.errors import ConfigurationError
from yunmin.exchange import (
    AdapterPlugin,
    ConnectionWish,
    ConnectorConfig,
    Credentials,
    Environment,
    RunningVenue,
    VenueOptions,
    registry,
)
from yunmin.testing.cassettes import Scrubbing, mark_skipped, provenance_of, recording, replaying
from yunmin.testing.conformance.requirements import Need, Scenario, requirements_of
from yunmin.testing.playground import Ground, Playground, Wire, counted_requests
from yunmin.testing.provenance import Provenance

__all__ = ["ConformanceSuite", "cassette_name", "scenarios_of"]

_LONGEST: Final = 60.0
_PATIENCE: Final = 15.0
_NOBODY: Final = Credentials.of("replayed" * 8, "replayed" * 8)
_NOBODY_ELSE: Final = Credentials.of("opposite" * 8, "opposite" * 8)
_NOWHERE: Final = "http://127.0.0.1:9"
_LOCAL_IDS: Final = "local"


@runtime_checkable
class _HasCounterparty(Protocol):
    """A venue with a second account to trade against."""

    @property
    def counterparty_credentials(self) -> Credentials: ...


class ConformanceSuite:
    """Scenarios for one adapter.

    `cassettes` names the folder to replay from; without it the scenarios are played at `environment`: the adapter's
    local venue, a fresh one for each, or the exchange's own test network with the keys that the environment variables
    hold. `symbol` is the market to trade on.
    """

    adapter: ClassVar[str]
    cassettes: ClassVar[str | Path | None] = None
    environment: ClassVar[Environment] = Environment.LOCAL
    symbol: ClassVar[str] = "BTC/USDT"
    scrubbing: ClassVar[Scrubbing] = Scrubbing()

    @classmethod
    def open_venue(cls, options: VenueOptions) -> AbstractAsyncContextManager[RunningVenue]:
        """The local venue to play at: the adapter's own. One with `counterparty_credentials` has a second account."""
        factory = cls._plugin().local_venue
        if factory is None:
            pytest.skip(f"the {cls.adapter} adapter brings no local venue")
        return factory(options)

    @classmethod
    def cassette_folder(cls) -> Path:
        """Where the cassettes are: as seen from the working directory, or from a folder above the suite's own file."""
        named = Path(cls.cassettes or "")
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        above = Path(file).parents if file else ()
        return next((found for found in (named, *(folder / named for folder in above)) if found.is_dir()), named)

    # --- one test --------------------------------------------------------------------------------------------------

    def play(self, scenario: Scenario) -> None:
        """Hold one scenario against the adapter, where this suite is played."""
        if self.cassettes is None:
            self._play_live(scenario)
        else:
            self._replay(scenario, self.cassette_folder() / cassette_name(type(self), scenario.name))

    def record(self, scenario: Scenario, into: Path) -> str | None:
        """Play a scenario at `environment` and write its cassette under `into`; why not, where it could not be."""
        if Need.RUNNING_EXCHANGE in scenario.needs:
            return "its answers must be of now"
        name = cassette_name(type(self), scenario.name)
        is_local = self.environment is Environment.LOCAL
        provenance = Provenance.of(
            adapter=self.adapter,
            test=name.with_suffix("").as_posix(),
            environment=self.environment,
            recorded_on=SystemClock().now().date().isoformat(),
            ids=_LOCAL_IDS if is_local else random_token(6),
        )

        async def tell() -> None:
            async with asyncio.timeout(_LONGEST), self._ground(provenance.ids) as ground:
                known = tuple(one for one in (ground.config.credentials, ground.counterparty) if one is not None)
                with recording(into / name, provenance, self.scrubbing, known), counted_requests() as wire:
                    await self._hold(scenario, ground, wire)

        try:
            asyncio.run(tell())
        except pytest.skip.Exception as skipped:
            mark_skipped(into / name, provenance, str(skipped))
            return str(skipped)
        return None

    def _play_live(self, scenario: Scenario) -> None:
        async def live() -> None:
            ids = _LOCAL_IDS if self.environment is Environment.LOCAL else random_token(6)
            async with asyncio.timeout(_LONGEST), self._ground(ids) as ground:
                with counted_requests() as wire:
                    await self._hold(scenario, ground, wire)

        asyncio.run(live())

    def _replay(self, scenario: Scenario, path: Path) -> None:
        if Need.RUNNING_EXCHANGE in scenario.needs:
            pytest.skip("the answers must be of now, and these are recorded")
        why_not = provenance_of(path).skipped
        if why_not is not None:
            pytest.skip(f"not recorded: {why_not}")

        async def replay() -> None:
            with replaying(path, self.scrubbing) as provenance, counted_requests() as wire:
                await self._hold(scenario, self._replayed_ground(provenance), wire)

        asyncio.run(replay())

    async def _hold(self, scenario: Scenario, ground: Ground, wire: Wire) -> None:
        name = cassette_name(type(self), scenario.name).with_suffix("").as_posix()
        async with Playground.opened(ground, name, wire) as play:
            await scenario.hold(self, play)

    # --- where -----------------------------------------------------------------------------------------------------

    @classmethod
    def _plugin(cls) -> AdapterPlugin:
        return registry.load(cls.adapter)

    @asynccontextmanager
    async def _ground(self, ids: str) -> AsyncIterator[Ground]:
        plugin = self._plugin()
        if self.environment is Environment.LOCAL:
            async with self.open_venue(VenueOptions(seed=1, step_interval=0)) as venue:
                config = ConnectorConfig(base_url=venue.url, credentials=venue.credentials, rate_limit=False)
                yield self._as_ground(
                    plugin, config, ids, venue.counterparty_credentials if isinstance(venue, _HasCounterparty) else None
                )
            return
        config = self._config_there(plugin)
        yield self._as_ground(plugin, config, ids, _second_account(plugin, os.environ))

    def _config_there(self, plugin: AdapterPlugin) -> ConnectorConfig:
        """How to reach `environment`, as the adapter reads it from the environment variables."""
        if self.environment is Environment.LIVE:
            raise ConfigurationError("the conformance suite places orders: it does not play with real money")
        config = plugin.configure(ConnectionWish(environment=self.environment.value, timeout=_PATIENCE))
        if config.environment is not self.environment or config.base_url is not None:
            raise ConfigurationError(
                f"the settings lead to {config.base_url or config.environment}, not to the {self.environment}; "
                "what answers there must not pass for it. Unset the variable that says so"
            )
        if config.credentials is None:
            pytest.skip(f"set {' and '.join(_key_names(plugin))} to play at the {self.environment}")
        return config

    def _as_ground(
        self, plugin: AdapterPlugin, config: ConnectorConfig, ids: str, counterparty: Credentials | None
    ) -> Ground:
        return Ground(
            plugin=plugin,
            config=config,
            clock=SystemClock(),
            symbol=self.symbol,
            ids=ids,
            counterparty=counterparty,
        )

    def _replayed_ground(self, provenance: Provenance) -> Ground:
        return Ground(
            plugin=self._plugin(),
            config=ConnectorConfig(base_url=_NOWHERE, credentials=_NOBODY, rate_limit=False),
            clock=ManualClock(datetime.fromisoformat(f"{provenance.recorded_on}T00:00:00+00:00")),
            symbol=self.symbol,
            ids=provenance.ids,
            counterparty=_NOBODY_ELSE,
            is_replay=True,
        )


def scenarios_of(suite: type[ConformanceSuite]) -> Iterator[Scenario]:
    """Every scenario of a suite, in the order of its parts and then of their text."""
    for part in reversed(suite.__mro__):
        for name in vars(part):
            scenario = requirements_of(getattr(suite, name, None))
            if scenario is not None:
                yield scenario


def cassette_name(suite: type[ConformanceSuite], test: str) -> Path:
    """Where the cassette of a test lies in its folder: `<part>/<test>.yaml`, the part being the module of the test."""
    part = next(part for part in suite.__mro__ if test in vars(part))
    return Path(part.__module__.rpartition(".")[2]) / f"{test}.yaml"


def _key_names(plugin: AdapterPlugin) -> tuple[str, ...]:
    return tuple(name for name in plugin.environment_variables if name.endswith(("_API_KEY", "_API_SECRET")))


def _second_account(plugin: AdapterPlugin, environment: Mapping[str, str]) -> Credentials | None:
    """From the variables of the adapter's key and secret with "_2" at their ends; None where they are not set."""
    names = sorted(_key_names(plugin))  # ..._API_KEY comes before ..._API_SECRET
    values = [environment.get(f"{name}_2", "") for name in names]
    if len(values) != 2 or not all(values):
        return None
    return Credentials.of(*values)
