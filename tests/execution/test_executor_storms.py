"""Routes that decide at random, an exchange that loses, delays and repeats, a program that is killed: what is true at
the exchange never exceeds a cap, and when the storm is over every figure agrees with the exchange's.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.execution.world import ME, SYMBOL, World, live
from yunmin.clock import Chance, seeded
from yunmin.core.data_contracts import OrderState, Side
from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.enums import Certainty
from yunmin.core.data_contracts.route import Route
from yunmin.execution import AccountPolicy, Executor, RiskManager, StateFile
from yunmin.simulation.orders import AccountFill, EngineEvent
from yunmin.simulation.units import from_units

ROUTES = tuple(Route(exchange="storm", symbol=SYMBOL, timeframe="1m", strategy_name=name) for name in ("one", "two"))
PRICES = ("94", "97", "100", "103", "106")
CAPS: dict[str, Any] = {
    "max_order_notional": 900,
    "max_position_notional": 500,
    "max_total_notional": 500,
    "max_open_orders": 4,
    "max_orders_per_minute": 60,
    "price_band": "0.2",
}
LARGEST = Decimal(CAPS["max_position_notional"]) / min(map(Decimal, PRICES))
"""Base units: a cap on an amount, at the lowest price that risk was ever told."""

POLICY = AccountPolicy(orders_interval=20.0, fills_interval=20.0, audit_interval=1e6)


class Storm:
    """Plays one seed, and looks at the truth whenever the engine does something."""

    def __init__(self, world: World, chance: Chance) -> None:
        self.world = world
        self.chance = chance
        self.executor: Executor
        self.largest_seen = Decimal(0)
        world.engine.listen(self.look)

    async def open(self) -> None:
        account = await self.world.open(POLICY)
        risk = RiskManager(
            clock=self.world.clock, file=StateFile(self.world.folder / "risk.json"), equity=10_000, **CAPS
        )
        file = StateFile(self.world.folder / "executor.json")
        self.executor = Executor(account, account.tracker, risk, clock=self.world.clock, file=file)
        for route in ROUTES:
            self.executor.add_route(route)
        self.executor.on_price(SYMBOL, "100")

    def look(self, event: EngineEvent) -> None:
        orders = self.world.engine.orders_of(ME)
        open_orders = orders.open_orders(SYMBOL)
        assert len(open_orders) <= CAPS["max_open_orders"]
        held = sum(received_of(fill) for fill in orders.fills(SYMBOL))
        left = {side: sum(o.qty - o.filled for o in open_orders if o.side is side) for side in Side}
        worst = from_units(max(held + left[Side.BUY], left[Side.SELL] - held))
        self.largest_seen = max(self.largest_seen, worst)
        assert worst <= LARGEST, event

    async def play(self, steps: int) -> None:
        await self.open()
        for _ in range(steps):
            self.blow()
            self.trade()
            self.executor.on_price(SYMBOL, self.chance.choice(PRICES))
            for _ in range(self.chance.randrange(4)):
                self.executor.execute_decision(self.chance.choice(ROUTES), self.decision())
            await self.world.clock.sleep(self.chance.uniform(0.0, 6.0))
            if self.chance.random() < 0.08:
                await self.world.kill()
                self.world.weather()
                await self.open()
        await self.calm_down()

    async def calm_down(self) -> None:
        self.world.weather()
        for route in ROUTES:
            self.executor.execute_decision(route, Decision.cancel(SYMBOL))
        await self.world.clock.sleep(120)

    def blow(self) -> None:
        shares = {name: self.chance.uniform(0.0, 0.2) for name in ("before", "after", "late", "refused")}
        shares |= {name: self.chance.uniform(0.0, 0.4) for name in ("silent", "dropped", "doubled", "delayed")}
        self.world.weather(**shares, lag=self.chance.uniform(0.0, 2.0))

    def trade(self) -> None:
        side = self.chance.choice(("BUY", "SELL"))
        self.world.others(side, str(self.chance.choice((0.5, 1, 3))), str(self.chance.choice(range(94, 107))))

    def decision(self) -> Decision:
        chance = self.chance
        side = chance.choice(tuple(Side))
        kind = chance.choices(("enter", "exit", "reverse", "cancel"), (6, 2, 1, 1))[0]
        if kind == "cancel":
            return Decision.cancel(SYMBOL)
        price = chance.choice((None, "95", "98", "100", "102", "105"))
        if kind == "exit":
            return Decision.exit(SYMBOL, price=price)
        stop, profit = ("90", "110") if side is Side.BUY else ("110", "90")
        terms = {"stop": stop, "take_profit": profit} if chance.random() < 0.5 else {}
        make = Decision.enter if kind == "enter" else Decision.reverse
        return make(SYMBOL, side, qty=chance.choice(("0.5", "1", "2", "4")), price=price, **terms)

    def check_the_end(self) -> None:
        account, truth = self.world.account, self.world.truth()
        known = {order.client_order_id: order for order in account.tracker.get_orders()}
        for report in truth.orders:
            order = known[report.client_order_id]
            assert (order.state, order.filled_qty) == (report.state, report.filled)
        assert all(order.certainty is Certainty.CONFIRMED for order in known.values())
        assert all(count == 1 for count in self.world.exchange.posts.values())
        (total,) = self.executor.positions.positions().values()
        assert sum(self.executor.position(route).qty for route in ROUTES) == total.qty
        flows = self.executor.positions.flows()
        for balance in truth.balances:
            assert balance.free + balance.locked - 1_000_000 == flows[balance.asset], balance.asset
        assert all(order.state is not OrderState.PENDING for order in known.values())


def received_of(fill: AccountFill) -> int:
    """Base units that came in, or left: a fee that was taken in them did not come in."""
    fee = fill.fee if fill.fee_asset == "BTC" else 0
    return (fill.qty if fill.is_buyer else -fill.qty) - fee


@pytest.mark.parametrize("seed", range(12))
def test_I16_no_storm_and_no_kill_lets_the_account_exceed_a_cap_at_the_exchange(tmp_path: Path, seed: int) -> None:
    async def scenario(world: World) -> None:
        storm = Storm(world, seeded(f"executor-{seed}"))
        await storm.play(60)
        storm.check_the_end()
        assert storm.largest_seen > 1, "something was held"

    live(tmp_path, scenario)
