"""The run itself: what is decided when, what becomes of it, and who is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tests.engine.still_world import HEADER, StillWorld, configured, still_world
from yunmin.clock import ManualClock
from yunmin.config.configuration import Configuration
from yunmin.core.candle_history import SeriesKey
from yunmin.core.candle_queue import CandleDelayed
from yunmin.core.data_contracts import Intent, OrderState, OrderType, Side
from yunmin.core.data_contracts.market import Candle
from yunmin.core.data_contracts.timeframe import Timeframe
from yunmin.core.route_manager import RouteManager
from yunmin.core.strategy_base import StrategyBase
from yunmin.engine.assembly import Mode, assemble
from yunmin.engine.inbox import Inbox
from yunmin.engine.run_events import CandleTrouble, Decided, RunEvent, StrategyFailed
from yunmin.engine.running import open_run
from yunmin.execution.outcomes import Deferred, Placed
from yunmin.execution.risk_manager import Refused, RiskRule
from yunmin_binance.venue import LOCAL_ACCOUNT
from yunmin_binance.venue.chaos import Lose, Rule

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PAST = 10
BEGIN = START + PAST * MINUTE

BUYER = '''
from yunmin.core.data_contracts import Side
from yunmin.core.strategy_base import StrategyBase


class Buyer(StrategyBase):
    """Buys when it holds nothing, from the `first` candle of the run on, and sells `keep` candles later."""

    first: int = 1
    keep: int = 1000
    fraction: float = 0.02
    stop: float = 0.0
    profit: float = 0.0

    def prepare(self):
        self.seen = 0
        self.held = 0
        self.fills = []

    def on_candle(self, candle):
        self.seen += 1
        self.held = self.held + 1 if self.position.qty else 0

    def on_order_filled(self, fill):
        self.fills.append(fill)

    def should_long(self):
        return self.seen == self.first or (self.keep < 1000 and self.seen > self.first)

    def should_exit(self):
        return self.held >= self.keep

    def go_long(self):
        close = float(self.close)
        return self.enter(
            Side.BUY,
            fraction=self.fraction,
            stop=close * (1 - self.stop) if self.stop else None,
            take_profit=close * (1 + self.profit) if self.profit else None,
        )
'''

WATCHER = '''
from yunmin.core.strategy_base import StrategyBase


class Watcher(StrategyBase):
    """Decides nothing, and writes down what it sees, and when."""

    timeframes = ("5m",)
    symbols = ("ETH/USDT",)

    def prepare(self):
        self.closed = []
        self.trades = []

    def on_candle(self, candle):
        self.closed.append((self.time, self.series, candle.open_time))

    def on_trade(self, trade):
        self.trades.append((self.time, trade.ts, trade.symbol))

    def should_long(self):
        return False

    def go_long(self):
        raise AssertionError
'''


def recorded(folder: Path, market: str, closes: Sequence[int]) -> None:
    """Candles of a minute: each opens where the one before closed."""
    rows, last = [HEADER], closes[0]
    for number, close in enumerate(closes):
        at = (START + number * MINUTE).isoformat()
        rows.append(f"{at},{last},{max(last, close)},{min(last, close)},{close},10.00001")
        last = close
    (folder / "candles").mkdir(exist_ok=True)
    (folder / "candles" / f"{market}_1m.csv").write_text("\n".join(rows) + "\n")


def settings(folder: Path, routes: str, more: str = "") -> Configuration:
    (folder / "buyer.py").write_text(BUYER)
    (folder / "watcher.py").write_text(WATCHER)
    return configured(
        folder,
        f"account: {{adapter: binance}}\nrun: {{candles: candles, speed: 100000}}\n{more}routes:\n{routes}",
    )


def at_a_venue(folder: Path, loaded: Configuration):  # type: ignore[no-untyped-def]  # a context manager of StillWorld
    return still_world(loaded, start=BEGIN, candles=str(folder / "candles"), history=PAST * MINUTE)


async def on_paper(loaded: Configuration) -> list[RunEvent]:
    events: list[RunEvent] = []
    async with assemble(loaded, Mode.PAPER) as world, open_run(world, loaded, [events.append]) as run:
        await run.go()
        assert await run.complete_books()
    return events


def wishes(events: Sequence[RunEvent]) -> list[Decided]:
    return [each for each in events if isinstance(each, Decided) and each.decision.intent is not Intent.HOLD]


async def minutes(world: StillWorld, count: int) -> None:
    for _ in range(count * 4):
        await world.pass_time(15)


# --- time ------------------------------------------------------------------------------------------------------------


async def test_candles_of_several_symbols_and_timeframes_close_in_order_and_none_too_early(tmp_path: Path) -> None:
    recorded(tmp_path, "BTC_USDT", [50_000] * 30)
    recorded(tmp_path, "ETH_USDT", [3000] * 30)
    loaded = settings(tmp_path, "  - {symbol: BTC/USDT, timeframe: 1m, strategy: watcher.py}\n")
    async with at_a_venue(tmp_path, loaded) as world:
        await minutes(world, 10)
        (route,) = world.run.routes.routes
        closed = world.run.routes.strategy_of(route).closed
        assert not world.of(StrategyFailed)
    assert all(series.timeframe.close_of(opened) == seen_at for seen_at, series, opened in closed)
    told = [(series.symbol, series.timeframe.value, opened) for _, series, opened in closed]
    for symbol in ("BTC/USDT", "ETH/USDT"):
        assert [opened for name, length, opened in told if (name, length) == (symbol, "1m")] == [
            BEGIN + number * MINUTE for number in range(10)
        ]
        assert [opened for name, length, opened in told if (name, length) == (symbol, "5m")] == [
            BEGIN, BEGIN + 5 * MINUTE
        ]  # fmt: skip


async def test_no_trade_is_seen_before_its_time_and_each_is_seen_once(tmp_path: Path) -> None:
    recorded(tmp_path, "BTC_USDT", range(50_000, 50_030))
    recorded(tmp_path, "ETH_USDT", range(3000, 3030))
    loaded = settings(tmp_path, "  - {symbol: BTC/USDT, timeframe: 1m, strategy: watcher.py}\n")
    async with at_a_venue(tmp_path, loaded) as world:
        await minutes(world, 3)
        (route,) = world.run.routes.routes
        strategy = world.run.routes.strategy_of(route)
        await world.until(lambda: len(strategy.trades) == 24)
        trades = strategy.trades
    assert all(ts <= seen_at for seen_at, ts, _ in trades)
    for symbol in ("BTC/USDT", "ETH/USDT"):
        times = [ts for _, ts, name in trades if name == symbol]
        assert times == [BEGIN + quarter * timedelta(seconds=15) for quarter in range(1, 13)]


async def test_a_candle_that_does_not_come_holds_the_others_up_no_longer_than_patience(tmp_path: Path) -> None:
    recorded(tmp_path, "BTC_USDT", [50_000] * 30)
    recorded(tmp_path, "ETH_USDT", [3000] * 30)
    routes = "".join(
        f"  - {{symbol: {base}/USDT, timeframe: 1m, strategy: buyer.py, parameters: {{first: 100}}}}\n"
        for base in ("BTC", "ETH")
    )
    async with at_a_venue(tmp_path, settings(tmp_path, routes)) as world:
        await minutes(world, 1)
        for _ in range(3):
            await world.pass_time(15)
        lost = Rule(where="event ethusdt@kline_1m", fault=Lose())
        due = BEGIN + 2 * MINUTE
        with world.venue.venue.chaos.active(lost):
            world.clock.advance(15)
            await world.until(lambda: bool(world.run.routes.awaited(due)) and world.run.routes.next_moment(due) == due)
            assert [each.at for each in world.of(Decided)] == [BEGIN + MINUTE] * 2
            world.clock.advance(5)
            await world.until(lambda: len(world.of(Decided)) == 3)
        assert world.of(Decided)[-1].route.symbol == "BTC/USDT"
        assert world.of(Decided)[-1].at == due + timedelta(seconds=5)
        await world.pass_time(10)
        late = world.of(Decided)[-1]
        assert (late.route.symbol, late.at) == ("ETH/USDT", due + timedelta(seconds=15))
        await minutes(world, 1)
        assert len(world.of(Decided)) == 6
        assert not [each for each in world.of(CandleTrouble) if not isinstance(each.event, CandleDelayed)]


def test_what_closed_while_the_past_was_asked_for_is_news_and_not_lost() -> None:
    routes = RouteManager(lambda _: Idle)
    route = routes.add_route("binance", "BTC/USDT", "1m", "idle")
    routes.set_global_time(BEGIN)
    inbox = Inbox(routes, NoDesk(), ManualClock())
    series = SeriesKey("binance", "BTC/USDT", Timeframe.M1)
    inbox.seed(series, [a_candle(number) for number in range(PAST + 1)])
    assert len(routes.candles(*series)) == PAST
    assert routes.next_moment(BEGIN + MINUTE) == BEGIN + MINUTE
    assert routes.set_global_time(BEGIN + MINUTE) == (route,)
    assert routes.candles(*series)[-1].open_time == BEGIN


class Idle(StrategyBase):
    def should_long(self) -> bool:
        return False

    def go_long(self):  # type: ignore[no-untyped-def]  # never asked
        raise AssertionError


class NoDesk:
    """Nothing is to be told to it."""

    def take_price(self, symbol: str, price: Decimal) -> None:
        raise AssertionError(symbol)

    def take_trouble(self, what: str) -> None:
        raise AssertionError(what)

    def is_settled(self, moment: datetime) -> bool:
        raise AssertionError


def a_candle(number: int) -> Candle:
    price = Decimal(50_000)
    return Candle(symbol="BTC/USDT", open_time=START + number * MINUTE, open=price, high=price, low=price, close=price,
                  volume=Decimal(1))  # fmt: skip


# --- fills -----------------------------------------------------------------------------------------------------------


async def test_a_fill_is_told_to_the_route_whose_order_it_was_and_to_no_other(tmp_path: Path) -> None:
    recorded(tmp_path, "BTC_USDT", [50_000] * 30)
    routes = "".join(
        f"  - {{symbol: BTC/USDT, timeframe: 1m, strategy: buyer.py, label: {label}, "
        f"parameters: {{first: {first}, keep: {keep}}}}}\n"
        for label, first, keep in (("one", 1, 2), ("two", 2, 1000), ("none", 100, 1000))
    )
    async with at_a_venue(tmp_path, settings(tmp_path, routes)) as world:
        await minutes(world, 4)
        run = world.run
        for route in run.routes.routes:
            ours = {
                order.client_order_id
                for order in run.account.tracker.get_orders()
                if run.executor.route_of(order.client_order_id) == route
            }
            fills = run.routes.strategy_of(route).fills
            assert {fill.client_order_id for fill in fills} == ours
            assert len({fill.trade_id for fill in fills}) == len(fills)
        sides = {
            route.label: [fill.side for fill in run.routes.strategy_of(route).fills] for route in run.routes.routes
        }
    assert set(sides["one"]) == {Side.BUY, Side.SELL}
    assert set(sides["two"]) == {Side.BUY}
    assert sides["none"] == []


# --- risk ------------------------------------------------------------------------------------------------------------


async def test_a_fall_beyond_the_limit_refuses_what_opens_and_lets_go_what_closes(tmp_path: Path) -> None:
    recorded(tmp_path, "BTC_USDT", [50_000 - 500 * max(0, number - PAST) for number in range(60)])
    loaded = settings(
        tmp_path,
        "  - {symbol: BTC/USDT, timeframe: 1m, strategy: buyer.py, parameters: {keep: 4, fraction: 0.04}}\n",
        "risk: {max_dd: 0.001}\n",
    )
    told = wishes(await on_paper(loaded))
    first, second, *rest = told
    assert [first.decision.intent, second.decision.intent] == [Intent.ENTER, Intent.EXIT]
    assert isinstance(first.outcome, Placed)
    assert isinstance(second.outcome, Placed)
    assert len(rest) > 10
    for each in rest:
        assert each.decision.intent is Intent.ENTER
        assert isinstance(each.outcome, Refused)
        assert each.outcome.rule is RiskRule.MAX_DD


async def test_a_deposit_and_a_withdrawal_move_the_equity_and_are_no_gain_or_loss(tmp_path: Path) -> None:
    recorded(tmp_path, "BTC_USDT", [50_000] * 30)
    loaded = settings(
        tmp_path,
        "  - {symbol: BTC/USDT, timeframe: 1m, strategy: buyer.py, parameters: {first: 4}}\n",
        "risk: {max_dd: 0.05, max_daily_loss: 1000}\n",
    )
    async with at_a_venue(tmp_path, loaded) as world:
        risk, before = world.run.risk, world.run.risk.equity
        assert before is not None
        for amount in (50_000, -400_000):
            world.venue.venue.deposit(LOCAL_ACCOUNT, "USDT", amount)
            wanted = before + amount
            await world.until(lambda wanted=wanted: risk.equity == wanted)
            await minutes(world, 1)
            assert risk.equity == wanted
            before = wanted
        world.venue.venue.deposit(LOCAL_ACCOUNT, "BTC", 7)
        await minutes(world, 2)
        (entry,) = wishes(world.told)
        assert isinstance(entry.outcome, Placed)


# --- stops -----------------------------------------------------------------------------------------------------------

FALLING = [50_000] * (PAST + 1) + [50_000, 49_990, 49_300, 49_300, 49_300]
RISING = [50_000] * (PAST + 1) + [50_000, 50_010, 51_000, 51_000, 51_000]


async def test_a_stop_closes_its_position_by_an_order_of_the_venues_own(tmp_path: Path) -> None:
    recorded(tmp_path, "BTC_USDT", FALLING)
    loaded = settings(tmp_path, "  - {symbol: BTC/USDT, timeframe: 1m, strategy: buyer.py, parameters: {stop: 0.01}}\n")
    async with at_a_venue(tmp_path, loaded) as world:
        await minutes(world, 2)
        (stop,) = world.run.account.tracker.get_open_orders()
        assert stop.order_type is OrderType.STOP_LOSS_LIMIT
        await minutes(world, 2)
        assert stop.state is OrderState.FILLED
        (route,) = world.run.routes.routes
        assert world.run.executor.holding(route).qty == 0
        assert world.run.executor.protection(route) is None
        assert [each.decision.intent for each in wishes(world.told)] == [Intent.ENTER]


async def test_on_paper_the_same_stop_closes_the_same_position(tmp_path: Path) -> None:
    recorded(tmp_path, "BTC_USDT", FALLING)
    loaded = settings(tmp_path, "  - {symbol: BTC/USDT, timeframe: 1m, strategy: buyer.py, parameters: {stop: 0.01}}\n")
    async with assemble(loaded, Mode.PAPER) as world, open_run(world, loaded) as run:
        await run.go()
        entry, stop = run.account.tracker.get_orders()
        assert (entry.side, stop.order_type, stop.state) == (Side.BUY, OrderType.STOP_LOSS_LIMIT, OrderState.FILLED)
        (route,) = run.routes.routes
        assert run.executor.holding(route).qty == 0


FALLING_FAR = [50_000] * (PAST + 1) + [50_000, 49_990, 47_000, 47_000, 47_000]
"""From one trade to the next, beyond the limit at which a stop order of the exchange's would be filled."""


