"""From Binance's own JSON to our values: the fast lane, without ccxt's unified parsing.

Every decimal is the wire's own text; ids are ints on the wire and text here, so none is too large. A field that must
be there and is not raises KeyError, one of the wrong kind TypeError or InvalidValue: the bridge turns those into
MalformedResponse for a question and OutcomeUnknown for a command. Field names: rest-api.md of 2026-07-21 (Binance
spells `cummulativeQuoteQty` so).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from yunmin.core.data_contracts import (
    AccountState,
    Balance,
    BookLevel,
    Candle,
    Fill,
    FillKind,
    Instrument,
    InstrumentStatus,
    KeyRights,
    Liquidity,
    OrderAck,
    OrderBook,
    OrderState,
    OrderType,
    OrderUpdate,
    PublicTrade,
    Side,
    Source,
    Ticker,
    TimeInForce,
)
from yunmin.core.data_contracts.money import ZERO
from yunmin_binance.fields import figure as _figure
from yunmin_binance.fields import flag as _flag
from yunmin_binance.fields import moment as _moment
from yunmin_binance.fields import rows as _rows
from yunmin_binance.fields import signed as _signed
from yunmin_binance.fields import text as _text
from yunmin_binance.fields import wire_id as _id

__all__ = [
    "parse_account",
    "parse_ack",
    "parse_cancelled",
    "parse_candle",
    "parse_instrument",
    "parse_instruments",
    "parse_key_rights",
    "parse_order",
    "parse_order_book",
    "parse_public_trade",
    "parse_ticker",
    "parse_trade",
]

Json = Mapping[str, Any]
Names = Callable[[str], str]
"""Binance's symbol to ours, e.g. BTCUSDT to BTC/USDT; raises MalformedResponse for one that is not listed."""

STATES: Final = {
    "NEW": OrderState.OPEN,
    "PENDING_NEW": OrderState.OPEN,  # accepted, waiting for the order that triggers it
    "PARTIALLY_FILLED": OrderState.PARTIALLY_FILLED,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELLED,
    "REJECTED": OrderState.REJECTED,
    "EXPIRED": OrderState.EXPIRED,
    "EXPIRED_IN_MATCH": OrderState.EXPIRED,  # by self-trade prevention
}
SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
TYPES: Final = {kind.value: kind for kind in OrderType}
TIMES_IN_FORCE: Final = {word.value: word for word in TimeInForce}
STATUSES: Final = {
    "TRADING": InstrumentStatus.TRADING,
    "CANCEL_ONLY": InstrumentStatus.CANCEL_ONLY,
}


# Looking a member up on its enum class costs as much as a call.
_BUY, _SELL, _MAKER, _TAKER = Side.BUY, Side.SELL, Liquidity.MAKER, Liquidity.TAKER
_REAL, _REST = FillKind.REAL, Source.REST
_WIRE_ZERO: Final = "0.00000000"
_NOTHING: Final = Decimal(_WIRE_ZERO)


def parse_order(raw: Json, symbol: str, *, source: Source = Source.REST) -> OrderUpdate:
    """An order as GET order, openOrders and allOrders give it. A status or type that we do not know stays None."""
    status = _text(raw["status"])
    updated = raw.get("updateTime", raw.get("transactTime"))
    created = raw.get("time")
    return OrderUpdate.from_checked(
        {
            "symbol": symbol,
            "client_order_id": _text(raw["clientOrderId"]),
            "exchange_order_id": _id(raw["orderId"]),
            "state": STATES.get(status),
            "raw_status": status,
            "side": SIDES.get(raw["side"]),
            "order_type": TYPES.get(raw["type"]),
            "time_in_force": TIMES_IN_FORCE.get(raw["timeInForce"]),
            "qty": _figure(raw["origQty"]),
            "price": _figure(raw["price"]) or None,  # zero: a market order, which has none
            "trigger_price": _figure(raw.get("stopPrice", "0")) or None,
            "filled_qty": _figure(raw["executedQty"]),
            "filled_cost": _cost(raw["cummulativeQuoteQty"]),
            "created_at": None if created is None else _moment(created),
            "updated_at": None if updated is None else _moment(updated),
            "reason": None,
            "source": source,
            "raw": raw,
        }
    )


