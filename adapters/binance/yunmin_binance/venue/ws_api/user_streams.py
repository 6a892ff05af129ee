"""User data: who is subscribed to which account, and what is on its way to them.

A report is written at the moment of its event, while the order stands as the event left it, and leaves when the engine
is done with the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import orjson

from yunmin.simulation.ledger import Account
from yunmin.simulation.order_lists import NewList
from yunmin.simulation.orders import EngineEvent, EventKind, Order, PreventedMatch
from yunmin_binance.venue.exchange import Exchange, Rejection
from yunmin_binance.venue.outside import Movement
from yunmin_binance.venue.streams.board import Outlet
from yunmin_binance.venue.wire import TimeOf
from yunmin_binance.venue.ws_api.user_events import (
    EXECUTIONS,
    LIST_STATUSES,
    account_position,
    balance_movement,
    execution_report,
    list_status,
    rejected_list,
    rejection_report,
    stream_terminated,
)

__all__ = ["Subscription", "UserStreams"]

_LABELS: Final = {"strategyId": "j", "strategyType": "J"}

_Event = Callable[[TimeOf], dict[str, object]]


@dataclass(frozen=True, slots=True, eq=False)
class Subscription:
    """One connection's wish to hear of one account. `wrap` makes the frame around an encoded event."""

    account: Account
    connection: Outlet
    time_of: TimeOf
    wrap: Callable[[bytes], bytes]


class _Letter(NamedTuple):
    """One event on its way: to whom, and what it says in each unit of time that they read."""

    to: tuple[Subscription, ...]
    said: dict[TimeOf, dict[str, object]]
    order: Order | None = None


class UserStreams:
    """Turns engine events into user data events."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._subscriptions: dict[str, dict[Subscription, None]] = {}
        self._outbox: list[_Letter] = []
        self._balances: dict[str, dict[str, tuple[int, int]]] = {}
        self._executions = 0

    def add(self, subscription: Subscription) -> None:
        """Tell it of everything from now on."""
        self._subscriptions.setdefault(subscription.account.name, {})[subscription] = None

    def remove(self, subscription: Subscription) -> None:
        """Tell it of nothing more."""
        listening = self._subscriptions.get(subscription.account.name, {})
        listening.pop(subscription, None)
        if not listening:
            self._subscriptions.pop(subscription.account.name, None)

    def terminate(self, subscription: Subscription) -> None:
        """Remove it and say so."""
        now = self._exchange.engine.now()
        said = {subscription.time_of: stream_terminated(now, subscription.time_of)}
        self._outbox.append(_Letter((subscription,), said))
        self.remove(subscription)

    def hear(self, event: EngineEvent) -> None:
        """Write down what the account of `event` is to be told."""
        order, group = event.order, event.order.group
        if group is not None and event.kind in LIST_STATUSES:
            self._post(order.account, lambda time_of: list_status(event, group, time_of))
            return
        self._executions += 1
        if order.account not in self._subscriptions or event.kind not in EXECUTIONS:
            return
        number, cancel_id, replaced_id = self._executions, self._exchange.cancel_id, self._name_before(event)
        prevented = self._prevented_in(event)

        def report(time_of: TimeOf) -> dict[str, object]:
            return execution_report(
                event,
                execution_id=number,
                cancel_id=cancel_id,
                replaced_id=replaced_id,
                prevented=prevented,
                time_of=time_of,
            )

        market = self._exchange.floor(order.market).market
        paid_in = [] if event.fill is None else [event.fill.fee_asset]
        self._post(order.account, report, order)
        self._post_position(order.owner, dict.fromkeys((market.base, market.quote, *paid_in)), event.time)

    def hear_rejected(self, rejected: Rejection) -> None:
        """Write down that an order which was to replace another one, or a list, was refused."""
        now, message = self._exchange.engine.now(), rejected.message
        match rejected.asked:
            case NewList() as new:
                self._post(rejected.account, lambda time_of: rejected_list(new, message, now=now, time_of=time_of))
            case Order() as order:
                self._executions += 1
                number = self._executions
                self._post(
                    rejected.account,
                    lambda time_of: rejection_report(order, message, execution_id=number, now=now, time_of=time_of),
                )

    def _prevented_in(self, event: EngineEvent) -> PreventedMatch | None:
        number = event.order.prevented_match
        if event.kind is not EventKind.PREVENTED or number is None:
            return None
        return self._exchange.floor(event.order.market).prevented_match(number)

    def _name_before(self, event: EngineEvent) -> str | None:
        """The client order id that an order had before the amendment that `event` tells of."""
        if event.kind is not EventKind.AMENDED:
            return None
        last = self._exchange.floor(event.order.market).amendments[-1]
        return last.old_client_order_id if last.order_id == event.order.id else None

    def hear_moved(self, movement: Movement) -> None:
        """Write down that something came in, went out, or was locked from outside."""
        account, now = movement.account, self._exchange.engine.now()
        if account.name in self._subscriptions:
            self._post(account.name, lambda time_of: balance_movement(movement, now, time_of))
            self._post_position(account, (movement.asset,), now)

    def tell(self) -> None:
        """Send what was written down, then every balance that has moved since it was told."""
        self._send()
        for name, told in self._balances.items():
            account = self._exchange.ledger.account(name)
            if account is not None:
                moved = [asset for asset, balance in told.items() if _balance(account, asset) != balance]
                if moved:
                    self._post_position(account, moved, self._exchange.engine.now())
        self._balances = {}
        self._send()

    def _send(self) -> None:
        outbox, self._outbox = self._outbox, []
        for letter in outbox:
            # an order gets its labels once it is placed, which is after its first events
            labels = {} if letter.order is None else self._exchange.labels_of(letter.order)
            more = {_LABELS[name]: value for name, value in labels.items()}
            encoded = {time_of: orjson.dumps({**event, **more}) for time_of, event in letter.said.items()}
            for subscription in letter.to:
                subscription.connection.send(subscription.wrap(encoded[subscription.time_of]))

    def _post(self, account: str, event: _Event, order: Order | None = None) -> None:
        listening = tuple(self._subscriptions.get(account, ()))
        if listening:
            units = {subscription.time_of for subscription in listening}
            self._outbox.append(_Letter(listening, {time_of: event(time_of) for time_of in units}, order))

    def _post_position(self, account: Account, assets: Iterable[str], now: int) -> None:
        named = tuple(assets)
        told = self._balances.setdefault(account.name, {})
        told.update({asset: _balance(account, asset) for asset in named})
        self._post(account.name, lambda time_of: account_position(account, named, now, time_of))


def _balance(account: Account, asset: str) -> tuple[int, int]:
    return account.free[asset], account.locked[asset]
