"""One connection to the WebSocket API: whose key it has, and what it is subscribed to.

Binance spot web-socket-api.md, 2026-07-21, Session Authentication and User Data Stream requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.exchange import Member
from yunmin_binance.venue.streams.board import in_micros
from yunmin_binance.venue.streams.connection import Connection
from yunmin_binance.venue.wire import TimeOf
from yunmin_binance.venue.ws_api.user_streams import Subscription, UserStreams

__all__ = ["Session"]

_MOST_AT_ONCE: Final = 1000
_MOST_IN_A_LIFE: Final = 65_535


class _Held(NamedTuple):
    """A subscription; `of_session` is one that ends with the session's logout."""

    subscription: Subscription
    of_session: bool


class Session:
    """What is known of one client."""

    def __init__(
        self, connection: Connection, users: UserStreams, *, address: str, time_of: TimeOf, shows_limits: bool, now: int
    ) -> None:
        self.connection = connection
        self.address = address
        self.time_of = time_of
        self.shows_limits = shows_limits
        self.member: Member | None = None
        self._users = users
        self._api_key: str | None = None
        self._authorized_since: int | None = None
        self._connected_since = now
        self._subscriptions: dict[int, _Held] = {}
        self._next_subscription = 0

    @property
    def in_micros(self) -> bool:
        return self.time_of is in_micros

    def log_on(self, api_key: str, member: Member, now: int) -> None:
        """Requests without a key of their own are this member's from now on."""
        self._api_key, self.member, self._authorized_since = api_key, member, now

    def holds_revoked_key(self, members: Mapping[str, Member]) -> bool:
        """Whether the key of the session is none of `members` any more, or another's."""
        return self._api_key is not None and members.get(self._api_key) is not self.member

    def log_out(self) -> None:
        """Forget the key, and end what was subscribed to with it."""
        self._api_key = self.member = self._authorized_since = None
        for number, held in tuple(self._subscriptions.items()):
            if held.of_session:
                self._terminate(number)

    def status(self, now: int) -> dict[str, object]:
        """The answer to session.status, and to logging on and out."""
        since = self._authorized_since
        return {
            "apiKey": self._api_key,
            "authorizedSince": None if since is None else self.time_of(since),
            "connectedSince": self.time_of(self._connected_since),
            "returnRateLimits": self.shows_limits,
            "serverTime": self.time_of(now),
            "userDataStream": bool(self._subscriptions),
        }

    def subscriptions(self) -> list[dict[str, object]]:
        """The answer to session.subscriptions."""
        return [{"subscriptionId": number} for number in self._subscriptions]

    def subscribe(self, member: Member, *, of_session: bool) -> int:
        """A subscription to the account of `member`: at most one per account."""
        if any(held.subscription.account is member.account for held in self._subscriptions.values()):
            raise ApiError(-2035, "User Data Stream subscription already active.")
        # more than a thousand at once are refused too; the docs name neither code nor text for that
        if self._next_subscription >= _MOST_IN_A_LIFE or len(self._subscriptions) >= _MOST_AT_ONCE:
            raise ApiError(-2042, "Maximum subscription ID reached for this connection.")
        number = self._next_subscription
        self._next_subscription += 1
        opening = b'{"subscriptionId":%d,"event":' % number
        subscription = Subscription(
            member.account, self.connection, self.time_of, lambda event: b"%b%b}" % (opening, event)
        )
        self._subscriptions[number] = _Held(subscription, of_session)
        self._users.add(subscription)
        return number

    def unsubscribe(self, number: int | None) -> None:
        """End one subscription, or all of them."""
        if number is not None and number not in self._subscriptions:
            raise ApiError(-2036, "User Data Stream subscription not active.")
        for one in tuple(self._subscriptions) if number is None else (number,):
            self._terminate(one)

    def accounts(self) -> tuple[str, ...]:
        """The names of the accounts that it is subscribed to."""
        return tuple(held.subscription.account.name for held in self._subscriptions.values())

    def account_of(self, number: int) -> str | None:
        """The name of the account behind a subscription."""
        held = self._subscriptions.get(number)
        return None if held is None else held.subscription.account.name

    def end(self) -> None:
        """The client is gone."""
        for held in self._subscriptions.values():
            self._users.remove(held.subscription)
        self._subscriptions = {}

    def _terminate(self, number: int) -> None:
        self._users.terminate(self._subscriptions.pop(number).subscription)
