"""What happened in markets before anybody came: trades that are played in a moment, at the times that they have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge
from typing import Final, NamedTuple

from yunmin.clock import seeded
from yunmin.simulation.intervals import MINUTE
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.price_paths import PricePath
from yunmin.simulation.recorded_trades import RecordedTrade
from yunmin.simulation.trade_player import TradePlayer

__all__ = ["POINT_EVERY", "PastTrade", "play_past", "walked"]

POINT_EVERY: Final = MINUTE // 4
"""Microseconds between two trades of a past that is made up: a minute has four, as a candle has."""


class PastTrade(NamedTuple):
    """A trade, when it is to have happened (microseconds), and who makes it happen."""

    time: int
    player: TradePlayer
    trade: RecordedTrade


def play_past(engine: MatchingEngine, pasts: Iterable[Iterable[PastTrade]]) -> None:
    """Let all of them happen, each of `pasts` being in order, in the order of their times."""
    for time, player, trade in merge(*pasts, key=lambda one: one.time):
        with engine.at(time):
            player.play(trade)


def walked(
    player: TradePlayer, path: PricePath, since: int, until: int, *, moves: int, most: int, seed: str
) -> Iterator[PastTrade]:
    """Trades along `path`, which moves `moves` times between two of them, of up to `most` units, until before `until`.

    `seed` fixes their quantities.
    """
    random, standing = seeded(seed), 0
    for time in range(-(-since // POINT_EVERY) * POINT_EVERY, until, POINT_EVERY):
        for _ in range(moves):
            price = path.next_price()
        yield PastTrade(time, player, RecordedTrade(time, price, random.randint(1, most), price < standing))
        standing = price