def parse_ack(raw: Json, symbol: str) -> OrderAck:
    """The FULL answer to a placement: the order, and the trades that it made at once."""
    update = parse_order(raw, symbol, source=Source.ACK)
    side, client_order_id, ts = update.side, update.client_order_id, update.updated_at
    fills = tuple(
        Fill.from_checked(
            {
                "symbol": symbol,
                "trade_id": _id(fill["tradeId"]),
                "client_order_id": client_order_id,
                "exchange_order_id": update.exchange_order_id,
                "side": side,
                "qty": _figure(fill["qty"]),
                "price": _figure(fill["price"]),
                "fee": _signed(fill["commission"]),
                "fee_asset": _text(fill["commissionAsset"]),
                "liquidity": Liquidity.TAKER,
                "ts": ts,
                "kind": FillKind.REAL,
                "source": Source.ACK,
            }
        )
        for fill in _rows(raw.get("fills", []))
    )
    return OrderAck(update=update, fills=fills)


def parse_cancelled(raw: Json, symbol: str) -> OrderUpdate:
    """The answer to a cancel: there the order's own client id is `origClientOrderId`, `clientOrderId` the cancel's."""
    return parse_order({**raw, "clientOrderId": raw["origClientOrderId"]}, symbol, source=Source.ACK)


def parse_trade(raw: Json, symbol: str) -> Fill:
    """One of our executions, from myTrades. It names the order by the exchange's id only."""
    return Fill.from_checked(
        {
            "symbol": symbol,
            "trade_id": _id(raw["id"]),
            "client_order_id": None,
            "exchange_order_id": _id(raw["orderId"]),
            "side": _BUY if _flag(raw["isBuyer"]) else _SELL,
            "qty": _figure(raw["qty"]),
            "price": _figure(raw["price"]),
            "fee": _signed(raw["commission"]),
            "fee_asset": _text(raw["commissionAsset"]),
            "liquidity": _MAKER if _flag(raw["isMaker"]) else _TAKER,
            "ts": _moment(raw["time"]),
            "kind": _REAL,
            "source": _REST,
        }
    )


def parse_account(raw: Json) -> AccountState:
    """All balances that are not zero, and the account's own fee rates (fractions)."""
    balances = {}
    for entry in _rows(raw["balances"]):
        free, locked = entry["free"], entry["locked"]
        if free == locked == _WIRE_ZERO:
            continue
        held = _NOTHING if locked == _WIRE_ZERO else _signed(locked)
        balance = {"asset": _text(entry["asset"]), "free": _signed(free), "locked": held}
        if balance["free"] or balance["locked"]:
            balances[balance["asset"]] = Balance.from_checked(balance)
    rates = raw.get("commissionRates") or {}
    return AccountState(
        balances=balances,
        as_of=_moment(raw["updateTime"]) if raw.get("updateTime") else None,
        maker_rate=rates.get("maker"),
        taker_rate=rates.get("taker"),
    )


def parse_key_rights(raw: Json) -> KeyRights:
    """apiRestrictions of the wallet API (developers.binance.com, wallet, account: Get API Key Permission)."""
    return KeyRights(
        can_trade=_flag(raw["enableSpotAndMarginTrading"]),
        can_withdraw=_flag(raw["enableWithdrawals"]),
        is_bound_to_address=_flag(raw["ipRestrict"]),
    )


def parse_instruments(raw: Json) -> list[Instrument]:
    """Every spot market of exchangeInfo."""
    return [parse_instrument(symbol) for symbol in _rows(raw["symbols"]) if symbol.get("isSpotTradingAllowed", True)]


