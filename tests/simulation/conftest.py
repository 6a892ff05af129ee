"""Builders: an engine with three markets and four rich accounts, and orders in plain words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from yunmin.clock import ManualClock
from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.simulation.fees import FeeDiscount, FeeSchedule
from yunmin.simulation.ledger import Ledger
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.order_lists import OrderList
from yunmin.simulation.orders import Market, NewOrder, Order, Refusal, SelfTradePrevention
from yunmin.simulation.units import to_units

BTC = Market("BTCUSD", "BTC", "USD", to_units("0.01"), to_units("0.0001"))
TOK = Market("TOKUSD", "TOK", "USD", to_units("0.01"), to_units("0.01"))
FINE = Market("ETHBTC", "ETH", "BTC", to_units("0.000001"), to_units("0.0001"))
"""A tick times a step of it is finer than 10^-8: costs have to be rounded."""


class Bench:
    """An engine, its ledger and its clock, with orders placed in plain words."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.ledger = Ledger()
        for name in ("ann", "bob", "cid"):
            self.ledger.open_account(name)
        discount = FeeDiscount("TOK", to_units("0.25"))
        self.ledger.open_account("thrifty", fees=FeeSchedule(discount=discount))
        for name in ("ann", "bob", "cid", "thrifty"):
            for asset, owned in (("BTC", 100), ("USD", 10_000_000), ("TOK", 100), ("ETH", 1000)):
                self.ledger.deposit(name, asset, to_units(owned))
        self.engine = MatchingEngine((BTC, TOK, FINE), self.ledger, self.clock)
        self._count = 0

    def send(
        self,
        account: str,
        side: str,
        qty: str = "0",
        price: str = "0",
        *,
        order_type: str | None = None,
        tif: str = "GTC",
        quote_qty: str = "0",
        stop: str = "0",
        stp: str = "NONE",
        client_order_id: str | None = None,
        market: str = "BTCUSD",
    ) -> Order | Refusal:
        self._count += 1
        kind = order_type or ("MARKET" if price == "0" else "LIMIT")
        return self.engine.place(
            NewOrder(
                account=account,
                market=market,
                side=Side(side),
                order_type=OrderType(kind),
                client_order_id=client_order_id or f"id-{self._count}",
                qty=to_units(qty),
                price=to_units(price),
                quote_qty=to_units(quote_qty),
                time_in_force=TimeInForce(tif),
                stop_price=to_units(stop),
                self_trade=SelfTradePrevention(stp),
            )
        )

    def pair(
        self,
        account: str,
        side: str,
        qty: str,
        *,
        limit: str,
        stop: str,
        stop_limit: str = "0",
        name: str | None = None,
        market: str = "BTCUSD",
    ) -> OrderList | Refusal:
        """A post-only order and a stop loss of which one ends the other."""
        self._count += 1
        kind = OrderType.STOP_LOSS if stop_limit == "0" else OrderType.STOP_LOSS_LIMIT
        resting = NewOrder(
            account,
            market,
            Side(side),
            OrderType.LIMIT_MAKER,
            f"limit-{self._count}",
            qty=to_units(qty),
            price=to_units(limit),
        )
        waiting = resting._replace(
            order_type=kind,
            client_order_id=f"stop-{self._count}",
            price=to_units(stop_limit),
            stop_price=to_units(stop),
        )
        return self.engine.place_pair(resting, waiting, name or f"pair-{self._count}")

    def order(self, *args: str, **kwargs: str) -> Order:
        placed = self.send(*args, **kwargs)
        assert isinstance(placed, Order), placed
        return placed

    def free(self, account: str, asset: str) -> int:
        found = self.ledger.account(account)
        assert found is not None
        return found.free[asset]

    def locked(self, account: str, asset: str) -> int:
        found = self.ledger.account(account)
        assert found is not None
        return found.locked[asset]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def make_bench() -> Callable[[], Bench]:
    return Bench
