"""An exchange without a wire, behind the same port as the others: one account on a matching engine in this process.

What it answers is decided by the engine at the moment of the call; every method returns without waiting. News of the
account goes to its streams as it happens: the fill first, then the order as it stands.
"""

from __future__ import annotations

import re
from asyncio import Event
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import Final, Protocol, Self

from yunmin.clock import Clock, seeded
from yunmin.core.data_contracts import (
    AccountNews,
    AccountState,
    Balance,
    BalanceUpdate,
    Candle,
    Fill,
    Instrument,
    Liquidity,
    OrderAck,
    OrderBook,
    OrderRef,
    OrderRequest,
    OrderType,
    OrderUpdate,
    PublicTrade,
    Side,
    Source,
    StreamOpened,
    Ticker,
    TimeInForce,
)
from yunmin.errors import (
    ConfigurationError,
    DuplicateOrder,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    Rejected,
    RejectReason,
    RejectSource,
    UnknownSymbol,
)
from yunmin.exchange import Capability, ExchangeConnector, Support, Traits
from yunmin.simulation.market_floor import MarketFloor
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.order_index import OrderIndex
from yunmin.simulation.orders import AccountFill, EngineEvent, Market, NewOrder, Order, Refusal
from yunmin.simulation.paper_rules import PAPER_ORDER_TYPES
from yunmin.simulation.paper_views import book_of, candles_of, ticker_of, trades_of
from yunmin.simulation.stops import STOP_LIMIT_TYPES
from yunmin.simulation.units import from_micros, from_units, to_micros, to_units

__all__ = ["PAPER_TRAITS", "Keeper", "PaperConnector", "PaperStream", "fill_of", "update_of"]

PAPER_TRAITS: Final = Traits(
    name="paper",
    title="Paper",
    support={
        Capability.LIMIT_ORDER: Support.FULL,
        Capability.MARKET_ORDER: Support.FULL,
        Capability.MARKET_ORDER_BY_QUOTE: Support.FULL,
        Capability.POST_ONLY: Support.FULL,
        Capability.IMMEDIATE_OR_CANCEL: Support.FULL,
        Capability.FILL_OR_KILL: Support.FULL,
        Capability.STOP_ORDER: Support.FULL,
        Capability.CLIENT_ORDER_ID: Support.FULL,
        Capability.FETCH_BY_CLIENT_ORDER_ID: Support.FULL,
        Capability.OPEN_ORDERS_OF_ALL_SYMBOLS: Support.FULL,
        Capability.ORDER_HISTORY: Support.FULL,
        Capability.FILLS_OF_ORDER: Support.FULL,
        Capability.CANCEL_ALL: Support.FULL,
        Capability.TICKER: Support.FULL,
        Capability.ORDER_BOOK: Support.FULL,
        Capability.PUBLIC_TRADES: Support.FULL,
        Capability.CANDLES: Support.FULL,
        Capability.ACCOUNT_STREAM: Support.FULL,
        Capability.DEAD_MAN_SWITCH: Support.NEVER,
    },
    order_types=PAPER_ORDER_TYPES,
    times_in_force=frozenset(TimeInForce),
    client_order_id_pattern=r"[a-zA-Z0-9_-]{1,36}",
    client_order_id_prefix="ym-",
    client_order_id_max_length=36,
    ids_unique_per_symbol=True,
    ids_reusable_after_end=True,
    placement_fence=0.0,
    fills_page=1000,
    history_page=1000,
)

_TIMED: Final = STOP_LIMIT_TYPES | {OrderType.LIMIT}

_ID: Final = re.compile(PAPER_TRAITS.client_order_id_pattern, re.ASCII).fullmatch

_REFUSED: Final[dict[Refusal, tuple[type[Rejected], RejectReason]]] = {
    Refusal.UNKNOWN_MARKET: (UnknownSymbol, RejectReason.UNKNOWN_SYMBOL),
    Refusal.DUPLICATE_CLIENT_ID: (DuplicateOrder, RejectReason.DUPLICATE_ID),
    Refusal.INSUFFICIENT_FUNDS: (InsufficientFunds, RejectReason.INSUFFICIENT_FUNDS),
    Refusal.WOULD_TAKE: (InvalidOrder, RejectReason.POST_ONLY),
    Refusal.WOULD_TRIGGER: (InvalidOrder, RejectReason.INVALID_REQUEST),
    Refusal.UNKNOWN_ORDER: (OrderNotFound, RejectReason.UNKNOWN_ORDER),
}