def parse_instrument(raw: Json) -> Instrument:
    """One market and its filters (filters.md). A filter value of zero sets no rule."""
    filters = {entry["filterType"]: entry for entry in raw["filters"]}
    price = filters.get("PRICE_FILTER", {})
    lot = filters.get("LOT_SIZE", {})
    market_lot = filters.get("MARKET_LOT_SIZE", {})
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL", {})
    return Instrument(
        symbol=f"{raw['baseAsset']}/{raw['quoteAsset']}",
        exchange_symbol=raw["symbol"],
        base_asset=raw["baseAsset"],
        quote_asset=raw["quoteAsset"],
        status=STATUSES.get(raw["status"], InstrumentStatus.HALTED),
        order_types=frozenset(TYPES[kind] for kind in raw["orderTypes"] if kind in TYPES),
        tick_size=price.get("tickSize", ZERO),
        min_price=price.get("minPrice", ZERO),
        max_price=_unless_zero(price.get("maxPrice")),
        qty_step=lot.get("stepSize", ZERO),
        min_qty=lot.get("minQty", ZERO),
        max_qty=_unless_zero(lot.get("maxQty")),
        market_qty_step=market_lot.get("stepSize", ZERO),
        market_min_qty=market_lot.get("minQty", ZERO),
        market_max_qty=_unless_zero(market_lot.get("maxQty")),
        min_notional=notional.get("minNotional", ZERO),
        max_notional=_unless_zero(notional.get("maxNotional")),
        min_notional_applies_to_market=notional.get("applyMinToMarket", notional.get("applyToMarket", True)),
        max_notional_applies_to_market=notional.get("applyMaxToMarket", False),
        raw=raw,
    )


def parse_ticker(raw: Json, symbol: str) -> Ticker:
    """ticker/24hr: an empty side of the book is "0.00000000" there, and None here."""
    return Ticker(
        symbol=symbol,
        bid=_unless_zero(raw["bidPrice"]),
        bid_qty=_unless_zero(raw["bidQty"]),
        ask=_unless_zero(raw["askPrice"]),
        ask_qty=_unless_zero(raw["askQty"]),
        last=_unless_zero(raw["lastPrice"]),
    )


def parse_order_book(raw: Json, symbol: str) -> OrderBook:
    return OrderBook(
        symbol=symbol,
        bids=tuple(BookLevel(price=price, qty=qty) for price, qty, *_ in _rows(raw["bids"])),
        asks=tuple(BookLevel(price=price, qty=qty) for price, qty, *_ in _rows(raw["asks"])),
        sequence=raw["lastUpdateId"],
    )


def parse_public_trade(raw: Json, symbol: str) -> PublicTrade:
    """One row of `trades`: `isBuyerMaker` means that the seller took."""
    return PublicTrade(
        symbol=symbol,
        trade_id=_id(raw["id"]),
        price=raw["price"],
        qty=raw["qty"],
        taker_side=Side.SELL if _flag(raw["isBuyerMaker"]) else Side.BUY,
        ts=_moment(raw["time"]),
    )


def parse_candle(row: list[Any], symbol: str) -> Candle:
    """One row of `klines`: open time, open, high, low, close, volume in base units."""
    return Candle(
        symbol=symbol,
        open_time=_moment(row[0]),
        open=row[1],
        high=row[2],
        low=row[3],
        close=row[4],
        volume=row[5],
    )


def _is_zero(text: str) -> bool:
    return text == _WIRE_ZERO or _signed(text) == ZERO


def _unless_zero(text: str | None) -> str | None:
    """A price or limit that is zero means that there is none."""
    return None if text is None or _is_zero(text) else text


def _cost(value: object) -> Decimal | None:
    """Binance gives a negative cumulative cost for old orders whose figure it no longer has."""
    cost = _signed(value)
    return cost if cost >= ZERO else None