async def test_a_price_that_jumps_beyond_the_stops_limit_leaves_no_position_open(tmp_path: Path) -> None:
    recorded(tmp_path, "BTC_USDT", FALLING_FAR)
    loaded = settings(tmp_path, "  - {symbol: BTC/USDT, timeframe: 1m, strategy: buyer.py, parameters: {stop: 0.01}}\n")
    async with at_a_venue(tmp_path, loaded) as world:
        await minutes(world, 2)
        (stop,) = world.run.account.tracker.get_open_orders()
        await minutes(world, 3)
        assert (stop.state, stop.filled_qty) == (OrderState.CANCELLED, 0)  # it rested where nobody trades any more
        _, waiting, placed = wishes(world.told)
        assert waiting.decision.reason.startswith("the stop")
        assert isinstance(waiting.outcome, Deferred)
        assert isinstance(placed.outcome, Placed)
        (route,) = world.run.routes.routes
        await world.until(lambda: world.run.executor.holding(route).qty == 0)
        assert world.run.executor.protection(route) is None


async def test_a_profit_is_watched_for_and_taken_at_a_price(tmp_path: Path) -> None:
    recorded(tmp_path, "BTC_USDT", RISING)
    loaded = settings(
        tmp_path, "  - {symbol: BTC/USDT, timeframe: 1m, strategy: buyer.py, parameters: {profit: 0.01}}\n"
    )
    async with at_a_venue(tmp_path, loaded) as world:
        await minutes(world, 4)
        entry, taken = wishes(world.told)
        assert (entry.by_itself, taken.by_itself) == (False, True)
        assert taken.decision.intent is Intent.EXIT
        assert taken.decision.reason.startswith("the profit")
        (route,) = world.run.routes.routes
        await world.until(lambda: world.run.executor.holding(route).qty == 0)
