"""Timeframes: the lengths of candles, and where each candle begins and ends, in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

__all__ = ["Timeframe"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MONDAY: Final = datetime(1970, 1, 5, tzinfo=UTC)


class Timeframe(StrEnum):
    """How long one candle is, as exchanges write it: `1m`, `4h`, `1d`; `1w` begins on Monday, `1M` on the first."""

    S1 = "1s"
    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H8 = "8h"
    H12 = "12h"
    D1 = "1d"
    D3 = "3d"
    W1 = "1w"
    MONTH = "1M"

    __hash__ = str.__hash__  # it equals its text, so it must hash as its text

    @property
    def length(self) -> timedelta | None:
        """How long each candle is; None for the calendar month, whose length differs."""
        return _LENGTHS.get(self)

    def open_of(self, moment: datetime) -> datetime:
        """When the candle that contains `moment` (aware) begins."""
        moment = moment.astimezone(UTC)
        if self is Timeframe.MONTH:
            return datetime(moment.year, moment.month, 1, tzinfo=UTC)
        origin = _FIRST_MONDAY if self is Timeframe.W1 else _EPOCH
        return origin + (moment - origin) // _LENGTHS[self] * _LENGTHS[self]

    def close_of(self, open_time: datetime) -> datetime:
        """When the candle that begins at `open_time` is over: the moment at which the next one begins."""
        if self is Timeframe.MONTH:
            years, month = divmod(open_time.year * 12 + open_time.month, 12)
            return datetime(years, month + 1, 1, tzinfo=UTC)
        return open_time + _LENGTHS[self]

    def closer(self) -> Callable[[datetime], datetime]:
        """`close_of`, made ready for being called at every candle."""
        length = self.length
        return self.close_of if length is None else lambda open_time: open_time + length

    def begins_at(self, moment: datetime) -> bool:
        """Whether a candle of this timeframe begins at exactly `moment`."""
        return self.open_of(moment) == moment

    def divides(self, longer: Timeframe) -> bool:
        """Whether candles of this timeframe can be put together, without a rest, to candles of `longer`."""
        if self is Timeframe.MONTH:
            return longer is self
        if longer is Timeframe.MONTH:
            return _LENGTHS[self] <= timedelta(days=1)
        if self is Timeframe.W1:
            return longer is self
        return not _LENGTHS[longer] % _LENGTHS[self]


_LENGTHS: Final[dict[Timeframe, timedelta]] = {
    Timeframe.S1: timedelta(seconds=1),
    Timeframe.M1: timedelta(minutes=1),
    Timeframe.M3: timedelta(minutes=3),
    Timeframe.M5: timedelta(minutes=5),
    Timeframe.M15: timedelta(minutes=15),
    Timeframe.M30: timedelta(minutes=30),
    Timeframe.H1: timedelta(hours=1),
    Timeframe.H2: timedelta(hours=2),
    Timeframe.H4: timedelta(hours=4),
    Timeframe.H6: timedelta(hours=6),
    Timeframe.H8: timedelta(hours=8),
    Timeframe.H12: timedelta(hours=12),
    Timeframe.D1: timedelta(days=1),
    Timeframe.D3: timedelta(days=3),
    Timeframe.W1: timedelta(weeks=1),
}
