"""The one gate of an account: every order passes it, whichever route it comes from.

    risk = RiskManager(max_dd=0.15, max_position_pct=0.05, max_order_notional=500, price_band=0.02)
    risk.update_equity("10000")
    risk.update_price("BTC/USDT", "42000")
    match risk.check(request):
        case Approved(request): ...                   # only what is approved can be sent
        case Refused(rule, text): print(rule, text)

Limits are held against the worst case: orders that are open, pending, approved or of unknown outcome count as filled in
full and as open, until it is proven that they are not. What makes a position smaller is let through by the limits that
guard against new risk, so that a loss can always be closed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from pydantic import ValidationError

from yunmin.clock import Clock, SystemClock
from yunmin.core.data_contracts.enums import OrderType, Origin, Side
from yunmin.core.data_contracts.events import TrackerEvent
from yunmin.core.data_contracts.money import EXACT, ZERO, to_positive
from yunmin.core.data_contracts.order import OrderRequest
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_manager import PositionManager
from yunmin.errors import ConfigurationError, InvalidValue
from yunmin.exchange.config import Environment
from yunmin.execution.circuit_breaker import CircuitBreaker
from yunmin.execution.exposure import Exposure
from yunmin.execution.loss_guard import LossGuard
from yunmin.execution.risk_limits import RiskLimits
from yunmin.execution.risk_verdicts import Approved, Refused, RiskRule, RiskVerdict, approve
from yunmin.execution.state_file import StateFile

__all__ = ["Approved", "Refused", "RiskLimits", "RiskManager", "RiskRule", "RiskVerdict"]

_FORMAT: Final = 1
_MINUTE: Final = 60.0

Number = object
"""Decimal, str, int, or a float meaning its shortest decimal."""


class RiskManager:
    """See the module. The limits are those of `RiskLimits`, by name; amounts are in `currency`.

    `file` keeps losses, locks and the breaker across restarts; orders and positions come from the tracker that it is
    bound to, and with them the rate of orders. Raises ConfigurationError for a limit that is none, and in the live
    environment for one that is missing.
    """

    def __init__(
        self,
        max_dd: Number = None,
        max_position_pct: Number = None,
        *,
        environment: Environment = Environment.LOCAL,
        currency: str = "USDT",
        equity: Number = None,
        clock: Clock | None = None,
        file: StateFile | None = None,
        **limits: Number,
    ) -> None:
        given = {"max_dd": max_dd, "max_position_pct": max_position_pct, **limits}
        self.limits = RiskLimits.of({name: value for name, value in given.items() if value is not None})
        if environment is Environment.LIVE:
            self.limits.require_all_for_live()
        self.currency = currency
        self._clock = clock or SystemClock()
        self._file = file
        self._losses = LossGuard(self.limits)
        self._breaker = CircuitBreaker(self.limits, self._clock)
        self._exposure = Exposure(OrderTracker(), PositionManager())
        self._is_bound = False
        self._prices: dict[str, tuple[Decimal, float]] = {}
        self._sent_at: deque[float] = deque()
        self._unsaved = ""
        self._restore()
        if equity is not None:
            self.update_equity(equity)

    def bind(self, tracker: OrderTracker, positions: PositionManager | None = None) -> Callable[[], None]:
        """Watch these orders, and these positions, which must be those of all orders; returns the way to stop.

        Orders of before a restart count to the rate as if no time had passed since the last of them.
        """
        if self._is_bound:
            raise ConfigurationError("this RiskManager has its account. Nothing was sent; one account has one, and it")
        self._is_bound = True
        stops: list[Callable[[], None]] = []
        if positions is None:
            positions = PositionManager()
            stops.append(positions.follow(tracker))
        self._exposure = Exposure(tracker, positions)
        stops += [self._exposure.follow(), tracker.subscribe(self._on_event)]
        self._count_recent_orders(tracker)

        def stop() -> None:
            for each in stops:
                each()

        return stop

    # --- what is told to it ------------------------------------------------------------------------------------------

    def update_price(self, symbol: str, price: Number) -> None:
        """The market trades at `price` now, in quote units per base unit."""
        self._prices[symbol] = (to_positive(price), self._clock.monotonic())

    def update_equity(self, equity: Number) -> None:
        """All of the account is worth `equity` now, in its currency."""
        if self._losses.update(equity, self._clock.now()):
            self._save()

    def transfer(self, amount: Number) -> None:
        """So much of the currency came in, or left when negative, otherwise than by trading."""
        self._losses.transfer(amount)
        self._save()

    def resume(self) -> None:
        """A person has looked: lift the locks and close the breaker. Losses count anew from now."""
        self._losses.resume()
        self._breaker.resume()
        self._save()

    # --- what is asked of it -----------------------------------------------------------------------------------------

    def validate_order(self, symbol: str, side: str, qty: Number, price: Number = None) -> RiskVerdict[OrderRequest]:
        """Whether such an order would be let through now: truthy, or falsy with the reason. Nothing is reserved."""
        try:
            request = OrderRequest.model_validate(
                {
                    "symbol": symbol,
                    "side": Side(str(side).upper()),
                    "order_type": OrderType.MARKET if price is None else OrderType.LIMIT,
                    "qty": to_positive(qty),
                    "price": None if price is None else to_positive(price),
                }
            )
        except (InvalidValue, ValueError, ValidationError) as error:
            return Refused(RiskRule.INVALID_REQUEST, _first_line(error))
        refused = next(self._refusals(request, self.limits), None)
        return approve(request) if refused is None else refused  # a refusal is falsy: `or` would pass it over

    def check(self, request: OrderRequest, overrides: Mapping[str, Number] | None = None) -> RiskVerdict[OrderRequest]:
        """Approve `request`, and count it at its worst case from now on; or refuse it.

        `overrides` are the route's own limits, which may only be tighter. Raises InvalidValue for a request without its
        client order id: what is approved must be found again among the orders.
        """
        if not request.client_order_id:
            raise InvalidValue("risk checks a request under its client_order_id, and this one has none")
        try:
            limits = self.limits.tightened(overrides) if overrides else self.limits
        except ConfigurationError as error:
            return Refused(RiskRule.ROUTE_LIMITS, str(error))
        refused = next(self._refusals(request, limits), None)
        if refused is not None:
            return refused
        self._sent_at.append(self._clock.monotonic())
        if self._is_bound:
            self._exposure.reserve(request)
        return approve(request)

    def release(self, approved: Approved[OrderRequest]) -> None:
        """It was not sent, and will not be."""
        self._exposure.release(approved.request.client_order_id or "")

    @property
    def is_bound(self) -> bool:
        """Whether it watches the orders of an account."""
        return self._is_bound

    @property
    def lock(self) -> Refused | None:
        """Why no new risk is taken, whatever the order; None while it is."""
        return next(iter(self.locks), None)

    @property
    def locks(self) -> tuple[Refused, ...]:
        """Every reason why no new risk is taken, whatever the order: losses, and orders that failed in a row."""
        locks = (self._losses.lock(self.limits), self._breaker.lock())
        return tuple(lock for lock in locks if lock is not None)  # a refusal is falsy

    @property
    def equity(self) -> Decimal | None:
        """What the account was last said to be worth."""
        return self._losses.equity

    @property
    def peak(self) -> Decimal | None:
        """The most that the account was worth since losses were last counted anew; None before its equity is known."""
        return self._losses.peak

    @property
    def drawdown(self) -> Decimal | None:
        """How far the equity stands below its peak, as a fraction of 1; None while that cannot be said."""
        return self._losses.drawdown

    @property
    def day_loss(self) -> Decimal | None:
        """What was lost since the day (UTC) began, negative where it was gained; None before the equity is known."""
        return self._losses.day_loss

    def price(self, symbol: str) -> Decimal | None:
        """The market's last known price, however old."""
        known = self._prices.get(symbol)
        return None if known is None else known[0]

    def value_in_currency(self, symbol: str) -> Decimal | None:
        """What one base unit of `symbol` is worth in the account's currency; None where a price is not known."""
        return self._in_currency(symbol, self.price(symbol))

    def worst_notional(self, symbol: str | None = None) -> Decimal | None:
        """What may come to be held of `symbol`, or of all, whatever becomes of the orders, in the account's currency.

        None where a price is not known.
        """
        total = ZERO
        for each in [symbol] if symbol is not None else sorted(self._exposure.symbols()):
            qty = self._exposure.worst(each)
            price = self._in_currency(each, self.price(each))
            if qty and price is None:
                return None
            total = EXACT.fma(qty, price or ZERO, total)
        return total

    def open_orders(self) -> int:
        """How many orders are open, may be open, or are about to be."""
        return self._exposure.open_orders()

    # --- the rules, cheapest first -----------------------------------------------------------------------------------

    def _refusals(self, request: OrderRequest, limits: RiskLimits) -> Iterator[Refused]:
        if request.qty is None or self._exposure.has_unknown_qty(request.symbol):
            yield Refused(RiskRule.UNKNOWN_QTY, "an order by quote amount may fill any quantity; give qty")
            return
        yield from self._data_refusals(request, limits)
        price = self._in_currency(request.symbol, self._worth_at(request))
        if price is None:
            yield Refused(RiskRule.NO_PRICE, f"no price of {request.symbol} in {self.currency} is known")
            return
        yield from self._count_refusals(limits)
        after = EXACT.add(self._exposure.of(request.symbol, request.side), request.qty)
        if after > ZERO:  # else it can only make a position smaller, and that is never too much
            yield from self._order_refusals(request, request.qty, price, limits)
            yield from self._lock_refusals(limits)
            yield from self._exposure_refusals(request, after, price, limits)

    def _data_refusals(self, request: OrderRequest, limits: RiskLimits) -> Iterator[Refused]:
        known = self._prices.get(request.symbol)
        if limits.stale_after is not None:
            age = None if known is None else self._clock.monotonic() - known[1]
            if age is None or age > float(limits.stale_after):
                told = "never told" if age is None else f"{age:.1f} s old"
                yield _over(RiskRule.STALE_DATA, f"the price of {request.symbol} is {told}", told, limits.stale_after)
        if limits.price_band is not None and request.price is not None:
            reference = request.trigger_price or (None if known is None else known[0])
            if reference is None:
                yield Refused(
                    RiskRule.NO_PRICE, f"no price of {request.symbol} is known to hold {request.price} against"
                )
            elif EXACT.subtract(request.price, reference).copy_abs() > EXACT.multiply(reference, limits.price_band):
                text = f"{request.price} is too far from the market's {reference}"
                yield _over(RiskRule.PRICE_BAND, text, request.price, limits.price_band, market=reference)

    def _order_refusals(
        self, request: OrderRequest, qty: Decimal, price: Decimal, limits: RiskLimits
    ) -> Iterator[Refused]:
        notional = EXACT.multiply(qty, price)
        if limits.max_order_notional is not None and notional > limits.max_order_notional:
            text = f"one order of {notional} {self.currency}"
            yield _over(RiskRule.MAX_ORDER_NOTIONAL, text, notional, limits.max_order_notional)

    def _count_refusals(self, limits: RiskLimits) -> Iterator[Refused]:
        if limits.max_open_orders is not None:
            count = self._exposure.open_orders()
            if count >= limits.max_open_orders:
                yield _over(RiskRule.MAX_OPEN_ORDERS, f"{count} orders are open", count, limits.max_open_orders)
        if limits.max_orders_per_minute is not None:
            count = self._sent_in_the_last_minute()
            if count >= limits.max_orders_per_minute:
                text = f"{count} orders within a minute"
                yield _over(RiskRule.MAX_ORDERS_PER_MINUTE, text, count, limits.max_orders_per_minute)

    def _lock_refusals(self, limits: RiskLimits) -> Iterator[Refused]:
        if self._unsaved:
            yield Refused(RiskRule.STATE_UNSAVED, f"losses and locks cannot be kept: {self._unsaved}")
        for lock in (self._losses.lock(limits), self._breaker.lock()):
            if lock is not None:
                yield lock

    def _exposure_refusals(
        self, request: OrderRequest, after: Decimal, price: Decimal, limits: RiskLimits
    ) -> Iterator[Refused]:
        """`after` base units may come to be held on the side of `request`."""
        notional = EXACT.multiply(after, price)
        other = self._exposure.would_meet(request)
        if other is not None:
            yield Refused(RiskRule.SELF_TRADE, f"it would trade with our own {other}", {"order": other})
        text = f"{request.symbol} may come to {notional} {self.currency}, every order counted as filled"
        if limits.max_position_notional is not None and notional > limits.max_position_notional:
            yield _over(RiskRule.MAX_POSITION_NOTIONAL, text, notional, limits.max_position_notional)
        if limits.max_position_pct is not None:
            if self.equity is None:
                yield Refused(RiskRule.NO_EQUITY, "the account's equity is not known: tell it by update_equity")
            elif notional > EXACT.multiply(limits.max_position_pct, max(ZERO, self.equity)):
                yield _over(RiskRule.MAX_POSITION_PCT, text, notional, limits.max_position_pct, equity=self.equity)
        if limits.max_total_notional is not None:
            yield from self._total_refusals(request, notional, price, limits.max_total_notional)

    def _total_refusals(
        self, request: OrderRequest, notional: Decimal, price: Decimal, limit: Decimal
    ) -> Iterator[Refused]:
        if notional <= EXACT.multiply(self._exposure.of(request.symbol, request.side.opposite), price):
            return  # what counts already is larger: nothing is added
        total = notional
        for symbol in sorted(self._exposure.symbols() - {request.symbol}):
            worst = self.worst_notional(symbol)
            if worst is None:
                yield Refused(RiskRule.NO_PRICE, f"no price of {symbol} in {self.currency} is known, and it is held")
                return
            total = EXACT.add(total, worst)
        if total > limit:
            text = f"all symbols may come to {total} {self.currency}, every order counted as filled"
            yield _over(RiskRule.MAX_TOTAL_NOTIONAL, text, total, limit)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _worth_at(self, request: OrderRequest) -> Decimal | None:
        """The dearer of its own price and the market's."""
        prices = [request.price, request.trigger_price, self.price(request.symbol)]
        return max((price for price in prices if price is not None), default=None)

    def _in_currency(self, symbol: str, price: Decimal | None) -> Decimal | None:
        """`price` in the account's currency, by the market of the quote asset in it."""
        _, has_quote, quote = symbol.partition("/")
        if price is None or not has_quote or quote == self.currency:
            return price
        rate = self.price(f"{quote}/{self.currency}")
        return None if rate is None else EXACT.multiply(price, rate)

    def _sent_in_the_last_minute(self) -> int:
        begin = self._clock.monotonic() - _MINUTE
        while self._sent_at and self._sent_at[0] <= begin:
            self._sent_at.popleft()
        return len(self._sent_at)

    def _count_recent_orders(self, tracker: OrderTracker) -> None:
        own = [order.created_at for order in tracker.get_orders() if order.origin is Origin.OWN and order.created_at]
        latest, now = max(own, default=None), self._clock.monotonic()
        if latest is not None:
            ages = ((latest - created).total_seconds() for created in own)
            self._sent_at = deque(sorted([*self._sent_at, *(now - age for age in ages if age < _MINUTE)]))

    def _on_event(self, event: TrackerEvent) -> None:
        if self._breaker.take(event):
            self._save()

    def _save(self) -> None:
        if self._file is None:
            return
        try:
            self._file.save({"format": _FORMAT, "losses": self._losses.dump(), "breaker": self._breaker.dump()})
            self._unsaved = ""
        except OSError as error:
            self._unsaved = str(error)

    def _restore(self) -> None:
        state = None if self._file is None else self._file.load()
        if state is None:
            return
        if state.get("format") != _FORMAT:
            raise ConfigurationError(
                f"the risk state is of format {state.get('format')!r}; this version reads {_FORMAT}. Nothing was sent"
            )
        try:
            self._losses.restore(state["losses"])
            self._breaker.restore(state["breaker"])
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise ConfigurationError(f"the risk state is damaged: {error!r}. Nothing was sent; look at it") from error


def _over(rule: RiskRule, what: str, is_now: object, limit: object, **more: object) -> Refused:
    figures = {"is": is_now, "limit": limit, **more}
    return Refused(rule, f"{what}; the limit is {limit}", {name: str(figure) for name, figure in figures.items()})


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(each["msg"] for each in error.errors(include_input=False, include_url=False))
    return str(error).splitlines()[0]
