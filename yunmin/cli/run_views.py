"""A run and its books as people read them: blocks of lines and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from yunmin.cli.tables import pairs_of, table_of
from yunmin.core.data_contracts.money import plain

if TYPE_CHECKING:
    from rich.console import RenderableType

    from yunmin.engine.status.run_look import RunLook
    from yunmin.engine.status.run_status import OrderStatus, PositionStatus, RouteStatus, RunStatus
    from yunmin.execution.account_books import AccountBooks

__all__ = [
    "ORDER_COLUMNS",
    "POSITION_COLUMNS",
    "age_in_words",
    "as_line",
    "books_as_json",
    "books_blocks",
    "number",
    "order_cells",
    "orders_table",
    "position_cells",
    "positions_table",
    "standing_in_words",
    "status_blocks",
]

_readable: Final = Context(prec=12).plus
_MOST_DECIMALS: Final = 8


def status_blocks(look: RunLook) -> list[RenderableType]:
    """Everything that a status has, for a look that found one."""
    status = look.status
    assert status is not None  # noqa: S101  the caller looked
    blocks: list[RenderableType] = [pairs_of(f"{status.world}  ({look.folder})", _facts(look, status))]
    blocks.append(table_of("Routes", _ROUTE_COLUMNS, map(_route_cells, status.routes)))
    blocks.append(positions_table(status.positions))
    blocks.append(orders_table("Open orders", status.open_orders))
    if status.uncertain:
        blocks.append(orders_table("NOT CERTAIN: nothing is put in their place before it is", status.uncertain))
    if status.warnings:
        rows = [(_time(each.at), each.kind, each.text) for each in status.warnings]
        blocks.append(table_of("Warnings", ("at", "kind", "what"), rows))
    return blocks


def books_blocks(folder: Path, books: AccountBooks) -> list[RenderableType]:
    """What an account's folder knows by itself."""
    from yunmin.core.data_contracts.enums import Certainty
    from yunmin.engine.status.run_status import order_status, orders_by_state, position_status

    orders = [order_status(order) for order in books.tracker.get_open_orders()]
    facts = [
        ("record", f"{books.seq}, of {_moment(books.at)}"),
        ("orders", _counted(orders_by_state(books.tracker)) or "none"),
        ("not certain", sum(order.certainty is not Certainty.CONFIRMED for order in orders)),
    ]
    positions = [position_status(each, None) for each in books.positions.positions().values()]
    return [
        pairs_of(f"Journal  ({folder})", facts),
        positions_table(positions),
        orders_table("Open orders", orders),
    ]


def books_as_json(books: AccountBooks) -> dict[str, Any]:
    """The same for programs."""
    from yunmin.engine.status.run_status import order_status, orders_by_state, position_status

    return {
        "seq": books.seq,
        "at": None if books.at is None else books.at.isoformat(),
        "orders": orders_by_state(books.tracker),
        "open_orders": [order_status(order).model_dump(mode="json") for order in books.tracker.get_open_orders()],
        "positions": [
            position_status(each, None).model_dump(mode="json") for each in books.positions.positions().values()
        ],
    }


def positions_table(positions: Sequence[PositionStatus]) -> RenderableType:
    """The account's positions; those that are closed show what they made."""
    return table_of("Positions", POSITION_COLUMNS, map(position_cells, positions))


def orders_table(title: str, orders: Sequence[OrderStatus]) -> RenderableType:
    """Orders, in the order of the books."""
    return table_of(title, ORDER_COLUMNS, map(order_cells, orders))


def as_line(look: RunLook) -> str:
    """The status in one line."""
    status = look.status
    if status is None:
        return f"{look.standing}: no run has written its status in {look.folder}"
    held = [f"{each.symbol} {number(each.qty)}" for each in status.positions if each.qty]
    doubt = f", {len(status.uncertain)} NOT CERTAIN" if status.uncertain else ""
    parts = [
        f"{_time(status.at)} {look.standing} {status.phase}{'' if status.takes_orders else ' (takes no orders)'}",
        f"{len(status.open_orders)} open{doubt}",
        f"{status.fills} fills",
        "; ".join(held) or "nothing held",
        f"equity {number(status.risk.equity)} {status.risk.currency}",
        *(f"LOCKED {lock.rule}" for lock in status.risk.locks),
        *(f"{_short_name(each)} {_decision(each)} {_outcome(each)}" for each in status.routes if each.last_decision),
    ]
    return " | ".join(parts)