class Keeper(Protocol):
    """What stands around an engine: it brings a market up to date, and writes down what happened to an account."""

    def prepare(self, symbol: str) -> None:
        """An order is about to be placed, or the market to be shown. Raises Rejected where that cannot be."""
        ...

    def write_down(self) -> None:
        """A command has been carried out; nobody has been told yet. Raises OutcomeUnknown where it cannot be kept."""
        ...


class _NoKeeper:
    def prepare(self, symbol: str) -> None:
        """The engine's books are the market."""

    def write_down(self) -> None:
        """Nothing outlives the engine."""


class PaperConnector(ExchangeConnector):
    """One `account` of `engine`. Several connectors may share an engine: they trade with one another.

    `instruments` are the rules that orders are held against, by symbol; without them, those of the engine's grids.
    """

    def __init__(
        self,
        engine: MatchingEngine,
        account: str,
        clock: Clock,
        *,
        seed: int | str = 0,
        instruments: Mapping[str, Instrument] | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        owner = engine.ledger.account(account)
        if owner is None:
            raise ConfigurationError(f"no such account: {account!r}")
        self._owner = owner
        self.traits = PAPER_TRAITS
        self._engine = engine
        self._account = account
        self._clock = clock
        self._chance = seeded(f"paper-{account}-{seed}")
        self._instruments = instruments or {market.symbol: _instrument_of(market) for market in engine.markets}
        self._keeper: Keeper = keeper or _NoKeeper()
        self._streams: list[PaperStream] = []
        self._is_listening = False
        self._is_closed = False

    async def connect(self) -> None:
        self._is_closed = False
        if not self._is_listening:
            self._engine.listen(self._on_event)
            self._is_listening = True

    async def close(self) -> None:
        self._is_closed = True
        for stream in tuple(self._streams):
            await stream.aclose()

    def new_client_order_id(self) -> str:
        return f"{self.traits.client_order_id_prefix}{self._chance.getrandbits(88):022x}"

    async def server_time(self) -> datetime:
        self._require_open()
        return from_micros(self._engine.now())

    async def fetch_instruments(self) -> Mapping[str, Instrument]:
        self._require_open()
        return dict(self._instruments)

    async def fetch_account(self) -> AccountState:
        self._require_open()
        fees = self._owner.fees
        return AccountState(
            balances={balance.asset: balance for balance in self._balances() if balance.total},
            as_of=from_micros(self._engine.now()),
            maker_rate=from_units(fees.maker),
            taker_rate=from_units(fees.taker),
        )

    # --- commands ----------------------------------------------------------------------------------------------------

    async def place_order(self, request: OrderRequest) -> OrderAck:
        return self.place_now(request)

    async def cancel_order(self, ref: OrderRef) -> OrderUpdate:
        return self.cancel_now(ref)

    def place_now(self, request: OrderRequest) -> OrderAck:
        """As `place_order`, for callers that do not wait."""
        new = self._as_new(self._checked(request))
        placed = self._engine.place(new)
        if isinstance(placed, Refusal):
            raise _refused(placed)
        self._keeper.write_down()
        return OrderAck(
            update=update_of(placed, Source.ACK), fills=tuple(fill_of(fill, Source.ACK) for fill in placed.fills)
        )

    def cancel_now(self, ref: OrderRef) -> OrderUpdate:
        """As `cancel_order`, for callers that do not wait."""
        order = self._find(ref)
        ended = self._engine.cancel(self._account, order.market, order.id)
        if isinstance(ended, Refusal):
            raise _refused(ended)
        self._keeper.write_down()
        return update_of(ended, Source.ACK)

    async def cancel_all_orders(self, symbol: str) -> Sequence[OrderUpdate]:
        """Cancel every open order of a symbol; empty when there was none."""
        self._require_market(symbol)
        found = self._orders.open_orders(symbol)
        for order in found:
            self._engine.cancel(self._account, symbol, order.id)
        self._keeper.write_down()
        return [update_of(order, Source.ACK) for order in found]

    # --- questions ---------------------------------------------------------------------------------------------------

    async def fetch_order(self, ref: OrderRef) -> OrderUpdate:
        return update_of(self._find(ref))

    async def fetch_open_orders(self, symbol: str | None = None) -> Sequence[OrderUpdate]:
        self._require_open()
        if symbol is not None:
            self._require_market(symbol)
        return [update_of(order) for order in self._orders.open_orders(symbol)]

    async def fetch_order_history(
        self, symbol: str, *, since: datetime | None = None, limit: int = 100
    ) -> Sequence[OrderUpdate]:
        self._require_market(symbol)
        orders = self._orders.orders(symbol)
        if limit <= 0:
            return []
        if since is None:
            return [update_of(order) for order in reversed(orders[-limit:])]
        start = to_micros(since)
        return [update_of(order) for order in reversed([one for one in orders if one.created >= start][:limit])]

    async def fetch_fills(
        self,
        symbol: str,
        *,
        exchange_order_id: str | None = None,
        from_trade_id: str | None = None,
        since: datetime | None = None,
        limit: int = 500,
    ) -> Sequence[Fill]:
        self._require_market(symbol)
        first = 0 if from_trade_id is None else int(from_trade_id)
        start = 0 if since is None else to_micros(since)
        found: Iterable[AccountFill] = (
            fill for fill in self._orders.fills(symbol) if fill.trade_id >= first and fill.time >= start
        )
        if exchange_order_id is not None:
            found = (fill for fill in found if fill.order_id == int(exchange_order_id))
        return [fill_of(fill) for fill in found][:limit]

    @property
    def is_heard(self) -> bool:
        """Whether all that was told to this connector's streams has been taken by their readers."""
        return not any(stream.has_news for stream in self._streams)

    def stream_account(self) -> PaperStream:
        """Orders, fills and balances of this account, as they happen."""
        return PaperStream(self._clock, self._streams)

    # --- what the market shows ---------------------------------------------------------------------------------------

    async def fetch_ticker(self, symbol: str) -> Ticker:
        return ticker_of(self._shown(symbol))

    async def fetch_order_book(self, symbol: str, *, limit: int = 100) -> OrderBook:
        return book_of(self._shown(symbol), limit)

    async def fetch_trades(self, symbol: str, *, limit: int = 100) -> Sequence[PublicTrade]:
        return trades_of(self._shown(symbol), limit)

    async def fetch_candles(
        self, symbol: str, timeframe: str, *, since: datetime | None = None, limit: int = 500
    ) -> Sequence[Candle]:
        return candles_of(self._shown(symbol), timeframe, now=self._engine.now(), since=since, limit=limit)

    # --- inside ------------------------------------------------------------------------------------------------------

    @property
    def _orders(self) -> OrderIndex:
        return self._engine.orders_of(self._account)

    def _require_open(self) -> None:
        if self._is_closed:
            raise ConfigurationError("this connector is closed")

    def _require_market(self, symbol: str) -> Instrument:
        self._require_open()
        market = self._instruments.get(symbol)
        if market is None:
            raise UnknownSymbol(f"no market {symbol[:40]!r} here", source=RejectSource.LOCAL)
        return market

    def _shown(self, symbol: str) -> MarketFloor:
        self._require_market(symbol)
        self._keeper.prepare(symbol)
        return self._engine.floor(symbol)

    def _checked(self, request: OrderRequest) -> OrderRequest:
        market = self._require_market(request.symbol)
        if request.client_order_id is not None and _ID(request.client_order_id) is None:
            raise InvalidOrder("a client order id has 1 to 36 letters, digits, _ or -", source=RejectSource.LOCAL)
        self._keeper.prepare(request.symbol)
        last = self._engine.floor(request.symbol).tape.last_price
        violations = market.violations(request, reference_price=from_units(last) if last else None)
        if violations:
            raise InvalidOrder(
                "; ".join(map(str, violations)), reason=RejectReason.RULE_VIOLATION, source=RejectSource.LOCAL
            )
        return request

    def _as_new(self, request: OrderRequest) -> NewOrder:
        return NewOrder(
            account=self._account,
            market=request.symbol,
            side=request.side,
            order_type=request.order_type,
            client_order_id=request.client_order_id or self.new_client_order_id(),
            qty=_units(request.qty),
            price=_units(request.price),
            quote_qty=_units(request.quote_qty),
            time_in_force=request.time_in_force if request.order_type in _TIMED else TimeInForce.GTC,
            stop_price=_units(request.trigger_price),
        )

    def _find(self, ref: OrderRef) -> Order:
        self._require_market(ref.symbol)
        index = self._orders
        if ref.exchange_order_id is not None:
            is_number = ref.exchange_order_id.isascii() and ref.exchange_order_id.isdigit()
            order = index.by_id(ref.symbol, int(ref.exchange_order_id)) if is_number else None
        else:
            order = index.by_client_id(ref.symbol, ref.client_order_id or "")
        if order is None or ref.client_order_id not in (None, order.client_order_id):
            raise OrderNotFound(f"no order {ref.client_order_id or ref.exchange_order_id} on {ref.symbol}")
        return order

    def _balances(self) -> list[Balance]:
        account = self._owner
        return [
            Balance(asset=asset, free=from_units(account.free[asset]), locked=from_units(account.locked[asset]))
            for asset in account.assets()
        ]

    def _on_event(self, event: EngineEvent) -> None:
        if event.order.account != self._account or not self._streams:
            return
        news: list[AccountNews] = [] if event.fill is None else [fill_of(event.fill, Source.STREAM)]
        news += [update_of(event.order, Source.STREAM), BalanceUpdate(balances=tuple(self._balances()))]
        for stream in self._streams:
            stream.put(news)


class PaperStream:
    """A stream that is never cut: what the engine does is in it at once."""

    def __init__(self, clock: Clock, streams: list[PaperStream]) -> None:
        self._clock = clock
        self._streams = streams
        self._waiting: deque[AccountNews] = deque()
        self._signal = Event()
        self._is_closed = False

    @property
    def has_news(self) -> bool:
        """Whether something waits for its reader."""
        return bool(self._waiting)

    def put(self, news: Iterable[AccountNews]) -> None:
        """Add what happened."""
        self._waiting.extend(news)
        self._signal.set()

    async def next_batch(self) -> list[AccountNews]:
        while not self._waiting and not self._is_closed:
            self._signal.clear()
            await self._signal.wait()
        batch = list(self._waiting)
        self._waiting.clear()
        return batch

    async def aclose(self) -> None:
        self._is_closed = True
        self._signal.set()
        if self in self._streams:
            self._streams.remove(self)

    async def __aenter__(self) -> Self:
        self._streams.append(self)
        self.put([StreamOpened(at=self._clock.now())])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AccountNews:
        while not self._waiting:
            if self._is_closed:
                raise StopAsyncIteration
            self._signal.clear()
            await self._signal.wait()
        return self._waiting.popleft()


def _instrument_of(market: Market) -> Instrument:
    return Instrument(
        symbol=market.symbol,
        exchange_symbol=market.symbol,
        base_asset=market.base,
        quote_asset=market.quote,
        order_types=PAPER_TRAITS.order_types,
        tick_size=from_units(market.tick),
        min_price=from_units(market.tick),
        qty_step=from_units(market.step),
        min_qty=from_units(market.step),
    )


def update_of(order: Order, source: Source = Source.REST) -> OrderUpdate:
    """`order` as an exchange tells of it."""
    return OrderUpdate(
        symbol=order.market,
        client_order_id=order.client_order_id,
        exchange_order_id=str(order.id),
        state=order.state,
        raw_status=order.state.value,
        side=order.side,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        qty=from_units(order.qty),
        price=from_units(order.price) if order.price else None,
        trigger_price=from_units(order.stop_price) if order.stop_price else None,
        filled_qty=from_units(order.filled),
        filled_cost=from_units(order.quote_spent),
        created_at=from_micros(order.created),
        updated_at=from_micros(order.updated),
        source=source,
    )


def fill_of(fill: AccountFill, source: Source = Source.REST) -> Fill:
    """`fill` as an exchange tells of it: a query names only its own order id, the other ways ours too."""
    return Fill(
        symbol=fill.market,
        trade_id=str(fill.trade_id),
        client_order_id=None if source is Source.REST else fill.client_order_id,
        exchange_order_id=str(fill.order_id),
        side=Side.BUY if fill.is_buyer else Side.SELL,
        qty=from_units(fill.qty),
        price=from_units(fill.price),
        fee=from_units(fill.fee),
        fee_asset=fill.fee_asset,
        liquidity=Liquidity.MAKER if fill.is_maker else Liquidity.TAKER,
        ts=from_micros(fill.time),
        source=source,
    )


def _refused(refusal: Refusal) -> Rejected:
    kind, reason = _REFUSED.get(refusal, (InvalidOrder, RejectReason.RULE_VIOLATION))
    return kind(f"the engine refused: {refusal}", reason=reason)


def _units(value: Decimal | None) -> int:
    return 0 if value is None else to_units(value)
