"""Builders: an engine with three markets and six rich accounts, two of one trade group, and orders in plain words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from yunmin.clock import ManualClock
from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.simulation.fees import FeeDiscount, FeeSchedule
from yunmin.simulation.ledger import Ledger
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.order_lists import NewList, OrderList
from yunmin.simulation.orders import Market, NewOrder, Order, Peg, Refusal, SelfTradePrevention
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
        for name in ("one", "other"):
            self.ledger.open_account(name, trade_group=1)
        discount = FeeDiscount("TOK", to_units("0.25"))
        self.ledger.open_account("thrifty", fees=FeeSchedule(discount=discount))
        for name in ("ann", "bob", "cid", "one", "other", "thrifty"):
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
        trail: int = 0,
        iceberg: str = "0",
        peg: Peg | None = None,
        client_order_id: str | None = None,
        market: str = "BTCUSD",
    ) -> Order | Refusal:
        return self.engine.place(
            self.new(
                account,
                side,
                qty,
                price,
                order_type=order_type,
                tif=tif,
                quote_qty=quote_qty,
                stop=stop,
                stp=stp,
                trail=trail,
                iceberg=iceberg,
                peg=peg,
                client_order_id=client_order_id,
                market=market,
            )
        )

    def new(
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
        trail: int = 0,
        iceberg: str = "0",
        peg: Peg | None = None,
        client_order_id: str | None = None,
        market: str = "BTCUSD",
    ) -> NewOrder:
        """A command that is not carried out yet."""
        self._count += 1
        kind = order_type or ("MARKET" if price == "0" else "LIMIT")
        return NewOrder(
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
            trailing_delta=trail,
            iceberg_qty=to_units(iceberg),
            peg=peg,
        )

    def rivals(self, one: NewOrder, other: NewOrder) -> OrderList | Refusal:
        """Two orders of which one ends the other."""
        self._count += 1
        return self.engine.place_list(NewList(f"list-{self._count}", (one, other)))

    def behind(self, working: NewOrder, *rivals: NewOrder, pays: bool = False) -> OrderList | Refusal:
        """One order or two that wait until `working` is filled."""
        self._count += 1
        return self.engine.place_list(NewList(f"list-{self._count}", rivals, working, pays))

    def trade_at(self, price: str, qty: str = "0.01") -> None:
        """Let others trade at `price`, which nothing rests better than."""
        self.send("bob", "SELL", qty, price)
        self.send("cid", "BUY", qty, price)

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
        return self.engine.place_list(NewList(name or f"pair-{self._count}", (resting, waiting)))

    def order(self, *args: str, **kwargs: Any) -> Order:
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
