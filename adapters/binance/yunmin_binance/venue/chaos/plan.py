"""The plan of faults of one venue: which rules stand, which strikes, and what has struck.

The same seed, the same rules and the same subjects in the same order give the same strikes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from yunmin.clock import seeded
from yunmin.errors import ConfigurationError
from yunmin_binance.venue.chaos.faults import Delay
from yunmin_binance.venue.chaos.rules import Rule
from yunmin_binance.venue.chaos.subject import Door, Subject

__all__ = ["Chaos", "Standing", "Strike"]

_MICROS: Final = 1_000_000
_MOST_RULES: Final = 1000
_KEPT: Final = 100_000


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault that happened. `time` is in microseconds of the venue's clock, `at` the name of what it struck."""

    number: int
    time: int
    rule: int
    name: str
    fault: str
    at: str
    symbol: str
    account: str
    client_order_id: str


class Standing:
    """A rule that stands, with what it has seen and done. `until` is in microseconds; None is for ever."""

    def __init__(self, number: int, rule: Rule, seed: str, until: int | None) -> None:
        self.number = number
        self.rule = rule
        self.random = seeded(seed)
        self.until = until
        self.seen = 0
        self.struck = 0

    @property
    def is_spent(self) -> bool:
        return self.rule.count is not None and self.struck >= self.rule.count

    def is_over(self, now: int) -> bool:
        return self.is_spent or (self.until is not None and now >= self.until)

    def strikes(self, subject: Subject) -> bool:
        """Whether this one is hit; counts it either way."""
        rule = self.rule
        if not rule.fits(subject):
            return False
        self.seen += 1
        turn = self.seen - rule.skip - 1
        if turn < 0 or turn % rule.every or (rule.probability < 1.0 and self.random.random() >= rule.probability):
            return False
        self.struck += 1
        return True

    def seconds_left(self, now: int) -> int | None:
        """Whole seconds until it ends, rounded up."""
        return None if self.until is None else max(-(-(self.until - now) // _MICROS), 0)


class Chaos:
    """Faults on demand.

        rule = venue.chaos.add(Rule(where="POST /api/v3/order", fault=Drop(), count=1))
        ...
        assert [strike.fault for strike in venue.chaos.log] == ["drop"]

    Rules are looked at in the order in which they were added. Every delay that strikes is waited for, and the first
    other fault that strikes is the one that happens.
    """

    def __init__(self, seed: int, now: Callable[[], int], *, keep: int = _KEPT) -> None:
        self.seed = seed
        self.strikes = 0
        self._now = now
        self._rules: dict[int, Standing] = {}
        self._last_number = 0
        self._log: deque[Strike] = deque(maxlen=keep)
        self._watchers: list[Callable[[], None]] = []
        self._at_once: dict[Door, Callable[[Standing], None]] = {}
        self._doors: frozenset[Door] = frozenset()
        self._next_end: int | None = None

    @property
    def log(self) -> tuple[Strike, ...]:
        """What has struck, oldest first; at least the last hundred thousand are remembered."""
        return tuple(self._log)

    @property
    def doors(self) -> frozenset[Door]:
        """Where somebody waits for something."""
        if self._next_end is not None and self._now() >= self._next_end:
            self._sweep()
        return self._doors

    @property
    def standing(self) -> tuple[Standing, ...]:
        """What has not been lifted, even where its time is over."""
        return tuple(self._rules.values())

    @property
    def rules(self) -> tuple[Standing, ...]:
        """What stands, oldest first."""
        self._sweep()
        return tuple(self._rules.values())

    def add(self, rule: Rule) -> int:
        """Let `rule` stand from now on; its number. Where it strikes at once, it has when this returns."""
        if len(self._rules) >= _MOST_RULES:
            raise ConfigurationError(f"at most {_MOST_RULES} rules at once")
        self._last_number += 1
        number = self._last_number
        until = None if rule.for_seconds is None else self._now() + round(rule.for_seconds * _MICROS)
        seed = f"{self.seed}-{number}" if rule.seed is None else rule.seed
        standing = Standing(number, rule, f"chaos-{seed}", until)
        self._rules[number] = standing
        self._changed()
        if rule.door in self._at_once:
            try:
                self._at_once[rule.door](standing)
            except ConfigurationError:
                self.clear(number)
                raise
        return number

    def clear(self, number: int | None = None) -> int:
        """Lift one rule, or all; how many that were. What they hold back is let go."""
        lifted = [one for one in self._rules if number is None or one == number]
        for one in lifted:
            del self._rules[one]
        self._changed()
        return len(lifted)

    @contextmanager
    def active(self, *rules: Rule) -> Iterator[None]:
        """Let `rules` stand for as long as the block runs."""
        numbers = [self.add(rule) for rule in rules]
        try:
            yield
        finally:
            for number in numbers:
                self.clear(number)

    def fired(self, fault: str | None = None) -> int:
        """How many strikes are remembered, of one kind of fault or of all."""
        return sum(fault is None or strike.fault == fault for strike in self._log)

    def strike(self, subject: Subject) -> list[Standing]:
        """What strikes `subject`: any number of delays, then at most one other fault. Written down."""
        struck: list[Standing] = []
        self._sweep()
        for standing in tuple(self._rules.values()):
            if standing.rule.door is subject.door and standing.strikes(subject):
                struck.append(standing)
                self.record(standing, subject)
                if not isinstance(standing.rule.fault, Delay):
                    break
        return struck

    def record(self, standing: Standing, subject: Subject) -> None:
        """Write down that `standing` has struck."""
        self.strikes += 1
        self._log.append(
            Strike(
                number=self.strikes,
                time=self._now(),
                rule=standing.number,
                name=standing.rule.name,
                fault=standing.rule.fault.kind,
                at=subject.names[0],
                symbol=_first(subject.symbols),
                account=_first(subject.accounts),
                client_order_id=_first(subject.client_order_ids),
            )
        )

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` whenever rules have come or gone."""
        self._watchers.append(watcher)

    def strike_at_once(self, door: Door, strike: Callable[[Standing], None]) -> None:
        """Who carries out what strikes at `door` at the moment at which it is added."""
        self._at_once[door] = strike

    def _sweep(self) -> None:
        now = self._now()
        over = [number for number, standing in self._rules.items() if standing.is_over(now)]
        for number in over:
            del self._rules[number]
        if over:
            self._changed()

    def _changed(self) -> None:
        self._doors = frozenset(standing.rule.door for standing in self._rules.values())
        self._next_end = min((one.until for one in self._rules.values() if one.until is not None), default=None)
        for watcher in self._watchers:
            watcher()


def _first(found: tuple[str, ...]) -> str:
    return found[0] if found else ""
