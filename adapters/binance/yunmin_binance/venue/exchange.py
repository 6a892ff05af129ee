"""The local exchange itself, without its wire: markets, accounts with keys, the house, and what is counted of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from string import ascii_letters, digits
from typing import Final, NamedTuple

from yunmin.clock import Clock, seeded
from yunmin.core.data_contracts.enums import OrderState, Side
from yunmin.errors import ConfigurationError
from yunmin.simulation.fees import FeeDiscount, FeeSchedule
from yunmin.simulation.ledger import Account, Ledger
from yunmin.simulation.market_floor import MarketFloor
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.order_lists import NewList, OrderList
from yunmin.simulation.orders import Amendment, EngineEvent, EventKind, NewOrder, Order, Refusal
from yunmin.simulation.plans import Plan
from yunmin.simulation.units import to_micros, to_units
from yunmin_binance.venue.asset_filters import AssetFilters
from yunmin_binance.venue.config import USUAL_RIGHTS, AccountConfig, KeyRight, VenueConfig
from yunmin_binance.venue.errors import ApiError, refused_amendment, refused_order
from yunmin_binance.venue.filters import Filters
from yunmin_binance.venue.houses import Houses
from yunmin_binance.venue.limits import OrderMeter, TrafficMeter
from yunmin_binance.venue.listen_keys import ListenKeys
from yunmin_binance.venue.order_checks import OrderChecks
from yunmin_binance.venue.outside import Outside
from yunmin_binance.venue.reference_price import price_bounds
from yunmin_binance.venue.signing import HmacVerifier, PublicKeyVerifier, Verifier
from yunmin_binance.venue.symbols import SymbolRules, SymbolStatus

__all__ = ["DISCOUNT_ASSET", "DISCOUNT_RATE", "Exchange", "Member", "Rejection"]

DISCOUNT_ASSET: Final = "BNB"
DISCOUNT_RATE: Final = Decimal("0.25")

_NO_NUMBER: Final = -1
_ID_ALPHABET: Final = ascii_letters + digits
_CANCELLABLE: Final = frozenset({SymbolStatus.TRADING, SymbolStatus.CANCEL_ONLY})


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with an API key. `uid` is the number under which the exchange knows the account."""

    account: Account
    verifier: Verifier
    uid: int
    rights: frozenset[KeyRight] = frozenset(USUAL_RIGHTS)
    is_bound_to_address: bool = True
    permissions: tuple[str, ...] = ("SPOT",)
    can_trade: bool = True


class Rejection(NamedTuple):
    """What an account asked for and was refused with the words `message`, where its user data stream is told so.

    An order that was to replace another one never came to be: it has no number.
    """

    account: str
    asked: Order | NewList
    message: str