def standing_in_words(look: RunLook) -> str:
    """How the run stands, and what that means."""
    if look.status is None:
        return "no run has written its status here"
    pid, age = look.status.pid, age_in_words(look.age)
    return {
        "ALIVE": f"{look.status.phase.lower()}, process {pid}, seen {age} ago",
        "SILENT": f"process {pid} on {look.status.host} has the account and has said nothing for {age}: it hangs, or "
        "is paused",
        "ENDED": f"ended {age} ago: {look.status.why or 'no reason was given'}",
        "GONE": f"process {pid} is gone without saying goodbye, {age} after its last word",
    }[look.standing]


def age_in_words(age: timedelta | None) -> str:
    """`2.1 s`, `4 min`, `3 h`, `2 d`."""
    seconds = 0.0 if age is None else age.total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.1f} s"


def number(value: Decimal | None) -> str:
    """For people: all of it where it has up to eight decimals, else twelve digits."""
    if value is None:
        return "-"
    exponent = value.as_tuple().exponent
    return plain(_readable(value) if isinstance(exponent, int) and exponent < -_MOST_DECIMALS else value)


def _facts(look: RunLook, status: RunStatus) -> Iterable[tuple[str, object]]:
    risk = status.risk
    yield "state", standing_in_words(look)
    yield "time", f"{status.at:%Y-%m-%d %H:%M:%S} by the run's clock, since {_moment(status.started_at)}"
    yield "takes orders", "yes" if status.takes_orders else "NO: " + _joined(status.pauses)
    yield "account stream", _stream(status)
    below = "" if risk.drawdown is None else f", {risk.drawdown:.2%} below its peak of {number(risk.peak)}"
    yield "equity", f"{number(risk.equity)} {risk.currency}{below}"
    yield "lost today", f"{number(risk.day_loss)} {risk.currency}"
    yield "takes new risk", "; ".join(f"NO, {lock.rule}: {lock.text}" for lock in risk.locks) or "yes"
    yield "orders", _counted(status.orders) or "none"
    yield "fills", f"{status.fills} in this run"
    if risk.refusals:
        yield "refused", _counted(risk.refusals)


def _stream(status: RunStatus) -> str:
    stream = status.stream
    since = "" if stream.since is None else f" since {_time(stream.since)}"
    why = f": {stream.why}" if stream.why else ""
    lost = f"; lost {stream.losses} times" if stream.losses else ""
    return f"{stream.state.lower()}{since}{why}{lost}"


_ROUTE_COLUMNS: Final = (
    "route", "on", "last candle", "last decision", "outcome", "holds", "average", "unrealised", "stop", "failures",
)  # fmt: skip
POSITION_COLUMNS: Final = ("symbol", "qty", "average", "mark", "unrealised", "realised", "fees")
ORDER_COLUMNS: Final = (
    "symbol", "side", "type", "qty", "price", "filled", "average", "state", "certainty", "client order id", "order id",
    "route",
)  # fmt: skip


def _route_cells(route: RouteStatus) -> tuple[object, ...]:
    return (
        route.name,
        f"NO: {route.switched_off}" if route.switched_off else ("yes" if route.enabled else "no"),
        _moment(route.last_candle),
        _decision(route),
        _outcome(route),
        number(route.qty),
        number(route.average_price),
        number(route.unrealised),
        number(route.stop),
        f"{route.failures}, {route.last_failure}" if route.failures else 0,
    )


def position_cells(position: PositionStatus) -> tuple[object, ...]:
    fees = ", ".join(f"{number(amount)} {asset}" for asset, amount in sorted(position.fees.items()))
    return (
        position.symbol,
        number(position.qty),
        number(position.average_price),
        number(position.mark_price),
        number(position.unrealised),
        number(position.realised),
        (fees or "0") + ("" if position.fees_complete else " and more that is not known"),
    )


def order_cells(order: OrderStatus) -> tuple[object, ...]:
    return (
        order.symbol,
        order.side,
        order.order_type,
        number(order.qty),
        number(order.price),
        number(order.filled_qty),
        number(order.average_price),
        order.state,
        order.certainty,
        order.client_order_id,
        order.exchange_order_id,
        order.route,
    )


def _decision(route: RouteStatus) -> str:
    decision = route.last_decision
    if decision is None:
        return "-"
    words = [str(decision.intent), *([str(decision.side)] if decision.side else [])]
    return f"{_time(decision.at)} {' '.join(words)}{f' ({decision.reason})' if decision.reason else ''}"


def _outcome(route: RouteStatus) -> str:
    outcome = route.last_outcome
    if outcome is None:
        return "-"
    return " ".join(filter(None, (outcome.kind, outcome.rule, ", ".join(outcome.orders), outcome.text)))


def _short_name(route: RouteStatus) -> str:
    return f"{route.symbol} {route.timeframe}"


def _joined(reasons: dict[str, str]) -> str:
    return "; ".join(f"{reason}: {why}" for reason, why in reasons.items())


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _time(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"


def _moment(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"
