"""Routes under one global time: candles close in order, then each strategy whose candle closed is asked once.

    routes = RouteManager()
    route = routes.add_route("local", "BTC/USDT", "1m", "ema_crossover", parameters={"fast": 10, "slow": 30})
    routes.on_candle("local", "1m", candle)                       # as they come, in any order
    while (moment := routes.next_moment(clock.now())) is not None:
        for due in routes.set_global_time(moment):
            for decision in routes.step_route(due):               # a strategy's own fault comes out here
                executor.execute_decision(due, decision)

Every candle that has not closed waits in a queue that no strategy can reach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from yunmin.core.candle_board import CandleBoard, timeframe_of
from yunmin.core.candle_history import CandleHistory, Candles, SeriesKey
from yunmin.core.candle_queue import CandleDelayed, CandleEvent, CandleRefused, CandlesMissing
from yunmin.core.context import Context, GlobalTime
from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.market import Candle, PublicTrade
from yunmin.core.data_contracts.money import ZERO
from yunmin.core.data_contracts.route import Route
from yunmin.core.position_manager import Position
from yunmin.core.strategy_base import StrategyBase
from yunmin.core.strategy_finding import load_installed_strategy
from yunmin.errors import ConfigurationError, InvalidValue, LifecycleError

__all__ = [
    "CandleDelayed",
    "CandleEvent",
    "CandleRefused",
    "CandlesMissing",
    "Route",
    "RouteManager",
    "SeriesKey",
]

_GRACE: Final = timedelta(seconds=10)
_KEEP: Final = 5_000


def _nothing_held(_: Route, symbol: str) -> Position:
    return Position(symbol, ZERO, ZERO, ZERO, {}, fees_complete=True, paid_in_quote=ZERO)


class RouteManager:
    """The routes of a program, and the candles that they share.

    `load` finds a strategy's class by its name: those that are installed, unless `yunmin.strategy.load_strategy` is
    given, which finds those in files, too. `positions` says what a route holds of a symbol; a rest that is too
    small to be sold must be told as nothing, or its strategy would for ever believe to hold something. `keep` is
    how many candles of each series are remembered at least; a candle that closes more than `grace` after its time
    is reported as delayed.
    """

    def __init__(
        self,
        load: Callable[[str], type[StrategyBase]] = load_installed_strategy,
        *,
        positions: Callable[[Route, str], Position] = _nothing_held,
        keep: int = _KEEP,
        grace: timedelta = _GRACE,
    ) -> None:
        self._load = load
        self._positions = positions
        self._time = GlobalTime()
        self._runs: dict[str, _Run] = {}
        self._followers: dict[SeriesKey, list[_Run]] = {}
        self._board = CandleBoard(keep=keep, grace=grace)

    # --- routes ------------------------------------------------------------------------------------------------------

    def add_route(
        self,
        exchange: str,
        symbol: str,
        timeframe: str,
        strategy_name: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        risk: Mapping[str, Any] | None = None,
        label: str = "",
    ) -> Route:
        """Add a route, enabled, with a strategy of its own.

        Raises ConfigurationError where the strategy cannot be found, does not take the parameters, or the same route
        is there already; pydantic's ValidationError where a field makes no sense.
        """
        route = Route(
            exchange=exchange,
            symbol=symbol,
            timeframe=timeframe,
            strategy_name=strategy_name,
            parameters=parameters or {},
            risk=risk or {},
            label=label,
        )
        self.add(route)
        return route

    def add(self, route: Route) -> None:
        """Add a route that was made elsewhere, from a configuration for one; as `add_route`."""
        if route.name in self._runs:
            raise ConfigurationError(f"the route {route.name} is there already; give one of the two a label")
        strategy = self._load(route.strategy_name)(**route.parameters)
        histories = [self._board.open(key) for key in _series_of(route, strategy)]
        run = _Run(route, strategy, histories[0].key)
        seen: dict[tuple[str, str], CandleHistory] = {(each.key.symbol, each.key.timeframe): each for each in histories}
        strategy.bind(Context(route, seen, self._time, self._position_of(route)))
        self._runs[route.name] = run
        for history in histories:
            self._followers.setdefault(history.key, []).append(run)

    def enable_route(self, route: Route | str) -> Route:
        """Let a route decide again, from the next candle on; gives the route as it is now."""
        return self._switch(route, enabled=True)

    def disable_route(self, route: Route | str) -> Route:
        """Let a route decide nothing until it is enabled; its candles go on closing. Gives the route as it is now."""
        return self._switch(route, enabled=False)

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every route, in the order in which they were added and are stepped."""
        return tuple(run.route for run in self._runs.values())

    @property
    def formatted_routes(self) -> list[dict[str, Any]]:
        """Every route as plain values, for people and JSON."""
        return [{"name": route.name, **route.model_dump(mode="json")} for route in self.routes]

    def strategy_of(self, route: Route | str) -> StrategyBase:
        """The strategy that runs on a route."""
        return self._run(route).strategy

    # --- candles -----------------------------------------------------------------------------------------------------

    @property
    def feeds(self) -> tuple[SeriesKey, ...]:
        """The series that must be fed by `on_candle`; those that are put together from shorter ones are not among."""
        return self._board.feeds()

    def build(self, exchange: str, symbol: str, timeframe: str, *, out_of: str) -> None:
        """Put candles of `timeframe` together from those of `out_of`, in place of feeding them.

        To be said before any candle of either came. Raises LifecycleError after, InvalidValue where one is no
        multiple of the other.
        """
        self._board.build(exchange, symbol, timeframe, out_of=out_of)

    def seed(self, exchange: str, timeframe: str, candles: Iterable[Candle]) -> None:
        """Put past candles into a series, so that it starts warm: no strategy is asked about them.

        Set the global time first. Raises InvalidValue for a candle that is not over at it, or does not come after the
        newest one; those before it in `candles` are taken then.
        """
        self._board.seed(exchange, timeframe, candles, now=self._time.now)

    def on_candle(self, exchange: str, timeframe: str, candle: Candle) -> None:
        """Take a candle as it comes; it closes when the global time reaches its end. See `CandleQueue.offer`."""
        self._board.queue.offer(exchange, timeframe, candle)

    def subscribe(self, listener: Callable[[CandleEvent], None]) -> Callable[[], None]:
        """Hear of candles that are delayed, refused or missing; returns the way to stop."""
        return self._board.subscribe(listener)

    def awaited(self, moment: datetime) -> tuple[SeriesKey, ...]:
        """Which series' next candle is over at `moment` and has not come yet: worth a short wait."""
        return self._board.queue.awaited(moment)

    def candles(self, exchange: str, symbol: str, timeframe: str) -> Candles:
        """The closed candles of a series. Raises ConfigurationError where no route asked for it."""
        return self._board.history(exchange, symbol, timeframe).candles()

    # --- time --------------------------------------------------------------------------------------------------------

    @property
    def global_time(self) -> datetime:
        """The time that all routes see."""
        return self._time.now

    def next_moment(self, until: datetime) -> datetime | None:
        """The next moment, at `until` at the latest, at which a candle closes; None where none does.

        A candle that came after its time closes at the global time.
        """
        closing = self._board.queue.next_close()
        if closing is None or closing > until:
            return None
        return max(closing, self._time.now)

    def set_global_time(self, moment: datetime) -> tuple[Route, ...]:
        """Let time pass: close what is over at `moment`, on every series, and say which routes are to be stepped.

        To miss no decision go from `next_moment` to `next_moment`: who leaps over several is asked once, at the end.
        Raises LifecycleError for a moment before the global time, InvalidValue for one without a time zone.
        """
        if moment.tzinfo is None:
            raise InvalidValue(f"a moment without a time zone: {moment.isoformat()}; add tzinfo=UTC")
        if moment < self._time.now:
            raise LifecycleError(f"time does not go back from {self._time.now.isoformat()} to {moment.isoformat()}")
        for news in self._board.close(moment):
            for run in self._followers.get(news[0], ()):
                if run.route.enabled:
                    run.closed.append(news)
        self._time.now = moment
        return tuple([run.route for run in self._runs.values() if run.closed])

    def step_route(self, route: Route | str) -> tuple[Decision, ...]:
        """Tell a route's strategy what has closed since it was last stepped, and ask it: its decisions, or one HOLD.

        It is asked only if a candle of the route's own series has closed. What the strategy raises passes through; the
        route is then stepped again at the next candle.
        """
        return self._run(route).step()

    def is_asked(self, route: Route | str) -> bool:
        """Whether the next `step_route` asks the strategy, and does not only tell it what closed."""
        return self._run(route).is_asked

    # --- news for strategies -----------------------------------------------------------------------------------------

    def on_order_filled(self, route: Route | str, fill: Fill) -> None:
        """Tell a route's strategy of a fill of its order."""
        run = self._run(route)
        if run.route.enabled:
            run.strategy.on_order_filled(fill)

    def routes_of(self, exchange: str, symbol: str) -> tuple[Route, ...]:
        """The enabled routes whose strategies see that symbol."""
        return tuple(
            run.route
            for run in self._runs.values()
            if run.route.enabled
            and run.route.exchange == exchange
            and symbol in (run.route.symbol, *run.strategy.symbols)
        )

    def on_trade(self, route: Route | str, trade: PublicTrade) -> None:
        """Tell a route's strategy of a trade between others.

        Raises LifecycleError for a trade after the global time: nobody sees what has not happened yet.
        """
        if trade.ts > self._time.now:
            raise LifecycleError(
                f"a trade at {trade.ts.isoformat()} is after the global time {self._time.now.isoformat()}"
            )
        run = self._run(route)
        if run.route.enabled:
            run.strategy.on_trade(trade)

    def _position_of(self, route: Route) -> Callable[[str], Position]:
        positions = self._positions  # and not self, which would show strategies the way to what waits
        return lambda symbol: positions(route, symbol)

    def _switch(self, route: Route | str, *, enabled: bool) -> Route:
        run = self._run(route)
        run.route = run.route.model_copy(update={"enabled": enabled})
        run.closed.clear()
        return run.route

    def _run(self, route: Route | str) -> _Run:
        name = route if isinstance(route, str) else route.name
        found = self._runs.get(name)
        if found is None:
            known = ", ".join(self._runs) or "none"
            raise ConfigurationError(f"there is no route {name!r}; there are: {known}")
        return found


class _Run:
    """A route, its strategy, and what closed since it was last stepped."""

    def __init__(self, route: Route, strategy: StrategyBase, own: SeriesKey) -> None:
        self.route = route
        self.strategy = strategy
        self.closed: list[tuple[SeriesKey, Candle]] = []
        self._own = own
        self._hold = (Decision.hold(route.symbol),)

    @property
    def is_asked(self) -> bool:
        return any(key is self._own for key, _ in self.closed)

    def step(self) -> tuple[Decision, ...]:
        is_asked = self.is_asked
        closed, self.closed = self.closed, []
        strategy, context = self.strategy, self.strategy.context
        for key, candle in closed:
            context.series = key
            strategy.on_candle(candle)
        context.series = self._own
        return self.strategy.decide() if is_asked else self._hold


def _series_of(route: Route, strategy: StrategyBase) -> tuple[SeriesKey, ...]:
    """The route's own series, then every other that its strategy declared."""
    symbols = dict.fromkeys((route.symbol, *strategy.symbols))
    timeframes = dict.fromkeys((route.timeframe, *map(timeframe_of, strategy.timeframes)))
    return tuple(SeriesKey(route.exchange, symbol, timeframe) for symbol in symbols for timeframe in timeframes)