class Exchange:
    """All state of one local venue. Everything in it happens in the order of the calls, on the caller's thread."""

    def __init__(self, config: VenueConfig, clock: Clock) -> None:
        self._random = seeded(f"exchange-{config.seed}")
        self.rules: dict[str, SymbolRules] = config.markets()
        self.filters = {name: Filters(rules) for name, rules in self.rules.items()}
        self.ledger = Ledger()
        markets = (rules.market() for rules in self.rules.values())
        self.engine = MatchingEngine(markets, self.ledger, clock, keep=config.keep)
        self._keep = config.keep
        self.outside = Outside(self.ledger, self.engine.now)
        self.members: dict[str, Member] = {}
        self.pace = config.pace
        self.limits = config.limits
        self.traffic = TrafficMeter(config.limits)
        self.order_counts = OrderMeter(config.limits)
        self.statuses = {name: rules.status for name, rules in self.rules.items()}
        self._permissions: dict[str, tuple[str, ...]] = {}
        self.listen_keys = ListenKeys(f"listen-keys-{config.seed}") if config.legacy_listen_key else None
        self.labels: dict[tuple[str, int], dict[str, int]] = {}
        self.cancel_id: str | None = None
        self.clock_error = 0
        self.steps = 0
        self.orders_placed = 0
        self._open_accounts(config.accounts)
        self._bind_prices()
        self.houses = Houses(self.engine, config, lambda: to_micros(clock.now()))
        self._rejection_listeners: list[Callable[[Rejection], None]] = []
        self.exchange_filters = config.exchange_filters
        self.engine.listen(self._count)
        self.asset_filters = {one.name: AssetFilters(one.max_assets) for one in config.accounts if one.max_assets}
        self._checks = OrderChecks(self.engine, self.rules, self.filters, config.exchange_filters, self.asset_filters)
        self.engine.vet_released(self._checks.vet)
        self.step(config.warmup_steps)

    def told_time(self) -> int:
        """Microseconds since the epoch as the exchange tells them: the engine's, plus what its clock is wrong by."""
        return self.engine.now() + self.clock_error

    @property
    def assets(self) -> tuple[str, ...]:
        """Every asset that is traded here, in the order of the markets."""
        return tuple(dict.fromkeys(asset for rules in self.rules.values() for asset in (rules.base, rules.quote)))

    def floor(self, symbol: str) -> MarketFloor:
        """The market of that name; -1121 where there is none."""
        if symbol not in self.rules:
            raise ApiError.bad_symbol()
        return self.engine.floor(symbol)

    def step(self, count: int = 1) -> None:
        """Let the house move the price, quote and take, `count` times in every market."""
        if not self.houses:
            return
        for _ in range(count):
            self.houses.step(self._is_trading)
            self.steps += 1

    def catch_up(self) -> None:
        """Let happen what is due by its recorded time, before anything else does."""
        self.houses.catch_up(self._is_trading)

    def _is_trading(self, symbol: str) -> bool:
        return self.statuses[symbol] is SymbolStatus.TRADING

    def revoke_key(self, api_key: str) -> None:
        """Let nobody in by this key any more. Raises ConfigurationError where there is none such."""
        if self.members.pop(api_key, None) is None:
            raise ConfigurationError("no such API key")

    def set_status(self, symbol: str, status: SymbolStatus) -> None:
        """Open or close a market from now on; its open orders stay where they are."""
        self.floor(symbol)
        self.statuses[symbol] = status

    def require_open(self, symbol: str) -> None:
        """Refuse where no new order may come into this market now."""
        if self.statuses[symbol] is not SymbolStatus.TRADING:
            raise ApiError.market_closed()

    def check(self, new: NewOrder) -> None:
        """Raise what the exchange says where `new` breaks a filter of its market."""
        self.floor(new.market)
        self._check_market(new)
        self._checks.terms(new)
        self._checks.counts((new,))

    def submit(self, new: NewOrder, labels: dict[str, int]) -> Order:
        """Check and place `new`; `labels` are told again with the order whenever it is shown."""
        self.check(new)
        placed = self.engine.place(new)
        if isinstance(placed, Refusal):
            raise refused_order(placed)
        self._label(placed, labels)
        return placed

    def submit_list(self, new: NewList, labels: Sequence[dict[str, int]]) -> OrderList:
        """Check and place orders that belong together, with the labels of each."""
        first = new.orders[0]
        self._check_market(first)
        for one in new.orders:
            # what is paid for by another order has no quantity to check yet
            self._checks.terms(one, with_qty=one is new.working or not new.pays)
        self._checks.counts(new.orders)
        self._checks.lists(first)
        placed = self.engine.place_list(new)
        if isinstance(placed, Refusal):
            raise refused_order(placed)
        for order, given in zip(placed.orders, labels, strict=True):
            self._label(order, given)
        return placed

    def listen_to_rejections(self, listener: Callable[[Rejection], None]) -> None:
        """Tell `listener` of every list, and of every replacement, that is refused from now on."""
        self._rejection_listeners.append(listener)

    def tell_replacement_rejected(self, new: NewOrder, error: ApiError) -> None:
        """The order that `new` was to replace is cancelled, and `new` was refused."""
        owner = self.ledger.account(new.account)
        if owner is None:
            return
        plan = Plan(new.side is Side.BUY, new.qty, lock=0, price=new.price, is_waiting=True)
        order = Order(_NO_NUMBER, new, owner, self.engine.orders_of(new.account), plan, self.engine.now())
        order.state = OrderState.REJECTED
        self._tell_rejected(Rejection(new.account, order, error.message))

    def tell_list_rejected(self, new: NewList, error: ApiError) -> None:
        """The engine's rules refused a list."""
        self._tell_rejected(Rejection(new.orders[0].account, new, error.message))

    def _tell_rejected(self, rejection: Rejection) -> None:
        for listener in self._rejection_listeners:
            listener(rejection)

    def _check_market(self, new: NewOrder) -> None:
        self.require_open(new.market)
        permissions = self._permissions.get(new.account)
        if permissions is not None and not self.rules[new.market].permits(permissions):
            raise ApiError.symbol_not_permitted()

    def _label(self, order: Order, labels: dict[str, int]) -> None:
        if labels:
            self.labels[(order.market, order.id)] = labels
            if len(self.labels) > 2 * self._keep:
                self._forget_labels()

    def _forget_labels(self) -> None:
        """Let go of the oldest labels, as far as their orders are done."""
        still_open = {key for account in self.ledger.accounts() for key in self.engine.orders_of(account.name).open}
        for key in list(self.labels)[: -self._keep]:
            if key not in still_open:
                del self.labels[key]

    def cancel(self, order: Order, cancel_id: str) -> Order | Refusal:
        """Cancel `order` by the name `cancel_id`, under which its owner is told of it."""
        if self.statuses[order.market] not in _CANCELLABLE:
            raise ApiError.closed_for_cancels()
        self.cancel_id = cancel_id
        try:
            return self.engine.cancel(order.account, order.market, order.id)
        finally:
            self.cancel_id = None

    def amend(self, order: Order, qty: int, client_order_id: str) -> Amendment:
        """Make `order` smaller where it stands, under a new client order id."""
        self.require_open(order.market)
        if order.is_open and 0 < qty < order.qty:
            made = sum(one.order_id == order.id for one in self.floor(order.market).amendments)
            self.filters[order.market].check_amendment(order, qty, amendments=made)
        done = self.engine.amend(order.account, order.market, order.id, qty=qty, client_order_id=client_order_id)
        if isinstance(done, Refusal):
            raise refused_amendment(done)
        return done

    def labels_of(self, order: Order) -> dict[str, int]:
        """The labels that `order` was placed with."""
        return self.labels.get((order.market, order.id), {})

    def new_client_order_id(self) -> str:
        """An id of the length that the exchange generates."""
        return "".join(self._random.choices(_ID_ALPHABET, k=22))

    def new_uuid(self) -> str:
        """A number for one answer."""
        text = f"{self._random.getrandbits(128):032x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def _open_accounts(self, accounts: tuple[AccountConfig, ...]) -> None:
        for number, config in enumerate(accounts, start=1):
            account = self.ledger.open_account(config.name, fees=_fees(config), trade_group=config.trade_group)
            for asset, owned in config.balances.items():
                self.ledger.deposit(config.name, asset, to_units(owned))
            self._permissions[config.name] = config.permissions
            verifier = _verifier(config)
            if config.api_key is not None and verifier is not None:
                self.members[config.api_key] = Member(
                    account,
                    verifier,
                    uid=number,
                    rights=frozenset(config.key_rights),
                    is_bound_to_address=config.is_bound_to_address,
                    permissions=config.permissions,
                    can_trade=config.can_trade,
                )

    def _bind_prices(self) -> None:
        for name, rules in self.rules.items():
            if rules.reference is not None and rules.price_range is not None:
                floor = self.engine.floor(name)
                floor.price_bounds = price_bounds(floor, rules.reference, rules.price_range)

    def _count(self, event: EngineEvent) -> None:
        order, now = event.order, event.time + self.clock_error
        if event.kind is EventKind.ACCEPTED:
            self.orders_placed += 1
            self.order_counts.placed(order.account, now)
        elif event.fill is not None and order.filled == event.fill.qty:
            self.order_counts.first_filled(order.account, now, as_maker=event.fill.is_maker)


def _fees(config: AccountConfig) -> FeeSchedule:
    discount = FeeDiscount(DISCOUNT_ASSET, to_units(DISCOUNT_RATE)) if config.pays_fees_in_bnb else None
    return FeeSchedule(to_units(config.maker_rate), to_units(config.taker_rate), discount)


def _verifier(config: AccountConfig) -> Verifier | None:
    if config.api_secret is not None:
        return HmacVerifier(config.api_secret.get_secret_value())
    return PublicKeyVerifier(config.public_key_pem) if config.public_key_pem is not None else None
