"""News that came before its order: it waits under either id by which the order may appear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.news import News, Verdict

__all__ = ["OrphanNews", "name_of"]

_Key = tuple[str, ...]


class OrphanNews:
    """Each piece once, oldest first. `limit` is how many may wait; `push_out` gives up what is over it."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.next_number = 1
        self._pieces: dict[int, News] = {}
        self._marks: set[tuple[type, str]] = set()
        self._waiting: dict[_Key, dict[int, None]] = {}

    def __len__(self) -> int:
        return len(self._pieces)

    @property
    def numbered(self) -> Mapping[int, News]:
        """What waits, under the number that says when it came."""
        return self._pieces

    def take_number(self) -> int:
        """A number that no piece has, nor will have."""
        number = self.next_number
        self.next_number += 1
        return number

    def keep(self, news: News) -> bool:
        """Let `news` wait; False where the very same waits already."""
        if _mark(news) in self._marks:
            return False
        self.file(self.take_number(), news)
        return True

    def file(self, number: int, news: News) -> None:
        """Let `news` wait under a number that it was given before."""
        self._marks.add(_mark(news))
        self._pieces[number] = news
        for key in _keys(news):
            self._waiting.setdefault(key, {})[number] = None

    def release_for(self, order: InFlightOrder) -> list[News]:
        """What waited for `order`, oldest first; it waits no more."""
        keys: list[_Key] = [("client order", order.client_order_id)]
        if order.exchange_order_id is not None:
            keys.append(("exchange order", order.exchange_order_id, order.symbol))
        numbers = {number for key in keys for number in self._waiting.get(key, ())}
        return [self._release(number) for number in sorted(numbers)]

    def push_out(self) -> Iterator[News]:
        """Give up the oldest pieces until no more wait than may."""
        while len(self._pieces) > self.limit:
            yield self._release(next(iter(self._pieces)))

    def _release(self, number: int) -> News:
        news = self._pieces.pop(number)
        self._marks.discard(_mark(news))
        for key in _keys(news):
            del self._waiting[key][number]
            if not self._waiting[key]:
                del self._waiting[key]
        return news


def name_of(news: News) -> str:
    """The order that the news is about, in words."""
    return " ".join(_keys(news)[0])


def _keys(news: News) -> list[_Key]:
    """The ids under which the order of this news may appear."""
    keys: list[_Key] = []
    if news.client_order_id is not None:
        keys.append(("client order", news.client_order_id))
    if not isinstance(news, Verdict) and news.exchange_order_id is not None:
        keys.append(("exchange order", news.exchange_order_id, news.symbol))
    return keys or [("an order without an id",)]


def _mark(news: News) -> tuple[type, str]:
    """What tells one piece from another: all that it says, but for the exchange's own raw answer."""
    return type(news), news.model_dump_json()
