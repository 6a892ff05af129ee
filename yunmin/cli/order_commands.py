"""`yunmin order place | cancel | status | list`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from yunmin.cli.connection import AdapterOption, EnvironmentOption, JsonOption, Target, UrlOption, connected
from yunmin.cli.outcome import emit_json, run, run_plainly, showing
from yunmin.cli.tables import show_pairs, show_table
from yunmin.clock import SystemClock
from yunmin.core.data_contracts import (
    OrderRef,
    OrderRequest,
    OrderType,
    OrderUpdate,
    Side,
    TimeInForce,
)
from yunmin.core.data_contracts.money import plain, to_positive
from yunmin.errors import ConfigurationError, InvalidValue
from yunmin.exchange import ExchangeConnector, TestsOrders

__all__ = ["order"]

order = typer.Typer(help="Place, cancel and look at orders.", no_args_is_help=True, rich_markup_mode=None)

SymbolArgument = Annotated[str, typer.Argument(help="The market, BASE/QUOTE, as `yunmin markets` lists it.")]
ClientIdOption = Annotated[str | None, typer.Option("--client-order-id", help="The id that we gave it.")]
OrderIdOption = Annotated[str | None, typer.Option("--order-id", help="The id that the exchange gave it.")]


@order.command("place")
def place(
    symbol: SymbolArgument,
    side: Annotated[Side, typer.Argument(help="Which way.", case_sensitive=False)],
    order_type: Annotated[OrderType, typer.Argument(help="How it is to be executed.", case_sensitive=False)],
    qty: Annotated[str | None, typer.Option("--qty", help="Quantity in the base asset.")] = None,
    price: Annotated[str | None, typer.Option("--price", help="Limit price in the quote asset.")] = None,
    quote_qty: Annotated[
        str | None,
        typer.Option("--quote-qty", help="For a market order: how much of the quote asset, in place of qty."),
    ] = None,
    time_in_force: Annotated[
        TimeInForce, typer.Option("--time-in-force", help="How long it is to live.", case_sensitive=False)
    ] = TimeInForce.GTC,
    client_order_id: ClientIdOption = None,
    test: Annotated[bool, typer.Option("--test", help="Let the exchange check it without placing it.")] = False,
    adapter: AdapterOption = None,
    environment: EnvironmentOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Place one order, once. Exit code 6 means that nobody knows yet: do not repeat it, ask for its status."""

    async def work() -> None:
        request = _request(
            symbol=symbol,
            side=side,
            order_type=order_type,
            qty=_number("--qty", qty),
            price=_number("--price", price),
            quote_qty=_number("--quote-qty", quote_qty),
            time_in_force=time_in_force,
            client_order_id=client_order_id,
        )
        async with connected(Target(adapter, environment, url)) as connector:
            if test:
                await _test(connector, request)
                _say_tested(as_json=as_json)
                return
            if request.client_order_id is None:
                request = request.model_copy(update={"client_order_id": connector.new_client_order_id()})
            if not as_json:
                _say_under_way(request)
            ack = await connector.place_order(request)
        _show_order("Placed", ack.update, as_json=as_json)

    run(work, as_json=as_json)


