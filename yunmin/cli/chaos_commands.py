"""`yunmin venue chaos`: faults on demand in a local venue that is running."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from yunmin.cli.connection import AdapterOption, JsonOption, UrlOption, choose_adapter
from yunmin.cli.lengths_of_time import seconds_of
from yunmin.cli.outcome import emit_json, run, showing
from yunmin.errors import InvalidValue, Unavailable
from yunmin.exchange import ConnectionWish

__all__ = ["chaos"]

_PATH = "/venue/chaos"

chaos = typer.Typer(help="Faults on demand in a venue that is running.", no_args_is_help=True, rich_markup_mode=None)

ForOption = Annotated[str | None, typer.Option("--for", help="How long it lasts: 30s, 5m, 2h, or seconds.")]


@chaos.callback()
def _group() -> None:
    """Faults on demand in a local venue that is running."""


@chaos.command("add")
def add(
    preset: Annotated[str, typer.Argument(help="Its name: drop-after, hide, too-many … A wrong one lists them all.")],
    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", "--where", help="'POST /path', 'call METHOD', 'event TYPE', 'socket /path' …"),
    ] = None,
    count: Annotated[int | None, typer.Option("--count", min=1, help="Strike at most so often.")] = None,
    skip: Annotated[int | None, typer.Option("--skip", min=0, help="Let the first so many pass.")] = None,
    every: Annotated[int | None, typer.Option("--every", min=1, help="Strike every so manieth.")] = None,
    probability: Annotated[float | None, typer.Option("--probability", help="Strike with this chance, 0 to 1.")] = None,
    lasting: ForOption = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only this market, by the exchange's name.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="Only this account.")] = None,
    client_order_id: Annotated[str | None, typer.Option("--client-order-id", help="Only this order.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A field of the fault: --set seconds=3 (may be repeated).")
    ] = None,
    url: UrlOption = None,
    adapter: AdapterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a fault, by the name of a preset and what should differ from it."""

    async def work() -> None:
        wanted = {
            "where": endpoint,
            "count": count,
            "skip": skip,
            "every": every,
            "probability": probability,
            "for_seconds": _seconds(lasting),
            "symbol": symbol,
            "account": account,
            "client_order_id": client_order_id,
        }
        rule = {name: value for name, value in wanted.items() if value is not None}
        said = await _ask(url, adapter, "POST", _PATH, {"preset": preset, "fault": _settings(settings or []), **rule})
        _tell_added(said, as_json=as_json)

    run(work, as_json=as_json)


@chaos.command("storm")
def storm(
    seed: Annotated[int, typer.Option("--seed", help="The same seed makes the same chances.")] = 1,
    intensity: Annotated[float, typer.Option("--intensity", help="How much of it all is struck, 0 to 1.")] = 0.2,
    lasting: ForOption = None,
    url: UrlOption = None,
    adapter: AdapterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Many faults of many kinds, by chance from a seed."""

    async def work() -> None:
        wanted = {"seed": seed, "intensity": intensity, "for_seconds": _seconds(lasting)}
        _tell_added(await _ask(url, adapter, "POST", f"{_PATH}/storm", wanted), as_json=as_json)

    run(work, as_json=as_json)


@chaos.command("list")
def show(url: UrlOption = None, adapter: AdapterOption = None, as_json: JsonOption = False) -> None:
    """The rules that stand, and the latest of what they did."""

    async def work() -> None:
        said = await _ask(url, adapter, "GET", _PATH)
        if as_json:
            emit_json(said)
            return
        with showing():
            typer.echo(f"{len(said['rules'])} rules stand, {said['strikes']} strikes so far")
            for rule in said["rules"]:
                fault = rule["fault"]["kind"]
                typer.echo(
                    f"  {rule['number']:>4}  {rule['where']}: {fault}, struck {rule['struck']} of {rule['seen']}"
                )
            for strike in said["log"][-_LATEST:]:
                typer.echo(f"  struck {strike['at']} with {strike['fault']} (rule {strike['rule']})")

    run(work, as_json=as_json)


@chaos.command("clear")
def clear(
    rule: Annotated[int | None, typer.Argument(help="The number of one rule; without, all.")] = None,
    url: UrlOption = None,
    adapter: AdapterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lift one rule, or all of them."""

    async def work() -> None:
        said = await _ask(url, adapter, "DELETE", _PATH if rule is None else f"{_PATH}?rule={rule}")
        if as_json:
            emit_json(said)
            return
        with showing():
            typer.echo(f"{said['cleared']} rules lifted")

    run(work, as_json=as_json)


_LATEST = 20


def _tell_added(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        emit_json(said)
        return
    with showing():
        typer.echo(f"added: rule {', '.join(map(str, said['rules']))}")


def _seconds(text: str | None) -> float | None:
    return None if text is None else seconds_of("--for", text)


def _settings(pairs: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for pair in pairs:
        name, there, value = pair.partition("=")
        if not there or not name:
            raise InvalidValue(f"--set: not FIELD=VALUE: {pair!r}")
        told[name] = _value(value)
    return told


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


async def _ask(url: str | None, adapter: str | None, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """What the venue's own door says. InvalidValue where it says no, Unavailable where it says nothing."""
    import aiohttp

    base = choose_adapter(adapter).configure(ConnectionWish(environment="local", base_url=url)).base_url
    timeout = aiohttp.ClientTimeout(total=10)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(method, f"{base}{path}", json=body) as answer,
        ):
            said: dict[str, Any] = await answer.json()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unavailable(f"no venue answers at {base} ({type(error).__name__})") from None
    if answer.status != 200:
        raise InvalidValue(str(said.get("error")))
    return said
