"""I16: whatever is decided, filled, lost, cancelled or restarted, the account never exceeds a cap, at any instant.

What is held against the caps is the truth at the exchange, which the manager does not see: a request that has no answer
may be there or on its way, a fill may have happened that nobody was told of, a cancel may have worked.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from yunmin.clock import ManualClock
from yunmin.core.data_contracts import (
    CancelRequest,
    CancelResult,
    Fill,
    OrderRequest,
    OrderState,
    OrderUpdate,
    Side,
    SubmitResult,
    Verdict,
)
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_manager import PositionManager
from yunmin.core.tracker_state import dump, load
from yunmin.errors import RejectReason, RejectSource
from yunmin.execution.risk_manager import Approved, RiskManager
from yunmin.execution.state_file import StateFile

PRICES = {"BTC/USDT": Decimal(100), "ETH/USDT": Decimal(10)}
EQUITY = Decimal(10_000)
CAPS: dict[str, Any] = {
    "max_position_pct": "0.05",
    "max_total_notional": "700",
    "max_order_notional": "300",
    "max_open_orders": 3,
    "max_orders_per_minute": 5,
    "price_band": "0.1",
}

SYMBOL = st.sampled_from(sorted(PRICES))
SIDE = st.sampled_from(Side)
NOTIONAL = st.sampled_from([30, 100, 200, 270, 310])
OFF = st.sampled_from(["0.89", "0.9", "0.95", "1", "1.05", "1.1"])
PICK = st.integers(0, 50)


class Truth:
    """One order as it is at the exchange: `arrived` or on its way, alive or ended, and filled so far."""

    def __init__(self, request: OrderRequest) -> None:
        assert request.client_order_id is not None
        assert request.qty is not None
        self.name = request.client_order_id
        self.symbol, self.side, self.qty = request.symbol, request.side, request.qty
        self.alive = True
        self.arrived = False
        self.filled = Decimal(0)
        self.untold: list[Fill] = []

    @property
    def sign(self) -> int:
        return 1 if self.side is Side.BUY else -1

    def figures(self, state: OrderState) -> OrderUpdate:
        return OrderUpdate(
            symbol=self.symbol,
            client_order_id=self.name,
            exchange_order_id=f"x-{self.name}",
            state=state,
            side=self.side,
            qty=self.qty,
            filled_qty=self.filled,
            filled_cost=self.filled * PRICES[self.symbol],
        )


class World(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.folder = TemporaryDirectory()
        self.file = StateFile(Path(self.folder.name) / "risk.json")
        self.tracker = OrderTracker()
        self.positions = PositionManager()
        self.orders: list[Truth] = []
        self.sent_at: list[float] = []
        self.trades = 0
        self.begin_run()

    def begin_run(self) -> None:
        self.positions.follow(self.tracker)
        self.risk = RiskManager(clock=self.clock, file=self.file, equity=EQUITY, **CAPS)
        self.risk.bind(self.tracker, self.positions)
        for symbol, price in PRICES.items():
            self.risk.update_price(symbol, price)

    def teardown(self) -> None:
        self.folder.cleanup()

    def pick(self, number: int) -> Truth | None:
        return self.orders[number % len(self.orders)] if self.orders else None

    # --- what the program does ---------------------------------------------------------------------------------------

    @rule(symbol=SYMBOL, side=SIDE, notional=NOTIONAL, off=OFF)
    def decide(self, symbol: str, side: Side, notional: int, off: str) -> None:
        request = OrderRequest(
            symbol=symbol,
            side=side,
            order_type="LIMIT",
            qty=notional / PRICES[symbol],
            price=PRICES[symbol] * Decimal(off),
            client_order_id=f"o-{len(self.orders)}",
        )
        if not isinstance(self.risk.check(request), Approved):
            return
        if notional > Decimal(str(CAPS["max_order_notional"])):
            held = self.positions.position(symbol).qty
            assert (-held if side is Side.BUY else held) >= notional / PRICES[symbol], (
                "larger only to close what is held"
            )
        self.sent_at.append(self.clock.monotonic())
        self.orders.append(Truth(request))
        self.tracker.submit(request, created_at=self.clock.now())

    @rule(symbol=SYMBOL, side=SIDE, notionals=st.lists(NOTIONAL, min_size=2, max_size=6))
    def decide_at_once(self, symbol: str, side: Side, notionals: list[int]) -> None:
        for notional in notionals:
            self.decide(symbol, side, notional, "1")

    @rule(number=PICK, verdict=st.sampled_from(Verdict), arrived=st.booleans())
    def answer(self, number: int, verdict: Verdict, arrived: bool) -> None:
        order = self.pick(number)
        if order is None or not order.alive:
            return
        if verdict is Verdict.REJECTED and not order.arrived:
            order.alive = False
            self.tracker.apply(
                SubmitResult(
                    client_order_id=order.name,
                    verdict=verdict,
                    reason=RejectReason.NOT_SENT,
                    source=RejectSource.TRANSPORT,
                )
            )
        elif verdict is Verdict.ACCEPTED:
            order.arrived = True
            told = order.figures(OrderState.OPEN)
            self.tracker.apply(SubmitResult(client_order_id=order.name, verdict=verdict, update=told))
            self.tracker.apply(told)
        elif verdict is Verdict.UNKNOWN:
            order.arrived = order.arrived or arrived
            self.tracker.apply(SubmitResult(client_order_id=order.name, verdict=verdict))

    @rule(number=PICK)
    def cancel(self, number: int) -> None:
        order = self.pick(number)
        if order is not None:
            live = self.tracker.get_order(order.name)
            assert live is not None
            self.tracker.apply(CancelRequest(client_order_id=order.name, attempt=live.cancel_attempts + 1))

    @rule(number=PICK, verdict=st.sampled_from(Verdict), worked=st.booleans())
    def answer_the_cancel(self, number: int, verdict: Verdict, worked: bool) -> None:
        order = self.pick(number)
        if order is None or not order.arrived or not order.alive:
            return
        attempt = self.tracker.get_orders()[number % len(self.orders)].cancel_attempts
        if not attempt:
            return
        update = None
        if verdict is Verdict.ACCEPTED or (verdict is Verdict.UNKNOWN and worked):
            order.alive = False
        if verdict is Verdict.ACCEPTED:
            update = order.figures(OrderState.CANCELLED)
        self.tracker.apply(CancelResult(client_order_id=order.name, attempt=attempt, verdict=verdict, update=update))
        if update is not None:
            self.tracker.apply(update)

    @rule(seconds=st.sampled_from([0.5, 5.0, 30.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        for symbol, price in PRICES.items():
            self.risk.update_price(symbol, price)

    @rule()
    def restart(self) -> None:
        """Only what was written down is known: the tracker's state, the positions of some time ago, the losses."""
        saved = self.positions.dump()
        self.tracker = load(dump(self.tracker))
        self.positions = PositionManager.load(saved)
        self.begin_run()

    @rule()
    def restart_without_the_positions(self) -> None:
        self.tracker = load(dump(self.tracker))
        self.positions = PositionManager()
        self.begin_run()

    # --- what the exchange does, and tells ---------------------------------------------------------------------------

    @rule(number=PICK, share=st.sampled_from(["0.3", "0.5", "1"]), told=st.booleans())
    def fill(self, number: int, share: str, told: bool) -> None:
        order = self.pick(number)
        if order is None or not order.alive or order.filled == order.qty:
            return
        order.arrived = True
        qty = (order.qty - order.filled) * Decimal(share)
        order.filled += qty
        self.trades += 1
        order.untold.append(
            Fill(
                symbol=order.symbol,
                trade_id=str(self.trades),
                client_order_id=order.name,
                side=order.side,
                qty=qty,
                price=PRICES[order.symbol],
                fee="0",
                fee_asset="USDT",
            )
        )
        if told:
            self.tell_fills(number)

    @rule(number=PICK)
    def tell_fills(self, number: int) -> None:
        order = self.pick(number)
        if order is not None:
            for fill in order.untold:
                self.tracker.apply(fill)
            order.untold.clear()

    @precondition(lambda self: self.orders)
    @rule(number=PICK)
    def tell_figures(self, number: int) -> None:
        order = self.pick(number)
        assert order is not None
        if order.arrived:
            state = OrderState.FILLED if order.filled == order.qty else OrderState.CANCELLED
            self.tracker.apply(order.figures(OrderState.OPEN if order.alive and order.filled < order.qty else state))

    @rule(number=PICK)
    def infer(self, number: int) -> None:
        order = self.pick(number)
        fill = None if order is None else self.tracker.infer_residual(order.name)
        if fill is not None:
            self.tracker.apply(fill)

    # --- what must hold ----------------------------------------------------------------------------------------------

    def worst(self, symbol: str) -> Decimal:
        """The largest position that may come of what is true at the exchange now."""
        sums = {Side.BUY: Decimal(0), Side.SELL: Decimal(0)}
        held = Decimal(0)
        for order in self.orders:
            if order.symbol == symbol:
                held += order.sign * order.filled
                sums[order.side] += order.qty - order.filled if order.alive else 0
        return max(held + sums[Side.BUY], sums[Side.SELL] - held) * PRICES[symbol]

    @invariant()
    def I16_no_cap_is_exceeded(self) -> None:
        worst = {symbol: self.worst(symbol) for symbol in PRICES}
        assert max(worst.values()) <= Decimal(CAPS["max_position_pct"]) * EQUITY
        assert sum(worst.values()) <= Decimal(CAPS["max_total_notional"])
        assert sum(order.alive and order.filled < order.qty for order in self.orders) <= CAPS["max_open_orders"]

    @invariant()
    def the_manager_counts_no_less_than_the_truth(self) -> None:
        for symbol in PRICES:
            counted = self.risk.worst_notional(symbol)
            assert counted is not None
            assert counted >= self.worst(symbol)

    @invariant()
    def no_minute_has_too_many_orders(self) -> None:
        limit = int(CAPS["max_orders_per_minute"])
        for first, later in zip(self.sent_at, self.sent_at[limit:], strict=False):
            assert later - first >= 60


World.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


class TestI16NoSequenceExceedsACap(World.TestCase):  # type: ignore[misc, valid-type]  # hypothesis makes it
    """See the module."""

    def test_I16_no_sequence_of_decisions_fills_unknowns_cancels_and_restarts_exceeds_a_cap(self) -> None:
        self.runTest()
