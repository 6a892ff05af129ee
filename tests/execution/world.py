"""A small world in virtual time: an exchange that can be told to fail, one account on it, and others who trade."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import UnionType
from typing import Any

from yunmin.clock import seeded
from yunmin.core.data_contracts import OrderRequest, OrderType, Side
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.execution import Account, AccountEvent, AccountPolicy
from yunmin.execution.kill_switch import KillSwitch
from yunmin.execution.order_journal import last_trade
from yunmin.simulation.fees import FeeSchedule
from yunmin.simulation.ledger import Ledger
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.orders import Market, NewOrder, Order
from yunmin.simulation.reports import AccountReport, report_account
from yunmin.simulation.units import to_units
from yunmin.testing.verify.mortal_journal import MortalJournal
from yunmin.testing.verify.storm_exchange import STORM_FENCE, StormExchange, Weather
from yunmin.testing.virtual_time import VirtualClock, end_all_tasks, run_virtually

SYMBOL = "BTC/USDT"
MARKETS = (Market(SYMBOL, "BTC", "USDT", tick=to_units("0.01"), step=to_units("0.001")),)
ME, OTHERS = "me", "others"

NO_POLLING = AccountPolicy(orders_interval=1e6, fills_interval=1e6, audit_interval=1e6)
"""So that what is found out was found out on purpose."""

POLLING = AccountPolicy(orders_interval=30.0, fills_interval=60.0, audit_interval=1e6)

FENCE = STORM_FENCE + NO_POLLING.fence_margin
"""Seconds after which an order that is not there never will be, by the exchange's promise."""


class World:
    """See the module. `account` is the one of the latest `open`."""

    def __init__(self, clock: VirtualClock, folder: Path) -> None:
        self.clock = clock
        self.folder = folder
        ledger = Ledger()
        for name in (ME, OTHERS):
            ledger.open_account(name, fees=FeeSchedule(maker=to_units("0.001"), taker=to_units("0.001")))
            for asset in ("BTC", "USDT"):
                ledger.deposit(name, asset, to_units("1000000"))
        self.engine = MatchingEngine(MARKETS, ledger, clock)
        self.exchange = StormExchange(self.engine, ME, clock, seeded("world"))
        self.account: Account
        self.journal: MortalJournal
        self.told: list[AccountEvent] = []
        self._number = 0

    async def open(self, policy: AccountPolicy = NO_POLLING) -> Account:
        """The account, started. What it tells is gathered in `told`."""
        self.journal = MortalJournal.open(self.folder, clock=self.clock)
        self.account = Account(self.exchange, self.journal, self.clock, policy, kill_switch=KillSwitch(self.folder))
        self.account.listen(self.told.append)
        await self.account.start()
        return self.account

    async def kill(self) -> None:
        """End the account's process: nothing that it was about to write is written."""
        self.journal.die()
        await end_all_tasks()
        await self.exchange.close()

    def weather(self, **shares: float) -> None:
        """The weather from now on; calm where nothing is said."""
        self.exchange.weather = Weather(**({"latency": 0.01} | shares))

    def instead(self, **answers: Callable[..., Any]) -> None:
        """What the exchange does from now on in place of its methods of those names."""
        for name, answer in answers.items():
            assert hasattr(self.exchange, name)
            setattr(self.exchange, name, answer)

    def others(self, side: str, qty: str, price: str) -> Order:
        """Somebody else's limit order, at the exchange at once."""
        self._number += 1
        return self._order(OTHERS, f"others-{self._number}", side, qty, price)

    def by_hand(self, name: str, side: str, qty: str, price: str) -> Order:
        """An order on our account that another program placed."""
        return self._order(ME, name, side, qty, price)

    def _order(self, account: str, name: str, side: str, qty: str, price: str) -> Order:
        placed = self.engine.place(
            NewOrder(account, SYMBOL, Side(side), OrderType.LIMIT, name, qty=to_units(qty), price=to_units(price))
        )
        assert isinstance(placed, Order)
        return placed

    def truth(self, account: str = ME) -> AccountReport:
        """What the engine knows."""
        return report_account(self.engine, account)

    def heard(self, kind: type | UnionType) -> list[Any]:
        """The events of that kind that the account told."""
        return [event for event in self.told if isinstance(event, kind)]


def a_buy(name: str = "ym-1", qty: str = "1", price: str = "100", **terms: Any) -> OrderRequest:
    return OrderRequest(
        **{"symbol": SYMBOL, "side": "BUY", "order_type": "LIMIT", "qty": qty, "price": price, "client_order_id": name}
        | terms
    )


Scenario = Callable[[World], Awaitable[None]]
Play = Callable[[Scenario], None]
"""A fixture: plays a scenario in a world of its own."""


def live(folder: Path, scenario: Scenario) -> None:
    """Play `scenario` in a new world, to its end, and close the account where it is still open."""

    async def play(clock: VirtualClock) -> None:
        world = World(clock, folder / "account")
        await scenario(world)
        if hasattr(world, "account"):
            await world.account.close()

    run_virtually(play)


def be_on(world: World, *symbols: str) -> None:
    """Let the account have traded there, once."""
    for symbol in symbols:
        world.account._books.take_fills([], upto=last_trade(symbol, "1"))


def fills_of(order: InFlightOrder) -> list[str]:
    """The quantities of its fills."""
    return [f"{fill.qty.normalize():f}" for fill in order.fills]