@order.command("cancel")
def cancel(
    symbol: SymbolArgument,
    client_order_id: ClientIdOption = None,
    order_id: OrderIdOption = None,
    adapter: AdapterOption = None,
    environment: EnvironmentOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cancel one open order."""

    async def work() -> None:
        ref = _ref(symbol, client_order_id, order_id)
        async with connected(Target(adapter, environment, url)) as connector:
            update = await connector.cancel_order(ref)
        _show_order("Cancelled", update, as_json=as_json)

    run(work, as_json=as_json)


@order.command("status")
def status(
    symbol: SymbolArgument,
    client_order_id: ClientIdOption = None,
    order_id: OrderIdOption = None,
    adapter: AdapterOption = None,
    environment: EnvironmentOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one order as the exchange has it now."""

    async def work() -> None:
        ref = _ref(symbol, client_order_id, order_id)
        async with connected(Target(adapter, environment, url)) as connector:
            update = await connector.fetch_order(ref)
        _show_order("Order", update, as_json=as_json)

    run(work, as_json=as_json)


@order.command("list")
def list_orders(
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only this market.")] = None,
    history: Annotated[bool, typer.Option("--history", help="Done orders too, newest first; needs --symbol.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many, with --history.")] = 50,
    adapter: AdapterOption = None,
    environment: EnvironmentOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the open orders."""

    async def work() -> None:
        if history and symbol is None:
            raise InvalidValue("--history needs --symbol")
        async with connected(Target(adapter, environment, url)) as connector:
            if history and symbol is not None:
                found = await connector.fetch_order_history(symbol, limit=limit)
            else:
                found = await connector.fetch_open_orders(symbol)
        _show_orders(found, as_json=as_json)

    run(work, as_json=as_json)


@order.command("resolve")
def resolve(
    folder: Annotated[Path, typer.Argument(help="The account's folder; its program must not be running.")],
    client_order_id: Annotated[str, typer.Argument(help="The id that we gave it.")],
    said: Annotated[
        str, typer.Option("--as", help="CANCELLED: it has ended. NOT_PLACED: it never came to be.", metavar="WORD")
    ],
    why: Annotated[str, typer.Option("--why", help="How you know; is kept in the journal.")],
    as_json: JsonOption = False,
) -> None:
    """Say what became of an order that is UNKNOWN or SUSPECT, after you have looked at the exchange yourself.

    Sends nothing. Should the exchange show the order after all, its word replaces yours, with an alarm.
    """

    def work() -> None:
        from yunmin.execution.resolving import Resolution, resolve_order

        if said.upper() not in set(Resolution):
            raise InvalidValue(f"--as is one of {', '.join(Resolution)}; not {said!r}")
        order = resolve_order(folder, client_order_id, Resolution(said.upper()), why, clock=SystemClock())
        facts = [("client order id", order.client_order_id), ("state", order.state), ("filled", order.filled_qty)]
        if as_json:
            emit_json({name.replace(" ", "_"): value for name, value in facts})
        else:
            show_pairs("Resolved", facts)

    run_plainly(work, as_json=as_json)


def _request(**terms: Any) -> OrderRequest:
    try:
        return OrderRequest(**terms)
    except ValidationError as error:
        problems = "; ".join(found["msg"] for found in error.errors(include_input=False, include_context=False))
    raise InvalidValue(problems.removeprefix("Value error, "))


def _number(option: str, text: str | None) -> Any:
    if text is None:
        return None
    try:
        return to_positive(text)
    except InvalidValue as error:
        problem = str(error)
    raise InvalidValue(f"{option}: {problem}")


def _ref(symbol: str, client_order_id: str | None, order_id: str | None) -> OrderRef:
    if client_order_id is None and order_id is None:
        raise InvalidValue("name the order by --client-order-id or --order-id")
    return OrderRef(symbol=symbol, client_order_id=client_order_id, exchange_order_id=order_id)


async def _test(connector: ExchangeConnector, request: OrderRequest) -> None:
    if not isinstance(connector, TestsOrders):
        raise ConfigurationError(f"{connector.traits.title} offers no test orders")
    await connector.test_order(request)


def _say_under_way(request: OrderRequest) -> None:
    """The id goes out before the order does: whoever interrupts now knows what to ask for."""
    typer.echo(f"Placing {request.client_order_id} …", err=True)


def _say_tested(*, as_json: bool) -> None:
    if as_json:
        emit_json({"tested": True, "placed": False})
    else:
        with showing():
            typer.echo("The exchange would take it. Nothing was placed.")


def _show_order(title: str, update: OrderUpdate, *, as_json: bool) -> None:
    if as_json:
        emit_json(update.model_dump(mode="json"))
    else:
        show_pairs(title, zip(_COLUMNS, _cells(update), strict=True))


def _show_orders(found: Sequence[OrderUpdate], *, as_json: bool) -> None:
    if as_json:
        emit_json([update.model_dump(mode="json") for update in found])
    else:
        show_table(f"{len(found)} order{'' if len(found) == 1 else 's'}", _COLUMNS, map(_cells, found))


_COLUMNS = ("symbol", "side", "type", "qty", "price", "filled", "average", "state", "client order id", "order id")


def _cells(update: OrderUpdate) -> tuple[object, ...]:
    return (
        update.symbol,
        update.side,
        update.order_type,
        _plain(update.qty),
        _plain(update.price),
        _plain(update.filled_qty),
        _plain(update.average_price),
        update.state or update.raw_status,
        update.client_order_id,
        update.exchange_order_id,
    )


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
