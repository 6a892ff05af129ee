"""An account, its journal and its executor over the paper exchange: as at a real one, and over a kill."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

from tests.simulation.paper_bench import BTC, FUNDS, SYMBOL
from yunmin.core.data_contracts import OrderRequest, OrderState, OrderType, PublicTrade, Side, Ticker
from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.enums import Certainty
from yunmin.core.data_contracts.events import OrderSubmitted
from yunmin.core.data_contracts.route import Route
from yunmin.execution import Account, AccountPolicy, Executor, RiskManager, StateFile
from yunmin.execution.kill_switch import KillSwitch
from yunmin.simulation.paper_exchange import PaperExchange
from yunmin.simulation.paper_file import PaperFile
from yunmin.testing.verify.mortal_journal import MortalJournal
from yunmin.testing.virtual_time import VirtualClock, end_all_tasks, run_virtually

ROUTE = Route(exchange="paper", symbol=SYMBOL, timeframe="1m", strategy_name="test")
POLICY = AccountPolicy(orders_interval=1e6, fills_interval=1e6, audit_interval=1e6)
D = Decimal


class PaperWorld:
    """A paper exchange with its file, and the account on it; `restart` is a process that was killed and begins anew."""

    def __init__(self, clock: VirtualClock, folder: Path) -> None:
        self.clock = clock
        self.folder = folder
        self.exchange: PaperExchange
        self.account: Account
        self.journal: MortalJournal

    async def open(self) -> Account:
        self.exchange = PaperExchange({SYMBOL: BTC}, FUNDS, self.clock, file=PaperFile(self.folder / "paper.json"))
        self.journal = MortalJournal.open(self.folder / "account", clock=self.clock)
        connector = self.exchange.connector()
        await connector.connect()
        switch = KillSwitch(self.folder / "account")
        self.account = Account(connector, self.journal, self.clock, POLICY, kill_switch=switch)
        await self.account.start()
        return self.account

    async def restart(self) -> Account:
        self.journal.die()
        await end_all_tasks()
        return await self.open()

    def ticker(self, bid: str, ask: str) -> None:
        self.exchange.on_ticker(Ticker(symbol=SYMBOL, bid=D(bid), bid_qty=D(5), ask=D(ask), ask_qty=D(5), last=D(bid)))

    def trade(self, price: str) -> None:
        self.exchange.on_trade(
            PublicTrade(symbol=SYMBOL, trade_id="1", price=D(price), qty=D(1), taker_side=None, ts=self.clock.now())
        )

    def executor(self) -> Executor:
        risk = RiskManager(max_position_pct=0.9, equity="100000", file=StateFile(self.folder / "risk.json"))
        made = Executor(self.account, self.account.tracker, risk, file=StateFile(self.folder / "executor.json"))
        made.add_route(ROUTE)
        return made


def live(folder: Path, scenario: Callable[[PaperWorld], Awaitable[None]]) -> None:
    async def play(clock: VirtualClock) -> None:
        world = PaperWorld(clock, folder)
        await world.open()
        await scenario(world)
        await world.account.close()
        assert world.exchange.audit().ok

    run_virtually(play)


def a_buy(name: str, qty: str, price: str) -> OrderRequest:
    return OrderRequest(
        symbol=SYMBOL, side=Side.BUY, order_type=OrderType.LIMIT, qty=D(qty), price=D(price), client_order_id=name
    )


def test_a_position_is_protected_by_a_stop_order_of_the_paper_exchange_s_own(tmp_path: Path) -> None:
    """It works when nobody watches the price here, and sells when the market comes to it."""

    async def scenario(world: PaperWorld) -> None:
        world.ticker("99.9", "100")
        executor = world.executor()
        executor.on_price(SYMBOL, "100")
        executor.execute_decision(ROUTE, Decision.enter(SYMBOL, Side.BUY, qty="1", price="100", stop="95"))
        await world.clock.sleep(1)
        (stop,) = executor.open_orders(ROUTE)
        assert (stop.order_type, stop.state) == (OrderType.STOP_LOSS_LIMIT, OrderState.OPEN)
        world.trade("94.8")
        await world.clock.sleep(1)
        assert stop.state is OrderState.FILLED
        assert [fill.price for fill in stop.fills] == [D("94.79")]

    live(tmp_path, scenario)


def test_a_fill_of_which_the_killed_process_never_heard_is_in_its_books_after_the_restart(tmp_path: Path) -> None:
    async def scenario(world: PaperWorld) -> None:
        world.ticker("99.9", "100")
        for name, price in (("ym-rests", "98"), ("ym-filled", "99")):
            world.account.begin(a_buy(name, "1", price))
        await world.clock.sleep(1)
        world.trade("98.5")  # and the process ends before anybody reads the stream
        account = await world.restart()
        rests, filled = (account.tracker.get_order(name) for name in ("ym-rests", "ym-filled"))
        assert rests is not None
        assert filled is not None
        assert (rests.state, rests.certainty) == (OrderState.OPEN, Certainty.CONFIRMED)
        assert (filled.state, filled.filled_qty) == (OrderState.FILLED, D(1))
        world.trade("97")
        await world.clock.sleep(1)
        assert rests.state is OrderState.FILLED

    live(tmp_path, scenario)


def test_an_order_whose_answer_the_killed_process_never_wrote_down_is_found(tmp_path: Path) -> None:
    """The exchange's file is written before the answer, so the journal's open question has one."""

    async def scenario(world: PaperWorld) -> None:
        world.ticker("99.9", "100")
        world.exchange.engine.listen(lambda _: world.journal.die())  # at the very moment when it is accepted
        world.account.begin(a_buy("ym-asked", "1", "98"))
        await world.clock.sleep(1)
        account = await world.restart()
        found = account.tracker.get_order("ym-asked")
        assert found is not None
        assert (found.state, found.certainty) == (OrderState.OPEN, Certainty.CONFIRMED)

    live(tmp_path, scenario)


def test_a_stop_that_was_written_down_and_never_left_is_placed_anew_after_the_restart(tmp_path: Path) -> None:
    async def scenario(world: PaperWorld) -> None:
        world.ticker("99.9", "100")
        executor, written_down = world.executor(), asyncio.Event()

        def look(event: object) -> None:
            if isinstance(event, OrderSubmitted) and event.order.order_type is OrderType.STOP_LOSS_LIMIT:
                world.journal.die()  # before the first byte leaves
                written_down.set()

        world.account.tracker.subscribe(look)
        executor.on_price(SYMBOL, "100")
        executor.execute_decision(ROUTE, Decision.enter(SYMBOL, Side.BUY, qty="1", price="100", stop="95"))
        await written_down.wait()
        account = await world.restart()
        world.ticker("99.9", "100")
        executor = world.executor()
        for _ in range(2):
            executor.on_price(SYMBOL, "100")
            await world.clock.sleep(60)
        stops = [each for each in account.tracker.get_orders() if each.order_type is OrderType.STOP_LOSS_LIMIT]
        assert [each.state for each in stops] == [OrderState.FAILED, OrderState.OPEN]

    live(tmp_path, scenario)
