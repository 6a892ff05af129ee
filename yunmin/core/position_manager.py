"""What is held, what it cost and what it made: positions that follow fills, and nothing else.

    positions = PositionManager()
    positions.follow(tracker)                       # now, and with every event from here on
    positions.position("BTC/USDT").qty              # base units, less the fees that were taken in the base asset
    positions.value({"BTC/USDT": "43000"}).net      # quote units; None while a fee is not known

An order's word that it is filled moves nothing until a fill shows it: a real one, or one that the tracker inferred from
the exchange's own figures, whose place the real one takes. Every figure is an exact Decimal.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any, Final, NamedTuple, Self

from yunmin.core.cost_basis import CostMethod
from yunmin.core.data_contracts.account import AccountState
from yunmin.core.data_contracts.enums import FillKind, Side
from yunmin.core.data_contracts.events import (
    FillEnriched,
    InferredFillReplaced,
    OrderFill,
    OrderFilled,
    OrderFillVoided,
    OrderSnapshot,
    TrackerEvent,
)
from yunmin.core.data_contracts.money import EXACT, ZERO, to_positive
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_book import BookedFill, PositionBook
from yunmin.errors import ConfigurationError, InvalidValue

__all__ = ["BalanceDifference", "CostMethod", "Position", "PositionManager", "Valuation"]

_FORMAT: Final = 1
_REMEMBERED_ORDERS: Final = 20_000
"""Twice as many done orders as a tracker keeps: so none of its orders is ever booked anew."""

_ratio: Final = Context(prec=28).divide
_NO_TIME: Final = datetime.min.replace(tzinfo=UTC)

Number = object
"""Decimal, str, int, or a float meaning its shortest decimal."""


class Position(NamedTuple):
    """What is held of one symbol. `qty` is in base units, negative when sold short; `cost` and `realised` in quote.

    `fees` are amounts by asset, over the fills whose fee is known; `paid_in_quote` is what those in the quote asset,
    and in the base asset at the price of their fill, come to. `realised` is before fees.
    """

    symbol: str
    qty: Decimal
    cost: Decimal
    realised: Decimal
    fees: dict[str, Decimal]
    fees_complete: bool
    paid_in_quote: Decimal

    @property
    def average_price(self) -> Decimal | None:
        """Quote units per base unit, to 28 digits; None while nothing is held."""
        return _ratio(self.cost, self.qty) if self.qty else None

    def unrealised(self, price: Number) -> Decimal:
        """What closing all of it at `price` would make, in quote units, before fees."""
        return EXACT.subtract(EXACT.multiply(self.qty, to_positive(price)), self.cost)


class Valuation(NamedTuple):
    """What the positions of one quote asset made, in that asset. `net` is less fees; None while one is not known.

    `unpriced` names the symbols that are held and the assets that fees were paid in for which no price was given.
    """

    quote_asset: str
    realised: Decimal
    unrealised: Decimal | None
    fees: Decimal | None
    unpriced: tuple[str, ...]

    @property
    def net(self) -> Decimal | None:
        if self.unrealised is None or self.fees is None:
            return None
        return EXACT.subtract(EXACT.add(self.realised, self.unrealised), self.fees)


class BalanceDifference(NamedTuple):
    """The account's total of `asset` is not what the fills make of what it was. In units of the asset.

    `is_explained` where a fill that is inferred, or whose fee is not known, may be all there is to it.
    """

    asset: str
    expected: Decimal
    actual: Decimal
    is_explained: bool


class PositionManager:
    """See the module. `owns` picks the orders whose fills count; all of the account's where it is None."""

    def __init__(self, method: CostMethod = CostMethod.AVERAGE, *, owns: Callable[[str], bool] | None = None) -> None:
        self._method = method
        self._owns = owns
        self._books: dict[str, PositionBook] = {}
        self._orders: OrderedDict[str, _OrderFills] = OrderedDict()

    # --- taking notice -----------------------------------------------------------------------------------------------

    def follow(self, tracker: OrderTracker) -> Callable[[], None]:
        """Take in what the tracker's orders were filled, then every event; returns the way to stop.

        What was taken in before, in an earlier run too, is not booked again.
        """
        self.catch_up(tracker.get_orders())
        return tracker.subscribe(self.take)

    def catch_up(self, orders: Iterable[InFlightOrder]) -> None:
        """Make the books agree with the fills of `orders`: the oldest first."""
        missing: list[tuple[InFlightOrder, OrderFill]] = []
        booked = self._fills_by_order()
        for order in orders:
            if self._is_ours(order.client_order_id):
                missing += [(order, fill) for fill in self._correct(order, booked.get(order.client_order_id, ()))]
        for order, fill in sorted(missing, key=lambda found: found[1].ts or _NO_TIME):
            self._book(order.client_order_id, order.symbol, order.side, fill)

    def take(self, event: TrackerEvent) -> None:
        """Take notice of a fill, its fee, its end or its replacement; other events are passed over."""
        if isinstance(event, OrderFilled):
            self._on_filled(event.order, event.fill)
        elif isinstance(event, FillEnriched):
            self._on_enriched(event.order, event.fill)
        elif isinstance(event, OrderFillVoided):
            self._on_voided(event.order, event.trade_id)
        elif isinstance(event, InferredFillReplaced):
            self._trim_inferred(event.order)

    # --- questions ---------------------------------------------------------------------------------------------------

    def position(self, symbol: str) -> Position:
        """What is held of `symbol`; nothing where it was never traded."""
        book = self._books.get(symbol)
        if book is None:
            return Position(symbol, ZERO, ZERO, ZERO, {}, fees_complete=True, paid_in_quote=ZERO)
        holding = book.holding
        return Position(
            symbol,
            holding.qty,
            holding.cost,
            holding.realised,
            {asset: amount for asset, amount in book.fees.items() if amount},
            fees_complete=book.fees_unknown == 0,
            paid_in_quote=book.paid_in_quote,
        )

    def positions(self) -> dict[str, Position]:
        """Every symbol that was ever filled, by name."""
        return {symbol: self.position(symbol) for symbol in sorted(self._books)}

    def booked(self, client_order_id: str) -> Decimal:
        """Base units that are booked of that order, real or inferred, before any fee."""
        order = self._orders.get(client_order_id)
        return ZERO if order is None else EXACT.add(order.net, order.inferred)

    def flows(self) -> dict[str, Decimal]:
        """Asset -> what all fills and known fees added to it, or took away."""
        total: dict[str, Decimal] = {}
        for book in self._books.values():
            for asset, amount in book.flows.items():
                total[asset] = EXACT.add(total.get(asset, ZERO), amount)
        return total

    def value(
        self,
        prices: Mapping[str, Number],
        *,
        quote_asset: str | None = None,
        rates: Mapping[str, Number] | None = None,
    ) -> Valuation:
        """What the positions in `quote_asset` made, at `prices` (symbol -> quote units per base unit).

        `rates` says what one unit of another asset is worth, for fees that were paid in it. Nothing is guessed: what
        has no price is named in `unpriced`. Raises InvalidValue where several quote assets are traded and none is
        named.
        """
        quote = quote_asset or self._only_quote_asset()
        totals = _Totals(prices, rates or {})
        for symbol, book in sorted(self._books.items()):
            if book.quote_asset == quote:
                totals.add(self.position(symbol), book)
        return Valuation(quote, *totals.figures())

    def audit(self, opening: AccountState, actual: AccountState) -> tuple[BalanceDifference, ...]:
        """Where `actual` is not what the fills make of `opening`: deposits, withdrawals, and trades unseen."""
        flows = self.flows()
        doubtful = {asset for book in self._books.values() for asset in _doubtful_assets(book)}
        found = []
        for asset in sorted({*opening.balances, *actual.balances, *flows}):
            expected = EXACT.add(opening.balance(asset).total, flows.get(asset, ZERO))
            total = actual.balance(asset).total
            if expected != total:
                found.append(BalanceDifference(asset, expected, total, asset in doubtful or "*" in doubtful))
        return tuple(found)

    # --- across a restart --------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """All that is known, JSON-able and exact: `load` gives a manager that goes on as this one would."""
        return {
            "format": _FORMAT,
            "method": self._method.value,
            "books": {symbol: book.dump() for symbol, book in self._books.items()},
            "orders": {
                name: [order.symbol, sorted(order.trade_ids), str(order.net)] for name, order in self._orders.items()
            },
        }

    @classmethod
    def load(cls, dumped: Mapping[str, Any], *, owns: Callable[[str], bool] | None = None) -> Self:
        """What `dump` wrote; then `follow` the tracker. Raises ConfigurationError for another version's."""
        if dumped.get("format") != _FORMAT:
            raise ConfigurationError(
                f"positions of format {dumped.get('format')!r}; this version reads {_FORMAT}. Nothing was changed"
            )
        manager = cls(CostMethod(dumped["method"]), owns=owns)
        for symbol, book in dumped["books"].items():
            manager._books[symbol] = PositionBook.load(manager._method, book)
        for name, (symbol, trade_ids, net) in dumped["orders"].items():
            manager._orders[name] = _OrderFills(symbol, set(trade_ids), Decimal(net))
        for book in manager._books.values():
            for fill in book.fills:
                if fill.is_inferred:
                    order = manager._orders[fill.key[0]]
                    order.inferred = EXACT.add(order.inferred, fill.qty.copy_abs())
        return manager

    # --- inside ------------------------------------------------------------------------------------------------------

    def _on_filled(self, order: OrderSnapshot, fill: OrderFill) -> None:
        if self._is_ours(order.client_order_id):
            self._book(order.client_order_id, order.symbol, order.side, fill)
            self._trim_inferred(order)

    def _on_enriched(self, order: OrderSnapshot, fill: OrderFill) -> None:
        if self._is_ours(order.client_order_id):
            self._take_fee(order.client_order_id, order.symbol, fill)

    def _on_voided(self, order: OrderSnapshot, trade_id: str) -> None:
        if self._is_ours(order.client_order_id):
            self._remove(order.client_order_id, order.symbol, trade_id)

    def _book(self, name: str, symbol: str, side: Side, fill: OrderFill) -> None:
        order = self._order(name, symbol)
        if fill.kind is FillKind.REAL:
            if fill.trade_id in order.trade_ids:
                return
            order.trade_ids.add(fill.trade_id)
            order.net = EXACT.add(order.net, fill.qty)
        else:
            order.inferred = EXACT.add(order.inferred, fill.qty)
        self._book_of(symbol).add(
            BookedFill(
                (name, fill.trade_id),
                fill.qty if side is Side.BUY else fill.qty.copy_negate(),
                fill.price,
                fill.fee,
                fill.fee_asset,
                fill.kind is FillKind.INFERRED,
            )
        )

    def _trim_inferred(self, order: OrderSnapshot) -> None:
        """Real fills take the place of inferred ones: no more is inferred than the exchange's figures still need."""
        if order.client_order_id not in self._orders:
            return
        real = self._orders[order.client_order_id].net
        shown = EXACT.subtract(order.filled_qty, order.unattributed_qty)
        self._keep_inferred(order.client_order_id, order.symbol, max(ZERO, EXACT.subtract(shown, real)))

    def _keep_inferred(self, name: str, symbol: str, needed: Decimal) -> None:
        order, book = self._order(name, symbol), self._book_of(symbol)
        if order.inferred <= needed:
            return
        order.inferred = needed
        inferred = [fill for fill in book.fills if fill.is_inferred and fill.key[0] == name]
        for fill in reversed(inferred):
            kept = min(fill.qty.copy_abs(), needed)
            needed = EXACT.subtract(needed, kept)
            if kept == fill.qty.copy_abs():
                continue
            shorter = fill._replace(qty=kept if fill.qty > ZERO else kept.copy_negate())
            book.replace(fill, *([shorter] if kept else []))

    def _take_fee(self, name: str, symbol: str, fill: OrderFill) -> None:
        book = self._book_of(symbol)
        booked = book.find((name, fill.trade_id))
        if booked is not None and (booked.fee, booked.fee_asset) != (fill.fee, fill.fee_asset):
            book.replace(booked, booked._replace(fee=fill.fee, fee_asset=fill.fee_asset))

    def _remove(self, name: str, symbol: str, trade_id: str) -> None:
        book, order = self._book_of(symbol), self._order(name, symbol)
        booked = book.find((name, trade_id))
        if booked is not None:
            book.replace(booked)
            # its id stays: the same trade, told again, is not a new one
            order.net = EXACT.subtract(order.net, booked.qty.copy_abs())

    def _fills_by_order(self) -> dict[str, list[BookedFill]]:
        """Those that can still be corrected."""
        found: dict[str, list[BookedFill]] = {}
        for book in self._books.values():
            for fill in book.fills:
                found.setdefault(fill.key[0], []).append(fill)
        return found

    def _correct(self, order: InFlightOrder, all_booked: Sequence[BookedFill]) -> list[OrderFill]:
        """Bring what is booked of `order` in line with it; returns the fills that are not booked yet."""
        name, symbol = order.client_order_id, order.symbol
        fills = {fill.trade_id: fill for fill in order.fills}
        if not fills and name not in self._orders:
            return []
        known = self._order(name, symbol)
        book = self._book_of(symbol)
        for booked in all_booked:
            fill = fills.get(booked.key[1])
            if booked.is_inferred:
                book.replace(booked)  # told anew, with its quantity of now
                known.inferred = ZERO
            elif fill is None:
                self._remove(name, symbol, booked.key[1])
            else:
                self._take_fee(name, symbol, fill)
        return [
            fill for fill in fills.values() if fill.kind is FillKind.INFERRED or fill.trade_id not in known.trade_ids
        ]

    def _is_ours(self, client_order_id: str) -> bool:
        return self._owns is None or self._owns(client_order_id)

    def _order(self, name: str, symbol: str) -> _OrderFills:
        order = self._orders.get(name)
        if order is None:
            order = self._orders[name] = _OrderFills(symbol, set(), ZERO)
            while len(self._orders) > _REMEMBERED_ORDERS:
                self._orders.popitem(last=False)
        return order

    def _book_of(self, symbol: str) -> PositionBook:
        book = self._books.get(symbol)
        if book is None:
            base, _, quote = symbol.partition("/")
            book = self._books[symbol] = PositionBook(base, quote, self._method)
        return book

    def _only_quote_asset(self) -> str:
        assets = sorted({book.quote_asset for book in self._books.values()})
        if len(assets) > 1:
            raise InvalidValue(f"positions in several quote assets: {', '.join(assets)}; name one")
        return assets[0] if assets else ""


