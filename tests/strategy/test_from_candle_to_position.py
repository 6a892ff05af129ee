"""The whole way in virtual time: candles, a strategy, risk, orders, fills, positions, and the strategy again."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.core.markets import a_candle, at
from tests.execution.world import SYMBOL, World, live
from tests.strategy.builtin.test_ema_crossover import crossings
from yunmin.clock import seeded
from yunmin.core.data_contracts import Decision, Side
from yunmin.core.route_manager import RouteManager
from yunmin.execution.executor import Executor, Placed
from yunmin.execution.risk_manager import RiskManager
from yunmin.strategy.builtin.ema_crossover import EmaCrossover

FAST, SLOW = 3, 8


class Resting(EmaCrossover):
    """The EMA crossover with limit orders at the close, so that others can take exactly what it asked for."""

    def go_long(self) -> Decision:
        return self.enter(Side.BUY, fraction=self.fraction, price=self.close)

    def go_exit(self) -> Decision:
        return self.exit(price=self.close)


def a_walk(count: int) -> list[float]:
    chance, price, walk = seeded(5), 100.0, []
    for _ in range(count):
        price *= 1 + chance.gauss(0, 0.01)
        walk.append(round(price, 2))
    return walk


def test_decisions_become_fills_and_fills_become_what_the_strategy_holds(tmp_path: Path) -> None:
    closes = a_walk(120)
    made: list[tuple[int, str]] = []

    async def scenario(world: World) -> None:
        account = await world.open()
        risk = RiskManager(clock=world.clock, equity=Decimal(10_000))
        executor = Executor(account, account.tracker, risk, clock=world.clock)
        routes = RouteManager({"resting": Resting}.__getitem__, positions=executor.holding)
        route = routes.add_route(
            "storm", SYMBOL, "1m", "resting", parameters={"fast": FAST, "slow": SLOW, "fraction": 0.5}
        )
        for number, close in enumerate(closes):
            routes.on_candle("storm", "1m", a_candle(number, close))
            executor.on_price(SYMBOL, str(close))
            for due in routes.set_global_time(at(number + 1)):
                for decision in routes.step_route(due):
                    outcome = executor.execute_decision(due, decision)
                    if decision.is_hold:
                        continue
                    assert isinstance(outcome, Placed), outcome
                    made.append((number, decision.intent.value))
                    await world.clock.sleep(1)
                    order = outcome.order
                    world.others(order.side.opposite, str(order.qty), str(order.price))
                    await world.clock.sleep(1)
                    is_long = executor.holding(due).qty > 0
                    assert is_long is (decision.intent == "ENTER")
        flows = executor.positions.flows()
        assert {each.asset: each.free + each.locked for each in world.truth().balances} == {
            asset: 1_000_000 + flows[asset] for asset in ("BTC", "USDT")
        }
        left = executor.position(route).qty
        assert 0 < left < Decimal("0.001"), "fees in BTC leave a rest, which the strategy does not see"

    live(tmp_path, scenario)
    assert len(made) > 8
    assert made == crossings(closes, FAST, SLOW)
