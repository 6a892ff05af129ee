"""I13 and I14, for every sequence of fills, inferred fills, fees that come late, trades taken back, and restarts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Context, Decimal, localcontext
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from yunmin.core.data_contracts import FillVoided, OrderState, OrderUpdate
from yunmin.core.data_contracts.enums import FillKind, Side
from yunmin.core.data_contracts.events import OrderFill
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_manager import CostMethod, PositionManager

SYMBOLS = ("BTC/USDT", "ETH/USDT")
ORDERS = tuple((f"{symbol[:3]}-{side}", symbol, side) for symbol in SYMBOLS for side in ("BUY", "SELL"))
FEES = (None, "USDT", "BTC", "ETH", "BNB")

QTY = st.decimals("0.000001", "3", places=6, allow_nan=False)
PRICE = st.decimals("0.01", "500", places=2, allow_nan=False)
NAME = st.sampled_from([name for name, _, _ in ORDERS])

STEP = st.one_of(
    st.tuples(st.just("fill"), NAME, QTY, PRICE, st.sampled_from(FEES), st.decimals("-0.01", "0.1", places=6)),
    st.tuples(st.just("report"), NAME, QTY, PRICE),
    st.tuples(st.just("infer"), NAME),
    st.tuples(st.just("void"), st.integers(0, 20)),
    st.tuples(st.just("enrich"), st.integers(0, 20)),
    st.tuples(st.just("restart")),
)


class Life:
    """Plays steps against a tracker; `positions` follows, now and then from its own dump."""

    def __init__(self, method: CostMethod) -> None:
        self.tracker = OrderTracker()
        self.positions = PositionManager(method)
        self.stop = self.positions.follow(self.tracker)
        self.booked: list[tuple[str, str, Decimal, Decimal]] = []
        for name, symbol, side in ORDERS:
            self.tracker.create_order(name, symbol, side, "LIMIT", "1000", "100")
            self.tracker.set_exchange_id(name, f"x-{name}")

    def play(self, step: tuple[Any, ...]) -> None:
        getattr(self, step[0])(*step[1:])

    def fill(self, name: str, qty: Decimal, price: Decimal, asset: str | None, fee: Decimal) -> None:
        trade = str(len(self.booked))
        self.booked.append((name, trade, qty, price))
        self.tracker.add_fill(name, qty, price, None if asset is None else fee, asset, trade_id=trade)

    def report(self, name: str, qty: Decimal, price: Decimal) -> None:
        order = self.order(name)
        known = order.gross_filled_qty
        cost = round(sum((fill.qty * fill.price for fill in order.fills), Decimal(0)) + qty * price, 8)
        self.tracker.apply(
            OrderUpdate(
                symbol=order.symbol,
                client_order_id=name,
                exchange_order_id=f"x-{name}",
                state=OrderState.PARTIALLY_FILLED,
                filled_qty=known + qty,
                filled_cost=cost,
            )
        )

    def infer(self, name: str) -> None:
        fill = self.tracker.infer_residual(name)
        if fill is not None:
            self.tracker.apply(fill)

    def void(self, number: int) -> None:
        if number < len(self.booked):
            name, trade, _, _ = self.booked[number]
            self.tracker.apply(FillVoided(symbol=self.order(name).symbol, trade_id=trade, client_order_id=name))

    def enrich(self, number: int) -> None:
        if number < len(self.booked):
            name, trade, qty, price = self.booked[number]
            self.tracker.add_fill(name, qty, price, "0.002", self.order(name).symbol[:3], trade_id=trade)

    def restart(self) -> None:
        self.stop()
        self.positions = PositionManager.load(json.loads(json.dumps(self.positions.dump())))
        self.stop = self.positions.follow(self.tracker)

    def order(self, name: str) -> InFlightOrder:
        order = self.tracker.get_order(name)
        assert order is not None
        return order

    def fills(self, symbol: str) -> list[tuple[int, OrderFill]]:
        """What the orders themselves say now: sign and fill."""
        return [
            (1 if order.side is Side.BUY else -1, fill)
            for order in self.tracker.get_orders()
            if order.symbol == symbol
            for fill in order.fills
        ]


def played(steps: list[tuple[Any, ...]], method: CostMethod) -> Iterator[Life]:
    """The life after each step, with figures of the test's own that are exact too."""
    with localcontext(Context(prec=300)):
        life = Life(method)
        for step in steps:
            life.play(step)
            yield life


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=25), st.sampled_from(CostMethod))
def test_I13_a_position_is_the_sum_of_its_signed_fills_less_the_fees_in_its_base_asset(
    steps: list[tuple[Any, ...]], method: CostMethod
) -> None:
    for life in played(steps, method):
        for symbol in SYMBOLS:
            expected = sum((sign * fill.qty for sign, fill in life.fills(symbol)), Decimal(0))
            base_fees = sum(
                (fill.fee or Decimal(0) for _, fill in life.fills(symbol) if fill.fee_asset == symbol[:3]), Decimal(0)
            )
            assert life.positions.position(symbol).qty == expected - base_fees
        for name, _, _ in ORDERS:
            assert life.positions.booked(name) == sum((fill.qty for fill in life.order(name).fills), Decimal(0))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(STEP.filter(lambda step: step[0] not in ("report", "infer")), max_size=25),
    st.sampled_from(CostMethod),
    st.tuples(PRICE, PRICE),
)
def test_I14_gains_less_fees_are_what_the_account_is_worth_more_to_the_last_digit(
    steps: list[tuple[Any, ...]], method: CostMethod, marks: tuple[Decimal, Decimal]
) -> None:
    for life in played(steps, method):
        prices = dict(zip(SYMBOLS, marks, strict=True))
        for symbol, mark in prices.items():
            base = symbol[:3]
            held = {base: Decimal(0), "USDT": Decimal(0)}
            for sign, fill in life.fills(symbol):
                assert fill.kind is FillKind.REAL
                held[base] += sign * fill.qty
                held["USDT"] -= sign * fill.qty * fill.price
                if fill.fee is not None and fill.fee_asset in held:
                    held[fill.fee_asset] -= fill.fee
            position = life.positions.position(symbol)
            gained = position.realised + position.unrealised(mark) - position.paid_in_quote
            assert gained == held[base] * mark + held["USDT"]
