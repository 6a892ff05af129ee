"""The questions that a strategy is asked, what it may answer, and that it answers nothing while it is cold."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from tests.core.markets import BTC, ETH, START, Eager, Quiet, a_candle, alone, held
from yunmin.core.data_contracts import Decision, Intent, Side
from yunmin.core.indicators import Seed, atr, ema
from yunmin.core.position_manager import Position
from yunmin.core.strategy_base import Decisions, StrategyBase
from yunmin.errors import ConfigurationError, LifecycleError


def long_one(symbol: str) -> Position:
    return held(symbol, 1)


class Crossing(StrategyBase):
    fast: int = 2
    slow: int = 4

    def should_long(self) -> bool:
        return self.crossover(self.ema(self.fast), self.ema(self.slow))

    def should_exit(self) -> bool:
        return self.crossunder(self.ema(self.fast), self.ema(self.slow))

    def go_long(self) -> Decision:
        return self.enter(Side.BUY, fraction=0.5, stop=self.close * 0.9)


def answer(strategy: StrategyBase, closes: list[Any], **how: Any) -> Decision:
    alone(strategy, closes, **how)
    (decision,) = strategy.decide()
    return decision


# --- the questions ---------------------------------------------------------------------------------------------------


def test_without_a_position_a_yes_to_long_is_an_entry_with_its_time() -> None:
    decision = answer(Eager(), [100])
    assert (decision.intent, decision.side, decision.fraction) == (Intent.ENTER, Side.BUY, Decimal(1))
    assert (decision.as_of, decision.symbol, decision.reason) == (START, BTC, "closed at 100")


def test_with_a_position_only_the_exit_is_asked() -> None:
    decision = answer(Eager(), [100], position=long_one)
    assert (decision.intent, decision.side, decision.qty, decision.fraction) == (Intent.EXIT, None, None, None)


def test_a_no_to_everything_is_a_hold() -> None:
    assert answer(Quiet(), [100]).is_hold


def test_a_short_is_asked_for_after_a_long() -> None:
    class Both(Quiet):
        asked: tuple[str, ...] = ()

        def should_long(self) -> bool:
            self.asked += ("long",)
            return False

        def should_short(self) -> bool:
            self.asked += ("short",)
            return True

        def go_short(self) -> Decision:
            return self.enter(Side.SELL, qty=1, stop=110, price=100)

    strategy = Both()
    assert answer(strategy, [100]).side is Side.SELL
    assert strategy.asked == ("long", "short")


def test_a_short_without_a_way_to_go_short_is_a_fault_that_names_it() -> None:
    class Half(Quiet):
        def should_short(self) -> bool:
            return True

    with pytest.raises(NotImplementedError, match="Half has a should_short but no go_short"):
        answer(Half(), [100])


def test_an_exit_may_be_made_a_reversal() -> None:
    class Turning(Eager):
        def go_exit(self) -> Decision:
            return self.reverse(Side.SELL, fraction="0.5")

    assert answer(Turning(), [100], position=long_one).intent is Intent.REVERSE


def test_one_answer_may_be_several_decisions_about_declared_symbols() -> None:
    class Pairs(Quiet):
        symbols = (ETH,)

        def should_long(self) -> bool:
            return True

        def go_long(self) -> Decisions:
            return self.enter(Side.BUY, qty=1), self.enter(Side.SELL, qty=2, symbol=ETH)

    strategy = Pairs()
    alone(strategy, [100])
    assert [(each.symbol, each.qty) for each in strategy.decide()] == [(BTC, Decimal(1)), (ETH, Decimal(2))]


def test_a_decision_about_a_symbol_that_was_not_declared_is_a_fault() -> None:
    class Astray(Eager):
        def go_long(self) -> Decision:
            return self.enter(Side.BUY, qty=1, symbol="DOGE/USDT")

    with pytest.raises(ConfigurationError, match="Astray decided about DOGE/USDT"):
        answer(Astray(), [100])


def test_an_answer_that_is_no_decision_is_a_fault() -> None:
    class Silent(Eager):
        def go_long(self) -> Decision:
            return None  # type: ignore[return-value]

    with pytest.raises(TypeError, match="Silent must return a Decision, not NoneType"):
        answer(Silent(), [100])


# --- warming up ------------------------------------------------------------------------------------------------------


def test_no_decision_before_every_indicator_that_was_asked_has_seen_enough() -> None:
    strategy = Crossing()
    _, history, _ = alone(strategy)
    falling_then_rising = [10, 9, 8, 20, 30, 5, 40]
    answers = []
    for number, close in enumerate(falling_then_rising):
        history.append(a_candle(number, close))
        answers.append(strategy.decide()[0])
    assert [each.reason for each in answers[:3]] == ["warming up"] * 3
    assert [each.intent for each in answers[3:]] == ["ENTER", "HOLD", "HOLD", "ENTER"]
    assert answers[3].stop == Decimal(18)


def test_a_strategy_that_acts_on_what_is_not_there_is_not_heard_either() -> None:
    class Hasty(Eager):
        went: int = 0

        def go_long(self) -> Decision:
            self.went += 1
            return self.enter(Side.BUY, qty=1, stop=self.close - self.sma(3))

    strategy = Hasty()
    _, history, _ = alone(strategy)
    answers = []
    for number in range(4):
        history.append(a_candle(number, 100 + number))
        answers.append(strategy.decide()[0].intent)
    assert answers == ["HOLD", "HOLD", "ENTER", "ENTER"]
    assert strategy.went == 4


def test_a_figure_that_is_wrong_though_all_is_warm_is_a_fault() -> None:
    class Wrong(Eager):
        def go_long(self) -> Decision:
            return self.enter(Side.BUY, qty=1, stop=-self.close)

    with pytest.raises(ValidationError, match="must be more than zero"):
        answer(Wrong(), [100])


def test_who_asks_for_candles_from_before_the_first_is_warming_up() -> None:
    class Looking(Eager):
        def should_long(self) -> bool:
            return self.candles()[-3].close < self.candles()[-1].close

    strategy = Looking()
    _, history, _ = alone(strategy)
    answers = []
    for number in range(4):
        history.append(a_candle(number, 100 + number))
        answers.append(strategy.decide()[0])
    assert [each.intent for each in answers] == ["HOLD", "HOLD", "ENTER", "ENTER"]
    assert answers[0].reason == "warming up"


def test_who_asks_for_candles_that_have_not_closed_is_at_fault() -> None:
    class Peeking(Eager):
        def should_long(self) -> bool:
            return self.candles()[len(self.candles())].close > 0

    with pytest.raises(IndexError, match="what has not closed is not seen"):
        answer(Peeking(), [100])


def test_a_declared_warm_up_is_waited_for() -> None:
    class Patient(Eager):
        warm_up = 3

    strategy = Patient()
    _, history, _ = alone(strategy)
    answers = []
    for number in range(4):
        history.append(a_candle(number))
        answers.append(strategy.decide()[0].intent)
    assert answers == ["HOLD", "HOLD", "ENTER", "ENTER"]


def test_nothing_is_asked_before_every_series_has_a_candle() -> None:
    assert answer(Eager(), []).reason == "warming up"


# --- indicators ------------------------------------------------------------------------------------------------------


def test_indicators_of_a_strategy_are_those_of_the_series() -> None:
    strategy = Quiet()
    closes = [100.0, 102.0, 101.0, 105.0, 107.0, 103.0]
    alone(strategy, closes)
    assert strategy.ema(3) == ema(3).over(closes)[-1]
    assert strategy.ema(3).previous == ema(3).over(closes)[-2]
    assert strategy.ema(3, seed=Seed.SMA) == ema(3, Seed.SMA).over(closes)[-1]
    assert strategy.sma(2) == 105.0
    assert strategy.highest(3) == 107.0
    assert strategy.lowest(3) == 103.0
    assert 0 < strategy.rsi(3) < 100
    assert strategy.stddev(2) == 2.0
    assert strategy.macd(2, 3, 2).line == ema(2).over(closes)[-1] - ema(3).over(closes)[-1]
    assert strategy.bollinger(2, 1.0) == (103.0, 105.0, 107.0)
    assert strategy.atr(2) == strategy.indicator(atr(2))
    assert (strategy.close, strategy.close.previous) == (103.0, 107.0)


def test_a_level_is_crossed_by_a_line_and_by_arithmetic_on_lines() -> None:
    strategy = Quiet()
    alone(strategy, [100, 110])
    assert strategy.crossover(strategy.close, 105)
    assert strategy.crossunder(105, strategy.close)
    assert strategy.crossover(strategy.close * 2, 210)
    assert not strategy.crossover(strategy.close, 99)


def test_a_series_that_was_not_declared_is_a_fault_that_says_how_to_declare_it() -> None:
    strategy = Quiet()
    alone(strategy, [1])
    with pytest.raises(ConfigurationError, match=r"ETH/USDT 1m, which it did not declare; it has BTC/USDT 1m\. Add"):
        strategy.ema(3, symbol=ETH)
    with pytest.raises(ConfigurationError, match="BTC/USDT 4h"):
        strategy.candles(timeframe="4h")


# --- parameters ------------------------------------------------------------------------------------------------------


class Tuned(Crossing):
    ratio: float = 0.5
    budget: Decimal = Decimal(100)
    is_bold: bool = False
    _private: int = 1


def test_parameters_are_what_classes_annotate_and_give_a_value() -> None:
    assert list(Tuned.parameters()) == ["fast", "slow", "ratio", "budget", "is_bold"]
    strategy = Tuned(fast=3, ratio=1, budget="2.5", is_bold=True)
    assert (strategy.fast, strategy.slow, strategy.ratio, strategy.budget) == (3, 4, 1.0, Decimal("2.5"))
    assert Tuned().fast == 2


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"fst": 3}, "Tuned has no parameter 'fst': it has fast, .*; did you mean 'fast'?"),
        ({"fast": "3"}, "fast is int .such as 2., not '3'"),
        ({"fast": True}, "fast is int"),
        ({"is_bold": 1}, "is_bold is bool"),
        ({"budget": "lots"}, "budget: not a plain decimal"),
        ({"symbols": ()}, "no parameter 'symbols'"),
        ({"_private": 2}, "no parameter '_private'"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        Tuned(**given)


def test_a_strategy_without_parameters_says_so() -> None:
    with pytest.raises(ConfigurationError, match="Quiet has no parameter 'fast': it has none"):
        Quiet(fast=1)


def test_a_strategy_has_one_route() -> None:
    strategy = Quiet()
    alone(strategy)
    with pytest.raises(ConfigurationError, match="has a route already"):
        alone(strategy)


# --- what is held ----------------------------------------------------------------------------------------------------


def test_what_is_held_of_a_symbol_that_was_not_declared_is_not_told() -> None:
    strategy, _, _ = alone(Quiet(), [100], position=long_one)
    assert strategy.context.position(BTC).qty == 1
    with pytest.raises(ConfigurationError, match="asked for ETH/USDT, which it did not declare"):
        strategy.context.position(ETH)


def test_a_look_that_is_held_still_does_not_see_what_is_held_since() -> None:
    qty = [1]
    strategy, _, _ = alone(Quiet(), [100], position=lambda symbol: held(symbol, qty[0]))
    strategy.context.hold_still()
    qty[0] = 2
    assert strategy.position.qty == 1
    strategy.context.hold_still()
    assert strategy.position.qty == 2


@pytest.mark.parametrize(
    "look", [lambda each: each.position, lambda each: each.candles(), lambda each: each.close, lambda each: each.ema(2)]
)
def test_nothing_is_seen_through_a_context_that_is_shut(look: Callable[[StrategyBase], object]) -> None:
    strategy, _, _ = alone(Quiet(), [100])
    strategy.context.shut("it came too late")
    with pytest.raises(LifecycleError, match="it came too late"):
        look(strategy)
