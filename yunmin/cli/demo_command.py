"""`yunmin demo`: the whole way, in one minute, without keys and without a network."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from yunmin.cli.connection import AdapterOption, JsonOption, choose_adapter
from yunmin.cli.outcome import Exit, emit_json, run
from yunmin.clock import SystemClock
from yunmin.exchange import ConnectionWish

if TYPE_CHECKING:
    from yunmin.cli.demo_flow import DemoResult

__all__ = ["demo"]


def demo(
    candles: Annotated[
        str | None, typer.Option("--candles", help="Real prices: a parquet or CSV file with open, high, low, close.")
    ] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="The market to trade on.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Fixes the random walk of the prices.")] = 1,
    adapter: AdapterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a local venue, trade on it over HTTP, and compare the result with the venue's own ledger."""

    from yunmin.cli.demo_flow import play
    from yunmin.cli.venue_process import venue_process

    async def work() -> None:
        narrator = _Silent() if as_json else _Aloud()
        plugin = choose_adapter(adapter)
        narrator.step("A local venue, in a process of its own")
        async with venue_process(list(_venue_options(candles, symbol, seed, adapter))) as door:
            narrator.fact("address", f"{door.url} (process {door.pid})")
            narrator.fact("prices", f"from {candles}" if candles else f"a random walk, seed {seed}")
            config = plugin.configure(ConnectionWish(environment="local", base_url=door.url))
            async with plugin.connector(config, SystemClock()) as connector:
                narrator.fact("connected", f"{connector!r}, through ccxt over HTTP")
                result = await play(connector, door, narrator, symbol=symbol)
        _conclude(result, as_json=as_json)

    run(work, as_json=as_json)


def _venue_options(candles: str | None, symbol: str | None, seed: int, adapter: str | None) -> Iterable[str]:
    yield from ("--seed", str(seed), "--step-interval", "0")
    for option, value in (("--candles", candles), ("--symbol", symbol), ("--adapter", adapter)):
        if value is not None:
            yield from (option, value)


def _conclude(result: DemoResult, *, as_json: bool) -> None:
    agreed = result.ledger_matches and result.ledger_audit_ok and result.stream_matches is not False
    if as_json:
        emit_json(asdict(result))
    elif agreed:
        typer.echo("\nAll three orders ended as they should; stream, REST and ledger agree to the last digit.")
        typer.echo("Next: `yunmin venue up` and `yunmin order place --help`, or the README's Python example.")
    if not agreed:
        sys.stderr.write("The tracker, the account stream and the venue's ledger do not all agree; see above.\n")
        sys.exit(Exit.CHECK_FAILED)


class _Silent:
    """Says nothing: the JSON at the end says it all."""

    def step(self, title: str) -> None:
        """Nothing."""

    def fact(self, name: str, value: object) -> None:
        """Nothing."""


class _Aloud:
    """Tells a newcomer what happens."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False)

    def step(self, title: str) -> None:
        self._console.print(f"\n[bold]{title}[/bold]", soft_wrap=True)

    def fact(self, name: str, value: object) -> None:
        self._console.print(f"  {name:<28}[cyan]{value}[/cyan]", soft_wrap=True)
