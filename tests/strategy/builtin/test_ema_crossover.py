"""The EMA crossover trades where the averages cross, and nowhere else."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.core.markets import BTC, a_candle, a_manager, at, held, run
from yunmin.clock import seeded
from yunmin.core.data_contracts import Side, Timeframe
from yunmin.core.indicators import crossover, crossunder, ema
from yunmin.errors import ConfigurationError
from yunmin.simulation.candles import read_candles
from yunmin.strategy.builtin.ema_crossover import EmaCrossover

DATA = os.environ.get("YUNMIN_TEST_DATA")


class Book:
    """Holds what was decided, as if every order were filled at once."""

    def __init__(self) -> None:
        self.qty = 0

    def position(self, _: Any, symbol: str) -> Any:
        return held(symbol, self.qty)


def trades_of(closes: list[float], parameters: dict[str, Any]) -> list[tuple[int, str]]:
    """The number of the candle, and what was decided at it."""
    book = Book()
    manager = a_manager(EmaCrossover, positions=book.position)
    route = manager.add_route("local", BTC, "1m", "EmaCrossover", parameters=parameters)
    made = []
    for number, close in enumerate(closes):
        manager.on_candle("local", "1m", a_candle(number, close))
        manager.set_global_time(at(number + 1))
        for decision in manager.step_route(route):
            if not decision.is_hold:
                made.append((number, decision.intent.value))
                book.qty = 1 if decision.intent == "ENTER" else 0
    return made


def crossings(closes: list[float], fast: int, slow: int) -> list[tuple[int, str]]:
    """The same, from whole series: entries and exits by turns, none before the slow average is warm."""
    pairs = list(zip(ema(fast).over(closes), ema(slow).over(closes), strict=True))
    over, under = crossover().over(pairs), crossunder().over(pairs)
    made: list[tuple[int, str]] = []
    is_in = False
    for number in range(slow - 1, len(closes)):
        if under[number] if is_in else over[number]:
            is_in = not is_in
            made.append((number, "ENTER" if is_in else "EXIT"))
    return made


@pytest.mark.parametrize("seed", range(3))
def test_it_enters_and_leaves_where_whole_series_say(seed: int) -> None:
    chance = seeded(seed)
    closes = [100.0]
    for _ in range(400):
        closes.append(round(closes[-1] * (1 + chance.gauss(0, 0.01)), 4))
    made = trades_of(closes, {"fast": 5, "slow": 12})
    assert len(made) > 10
    assert made == crossings(closes, 5, 12)


def test_an_entry_has_the_fraction_the_stop_and_a_reason() -> None:
    manager = a_manager(EmaCrossover)
    manager.add_route("local", BTC, "1m", "EmaCrossover",
                      parameters={"fast": 1, "slow": 2, "fraction": 0.25, "stop_loss": 0.02})  # fmt: skip
    for number, close in enumerate((100, 90, 110)):
        manager.on_candle("local", "1m", a_candle(number, close))
    ((_, _, decision),) = run(manager, at(3))
    assert (decision.side, decision.fraction, decision.stop) == (Side.BUY, Decimal("0.25"), Decimal("107.8"))
    assert decision.reason == "EMA 1 rose above EMA 2"


@pytest.mark.parametrize(
    "parameters",
    [
        {"fast": 30, "slow": 30},
        {"fast": 0},
        {"fraction": 0.0},
        {"fraction": 1.5},
        {"stop_loss": 1.0},
        {"stop_loss": -1},
    ],
)
def test_parameters_that_make_no_sense_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        EmaCrossover(**parameters)


@pytest.mark.skipif(DATA is None, reason="needs recorded candles: set YUNMIN_TEST_DATA")
def test_on_real_candles_it_trades_where_whole_series_say() -> None:
    book = Book()
    manager = a_manager(EmaCrossover, positions=book.position)
    route = manager.add_route("local", BTC, "5m", "EmaCrossover")
    candles = read_candles(Path(str(DATA)) / "candles" / "ETH_BTC_5m.parquet", BTC)[:3000]
    made = []
    for number, candle in enumerate(candles):
        manager.on_candle("local", "5m", candle)
        manager.set_global_time(Timeframe.M5.close_of(candle.open_time))
        for decision in manager.step_route(route):
            if not decision.is_hold:
                made.append((number, decision.intent.value))
                book.qty = 1 if decision.intent == "ENTER" else 0
    assert len(made) > 50
    assert made == crossings([float(each.close) for each in candles], 10, 30)
