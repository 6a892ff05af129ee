"""From a world and its settings to a run that goes, and back to books that are closed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from yunmin.config.configuration import Configuration
from yunmin.core.data_contracts.account import AccountState
from yunmin.core.data_contracts.route import Route
from yunmin.core.position_manager import Position
from yunmin.core.route_manager import RouteManager
from yunmin.engine.equity import Equity
from yunmin.engine.loop import Loop
from yunmin.engine.run_events import RunEvent, RunStarted
from yunmin.engine.strategies.strategy_runner import StrategyRunner
from yunmin.engine.worlds.world import World
from yunmin.errors import ConfigurationError
from yunmin.execution.account import Account
from yunmin.execution.executor import Executor
from yunmin.execution.opening import account_of
from yunmin.execution.risk_limits import RiskLimits
from yunmin.execution.risk_manager import RiskManager
from yunmin.execution.state_file import StateFile
from yunmin.strategy.loading import load_strategy

__all__ = ["Run", "open_run"]

_CLOSING_PASSES: Final = 3


@dataclass(kw_only=True)
class Run:
    """Everything of a run. `opening` is the account as it stood when the run began."""

    world: World
    account: Account
    executor: Executor
    risk: RiskManager
    routes: RouteManager
    loop: Loop
    opening: AccountState
    started_at: datetime

    @property
    def prices(self) -> dict[str, Decimal]:
        """The last price of every symbol that is watched, in quote units per base unit."""
        return self.loop.prices

    def stop(self, why: str) -> None:
        """Decide nothing more; the run ends in its own time."""
        self.loop.stop(why)

    async def go(self) -> None:
        """Run until it is stopped or the market has nothing more to tell. See `Loop.run`."""
        await self.loop.run()

    async def complete_books(self) -> bool:
        """Wait for the outcome of every order that was sent, and ask for what was not heard; False where that failed.

        Nothing is decided any more, but orders that rest may still be filled.
        """
        while not self.account.is_idle:
            await self.world.wall.sleep(0.01)
        for _ in range(_CLOSING_PASSES):
            report = await self.account.reconcile("the end of the run")
            if report.complete and not report.unknown:
                self.loop.update_equity()
                return True
        return False


@asynccontextmanager
async def open_run(
    world: World, configuration: Configuration, listeners: Iterable[Callable[[RunEvent], None]] = ()
) -> AsyncIterator[Run]:
    """A run that has heard the past and can go. Leaving closes its account: every command has its outcome by then.

    Raises ConfigurationError for settings and strategies that cannot be used, and as `open_account` and `Feed.begin`.
    """
    heard = tuple(listeners)

    def tell(event: RunEvent) -> None:
        for listener in heard:
            listener(event)

    settings = configuration.settings
    own = _routes_of(configuration, world.exchange)
    desk: list[Executor] = []
    routes = RouteManager(
        lambda name: load_strategy(configuration.strategy_at(name)),
        positions=lambda route, symbol: _holding(desk[0], route, symbol),
    )
    runner = StrategyRunner(
        routes,
        world.clock,
        patience=settings.run.strategy_patience,
        most_failures=settings.run.strategy_failures,
        tell=tell,
    )
    async with (
        _runner_closed(runner, own),
        account_of(
            world.connector,
            folder=world.folder,
            policy=world.policy,
            clock=world.clock,
            listeners=[tell],
            when_held=world.check_books,
        ) as account,
    ):
        risk = RiskManager(
            environment=world.environment,
            currency=settings.account.currency,
            clock=world.clock,
            file=StateFile(world.folder / "risk.json"),
            **_limits(settings.risk),
        )
        executor = Executor(
            account, account.tracker, risk, clock=world.clock, file=StateFile(world.folder / "executor.json")
        )
        desk.append(executor)
        opening = await world.connector.fetch_account()
        loop = Loop(
            account=account,
            executor=executor,
            risk=risk,
            routes=routes,
            runner=runner,
            equity=Equity(risk.currency, opening, executor.positions, risk.price),
            feed=world.feed,
            clock=world.clock,
            wall=world.wall,
            pace=world.pace,
            tell=tell,
        )
        try:
            await loop.begin()
            for route in own:
                executor.add_route(route)
            started = world.clock.now()
            tell(RunStarted(started, world.title, routes.routes))
            yield Run(
                world=world,
                account=account,
                executor=executor,
                risk=risk,
                routes=routes,
                loop=loop,
                opening=opening,
                started_at=started,
            )
        finally:
            await world.feed.close()


@asynccontextmanager
async def _runner_closed(runner: StrategyRunner, routes: Iterable[Route]) -> AsyncIterator[None]:
    """The routes with their strategies, before anybody is connected to."""
    try:
        for route in routes:
            await runner.add(route)
        yield
    finally:
        runner.close()


def _holding(executor: Executor, route: Route, symbol: str) -> Position:
    return executor.holding(route, symbol)


def _limits(limits: RiskLimits) -> dict[str, object]:
    return {name: getattr(limits, name) for name in RiskLimits.model_fields if getattr(limits, name) is not None}


def _routes_of(configuration: Configuration, exchange: str) -> tuple[Route, ...]:
    routes = configuration.settings.routes_at(exchange)
    if not routes:
        raise ConfigurationError(
            "no route is set: a run needs at least one under `routes` in yunmin.yaml. Nothing was sent. "
            "`yunmin init FOLDER` writes a folder with examples"
        )
    strange = [route.name for route in routes if route.exchange != exchange]
    if strange:
        raise ConfigurationError(
            f"{', '.join(strange)} trade elsewhere, and this run has one account, at {exchange}. Nothing was sent"
        )
    return routes
