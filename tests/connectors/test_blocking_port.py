from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.by_now import by_now
from yunmin.connectors.binance_connector import BinanceConnector
from yunmin.connectors.blocking_port import BlockingPort
from yunmin.core.data_contracts import Decision, OrderState, Route, Side
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import LifecycleError
from yunmin.execution import Executor, Placed, Refused, RiskManager, Withdrawn

SYMBOL = "BNB/USDT"
ROUTE = Route(exchange="binance", symbol=SYMBOL, timeframe="1m", strategy_name="script")


@pytest.fixture
def connector(venue_url: str) -> Iterator[BinanceConnector]:
    with BinanceConnector(base_url=venue_url) as opened:
        yield opened


def an_executor(connector: BinanceConnector) -> tuple[Executor, BlockingPort, OrderTracker]:
    tracker = OrderTracker()
    executor = Executor(connector, tracker, RiskManager(max_dd=0.15, max_position_pct=0.05, equity=100_000))
    assert isinstance(executor.port, BlockingPort)
    executor.on_price(SYMBOL, 300)
    return executor, executor.port, tracker


def test_a_script_without_a_loop_decides_and_takes_up_the_answers_in_its_own_thread(
    connector: BinanceConnector,
) -> None:
    executor, port, _ = an_executor(connector)
    outcome = executor.execute_decision(ROUTE, Decision.enter(SYMBOL, Side.BUY, qty="0.1", price="150"))
    assert isinstance(outcome, Placed)
    assert by_now(outcome.order.state) is OrderState.PENDING
    port.settle()
    assert by_now(outcome.order.state) is OrderState.OPEN
    shown = connector.get_order_status("BNBUSDT", outcome.order.client_order_id)
    assert str(shown["orderId"]) == outcome.order.exchange_order_id
    assert executor.execute_decision(ROUTE, Decision.cancel(SYMBOL)) == Withdrawn((outcome.order.client_order_id,))
    port.settle()
    assert outcome.order.state is OrderState.CANCELLED


def test_a_market_order_comes_back_with_its_fills_and_the_position_knows(connector: BinanceConnector) -> None:
    executor, port, _ = an_executor(connector)
    outcome = executor.execute_decision(ROUTE, Decision.enter(SYMBOL, Side.BUY, qty="0.1"))
    assert isinstance(outcome, Placed)
    port.settle()
    assert outcome.order.state is OrderState.FILLED
    assert executor.position(ROUTE).qty == outcome.order.filled_qty - outcome.order.fees.get("BNB", 0)


def test_what_the_exchange_refuses_is_told_as_the_orders_end(connector: BinanceConnector) -> None:
    executor, port, tracker = an_executor(connector)
    executor.on_price("SOL/USDT", 1)
    refused = executor.execute_decision(ROUTE, Decision.enter(SYMBOL, Side.BUY, qty="100", price="299"))
    assert isinstance(refused, Refused)
    assert tracker.get_orders() == []
    with pytest.raises(LifecycleError, match="Nothing was sent"):
        port.begin_cancel("nobody's")
