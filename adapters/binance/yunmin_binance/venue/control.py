"""The venue's own door, beside the exchange's: state, ledger, orders of other accounts, steps. Loopback callers only.

| request | what it does |
|---|---|
| `GET /venue/state` | clock, symbols, counts, and whether the audit is clean |
| `GET /venue/ledger?account=NAME` | orders, fills and balances of an account, straight from the engine |
| `POST /venue/orders` | places an order as any account: a JSON object (see `OrderAs`), or a list of them |
| `POST /venue/step?n=1` | lets the house move, quote and take n times |
| `GET POST DELETE /venue/chaos` | faults on demand: see `chaos.door` |
| `GET POST /venue/clock`, `POST /venue/restart`, `POST /venue/save` | the venue as a whole: see `owners_door` |
| `POST /venue/symbols` | opens or closes a market: `{"symbol": "BTCUSDT", "status": "HALT"}` |
| `POST /venue/deposits` | brings an amount in from outside: account, asset, amount; below zero it goes out |
| `POST /venue/locks` | lets another system lock an amount, or give it back: account, asset, amount |
| `POST /venue/keys/revoke` | makes an API key good for nothing: `{"api_key": "..."}` |
| `POST /venue/bans/lift` | forgets whom the exchange has banned for asking too much |

The answers to a list of orders stand in `orders`, with an `error` for each that was refused.

It needs no key: it is for the tests and demos that own the venue, as opposite side and as oracle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from typing import Final

import orjson
from pydantic import SecretStr, TypeAdapter, ValidationError

from yunmin.core.data_contracts import Contract
from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.core.data_contracts.money import Amount, Price, Qty, plain
from yunmin.errors import ConfigurationError, InvalidValue
from yunmin.simulation.orders import NewOrder, Order, SelfTradePrevention
from yunmin.simulation.reports import report_account, report_order
from yunmin.simulation.units import from_micros, to_units
from yunmin_binance.venue.api import RawRequest, RawResponse
from yunmin_binance.venue.chaos.door import ChaosDoor
from yunmin_binance.venue.chaos.plan import Chaos
from yunmin_binance.venue.config import is_loopback
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.owners_door import OwnersDoor
from yunmin_binance.venue.params import Params, merge_parameters
from yunmin_binance.venue.symbols import SymbolStatus

__all__ = ["Control", "OrderAs", "place_as"]

_MOST_STEPS: Final = 1000


class OrderAs(Contract):
    """An order of any account. Quantity is in base units, price in quote units, quote_quantity for market orders."""

    account: str
    symbol: str
    side: Side
    type: OrderType
    quantity: Qty | None = None
    price: Price | None = None
    stop_price: Price | None = None
    quote_quantity: Qty | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.NONE
    client_order_id: str | None = None


_SEVERAL: Final = TypeAdapter(list[OrderAs])
_REFUSALS: Final = (ApiError, ValidationError, ConfigurationError, InvalidValue)


class StatusOf(Contract):
    """What a market is open for from now on."""

    symbol: str
    status: SymbolStatus


class KeyOf(Contract):
    """An API key."""

    api_key: SecretStr


class Moved(Contract):
    """An amount that comes in or is locked; below zero, one that goes out or is given back."""

    account: str
    asset: str
    amount: Amount


def place_as(exchange: Exchange, wanted: OrderAs) -> Order:
    """Place through the same filters and the same engine as an order from the wire; ApiError where it is refused."""
    if exchange.ledger.account(wanted.account) is None:
        raise ConfigurationError(f"no such account: {wanted.account!r}")
    new = NewOrder(
        account=wanted.account,
        market=wanted.symbol,
        side=wanted.side,
        order_type=wanted.type,
        client_order_id=wanted.client_order_id or exchange.new_client_order_id(),
        qty=to_units(wanted.quantity or 0),
        price=to_units(wanted.price or 0),
        quote_qty=to_units(wanted.quote_quantity or 0),
        time_in_force=wanted.time_in_force,
        stop_price=to_units(wanted.stop_price or 0),
        self_trade=wanted.self_trade_prevention,
    )
    return exchange.submit(new, {})


class Control:
    """Answers raw requests under /venue."""

    def __init__(self, exchange: Exchange, chaos: Chaos, owner: OwnersDoor) -> None:
        self._exchange = exchange
        faults = ChaosDoor(chaos)
        self._operations: dict[tuple[str, str], Callable[[RawRequest], dict[str, object]]] = {
            ("GET", "/venue/state"): self._state,
            ("GET", "/venue/ledger"): self._ledger,
            ("POST", "/venue/orders"): self._orders,
            ("POST", "/venue/step"): self._step,
            ("GET", "/venue/chaos"): faults.show,
            ("POST", "/venue/chaos"): faults.add,
            ("POST", "/venue/chaos/storm"): faults.storm,
            ("DELETE", "/venue/chaos"): faults.clear,
            ("GET", "/venue/clock"): owner.show_clock,
            ("POST", "/venue/clock"): owner.set_clock,
            ("POST", "/venue/restart"): owner.restart,
            ("POST", "/venue/save"): owner.save,
            ("POST", "/venue/symbols"): self._symbols,
            ("POST", "/venue/deposits"): self._deposits,
            ("POST", "/venue/locks"): self._locks,
            ("POST", "/venue/keys/revoke"): self._revoke_key,
            ("POST", "/venue/bans/lift"): self._lift_bans,
        }

    def answer(self, request: RawRequest) -> RawResponse:
        """The answer; a JSON object with `error` where it is a no."""
        if not is_loopback(request.address):
            return RawResponse(403, orjson.dumps({"error": "this door is open to loopback callers only"}))
        operation = self._operations.get((request.method, request.path))
        if operation is None:
            return RawResponse(404, orjson.dumps({"error": "no such operation"}))
        self._exchange.catch_up()
        try:
            return RawResponse(200, orjson.dumps(operation(request), default=_plain))
        except _REFUSALS as error:
            status, said = _refused(error)
            return RawResponse(status, orjson.dumps(said))

    def _state(self, _: RawRequest) -> dict[str, object]:
        exchange = self._exchange
        audit = exchange.engine.audit()
        return {
            "now": from_micros(exchange.engine.now()),
            "symbols": list(exchange.rules),
            "statuses": {name: status.value for name, status in exchange.statuses.items()},
            "accounts": [account.name for account in exchange.ledger.accounts()],
            "orders_placed": exchange.orders_placed,
            "orders_open": sum(len(exchange.engine.orders_of(a.name).open) for a in exchange.ledger.accounts()),
            "trades": sum(len(exchange.floor(name).tape.trades) for name in exchange.rules),
            "steps": exchange.steps,
            "replay_is_over": exchange.houses.replay_is_over,
            "audit": {"ok": audit.ok, "problems": list(audit.problems)},
        }

    def _ledger(self, request: RawRequest) -> dict[str, object]:
        params = Params(merge_parameters(request.query, b""))
        return asdict(report_account(self._exchange.engine, params.required_text("account")))

    def _orders(self, request: RawRequest) -> dict[str, object]:
        body = request.body or b"{}"
        if not body.lstrip().startswith(b"["):
            return self._place(OrderAs.model_validate_json(body))
        return {"orders": [self._place_one_of_several(wanted) for wanted in _SEVERAL.validate_json(body)]}

    def _place(self, wanted: OrderAs) -> dict[str, object]:
        return asdict(report_order(place_as(self._exchange, wanted)))

    def _place_one_of_several(self, wanted: OrderAs) -> dict[str, object]:
        try:
            return self._place(wanted)
        except _REFUSALS as error:
            return _refused(error)[1]

    def _step(self, request: RawRequest) -> dict[str, object]:
        asked = Params(merge_parameters(request.query, b"")).long("n")
        count = 1 if asked is None else asked
        if count > _MOST_STEPS:
            raise ConfigurationError(f"at most {_MOST_STEPS} steps at once")
        self._exchange.step(count)
        return {"steps": self._exchange.steps}

    def _symbols(self, request: RawRequest) -> dict[str, object]:
        wanted = StatusOf.model_validate_json(request.body or b"{}")
        self._exchange.set_status(wanted.symbol, wanted.status)
        return {"symbol": wanted.symbol, "status": wanted.status.value}

    def _deposits(self, request: RawRequest) -> dict[str, object]:
        moved = Moved.model_validate_json(request.body or b"{}")
        self._exchange.outside.transfer(moved.account, moved.asset, to_units(moved.amount))
        return moved.model_dump()

    def _locks(self, request: RawRequest) -> dict[str, object]:
        moved = Moved.model_validate_json(request.body or b"{}")
        self._exchange.outside.lock(moved.account, moved.asset, to_units(moved.amount))
        return moved.model_dump()

    def _revoke_key(self, request: RawRequest) -> dict[str, object]:
        wanted = KeyOf.model_validate_json(request.body or b"{}")
        self._exchange.revoke_key(wanted.api_key.get_secret_value())
        return {}

    def _lift_bans(self, _: RawRequest) -> dict[str, object]:
        self._exchange.traffic.lift_bans()
        return {}


def _refused(error: Exception) -> tuple[int, dict[str, object]]:
    """The HTTP status of one of `_REFUSALS`, and what is said."""
    match error:
        case ApiError():
            return error.status, {"error": error.message, "code": error.code}
        case ValidationError():
            return 400, {"error": "; ".join(f"{_path(one['loc'])}: {one['msg']}" for one in error.errors())}
        case _:
            return 400, {"error": str(error)}


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(type(value).__name__)


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)
