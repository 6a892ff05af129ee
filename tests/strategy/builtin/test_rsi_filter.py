"""The RSI filter buys a recovery in a rising market, and leaves when either is over."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.markets import BTC, a_candle, a_manager, at, held, run
from yunmin.core.data_contracts import Decision
from yunmin.errors import ConfigurationError
from yunmin.strategy.builtin.rsi_filter import RsiFilter

RISING = [float(100 + 3 * each) for each in range(12)]
DIP = [130.0, 128.0, 126.0, 128.0, 132.0]
FAST = {"period": 3, "trend": 12, "oversold": 40.0, "overbought": 80.0}


def decisions(closes: list[float], parameters: dict[str, Any], *, qty: int = 0) -> list[tuple[int, Decision]]:
    manager = a_manager(RsiFilter, positions=lambda _, symbol: held(symbol, qty))
    manager.add_route("local", BTC, "1m", "RsiFilter", parameters=parameters)
    for number, close in enumerate(closes):
        manager.on_candle("local", "1m", a_candle(number, close))
    return [(int((moment - at(1)).total_seconds() // 60), each) for moment, _, each in run(manager, at(999))]


def test_it_buys_when_strength_recovers_while_prices_rise() -> None:
    ((number, decision),) = decisions(RISING + DIP, FAST)
    assert number == len(RISING) + 3
    assert (decision.intent, decision.reason) == ("ENTER", "RSI 3 rose through 40")


def test_it_does_not_buy_the_same_recovery_below_the_long_average() -> None:
    falling = [each + 60 for each in reversed(RISING)]
    assert decisions([*falling, *(each + 30 for each in DIP)], FAST) == []
    assert decisions([*falling, *(each + 30 for each in DIP)], FAST | {"trend": 0}) != []


def test_it_leaves_when_strength_is_overdone() -> None:
    first = decisions(RISING, FAST | {"trend": 0}, qty=1)[0]
    assert first[0] == 3
    assert first[1].reason == "RSI 3 of 100.0 is above 80"


def test_it_leaves_when_the_trend_is_over() -> None:
    last = decisions([*RISING, 100.0], FAST, qty=1)[-1]
    assert last[0] == len(RISING)
    assert last[1].intent == "EXIT"
    assert "the trend is over" in last[1].reason


@pytest.mark.parametrize(
    "parameters", [{"period": 0}, {"trend": -1}, {"oversold": 80.0}, {"overbought": 100.0}, {"fraction": 2.0}]
)
def test_parameters_that_make_no_sense_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        RsiFilter(**parameters)