class _OrderFills:
    """What was booked of one order: its trades, and how much of them counts."""

    __slots__ = ("inferred", "net", "symbol", "trade_ids")

    def __init__(self, symbol: str, trade_ids: set[str], net: Decimal) -> None:
        self.symbol = symbol
        self.trade_ids = trade_ids
        self.net = net
        self.inferred = ZERO


class _Totals:
    """Sums over positions, and the names of what could not be summed."""

    def __init__(self, prices: Mapping[str, Number], rates: Mapping[str, Number]) -> None:
        self._prices = prices
        self._rates = rates
        self._realised = self._unrealised = self._fees = ZERO
        self._unpriced: set[str] = set()
        self._is_priced = self._fees_known = True

    def add(self, position: Position, book: PositionBook) -> None:
        self._realised = EXACT.add(self._realised, position.realised)
        if position.qty:
            self._add_unrealised(position)
        self._fees_known = self._fees_known and position.fees_complete
        self._fees = EXACT.add(self._fees, position.paid_in_quote)
        for asset, amount in position.fees.items():
            if asset not in (book.base_asset, book.quote_asset):
                self._add_fee(asset, amount)

    def _add_unrealised(self, position: Position) -> None:
        price = self._prices.get(position.symbol)
        if price is None:
            self._is_priced = False
            self._unpriced.add(position.symbol)
            return
        self._unrealised = EXACT.add(self._unrealised, position.unrealised(price))

    def _add_fee(self, asset: str, amount: Decimal) -> None:
        rate = self._rates.get(asset)
        if rate is None:
            self._fees_known = False
            self._unpriced.add(asset)
            return
        self._fees = EXACT.fma(amount, to_positive(rate), self._fees)

    def figures(self) -> tuple[Decimal, Decimal | None, Decimal | None, tuple[str, ...]]:
        return (
            self._realised,
            self._unrealised if self._is_priced else None,
            self._fees if self._fees_known else None,
            tuple(sorted(self._unpriced)),
        )


def _doubtful_assets(book: PositionBook) -> set[str]:
    """The assets whose sum may still change; "*" for all, where a fee may have been paid in any of them."""
    if book.fees_unknown:
        return {"*"}
    inferred = any(fill.is_inferred for fill in book.fills)
    return {book.base_asset, book.quote_asset} if inferred else set()
