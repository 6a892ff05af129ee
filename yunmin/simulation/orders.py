"""What goes into the matching engine and what comes out: orders, trades, fills, refusals, events.

All prices, quantities and amounts are whole units of 10^-8 (see `units`); all times are microseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from yunmin.core.data_contracts.enums import OrderState, OrderType, Side, TimeInForce
from yunmin.errors import ConfigurationError

if TYPE_CHECKING:
    from yunmin.simulation.ledger import Account
    from yunmin.simulation.order_book import Level
    from yunmin.simulation.order_lists import OrderList

__all__ = [
    "AccountFill",
    "Amendment",
    "EngineEvent",
    "EventKind",
    "ExpiryReason",
    "Listener",
    "Market",
    "NewOrder",
    "Order",
    "PreventedMatch",
    "Refusal",
    "SelfTradePrevention",
    "Trade",
]


@dataclass(frozen=True, slots=True)
class Market:
    """One market's name, assets and grid. `tick` is the price step, `step` the quantity step."""

    symbol: str
    base: str
    quote: str
    tick: int
    step: int

    def __post_init__(self) -> None:
        if self.tick <= 0 or self.step <= 0:
            raise ConfigurationError(f"{self.symbol}: tick and step must be more than zero")
        if self.base == self.quote:
            raise ConfigurationError(f"{self.symbol}: base and quote are the same asset")


class Refusal(StrEnum):
    """Why the engine did not do what was asked. Nothing has changed then."""

    UNKNOWN_MARKET = "UNKNOWN_MARKET"
    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    UNSUPPORTED_TYPE = "UNSUPPORTED_TYPE"
    DUPLICATE_CLIENT_ID = "DUPLICATE_CLIENT_ID"
    OFF_GRID = "OFF_GRID"
    NO_CHANGE = "NO_CHANGE"
    WOULD_GROW = "WOULD_GROW"
    WOULD_TAKE = "WOULD_TAKE"
    WOULD_TRIGGER = "WOULD_TRIGGER"
    EMPTY_BOOK = "EMPTY_BOOK"
    BELOW_ONE_STEP = "BELOW_ONE_STEP"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"


class ExpiryReason(StrEnum):
    """Why the engine ended an order that nobody cancelled."""

    UNFILLED_IOC = "UNFILLED_IOC"
    UNFILLED_FOK = "UNFILLED_FOK"
    NO_LIQUIDITY = "NO_LIQUIDITY"
    NO_FUNDS = "NO_FUNDS"
    SELF_TRADE = "SELF_TRADE"
    LIST_DECIDED = "LIST_DECIDED"


class SelfTradePrevention(StrEnum):
    """What a taker asks for where it would trade with an order of its own account. DECREMENT takes from both."""

    NONE = "NONE"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"
    DECREMENT = "DECREMENT"


class NewOrder(NamedTuple):
    """A command to place. A market order has no price; it gives `qty` or (to spend or receive quote) `quote_qty`.

    `stop_price` is the last traded price for which a conditional order waits.
    """

    account: str
    market: str
    side: Side
    order_type: OrderType
    client_order_id: str
    qty: int = 0
    price: int = 0
    quote_qty: int = 0
    time_in_force: TimeInForce = TimeInForce.GTC
    stop_price: int = 0
    self_trade: SelfTradePrevention = SelfTradePrevention.NONE


class Order:
    """An order as the engine holds it: mutable, and only the engine changes it.

    `locked` is what is still set aside for it: quote units when buying, base units when selling. `working_since` is
    when it began to trade or to rest in the book; 0 while it waits for its stop price. `prevented` is the quantity that
    ended instead of a trade with itself.
    """

    __slots__ = (
        "account",
        "client_order_id",
        "created",
        "expiry_reason",
        "fills",
        "group",
        "id",
        "is_buy",
        "level",
        "locked",
        "market",
        "next",
        "order_type",
        "owner",
        "prev",
        "prevented",
        "prevented_match",
        "price",
        "qty",
        "quote_qty",
        "quote_spent",
        "remaining",
        "self_trade",
        "state",
        "stop_price",
        "time_in_force",
        "updated",
        "working_since",
    )

    def __init__(self, order_id: int, new: NewOrder, owner: Account, *, qty: int, locked: int, now: int) -> None:
        self.id = order_id
        self.owner = owner
        self.account = new.account
        self.market = new.market
        self.is_buy = new.side is Side.BUY
        self.order_type = new.order_type
        self.client_order_id = new.client_order_id
        self.price = new.price
        self.stop_price = new.stop_price
        self.self_trade = new.self_trade
        self.quote_qty = new.quote_qty
        self.time_in_force = new.time_in_force
        self.qty = qty
        self.remaining = qty
        self.prevented = 0
        self.prevented_match: int | None = None
        self.quote_spent = 0
        self.locked = locked
        self.state = OrderState.OPEN
        self.expiry_reason: ExpiryReason | None = None
        self.created = now
        self.updated = now
        self.working_since = 0 if new.stop_price else now
        self.fills: list[AccountFill] = []
        self.group: OrderList | None = None
        self.level: Level | None = None
        self.prev: Order | None = None
        self.next: Order | None = None

    @property
    def filled(self) -> int:
        return self.qty - self.remaining - self.prevented

    @property
    def side(self) -> Side:
        return Side.BUY if self.is_buy else Side.SELL

    @property
    def is_open(self) -> bool:
        return self.state is OrderState.OPEN or self.state is OrderState.PARTIALLY_FILLED


class Trade(NamedTuple):
    """One trade as everybody sees it. `cost` is in quote units; `buyer_is_maker` says which side had been resting."""

    id: int
    price: int
    qty: int
    cost: int
    time: int
    buyer_is_maker: bool
    taker_order_id: int
    buy_order_id: int
    sell_order_id: int


class Amendment(NamedTuple):
    """An open order made smaller where it stands, under a new client order id."""

    id: int
    market: str
    order_id: int
    old_client_order_id: str
    new_client_order_id: str
    old_qty: int
    new_qty: int
    time: int


class PreventedMatch(NamedTuple):
    """A trade that did not happen because both orders were of `account`, and how much of each ended instead."""

    id: int
    market: str
    account: str
    taker_order_id: int
    maker_order_id: int
    mode: SelfTradePrevention
    price: int
    taker_qty: int
    maker_qty: int
    time: int


class AccountFill(NamedTuple):
    """One trade as one of its two orders sees it, with the fee that its account paid."""

    market: str
    trade_id: int
    order_id: int
    client_order_id: str
    price: int
    qty: int
    cost: int
    fee: int
    fee_asset: str
    time: int
    is_buyer: bool
    is_maker: bool


class EventKind(StrEnum):
    """What happened to an order."""

    ACCEPTED = "ACCEPTED"
    TRIGGERED = "TRIGGERED"
    AMENDED = "AMENDED"
    TRADED = "TRADED"
    PREVENTED = "PREVENTED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class EngineEvent(NamedTuple):
    """One thing that happened, told at the moment it happens: `order` is live, so copy what you keep."""

    kind: EventKind
    time: int
    order: Order
    fill: AccountFill | None


Listener = Callable[[EngineEvent], None]
