"""Who listens to which stream, and the sending of one payload to all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import orjson

from yunmin_binance.venue.streams.names import Stream
from yunmin_binance.venue.wire import TimeOf

__all__ = ["MOST_STREAMS", "Board", "Outlet", "Payload", "Subscriber", "in_micros", "in_millis"]

MOST_STREAMS: Final = 1024
"""How many streams one connection may listen to."""

Payload = Callable[[TimeOf], object]
"""Makes a payload whose times are told in the unit that the client asked for."""


def in_millis(micros: int) -> int:
    return micros // 1000


def in_micros(micros: int) -> int:
    return micros


class Outlet(Protocol):
    """Where frames go: a connection, or who listens in its place."""

    def send(self, frame: bytes, about: str = "") -> None:
        """Take a text frame; `about` is the name of its stream."""
        ...

    def close(self, code: int, reason: bytes = b"") -> None:
        """End it once everything that waits has been sent."""
        ...


@dataclass(slots=True, eq=False)
class Subscriber:
    """A client of market streams. `is_combined` wraps every payload with its stream's name."""

    connection: Outlet
    time_of: TimeOf
    is_combined: bool
    names: dict[str, None] = field(default_factory=dict)

    def frame(self, stream: str, payload: bytes) -> bytes:
        """`payload` of `stream` as this client reads it."""
        return b'{"stream":%b,"data":%b}' % (orjson.dumps(stream), payload) if self.is_combined else payload


class Board:
    """Subscribers by stream name. A name that no stream has may be listened to; nothing comes then."""

    def __init__(self) -> None:
        self._listeners: dict[str, dict[Subscriber, None]] = {}
        self.streams: dict[str, Stream] = {}

    def add(self, subscriber: Subscriber, name: str, stream: Stream | None) -> bool:
        """Listen to `name`; whether its stream had no listener before."""
        subscriber.names[name] = None
        if stream is None:
            return False
        self._listeners.setdefault(name, {})[subscriber] = None
        is_new = name not in self.streams
        self.streams[name] = stream
        return is_new

    def remove(self, subscriber: Subscriber, name: str) -> bool:
        """Stop listening; whether that was the stream's last listener."""
        subscriber.names.pop(name, None)
        listeners = self._listeners.get(name)
        if listeners is None:
            return False
        listeners.pop(subscriber, None)
        if listeners:
            return False
        del self._listeners[name], self.streams[name]
        return True

    def publish(self, name: str, payload: Payload) -> None:
        """Send `payload` to everybody who listens to `name`. It is encoded once for each way of reading it."""
        frames: dict[tuple[TimeOf, bool], bytes] = {}
        for subscriber in tuple(self._listeners.get(name, ())):
            way = (subscriber.time_of, subscriber.is_combined)
            frame = frames.get(way)
            if frame is None:
                raw: object = payload(subscriber.time_of)
                frame = frames[way] = orjson.dumps({"stream": name, "data": raw} if way[1] else raw)
            subscriber.connection.send(frame, name)
