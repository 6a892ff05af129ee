"""An account's events on the address of the market streams, under its listen key: raw, as old clients expect them.

Binance spot user-data-stream.md of 2024-12-17. An expired key says so, once, and is silent from then on; one that its
owner closed is silent without a word.
"""

from __future__ import annotations

import orjson

from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.streams.board import Subscriber
from yunmin_binance.venue.ws_api.user_streams import Subscription, UserStreams

__all__ = ["AccountStreams"]


class AccountStreams:
    """Who listens to which account by which key."""

    def __init__(self, exchange: Exchange, users: UserStreams) -> None:
        self._exchange = exchange
        self._users = users
        self._listening: dict[str, dict[Subscriber, Subscription]] = {}
        if exchange.listen_keys is not None:
            exchange.listen_keys.on_close = self._silence

    def listen(self, subscriber: Subscriber, key: str) -> bool:
        """Let `subscriber` hear the account of `key`; False where that is no key of anybody."""
        keys = self._exchange.listen_keys
        account = None if keys is None else keys.owner(key, self._exchange.engine.now())
        if account is None:
            return False
        if subscriber not in self._listening.get(key, ()):
            subscription = Subscription(
                account, subscriber.connection, subscriber.time_of, lambda event: subscriber.frame(key, event)
            )
            self._listening.setdefault(key, {})[subscriber] = subscription
            self._users.add(subscription)
        return True

    def leave(self, subscriber: Subscriber, key: str) -> None:
        """Let it hear no more."""
        listening = self._listening.get(key)
        subscription = None if listening is None else listening.pop(subscriber, None)
        if subscription is not None:
            self._users.remove(subscription)
        if listening is not None and not listening:
            del self._listening[key]

    def end_expired(self, now: int) -> None:
        """Tell whoever listens by a key that nobody has kept alive."""
        keys = self._exchange.listen_keys
        for key in keys.expire(now) if keys is not None else ():
            for subscriber in self._listening.get(key, ()):
                said = {"e": "listenKeyExpired", "E": subscriber.time_of(now), "listenKey": key}
                subscriber.connection.send(subscriber.frame(key, orjson.dumps(said)))
            self._silence(key)

    def _silence(self, key: str) -> None:
        for subscription in self._listening.pop(key, {}).values():
            self._users.remove(subscription)
