"""What is one route's own: its orders by their tags, its position, its stops; and the file that keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from yunmin.clock import Clock
from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.route import Route
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_manager import Position, PositionManager
from yunmin.errors import ConfigurationError
from yunmin.exchange.capabilities import Traits
from yunmin.execution.order_tags import OrderRole, read_tag, tag_of
from yunmin.execution.outcomes import Outcome
from yunmin.execution.protection import Protection
from yunmin.execution.state_file import StateFile

__all__ = ["Plan", "RouteDesk", "RouteDesks"]

_FORMAT: Final = 1
_SAVE_EVERY: Final = 5.0


class Plan(NamedTuple):
    """What goes on once these orders have ended."""

    decision: Decision
    waits_for: tuple[str, ...]
    go_on: Callable[[], Outcome]


@dataclass(slots=True)
class RouteDesk:
    """See the module. `protections` and `plans` are by symbol."""

    route: Route
    tag: str
    owns: Callable[[str], bool]
    positions: PositionManager
    protections: dict[str, Protection]
    plans: dict[str, Plan] = field(default_factory=dict)

    def position(self, symbol: str) -> Position:
        """What the route holds."""
        return self.positions.position(symbol)

    def live(self, tracker: OrderTracker, symbol: str) -> list[InFlightOrder]:
        """Its orders that are or may be open."""
        return [order for order in tracker.get_open_orders(symbol) if self.owns(order.client_order_id)]

    def protect(self, symbol: str, protection: Protection | None) -> None:
        """The stop and profit from now on; None for none."""
        if protection is None:
            self.protections.pop(symbol, None)
        else:
            self.protections[symbol] = protection

    def dump(self) -> dict[str, Any]:
        """JSON-able and exact. A plan is not kept: after a restart the strategy decides anew."""
        return {
            "name": self.route.name,
            "positions": self.positions.dump(),
            "protections": [protection.dump() for protection in self.protections.values()],
        }


class RouteDesks:
    """The desks by tag, and `positions`, those of the whole account. `unsaved` says why nothing can be kept."""

    def __init__(self, tracker: OrderTracker, traits: Traits, clock: Clock, file: StateFile | None) -> None:
        self._tracker = tracker
        self._traits = traits
        self._clock = clock
        self._file = file
        self._desks: dict[str, RouteDesk] = {}
        self._next_save = float("-inf")
        self.unsaved = ""
        account, self._saved = self._load()
        self.positions = PositionManager() if account is None else PositionManager.load(account)
        self.positions.follow(tracker)

    def all(self) -> tuple[RouteDesk, ...]:
        """Every desk that is open."""
        return tuple(self._desks.values())

    def find(self, client_order_id: str) -> RouteDesk | None:
        """The open desk of that order's route."""
        tag = read_tag(client_order_id, self._traits)
        return None if tag is None else self._desks.get(tag.route)

    def role(self, client_order_id: str) -> OrderRole | None:
        """What that order is for; None where it is not ours."""
        tag = read_tag(client_order_id, self._traits)
        return None if tag is None else tag.role

    def of(self, route: Route) -> RouteDesk:
        """The desk of `route`, opened with what is kept of it."""
        tag = tag_of(route).route
        desk = self._desks.get(tag)
        if desk is None:
            desk = self._desks[tag] = self._open(route, tag)
        elif desk.route.name != route.name:
            raise ConfigurationError(f"{route.name} and {desk.route.name} have one tag; give one of them a label")
        return desk

    def _open(self, route: Route, tag: str) -> RouteDesk:
        def is_ours(client_order_id: str) -> bool:
            found = read_tag(client_order_id, self._traits)
            return found is not None and found.route == tag

        saved = self._saved.get(tag)
        if saved is None:
            positions, protections = PositionManager(owns=is_ours), {}
        else:
            positions = PositionManager.load(saved["positions"], owns=is_ours)
            protections = {each["symbol"]: Protection.load(each) for each in saved["protections"]}
        positions.catch_up(self._tracker.get_orders())
        return RouteDesk(route, tag, is_ours, positions, protections)

    # --- the file ----------------------------------------------------------------------------------------------------

    def save_when_due(self) -> None:
        """Positions can be made anew from the orders of the last while; so they are written down now and then."""
        if self._clock.monotonic() >= self._next_save:
            self.save()

    def save(self) -> None:
        """Write everything down now; `unsaved` says if that failed."""
        if self._file is None:
            return
        self._next_save = self._clock.monotonic() + _SAVE_EVERY
        self._saved |= {tag: desk.dump() for tag, desk in self._desks.items()}
        try:
            self._file.save({"format": _FORMAT, "account": self.positions.dump(), "routes": self._saved})
            self.unsaved = ""
        except OSError as error:
            self.unsaved = str(error)

    def _load(self) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        state = None if self._file is None else self._file.load()
        if state is None:
            return None, {}
        if state.get("format") != _FORMAT:
            raise ConfigurationError(
                f"the executor's state is of format {state.get('format')!r}; this version reads {_FORMAT}. "
                "Nothing was sent"
            )
        return state["account"], state["routes"]
