"""The values that everything else speaks in: frozen, exact, aware of their time zone."""

from yunmin.core.data_contracts.account import AccountState, Balance, KeyRights
from yunmin.core.data_contracts.base import Contract, UtcDatetime
from yunmin.core.data_contracts.decision import Decision, Intent
from yunmin.core.data_contracts.enums import (
    CancelState,
    Certainty,
    FillKind,
    Liquidity,
    OrderState,
    OrderType,
    Origin,
    Side,
    Source,
    TimeInForce,
    Verdict,
)
from yunmin.core.data_contracts.fill import Fill, synthetic_trade_id
from yunmin.core.data_contracts.instrument import Instrument, InstrumentStatus, Rule, Violation
from yunmin.core.data_contracts.market import BookLevel, Candle, OrderBook, PublicTrade, Ticker
from yunmin.core.data_contracts.money import to_decimal
from yunmin.core.data_contracts.order import OrderAck, OrderRef, OrderRequest, OrderUpdate
from yunmin.core.data_contracts.route import Route
from yunmin.core.data_contracts.stream import AccountNews, BalanceUpdate, StreamGap, StreamLost, StreamOpened, Transfer
from yunmin.core.data_contracts.timeframe import Timeframe
from yunmin.core.data_contracts.verdicts import CancelRequest, CancelResult, FillVoided, OrderSearched, SubmitResult

__all__ = [
    "AccountNews",
    "AccountState",
    "Balance",
    "BalanceUpdate",
    "BookLevel",
    "CancelRequest",
    "CancelResult",
    "CancelState",
    "Candle",
    "Certainty",
    "Contract",
    "Decision",
    "Fill",
    "FillKind",
    "FillVoided",
    "Instrument",
    "InstrumentStatus",
    "Intent",
    "KeyRights",
    "Liquidity",
    "OrderAck",
    "OrderBook",
    "OrderRef",
    "OrderRequest",
    "OrderSearched",
    "OrderState",
    "OrderType",
    "OrderUpdate",
    "Origin",
    "PublicTrade",
    "Route",
    "Rule",
    "Side",
    "Source",
    "StreamGap",
    "StreamLost",
    "StreamOpened",
    "SubmitResult",
    "Ticker",
    "TimeInForce",
    "Timeframe",
    "Transfer",
    "UtcDatetime",
    "Verdict",
    "Violation",
    "synthetic_trade_id",
    "to_decimal",
]
