"""One event of every kind that a run tells, for tests of what is made of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import UnionType
from typing import Final, get_args

from yunmin.core.candle_history import SeriesKey
from yunmin.core.candle_queue import CandleDelayed, CandleRefused, CandlesMissing
from yunmin.core.data_contracts import (
    Balance,
    BalanceUpdate,
    Candle,
    Decision,
    OrderState,
    OrderUpdate,
    Route,
    Side,
    StreamGap,
    StreamLost,
    StreamOpened,
    Timeframe,
    Transfer,
)
from yunmin.core.data_contracts.enums import CancelState, Certainty, FillKind, Liquidity, OrderType, Origin, TimeInForce
from yunmin.core.data_contracts.events import (
    Anomaly,
    AnomalyKind,
    FillConflict,
    FillEnriched,
    InferredFillReplaced,
    LateFill,
    OrderCancelled,
    OrderCancelRejected,
    OrderCancelRequested,
    OrderCompleted,
    OrderCorrected,
    OrderExpired,
    OrderFailed,
    OrderFill,
    OrderFilled,
    OrderFillVoided,
    OrderOpened,
    OrderQueryNeeded,
    OrderRejected,
    OrderResolved,
    OrderSnapshot,
    OrderSubmitted,
    OrderTermsChanged,
    OrderUncertain,
    Overfill,
)
from yunmin.core.order_tracker import OrderTracker
from yunmin.engine.run_events import (
    CandleTrouble,
    Decided,
    FeedTrouble,
    RouteSwitchedOff,
    RunEnded,
    RunEvent,
    RunStarted,
    StrategyFailed,
)
from yunmin.errors import RejectReason, RejectSource
from yunmin.execution.account_events import (
    BalanceDrift,
    ExternalOrderSeen,
    ReconcileFinished,
    ReconcileReport,
    ReconcileStarted,
    SubmitsChanged,
    Warned,
)
from yunmin.execution.gate import PauseReason
from yunmin.execution.order_tags import tag_of
from yunmin.execution.outcomes import Deferred, Held, Placed, Withdrawn
from yunmin.execution.risk_verdicts import Refused, RiskRule

D = Decimal
AT = datetime(2026, 1, 1, 12, 0, 0, 250_000, tzinfo=UTC)
BTC = "BTC/USDT"
ROUTE = Route(exchange="local", symbol=BTC, timeframe=Timeframe.M1, strategy_name="follow")
ORDER_ID = f"ym_0123456789abcdef{tag_of(ROUTE).route}e"
SERIES = SeriesKey("local", BTC, Timeframe.M1)
BUY = Decision.enter(BTC, Side.BUY, fraction="0.5", stop="41000", reason="averages crossed")

ORDER: Final = OrderSnapshot(
    client_order_id=ORDER_ID, exchange_order_id="77", symbol=BTC, side=Side.BUY, order_type=OrderType.LIMIT,
    time_in_force=TimeInForce.GTC, qty=D("0.1"), price=D("42000"), state=OrderState.PARTIALLY_FILLED,
    certainty=Certainty.CONFIRMED, cancel_state=CancelState.NONE, filled_qty=D("0.05"), average_price=D("42000"),
    unattributed_qty=D(0), overfill_qty=D(0), fee_amounts=(("BNB", D("0.001")),), fees_complete=True, origin=Origin.OWN,
    reject_reason=None, reject_source=None,
)  # fmt: skip
FILL: Final = OrderFill("9", D("0.05"), D("42000"), D("0.001"), "BNB", AT, Liquidity.TAKER, FillKind.REAL)
REFUSED: Final = ORDER._replace(
    state=OrderState.REJECTED, reject_reason=RejectReason.INSUFFICIENT_FUNDS, reject_source=RejectSource.EXCHANGE
)
DOUBTED: Final = ORDER._replace(certainty=Certainty.UNKNOWN)
REPORT: Final = ReconcileReport("the stream was lost", complete=True, open_orders=2, fills=1, resolved=0, adopted=0,
                                suspect=0, unknown=0, inferred=0, problem="")  # fmt: skip


def a_placed_order() -> Placed:
    tracker = OrderTracker()
    return Placed(tracker.create_order(ORDER_ID, BTC, "BUY", "LIMIT", "0.1", "42000"))


def decided(outcome: Placed | Deferred | Withdrawn | Held | Refused, decision: Decision = BUY) -> Decided:
    return Decided(AT, ROUTE, decision, outcome, by_itself=False)


EVENTS: Final[list[RunEvent]] = [
    RunStarted(AT, "a local venue", (ROUTE,)),
    RunEnded(AT, "Ctrl-C"),
    decided(a_placed_order()),
    decided(Deferred((ORDER_ID,)), Decision.exit(BTC, price="43000", qty="0.1")),
    Decided(AT, ROUTE, Decision.cancel(BTC), Withdrawn((ORDER_ID,)), by_itself=True),
    decided(Held(), Decision.hold(BTC, reason="warming up")),
    decided(
        Refused(RiskRule.MAX_DD, "the equity fell too far", {"max_dd": "0.15", "fell": "0.16"}),
        Decision.enter(BTC, Side.BUY, qty="1", take_profit="50000"),
    ),
    StrategyFailed(AT, ROUTE, "should_long", "ZeroDivisionError: division by zero (mine.py:3 in should_long)",
                   'Traceback (most recent call last):\n  File "mine.py", line 3, in should_long\nZeroDivisionError'),
    RouteSwitchedOff(AT, ROUTE, "its strategy failed 3 times in a row"),
    CandleTrouble(AT, CandleDelayed(SERIES, AT, timedelta(seconds=12.5))),
    CandleTrouble(AT, CandleRefused(SERIES, Candle(symbol=BTC, open_time=AT, open="1", high="1", low="1", close="1",
                                                   volume="1"), "it is not after the newest")),
    CandleTrouble(AT, CandlesMissing(SERIES, AT, AT + timedelta(minutes=3), 3)),
    FeedTrouble(AT, "candles are lost"),
    OrderSubmitted(1, ORDER._replace(state=OrderState.PENDING, filled_qty=D(0), average_price=None, fee_amounts=())),
    OrderOpened(2, ORDER, implied=False),
    OrderTermsChanged(3, ORDER, D("0.2"), D("42001")),
    OrderFilled(4, ORDER, OrderState.OPEN, FILL),
    OrderCompleted(5, ORDER, OrderState.OPEN),
    OrderCancelled(6, ORDER, OrderState.OPEN),
    OrderExpired(7, ORDER, OrderState.OPEN),
    OrderRejected(8, REFUSED, OrderState.PENDING),
    OrderFailed(9, ORDER, OrderState.PENDING),
    OrderCorrected(10, ORDER, OrderState.FAILED),
    OrderCancelRequested(11, ORDER, 1),
    OrderCancelRejected(12, ORDER, 1, "unknown order"),
    OrderUncertain(13, DOUBTED, "the answer did not come"),
    OrderResolved(14, ORDER),
    LateFill(15, ORDER, FILL),
    Overfill(16, ORDER),
    FillConflict(17, ORDER, FILL, FILL._replace(qty=D("0.06"))),
    FillEnriched(18, ORDER, FILL),
    OrderFillVoided(19, ORDER, "9"),
    InferredFillReplaced(20, ORDER, D("0.01")),
    OrderQueryNeeded(21, ORDER, "filled, and a fill is missing"),
    Anomaly(22, AnomalyKind.UNKNOWN_ORDER, "ym_x", "nobody knows it", object()),
    BalanceUpdate(balances=(Balance(asset="USDT", free="5", locked="1"),), as_of=AT),
    Transfer(asset="USDT", amount="-5", ts=AT),
    StreamOpened(at=AT),
    StreamLost(since=AT, why="closed by the exchange"),
    StreamGap(start=AT, end=AT + timedelta(seconds=2), why="reconnected"),
    ReconcileStarted(AT, "the stream was lost"),
    ReconcileFinished(AT, REPORT),
    ReconcileFinished(AT, REPORT._replace(complete=False, resolved=1, adopted=1, suspect=1, unknown=1, inferred=1,
                                          problem="it did not answer")),
    SubmitsChanged(AT, {}),
    SubmitsChanged(AT, {PauseReason.CLOSING: "the account is being closed"}),
    SubmitsChanged(AT, {PauseReason.STREAM_LOST: "closed"}),
    SubmitsChanged(AT, {PauseReason.KILLED: "pulled", PauseReason.STREAM_LOST: "closed"}),
    ExternalOrderSeen(AT, OrderUpdate(symbol=BTC, client_order_id="web_1", exchange_order_id="5", qty="1", price="2",
                                      side=Side.SELL, state=OrderState.OPEN, order_type=OrderType.LIMIT)),
    BalanceDrift(AT, "USDT", D("5"), D("6")),
    Warned(AT, "the clock is off by a second"),
]  # fmt: skip


def kinds_of_events() -> set[type]:
    """Every class in `RunEvent`."""

    def flat(each: object) -> set[type]:
        return set().union(*map(flat, get_args(each))) if isinstance(each, UnionType) else {each}  # type: ignore[arg-type]

    return flat(RunEvent)
