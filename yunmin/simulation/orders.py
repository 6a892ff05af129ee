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
    from yunmin.simulation.order_index import OrderIndex
    from yunmin.simulation.order_lists import OrderList
    from yunmin.simulation.plans import Plan
    from yunmin.simulation.trails import Trail

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
    "Peg",
    "PegSide",
    "PreventedMatch",
    "Refusal",
    "SelfTradePrevention",
    "Trade",
]

# looked up once: a member of an enum costs a call each time
_OPEN = OrderState.OPEN
_PARTIALLY_FILLED = OrderState.PARTIALLY_FILLED

# most orders never trade: they share this, and the first fill brings a list of their own
_NO_FILLS: list[AccountFill] = []


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
    ICEBERG_TOO_LARGE = "ICEBERG_TOO_LARGE"
    NO_LEVEL_TO_PEG_TO = "NO_LEVEL_TO_PEG_TO"
    NOT_SIZED_YET = "NOT_SIZED_YET"


class ExpiryReason(StrEnum):
    """Why the engine ended an order that nobody cancelled."""

    UNFILLED_IOC = "UNFILLED_IOC"
    UNFILLED_FOK = "UNFILLED_FOK"
    NO_LIQUIDITY = "NO_LIQUIDITY"
    NO_FUNDS = "NO_FUNDS"
    SELF_TRADE = "SELF_TRADE"
    LIST_DECIDED = "LIST_DECIDED"
    WORKING_ORDER_ENDED = "WORKING_ORDER_ENDED"
    REFUSED_AT_WORK = "REFUSED_AT_WORK"
    PRICE_OUT_OF_BOUNDS = "PRICE_OUT_OF_BOUNDS"


class SelfTradePrevention(StrEnum):
    """What a taker asks for where it would trade with an order of its own account or trade group.

    DECREMENT takes from both. TRANSFER, where both orders ask for it, does too, and what it takes changes hands between
    the accounts of the group, without a trade and without fees.
    """

    NONE = "NONE"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"
    DECREMENT = "DECREMENT"
    TRANSFER = "TRANSFER"


class PegSide(StrEnum):
    """The side of the book from which a pegged order takes its price."""

    OWN = "OWN"
    OPPOSITE = "OPPOSITE"


class Peg(NamedTuple):
    """A price that the book gives at the moment when the order goes to work: the best one of a side.

    `level` asks for one that is so many levels deeper.
    """

    side: PegSide
    level: int | None = None


class NewOrder(NamedTuple):
    """A command to place. A market order has no price; it gives `qty` or (to spend or receive quote) `quote_qty`.

    `stop_price` is the last traded price for which a conditional order waits. With `trailing_delta` (hundredths of a
    percent) it waits for a turn of the price instead, which it begins to follow at its stop price, or at once without
    one. `iceberg_qty` is the part that the book shows at a time. With `peg`, `price` is only a limit, 0 for none.
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
    trailing_delta: int = 0
    iceberg_qty: int = 0
    peg: Peg | None = None


class Order:
    """An order as the engine holds it: mutable, and only the engine changes it.

    `asked` is the command that it came from. `price` is the one it works at, 0 for a market order and for a pegged one
    that does not work yet. `locked` is what is still set aside for it: quote units when buying, base units when
    selling; `reserved_at` is the price by which a buy without a price of its own does so while it waits.
    `working_since` is when it began to trade or to rest in the book; 0 while it waits. `is_pending` says that it waits
    for the working order of its list. `hidden` is what an iceberg order does not show yet. `prevented` is the quantity
    that ended instead of a trade with itself.
    """

    __slots__ = (
        "account",
        "asked",
        "client_order_id",
        "created",
        "expiry_reason",
        "fills",
        "group",
        "hidden",
        "id",
        "index",
        "is_buy",
        "is_pending",
        "level",
        "locked",
        "market",
        "next",
        "owner",
        "prev",
        "prevented",
        "prevented_match",
        "price",
        "qty",
        "quote_spent",
        "remaining",
        "reserved_at",
        "state",
        "trail",
        "updated",
        "working_since",
    )

    def __init__(self, order_id: int, new: NewOrder, owner: Account, index: OrderIndex, plan: Plan, now: int) -> None:
        self.id = order_id
        self.asked = new
        self.owner = owner
        self.index = index
        self.account = new.account
        self.market = new.market
        self.client_order_id = new.client_order_id
        self.is_buy, self.qty, self.locked, self.price, self.reserved_at, is_waiting, _ = plan
        self.remaining = self.qty
        self.hidden = self.prevented = self.quote_spent = 0
        self.working_since = 0 if is_waiting else now
        self.is_pending = False
        self.state = _OPEN
        self.created = self.updated = now
        self.fills: list[AccountFill] = _NO_FILLS
        self.expiry_reason: ExpiryReason | None = None
        self.prevented_match: int | None = None
        self.group: OrderList | None = None
        self.trail: Trail | None = None
        self.level: Level | None = None
        self.prev: Order | None = None
        self.next: Order | None = None

    @property
    def filled(self) -> int:
        return self.qty - self.remaining - self.prevented

    def add_fill(self, fill: AccountFill) -> None:
        """Write down that it has traded."""
        if self.fills:
            self.fills.append(fill)
        else:
            self.fills = [fill]

    @property
    def side(self) -> Side:
        return Side.BUY if self.is_buy else Side.SELL

    @property
    def is_open(self) -> bool:
        return self.state is _OPEN or self.state is _PARTIALLY_FILLED

    @property
    def order_type(self) -> OrderType:
        return self.asked.order_type

    @property
    def time_in_force(self) -> TimeInForce:
        return self.asked.time_in_force

    @property
    def stop_price(self) -> int:
        return self.asked.stop_price

    @property
    def quote_qty(self) -> int:
        return self.asked.quote_qty

    @property
    def self_trade(self) -> SelfTradePrevention:
        return self.asked.self_trade


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
    """A trade that did not happen because both orders were of one account, or of one `trade_group` (-1: of none).

    `taker_qty` and `maker_qty` are how much of each ended instead, `qty` is what would have been traded. `mode` is the
    one that took effect.
    """

    id: int
    market: str
    taker_account: str
    maker_account: str
    trade_group: int
    taker_order_id: int
    maker_order_id: int
    mode: SelfTradePrevention
    price: int
    qty: int
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
    """What happened to an order, or to the list that it belongs to.

    RELEASED is said of an order that waited for the working order of its list, when that is filled.
    """

    ACCEPTED = "ACCEPTED"
    RELEASED = "RELEASED"
    TRIGGERED = "TRIGGERED"
    AMENDED = "AMENDED"
    TRADED = "TRADED"
    PREVENTED = "PREVENTED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    LIST_STARTED = "LIST_STARTED"
    LIST_RENAMED = "LIST_RENAMED"
    LIST_DONE = "LIST_DONE"


class EngineEvent(NamedTuple):
    """One thing that happened, told at the moment it happens: `order` is live, so copy what you keep."""

    kind: EventKind
    time: int
    order: Order
    fill: AccountFill | None


Listener = Callable[[EngineEvent], None]
