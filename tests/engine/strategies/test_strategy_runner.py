"""Strategies that fail or hang: told, counted, switched off, and nobody else touched."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.core.markets import BTC, ETH, Eager, Quiet, a_candle, a_manager, at, held
from yunmin.clock import Clock, ManualClock, SystemClock
from yunmin.core.data_contracts import Decision, Fill, PublicTrade, Route, Side
from yunmin.core.indicators import Indicator, Steps
from yunmin.core.route_manager import RouteManager
from yunmin.core.strategy_base import StrategyBase
from yunmin.engine.run_events import RouteSwitchedOff, RunEvent, StrategyFailed
from yunmin.engine.strategies.strategy_runner import StrategyRunner
from yunmin.engine.strategies.strategy_thread import StrategyThread
from yunmin.errors import ConfigurationError, LifecycleError
from yunmin.strategy import load_strategy

FILL = Fill(symbol=BTC, trade_id="1", client_order_id="ym_1", qty=1, price=100)
HERE = Path(__file__).name


def a_trade(minutes: float) -> PublicTrade:
    return PublicTrade(symbol=BTC, trade_id="1", ts=at(minutes), price="1", qty="1", taker_side=Side.BUY)


class Never(SystemClock):
    """A wall on which no patience ends."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


class OnceItHangs(ManualClock):
    """A wall on which patience ends as soon as a strategy says that it hangs from here on, and not before."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = threading.Event()
        self.waited: list[float] = []

    async def sleep(self, seconds: float) -> None:
        while not self.hangs.is_set():
            await asyncio.sleep(0)
        self.hangs.clear()
        self.waited.append(seconds)


class Bench:
    """A manager with routes of some strategies, a runner over it, and what it told."""

    def __init__(self, *strategies: type[StrategyBase], wall: Clock | None = None, **how: Any) -> None:
        thread = None if wall is None else StrategyThread(wall=wall, at_once=0)  # the loop goes on at once
        self.routes = a_manager(*strategies, **how)
        self.told: list[RunEvent] = []
        self.runner = StrategyRunner(
            self.routes, ManualClock(), patience=10, most_failures=3, tell=self.told.append, thread=thread
        )
        self.minutes = 0

    async def add(self, strategy: type[StrategyBase], **terms: Any) -> Route:
        route = a_route(strategy.__name__, **terms)
        await self.runner.add(route)
        return route

    async def minute(self) -> list[tuple[str, list[str]]]:
        """A candle closes; every route that is due is stepped."""
        for symbol in {key.symbol for key in self.routes.feeds}:
            self.routes.on_candle("local", "1m", a_candle(self.minutes, symbol=symbol))
        self.minutes += 1
        due = self.routes.set_global_time(at(self.minutes))
        return [(each.strategy_name, [one.intent for one in await self.runner.step(each)]) for each in due]


def a_route(strategy: str, **terms: Any) -> Route:
    usual = {"exchange": "local", "symbol": BTC, "timeframe": "1m"}
    return Route(**usual | terms, strategy_name=strategy)


@asynccontextmanager
async def a_bench(*strategies: type[StrategyBase], **how: Any) -> AsyncIterator[Bench]:
    bench = Bench(*strategies, **how)
    yield bench
    bench.runner.close()
    assert len(asyncio.all_tasks()) == 1, "nothing is left behind on the loop"


@pytest.fixture(autouse=True)
def _every_thread_ends() -> Iterator[None]:
    yield
    for thread in threading.enumerate():
        if thread.name == "yunmin-strategies":
            thread.join(10)
            assert not thread.is_alive()


def raising(error: BaseException, hook: str = "should_long") -> type[StrategyBase]:
    def fails(*_: object) -> bool:
        raise error

    return type("Raising", (Quiet,), {hook: fails})


# --- calls that return -----------------------------------------------------------------------------------------------


async def test_what_a_strategy_decides_comes_through_as_it_is() -> None:
    async with a_bench(Eager) as bench:
        await bench.add(Eager)
        assert await bench.minute() == [("Eager", ["ENTER"])]
        assert bench.told == []


async def test_fills_and_trades_reach_the_strategy() -> None:
    news: list[object] = []

    class Diary(Quiet):
        def on_order_filled(self, fill: Fill) -> None:
            news.append(fill)

        def on_trade(self, trade: PublicTrade) -> None:
            news.append(trade)

    async with a_bench(Diary) as bench:
        route = await bench.add(Diary)
        await bench.minute()
        await bench.runner.on_order_filled(route, FILL)
        await bench.runner.on_trade(route, a_trade(0.5))
        assert news == [FILL, a_trade(0.5)]


async def test_strategies_run_in_one_thread_that_is_not_the_loop_s() -> None:
    threads: set[int] = set()

    class Where(Quiet):
        def prepare(self) -> None:
            threads.add(threading.get_ident())

        def should_long(self) -> bool:
            threads.add(threading.get_ident())
            return False

    async with a_bench(Where) as bench:
        await bench.add(Where)
        await bench.add(Where, label="second")
        await bench.minute()
        assert len(threads) == 1
        assert threads.isdisjoint({threading.get_ident()})


async def test_a_slow_strategy_lets_the_loop_go_on_and_its_answer_counts() -> None:
    goes_on = threading.Event()

    class Slow(Eager):
        def should_long(self) -> bool:
            return goes_on.wait(10)

    async with a_bench(Slow, wall=Never()) as bench:
        await bench.add(Slow)
        asking = asyncio.ensure_future(bench.minute())
        while not asking.done():
            await asyncio.sleep(0)  # the loop is alive while the strategy thinks
            goes_on.set()
        assert asking.result() == [("Slow", ["ENTER"])]
        assert bench.told == []


async def test_a_slow_strategy_sees_what_was_held_when_it_was_asked() -> None:
    asked, moved, holdings = threading.Event(), threading.Event(), {BTC: 1, ETH: 2}
    seen: list[int] = []

    class Slow(Quiet):
        symbols = (ETH,)

        def should_exit(self) -> bool:
            asked.set()
            moved.wait(10)
            seen.extend(int(self.context.position(symbol).qty) for symbol in (BTC, ETH))
            return False

    positions: Callable[[Route, str], Any] = lambda _, symbol: held(symbol, holdings[symbol])  # noqa: E731  its type is what RouteManager asks for
    async with a_bench(Slow, wall=Never(), positions=positions) as bench:
        await bench.add(Slow)
        asking = asyncio.ensure_future(bench.minute())
        while not asked.is_set():
            await asyncio.sleep(0)
        holdings.update({BTC: 10, ETH: 20})
        moved.set()
        await asking
        assert seen == [1, 2]
        await bench.minute()
        assert seen == [1, 2, 10, 20]


async def test_two_who_ask_at_once_are_served_one_after_the_other() -> None:
    first_is_in, go = threading.Event(), threading.Event()
    running: list[str] = []

    class Slow(Quiet):
        def on_order_filled(self, fill: Fill) -> None:
            running.append("in")
            first_is_in.set()
            go.wait(10)
            running.append("out")

    async with a_bench(Slow, wall=Never()) as bench:
        route = await bench.add(Slow)
        both = asyncio.gather(*[bench.runner.on_order_filled(route, FILL) for _ in range(2)])
        while not first_is_in.is_set():
            await asyncio.sleep(0)
        go.set()
        await both
        assert running == ["in", "out", "in", "out"]


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError("by zero"), SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), StopIteration()],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_a_strategy_raises_is_told_and_the_others_decide(error: BaseException) -> None:
    failing = raising(error)
    async with a_bench(failing, Eager) as bench:
        route = await bench.add(failing)
        await bench.add(Eager)
        assert await bench.minute() == [("Raising", []), ("Eager", ["ENTER"])]
        (told,) = bench.told
        assert isinstance(told, StrategyFailed)
        assert (told.route, told.hook) == (route, "decide")
        assert type(error).__name__ in told.what


class Wrong(Quiet):
    def should_long(self) -> bool:
        password = "hunter2"  # a local, that must not be told
        return self.helper(len(password))

    def helper(self, zero: int) -> bool:
        return bool(1 / (zero - 7))


async def test_a_fault_is_told_with_its_hook_its_line_and_its_trace_and_no_values() -> None:
    async with a_bench(Wrong) as bench:
        await bench.add(Wrong)
        await bench.minute()
        (told,) = bench.told
        assert isinstance(told, StrategyFailed)
        assert told.hook == "should_long"
        assert told.what.startswith("ZeroDivisionError: division by zero (")
        assert f"{HERE}:{line_of(Wrong.helper) + 1} in helper" in told.what
        lines = told.trace.splitlines()
        assert lines[0] == "Traceback (most recent call last):"
        assert lines[1].endswith("in should_long"), "it begins with the strategy"
        assert lines[-1] == "ZeroDivisionError: division by zero"


def line_of(function: Any) -> int:
    line: int = function.__code__.co_firstlineno
    return line


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise SystemExit


@pytest.mark.parametrize("error", [ValueError("x" * 100_000), UnspeakableError()])
async def test_a_message_is_bounded_and_may_itself_fail(error: Exception) -> None:
    failing = raising(error)
    async with a_bench(failing) as bench:
        await bench.add(failing)
        await bench.minute()
        (told,) = bench.told
        assert isinstance(told, StrategyFailed)
        assert len(told.what) < 1_000
        assert len(told.trace) < 10_000


@pytest.mark.parametrize("answer", ["buy", None, [], (1,), 7])
async def test_what_is_no_decision_is_a_fault(answer: Any) -> None:
    told_by = type("Odd", (Quiet,), {"decide": lambda _: answer})
    async with a_bench(told_by) as bench:
        await bench.add(told_by)
        assert await bench.minute() == [("Odd", [])]
        assert isinstance(bench.told[0], StrategyFailed)
        assert "TypeError" in bench.told[0].what


async def test_three_faults_in_a_row_switch_a_route_off_until_a_person_switches_it_on() -> None:
    failing = raising(ValueError("no"))
    async with a_bench(failing, Eager) as bench:
        route = await bench.add(failing)
        await bench.add(Eager)
        for _ in range(5):
            await bench.minute()
        assert [type(each) for each in bench.told] == [StrategyFailed] * 3 + [RouteSwitchedOff]
        last = bench.told[-1]
        assert isinstance(last, RouteSwitchedOff)
        assert last.why.startswith("its strategy failed 3 times in a row: ValueError: no (")
        assert [each.enabled for each in bench.routes.routes] == [False, True]
        bench.routes.enable_route(route)
        await bench.minute()
        assert isinstance(bench.told[-1], StrategyFailed)


async def test_an_answer_between_two_faults_begins_the_count_anew() -> None:
    class Sometimes(Quiet):
        def should_long(self) -> bool:
            if len(self.candles()) % 3:
                raise ValueError("no")
            return False

    async with a_bench(Sometimes) as bench:
        await bench.add(Sometimes)
        for _ in range(12):
            await bench.minute()
        assert [type(each) for each in bench.told] == [StrategyFailed] * 8


async def test_candles_that_ask_nothing_do_not_excuse_a_strategy_that_fails_when_it_is_asked() -> None:
    class Hourly(Quiet):
        timeframes = ("1m",)

        def should_long(self) -> bool:
            raise ValueError("no")

    async with a_bench(Hourly) as bench:
        await bench.add(Hourly, timeframe="5m")
        bench.routes.build("local", BTC, "5m", out_of="1m")
        for _ in range(20):
            await bench.minute()
        assert [type(each) for each in bench.told] == [StrategyFailed] * 3 + [RouteSwitchedOff]


async def test_trades_that_are_taken_do_not_excuse_fills_that_are_not() -> None:
    failing = raising(ValueError("no"), "on_order_filled")
    async with a_bench(failing) as bench:
        route = await bench.add(failing)
        await bench.minute()
        for _ in range(3):
            await bench.runner.on_order_filled(route, FILL)
            await bench.runner.on_trade(route, a_trade(0.5))
        assert [type(each) for each in bench.told] == [StrategyFailed] * 3 + [RouteSwitchedOff]


# --- adding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ZeroDivisionError("by zero"), SystemExit(3)], ids=["error", "exit"])
async def test_a_strategy_that_cannot_be_made_is_a_matter_of_the_configuration(error: BaseException) -> None:
    failing = raising(error, "prepare")
    async with a_bench(failing) as bench:
        with pytest.raises(
            ConfigurationError, match=rf"Raising: its strategy cannot be made: .*{type(error).__name__}"
        ):
            await bench.add(failing)
        assert bench.routes.routes == ()


async def test_what_the_manager_says_of_a_configuration_is_said_in_its_words() -> None:
    async with a_bench(Eager) as bench:
        await bench.add(Eager)
        with pytest.raises(ConfigurationError, match="is there already; give one of the two a label"):
            await bench.add(Eager)


async def test_a_module_that_is_broken_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import sys\n\nsys.exit('bye')\n")
    runner = StrategyRunner(RouteManager(load_strategy), ManualClock(), patience=1, most_failures=1, tell=print)
    with pytest.raises(ConfigurationError, match=r"SystemExit: bye \(.*mine.py:3"):
        await runner.add(a_route(f"{tmp_path / 'mine.py'}"))
    runner.close()


async def test_a_strategy_that_hangs_while_it_is_made_is_told_with_its_line() -> None:
    wall = OnceItHangs()

    class Forever(Quiet):
        def prepare(self) -> None:
            wall.hangs.set()
            while True:
                pass

    async with a_bench(Forever, wall=wall) as bench:
        with pytest.raises(ConfigurationError, match=rf"did not return for 60 s; it was at .*{HERE}:\d+ in prepare"):
            await bench.add(Forever)


# --- calls that do not return ----------------------------------------------------------------------------------------


class Hangs(Quiet):
    """Its `hang` never returns."""

    wall: OnceItHangs
    release: threading.Event

    def should_long(self) -> bool:
        self.wall.hangs.set()
        while not self.release.is_set():
            pass
        return True

    def go_long(self) -> Decision:
        return self.enter(Side.BUY, fraction=1)


class HangsOutside(Hangs):
    """Hangs outside of Python until it is released, then goes on as if nothing had happened."""

    def should_long(self) -> bool:
        self.wall.hangs.set()
        self.release.wait(10)
        return True


def hanging(kind: type[Hangs] = Hangs) -> type[Hangs]:
    return type("Hanging", (kind,), {"wall": OnceItHangs(), "release": threading.Event()})


async def test_a_strategy_that_hangs_is_switched_off_and_told_with_its_line_and_the_others_decide() -> None:
    hangs = hanging()
    async with a_bench(hangs, Eager, wall=hangs.wall) as bench:
        await bench.add(hangs)
        await bench.add(Eager)
        assert await bench.minute() == [("Hanging", []), ("Eager", ["ENTER"])]
        failed, off = bench.told
        assert isinstance(failed, StrategyFailed)
        assert isinstance(off, RouteSwitchedOff)
        assert failed.hook == "should_long"
        assert "in should_long" in failed.trace.splitlines()[0], "it begins with the strategy"
        assert off.why.startswith("its strategy did not return for 10 s; it was at ")
        place = off.why.partition(f"{HERE}:")[2]
        assert int(place.split()[0]) - line_of(Hangs.should_long) in (1, 2, 3)
        assert place.endswith("in should_long")
        assert not off.route.enabled
        assert await bench.minute() == [("Eager", ["ENTER"])]


async def test_an_endless_loop_of_python_is_ended_with_its_thread() -> None:
    hangs, threads = hanging(), []

    class Watched(hangs):  # type: ignore[misc, valid-type]
        def should_long(self) -> bool:
            threads.append(threading.current_thread())
            return super().should_long()  # type: ignore[no-any-return]

    async with a_bench(Watched, wall=hangs.wall) as bench:
        await bench.add(Watched)
        await bench.minute()
        threads[0].join(10)
        assert not threads[0].is_alive()
        assert not hangs.release.is_set(), "nobody released it"


async def test_an_indicator_that_hangs_hangs_in_its_strategy_s_call_and_candles_go_on_closing() -> None:
    wall = OnceItHangs()

    def endless() -> Steps[float, float]:
        yield 0.0
        wall.hangs.set()
        while True:
            pass

    class Reads(Quiet):
        def should_long(self) -> bool:
            return bool(self.indicator(Indicator("endless", (), warm_up=1, steps=endless)))

    async with a_bench(Reads, Eager, wall=wall) as bench:
        await bench.add(Reads)
        await bench.add(Reads, label="shares the indicator")
        await bench.add(Eager)
        assert await bench.minute() == [("Reads", []), ("Reads", []), ("Eager", ["ENTER"])]
        first, off, second = bench.told
        assert isinstance(first, StrategyFailed)
        assert first.what.startswith("it did not return for 10 s")
        assert isinstance(off, RouteSwitchedOff)
        assert isinstance(second, StrategyFailed)
        assert second.what.startswith("yunmin.errors.LifecycleError: the indicator endless() ")
        assert [each[0] for each in await bench.minute()] == ["Reads", "Eager"]


async def test_what_comes_too_late_is_dropped_and_sees_nothing() -> None:
    hangs, seen = hanging(HangsOutside), []
    looked = threading.Event()

    class Late(hangs):  # type: ignore[misc, valid-type]
        def should_long(self) -> bool:
            try:
                super().should_long()
            except BaseException:  # noqa: BLE001  its thread was told to end, and it goes on
                for look in (lambda: self.position, self.candles, lambda: self.close, lambda: self.ema(3)):
                    with pytest.raises(LifecycleError) as raised:
                        look()
                    seen.append(str(raised.value))
            looked.set()
            return True

    async with a_bench(Late, Eager, wall=hangs.wall) as bench:
        await bench.add(Late)
        await bench.add(Eager)
        assert await bench.minute() == [("Late", []), ("Eager", ["ENTER"])]
        hangs.release.set()
        while not looked.is_set():
            await asyncio.sleep(0)
        assert await bench.minute() == [("Eager", ["ENTER"])]
        assert [type(each) for each in bench.told] == [StrategyFailed, RouteSwitchedOff]
        assert seen == ["local:BTC/USDT:1m:Late was given up, for it did not return in time"] * 4


async def test_a_route_whose_strategy_hung_cannot_be_switched_on_again() -> None:
    hangs = hanging()
    async with a_bench(hangs, wall=hangs.wall) as bench:
        route = await bench.add(hangs)
        await bench.minute()
        bench.routes.enable_route(route)
        told = list(bench.told)
        assert await bench.minute() == [("Hanging", [])]
        assert bench.told == told


async def test_other_routes_of_a_strategy_that_hung_have_a_tenth_of_the_patience() -> None:
    hangs = hanging()
    async with a_bench(hangs, wall=hangs.wall) as bench:
        for number in range(3):
            await bench.add(hangs, label=str(number))
        await bench.minute()
        assert hangs.wall.waited == [10, 1, 1]
        assert [each.enabled for each in bench.routes.routes] == [False] * 3


async def test_a_run_that_is_ended_while_a_strategy_hangs_ends_at_once() -> None:
    hangs = hanging()
    async with a_bench(hangs, wall=Never()) as bench:
        await bench.add(hangs)
        asking = asyncio.ensure_future(bench.minute())
        while not hangs.wall.hangs.is_set():
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert bench.told == []
        assert await bench.minute() == [("Hanging", [])], "and its route is not asked again"


def test_a_late_answer_after_the_end_of_the_loop_is_nobody_s_trouble() -> None:
    hangs = hanging(HangsOutside)

    async def main() -> None:
        async with a_bench(hangs, wall=hangs.wall) as bench:
            await bench.add(hangs)
            await bench.minute()

    asyncio.run(main())
    hangs.release.set()


async def test_closing_twice_or_before_anything_was_asked_is_fine() -> None:
    bench = Bench(Eager)
    bench.runner.close()
    await bench.add(Eager)
    bench.runner.close()
    bench.runner.close()
    assert await bench.minute() == [("Eager", ["ENTER"])], "and who asks again is answered"
    bench.runner.close()


def test_an_interpreter_ends_although_a_strategy_hangs() -> None:
    program = """
import asyncio, threading
from tests.core.markets import Quiet
from tests.engine.strategies.test_strategy_runner import Bench, OnceItHangs

wall = OnceItHangs()

class Hangs(Quiet):
    def should_long(self):
        wall.hangs.set()
        while True:
            try:
                threading.Event().wait()
            except BaseException:
                pass

async def main():
    bench = Bench(Hangs, wall=wall)
    await bench.add(Hangs)
    print(await bench.minute())

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "[('Hangs', [])]\n"
