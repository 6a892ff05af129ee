"""The one way into strategies' code: a fault is told and counted, a call that hangs is given up, the run goes on.

    runner = StrategyRunner(routes, clock, patience=10, most_failures=3, tell=events.append)
    await runner.add(route)
    for due in routes.set_global_time(moment):
        for decision in await runner.step(due):        # () where the strategy failed
            executor.execute_decision(due, decision)

Strategies run one at a time, in a thread of their own (see strategy_thread.py). While one is asked, what it sees is
held still: candles, and positions as they were when it was asked.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, TypeVar

from yunmin.clock import Clock
from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.market import PublicTrade
from yunmin.core.data_contracts.route import Route
from yunmin.core.route_manager import RouteManager
from yunmin.engine.run_events import RouteSwitchedOff, RunEvent, StrategyFailed
from yunmin.engine.strategies.strategy_fault import StrategyFault, fault_of, stuck_at
from yunmin.engine.strategies.strategy_thread import DidNotReturn, StrategyThread
from yunmin.errors import ConfigurationError

__all__ = ["StrategyRunner"]

T = TypeVar("T")

_PATIENCE_AT_THE_START: Final = 60.0
_LESS_PATIENCE: Final = 0.1


class StrategyRunner:
    """Asks and tells the strategies of `routes`.

    `patience` is for how many seconds of the machine's clock one call may take: after that its route is switched off
    for the rest of the run, and the other routes of that strategy have a tenth of it. `most_failures` faults in a row
    of one hook switch a route off, too, until `RouteManager.enable_route`. `clock` dates the events that `tell` hears,
    always on the loop's own thread.
    """

    def __init__(
        self,
        routes: RouteManager,
        clock: Clock,
        *,
        patience: float,
        most_failures: int,
        tell: Callable[[RunEvent], None],
        thread: StrategyThread | None = None,
    ) -> None:
        self._routes = routes
        self._clock = clock
        self._patience = patience
        self._most_failures = most_failures
        self._tell = tell
        self._thread = thread or StrategyThread()
        self._turn = asyncio.Lock()
        self._failures: Counter[tuple[str, str]] = Counter()
        self._hung: set[str] = set()
        self._hung_strategies: set[str] = set()

    # --- calls -------------------------------------------------------------------------------------------------------

    async def add(self, route: Route) -> None:
        """Find and make the route's strategy, as `RouteManager.add`. Its faults are ConfigurationError, with the place.

        A strategy's module may take up to a minute to be imported.
        """
        patience = max(self._patience, _PATIENCE_AT_THE_START)
        try:
            async with self._turn:
                fault = await self._thread.run(lambda: _added(self._routes, route), patience=patience)
        except DidNotReturn as stuck:
            fault = stuck_at(stuck.stack, "prepare", patience)
        if fault is not None:
            raise ConfigurationError(f"{route.name}: its strategy cannot be made: {fault.what}")

    async def step(self, route: Route) -> tuple[Decision, ...]:
        """`RouteManager.step_route`: what the strategy decided; nothing where it failed or is switched off."""
        hook = "decide" if self._routes.is_asked(route) else "on_candle"
        return await self._call(route, hook, lambda: _decisions(self._routes.step_route(route))) or ()

    async def on_order_filled(self, route: Route, fill: Fill) -> None:
        """`RouteManager.on_order_filled`."""
        await self._call(route, "on_order_filled", lambda: self._routes.on_order_filled(route, fill))

    async def on_trade(self, route: Route, trade: PublicTrade) -> None:
        """`RouteManager.on_trade`."""
        await self._call(route, "on_trade", lambda: self._routes.on_trade(route, trade))

    def close(self) -> None:
        """Nothing is asked any more. May be called twice."""
        self._thread.close()

    # --- faults ------------------------------------------------------------------------------------------------------

    async def _call(self, route: Route, hook: str, act: Callable[[], T]) -> T | None:
        """`hook` is under which name its faults in a row are counted."""
        async with self._turn:
            if route.name in self._hung:
                return None
            self._routes.strategy_of(route).context.hold_still()
            patience = self._patience * (_LESS_PATIENCE if route.strategy_name in self._hung_strategies else 1)
            try:
                answer = await self._thread.run(
                    lambda: _answer_or_fault(act, hook), patience=patience, on_giving_up=lambda: self._shut(route)
                )
            except DidNotReturn as stuck:
                self._give_up(route, stuck_at(stuck.stack, hook, patience))
                return None
        if isinstance(answer, StrategyFault):
            self._count(route, hook, answer)
            return None
        self._failures.pop((route.name, hook), None)
        return answer

    def _count(self, route: Route, hook: str, fault: StrategyFault) -> None:
        self._tell(StrategyFailed(self._clock.now(), route, *fault))
        self._failures[route.name, hook] += 1
        if self._failures[route.name, hook] >= self._most_failures:
            del self._failures[route.name, hook]
            self._switch_off(route, f"its strategy failed {self._most_failures} times in a row: {fault.what}")

    def _give_up(self, route: Route, fault: StrategyFault) -> None:
        self._hung_strategies.add(route.strategy_name)
        self._tell(StrategyFailed(self._clock.now(), route, *fault))
        self._switch_off(route, fault.what.replace("it ", "its strategy ", 1))

    def _shut(self, route: Route) -> None:
        """The thread that is still in there sees nothing that moves on without it."""
        self._hung.add(route.name)
        self._routes.strategy_of(route).context.shut(f"{route.name} was given up, for it did not return in time")

    def _switch_off(self, route: Route, why: str) -> None:
        self._tell(RouteSwitchedOff(self._clock.now(), self._routes.disable_route(route), why))


def _added(routes: RouteManager, route: Route) -> StrategyFault | None:
    """In the thread. What RouteManager itself says of a configuration passes through."""
    try:
        routes.add(route)
    except ConfigurationError:
        raise
    except BaseException as error:  # noqa: BLE001  whatever a strategy raises, SystemExit too, is its fault alone
        return fault_of(error, "prepare")
    return None


def _answer_or_fault(act: Callable[[], T], hook: str) -> T | StrategyFault:
    """In the thread."""
    try:
        return act()
    except BaseException as error:  # noqa: BLE001  whatever a strategy raises, SystemExit too, is its fault alone
        return fault_of(error, hook)


def _decisions(answer: object) -> tuple[Decision, ...]:
    if not isinstance(answer, tuple):
        raise TypeError(f"a strategy decides a tuple of Decisions, not {type(answer).__name__}")
    for each in answer:
        if not isinstance(each, Decision):
            raise TypeError(f"a strategy decides Decisions, not {type(each).__name__}")
    return answer
