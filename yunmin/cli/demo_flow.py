"""What `yunmin demo` does: three orders through the wire, tracked, and compared with the venue's own ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from yunmin.cli.demo_stream import Overheard, overhearing
from yunmin.cli.venue_process import VenueDoor
from yunmin.clock import SystemClock
from yunmin.core.data_contracts import (
    Instrument,
    OrderRef,
    OrderRequest,
    OrderState,
    OrderType,
    Side,
    SubmitResult,
    Ticker,
    Verdict,
)
from yunmin.core.data_contracts.money import EXACT, ceil_to_step, floor_to_step, plain, to_decimal
from yunmin.core.order_tracker import InFlightOrder, OrderTracker
from yunmin.errors import InsufficientFunds, NotSupported, RejectSource, Unavailable, UnknownSymbol
from yunmin.exchange import ExchangeConnector, ShowsMarket

__all__ = ["DemoResult", "Narrator", "play"]

_OWN_ACCOUNT = "local"
_OTHER_ACCOUNT = "counterparty"
_PARTS = 2
_POLLS = 200
_POLL_INTERVAL = 0.02


class Narrator(Protocol):
    """Tells what happens, as it happens."""

    def step(self, title: str) -> None:
        """A new chapter."""
        ...

    def fact(self, name: str, value: object) -> None:
        """One thing worth knowing."""
        ...


@dataclass(slots=True)
class DemoResult:
    """What came out. `states` are the states that the first order went through, in order.

    `stream_matches` is None where the connector has no account stream; `stream_news` counts what it told, by kind.
    """

    venue: str = ""
    venue_process: int = 0
    symbol: str = ""
    states: list[str] = field(default_factory=list)
    fills: list[dict[str, str | None]] = field(default_factory=list)
    filled_qty: str = "0"
    average_price: str | None = None
    fees: dict[str, str] = field(default_factory=dict)
    cancelled: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    stream_matches: bool | None = None
    stream_news: dict[str, int] = field(default_factory=dict)
    ledger_matches: bool = False
    ledger_audit_ok: bool = False
    differences: list[str] = field(default_factory=list)


async def play(connector: ExchangeConnector, door: VenueDoor, tell: Narrator, *, symbol: str | None) -> DemoResult:
    """Play the whole demo on a connected connector and its venue."""
    if not isinstance(connector, ShowsMarket):
        raise NotSupported(f"{connector.traits.title} shows no market to demonstrate on")
    market = _market(await connector.fetch_instruments(), symbol)
    tracker = OrderTracker()
    result = DemoResult(venue=door.url, venue_process=door.pid, symbol=market.symbol)
    ticker = await connector.fetch_ticker(market.symbol)
    tell.step(f"The market: {market.symbol}")
    tell.fact("best bid / best ask", f"{_shown(ticker.bid)} / {_shown(ticker.ask)} {market.quote_asset}")
    tell.fact("rules", f"tick {plain(market.tick_size)}, step {plain(market.qty_step)}")
    async with overhearing(connector) as heard:
        await _filled_order(connector, door, tracker, heard, market, ticker, tell, result)
        await _cancelled_order(connector, tracker, heard, market, ticker, tell, result)
        await _refused_order(connector, tracker, market, ticker, tell, result)
        await _compare_with_stream(heard, tracker, tell, result)
    await _compare(door, tracker, market, tell, result)
    return result


async def _filled_order(
    connector: ExchangeConnector,
    door: VenueDoor,
    tracker: OrderTracker,
    heard: Overheard | None,
    market: Instrument,
    ticker: Ticker,
    tell: Narrator,
    result: DemoResult,
) -> None:
    tell.step("Order 1: a limit order that rests, and is filled in parts")
    request = _resting_request(market, ticker, "ym-demo-filled")
    order = _follow(tracker, request, market, heard)
    async with _states_of(tracker, order, result, tell):
        await _place(connector, tracker, request)
        tell.fact("exchange's order id", order.exchange_order_id)
        for part in _parts(request.qty or Decimal(0), market):
            await _sell_to(door, market, request, part)
            await _refresh(connector, tracker, order, at_least=part)
        await _until_filled(connector, door, tracker, order, market, request)
    result.fills = [
        {
            "trade_id": fill.trade_id,
            "qty": plain(fill.qty),
            "price": plain(fill.price),
            "fee": None if fill.fee is None else plain(fill.fee),
            "fee_asset": fill.fee_asset,
        }
        for fill in order.fills
    ]
    result.filled_qty = plain(order.filled_qty)
    result.average_price = None if order.average_price is None else plain(order.average_price)
    result.fees = {asset: plain(amount) for asset, amount in order.fees.items()}
    tell.fact("filled", f"{result.filled_qty} {market.base_asset} in {len(order.fills)} parts")
    tell.fact("average price", f"{result.average_price} {market.quote_asset}")
    tell.fact("fees", ", ".join(f"{amount} {asset}" for asset, amount in result.fees.items()))


async def _cancelled_order(
    connector: ExchangeConnector,
    tracker: OrderTracker,
    heard: Overheard | None,
    market: Instrument,
    ticker: Ticker,
    tell: Narrator,
    result: DemoResult,
) -> None:
    tell.step("Order 2: a limit order far below the market, cancelled")
    request = _far_request(market, ticker, "ym-demo-cancelled")
    order = _follow(tracker, request, market, heard)
    await _place(connector, tracker, request)
    tell.fact("state", order.state)
    tracker.request_cancel(order.client_order_id)
    tell.fact("cancel", order.cancel_state)
    tracker.apply(await connector.cancel_order(_ref(order)))
    tell.fact("state", order.state)
    result.cancelled = {"client_order_id": order.client_order_id, "state": order.state.value}


async def _refused_order(
    connector: ExchangeConnector,
    tracker: OrderTracker,
    market: Instrument,
    ticker: Ticker,
    tell: Narrator,
    result: DemoResult,
) -> None:
    tell.step("Order 3: more than the account can pay for")
    held = (await connector.fetch_account()).balance(market.quote_asset).free
    request = _unaffordable_request(market, ticker, held, "ym-demo-refused")
    order = _follow(tracker, request, market)
    tell.fact("asked", f"{plain(request.qty or held)} {market.base_asset}; free: {plain(held)} {market.quote_asset}")
    try:
        await _place(connector, tracker, request)
    except InsufficientFunds as refusal:
        tracker.apply(
            SubmitResult(
                client_order_id=order.client_order_id,
                verdict=Verdict.REJECTED,
                reason=refusal.reason,
                source=refusal.source,
                message=str(refusal),
            )
        )
        tell.fact("refused by", f"{refusal.source}, code {refusal.code}")
    tell.fact("state", f"{order.state} ({order.reject_reason})")
    result.refused = {
        "client_order_id": order.client_order_id,
        "state": order.state.value,
        "reason": str(order.reject_reason),
    }


async def _compare_with_stream(
    heard: Overheard | None, tracker: OrderTracker, tell: Narrator, result: DemoResult
) -> None:
    """The same orders, once as REST and once as the account stream told them. A refused one, no stream tells of."""
    if heard is None:
        return
    tell.step("The account stream, heard beside all this")
    placed = {name: order for name, order in _all_orders(tracker).items() if order.state is not OrderState.REJECTED}
    differences = await heard.differences(placed)
    result.differences += differences
    result.stream_matches = not differences and not heard.missed
    result.stream_news = dict(heard.counts)
    told = heard.counts
    tell.fact("told", f"{told['OrderUpdate']} order updates, {told['Fill']} fills, {heard.missed} gaps")
    for difference in differences:
        tell.fact("DIFFERS", difference)
    tell.fact("stream and REST agree", "yes" if result.stream_matches else "NO")


def _all_orders(tracker: OrderTracker) -> dict[str, InFlightOrder]:
    return {order.client_order_id: order for order in (*tracker.get_open_orders(), *tracker.get_order_history())}


async def _compare(
    door: VenueDoor, tracker: OrderTracker, market: Instrument, tell: Narrator, result: DemoResult
) -> None:
    tell.step("The venue's own ledger, read in its own process")
    ledger = await door.ledger(_OWN_ACCOUNT)
    state = await door.state()
    theirs = {order["client_order_id"]: order for order in ledger["orders"]}
    differences = _differences(_all_orders(tracker), theirs)
    result.differences += differences
    result.ledger_matches = not differences
    result.ledger_audit_ok = bool(state["audit"]["ok"])
    for difference in differences:
        tell.fact("DIFFERS", difference)
    tell.fact("every order and fill agrees", "yes" if result.ledger_matches else "NO")
    tell.fact("the venue's balances add up", "yes" if result.ledger_audit_ok else "NO")


def _differences(ours: dict[str, InFlightOrder], theirs: dict[str, Any]) -> list[str]:
    """Where the tracker and the ledger disagree on our orders, to the last digit. An order refused is in neither."""
    found = []
    for name, order in ours.items():
        their = theirs.get(name)
        if order.state is OrderState.REJECTED:
            found += [] if their is None else [f"{name}: refused here, known there"]
            continue
        if their is None:
            found.append(f"{name}: unknown there")
            continue
        pairs: dict[str, tuple[object, object]] = {
            "state": (order.state.value, their["state"]),
            "filled": (order.filled_qty, to_decimal(their["filled"])),
            "fills": (_our_fills(order), _their_fills(their)),
        }
        found += [
            f"{name}: {what} {mine} here, {other} there" for what, (mine, other) in pairs.items() if mine != other
        ]
    return found + [f"{name}: unknown here" for name in theirs.keys() - ours.keys()]


def _our_fills(order: InFlightOrder) -> list[tuple[object, ...]]:
    return sorted((fill.trade_id, fill.qty, fill.price, fill.fee, fill.fee_asset) for fill in order.fills)


def _their_fills(order: dict[str, Any]) -> list[tuple[object, ...]]:
    numbers = ("qty", "price", "fee")
    return sorted(
        (str(fill["trade_id"]), *(to_decimal(fill[name]) for name in numbers), fill["fee_asset"])
        for fill in order["fills"]
    )


# --- the exchange ------------------------------------------------------------------------------------------------


async def _place(connector: ExchangeConnector, tracker: OrderTracker, request: OrderRequest) -> None:
    assert request.client_order_id is not None  # noqa: S101  every request of the demo has one
    ack = await connector.place_order(request)
    tracker.apply(
        SubmitResult(
            client_order_id=request.client_order_id, verdict=Verdict.ACCEPTED, update=ack.update, fills=ack.fills
        )
    )


async def _refresh(
    connector: ExchangeConnector, tracker: OrderTracker, order: InFlightOrder, *, at_least: Decimal
) -> None:
    """Ask for the order and its fills until `at_least` more is filled, or the exchange has nothing new to say."""
    wanted = EXACT.add(order.filled_qty, at_least)
    for _ in range(_POLLS):
        await _ask(connector, tracker, order)
        if order.is_completed or order.filled_qty >= wanted:
            return
        await SystemClock().sleep(_POLL_INTERVAL)


async def _ask(connector: ExchangeConnector, tracker: OrderTracker, order: InFlightOrder) -> None:
    """Fills first, then the status, so that the end finds every fill booked."""
    for fill in await connector.fetch_fills(order.symbol, exchange_order_id=order.exchange_order_id):
        tracker.apply(fill)
    tracker.apply(await connector.fetch_order(_ref(order)))


async def _sell_to(door: VenueDoor, market: Instrument, request: OrderRequest, qty: Decimal) -> None:
    """Somebody else sells `qty` at our price: a real order on the other side of the same book."""
    assert request.price is not None  # noqa: S101  it is a limit order
    await door.place(
        account=_OTHER_ACCOUNT,
        symbol=market.exchange_symbol,
        side=Side.SELL.value,
        type=OrderType.LIMIT.value,
        quantity=plain(qty),
        price=plain(request.price),
    )


async def _until_filled(
    connector: ExchangeConnector,
    door: VenueDoor,
    tracker: OrderTracker,
    order: InFlightOrder,
    market: Instrument,
    request: OrderRequest,
) -> None:
    """Others may stand before us in the queue and take part of what was sold: sell the rest until we are done."""
    for _ in range(_POLLS):
        await _ask(connector, tracker, order)
        if order.is_completed:
            return
        await _sell_to(door, market, request, order.remaining_qty or market.min_qty)
    raise Unavailable(f"the order was not filled; it stands at {order!r}")


# --- requests ----------------------------------------------------------------------------------------------------


def _market(markets: Mapping[str, Instrument], symbol: str | None) -> Instrument:
    """The market that was named, under either of its names; else the first."""
    for market in markets.values():
        if symbol is None or symbol in (market.symbol, market.exchange_symbol):
            return market
    raise UnknownSymbol(f"no market {symbol!r} here; there are {', '.join(markets)}", source=RejectSource.LOCAL)


def _resting_request(market: Instrument, ticker: Ticker, client_order_id: str) -> OrderRequest:
    """One tick under the best ask: it rests, and is the first that a seller meets."""
    ask = _known(ticker.ask)
    price = EXACT.subtract(ask, market.tick_size)
    return _limit_buy(market, price, _qty_worth(market, price, parts=_PARTS), client_order_id)


def _far_request(market: Instrument, ticker: Ticker, client_order_id: str) -> OrderRequest:
    price = floor_to_step(_known(ticker.bid) / 2, market.tick_size)
    return _limit_buy(market, price, _qty_worth(market, price, parts=1), client_order_id)


def _unaffordable_request(market: Instrument, ticker: Ticker, held: Decimal, client_order_id: str) -> OrderRequest:
    price = _known(ticker.bid)
    qty = ceil_to_step(held * 2 / price, market.qty_step)
    return _limit_buy(market, price, qty, client_order_id)


def _qty_worth(market: Instrument, price: Decimal, *, parts: int) -> Decimal:
    """Enough that each part alone is worth a few times the smallest notional that the market allows."""
    smallest = max(market.min_qty, market.min_notional / price)
    return ceil_to_step(smallest * 4 * parts, market.qty_step or market.min_qty)


def _limit_buy(market: Instrument, price: Decimal, qty: Decimal, client_order_id: str) -> OrderRequest:
    return OrderRequest(
        symbol=market.symbol,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        qty=qty,
        price=price,
        client_order_id=client_order_id,
    )


def _parts(qty: Decimal, market: Instrument) -> list[Decimal]:
    part = floor_to_step(qty / _PARTS, market.qty_step)
    return [part] * (_PARTS - 1) + [EXACT.subtract(qty, part * (_PARTS - 1))]


def _known(price: Decimal | None) -> Decimal:
    if price is None:
        raise Unavailable("one side of the book is empty; nothing can be demonstrated on it")
    return price


# --- following ---------------------------------------------------------------------------------------------------


def _follow(
    tracker: OrderTracker, request: OrderRequest, market: Instrument, heard: Overheard | None = None
) -> InFlightOrder:
    if heard is not None:
        heard.follow(request, market)
    return tracker.submit(request, qty_step=market.qty_step)


def _ref(order: InFlightOrder) -> OrderRef:
    return OrderRef(symbol=order.symbol, client_order_id=order.client_order_id)


def _shown(price: Decimal | None) -> str:
    return "-" if price is None else plain(price)


@asynccontextmanager
async def _states_of(
    tracker: OrderTracker, order: InFlightOrder, result: DemoResult, tell: Narrator
) -> AsyncIterator[None]:
    """Write down every state that `order` goes through inside the block."""

    def note(_event: object) -> None:
        if not result.states or result.states[-1] != order.state.value:
            result.states.append(order.state.value)
            tell.fact("state", f"{order.state}, {plain(order.filled_qty)} of {plain(order.qty or Decimal(0))} filled")

    note(None)
    stop = tracker.subscribe(note)
    try:
        yield
    finally:
        stop()
