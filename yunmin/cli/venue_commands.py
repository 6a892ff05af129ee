"""`yunmin venue up`: an exchange of one's own, on this machine."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import Annotated

import typer

from yunmin.cli.chaos_commands import chaos
from yunmin.cli.connection import AdapterOption, JsonOption, choose_adapter
from yunmin.cli.outcome import emit_json, run, run_plainly
from yunmin.core.data_contracts import to_decimal
from yunmin.errors import InvalidValue, NotSupported
from yunmin.exchange import RunningVenue, VenueOptions

__all__ = ["venue"]

venue = typer.Typer(help="The local venue: an exchange on this machine.", no_args_is_help=True, rich_markup_mode=None)


venue.add_typer(chaos, name="chaos")


@venue.callback()
def _group() -> None:
    """The local venue: an exchange on this machine, with play money."""


@venue.command("up")
def up(
    config: Annotated[
        str | None,
        typer.Option("--config", help="A YAML file: accounts, markets, liquidity. See `yunmin venue config`."),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="0: any free one; without: the usual one.")
    ] = None,
    host: Annotated[str | None, typer.Option("--host", help="A loopback address; no other is taken.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Fixes every price that the market makers follow.")] = None,
    candles: Annotated[
        str | None, typer.Option("--candles", help="Follow the prices of this parquet file in place of a random walk.")
    ] = None,
    trades: Annotated[str | None, typer.Option("--trades", help="Let the trades of this parquet file happen.")] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="The market that candles or trades move.")] = None,
    speed: Annotated[
        str | None, typer.Option("--speed", help="Of the data's own time: 1 is as it was. Without: a point a step.")
    ] = None,
    step_interval: Annotated[
        float | None,
        typer.Option("--step-interval", min=0.0, help="Seconds between two moves of the market; 0: never."),
    ] = None,
    legacy_listen_key: Annotated[
        bool, typer.Option("--legacy-listen-key", help="Bring retired listen keys back, for old clients.")
    ] = False,
    adapter: AdapterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve until Ctrl-C. Any client of the exchange can trade on it, by changing its base address."""

    async def work() -> None:
        plugin = choose_adapter(adapter)
        if plugin.local_venue is None:
            raise NotSupported(f"the {plugin.title} adapter brings no local venue")
        options = VenueOptions(
            config_file=config,
            host=host,
            port=port,
            seed=seed,
            candles=candles,
            trades=trades,
            replay_symbol=symbol,
            speed=None if speed is None else to_decimal(speed),
            step_interval=step_interval,
            on_notice=lambda words: typer.echo(words, err=True),
            legacy_listen_key=legacy_listen_key,
        )
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        async with plugin.local_venue(options) as running:
            _announce(running, plugin.title, as_json=as_json)
            await stopped.wait()
        if not as_json:
            typer.echo("\nThe venue is down.")

    run(work, as_json=as_json)


@venue.command("config")
def config(
    example: Annotated[bool, typer.Option("--example", help="Print a documented file that works.")] = False,
    check: Annotated[str | None, typer.Option("--check", help="Read this file and say what venue it makes.")] = None,
    adapter: AdapterOption = None,
    as_json: JsonOption = False,
) -> None:
    """A venue's YAML file: print an example of one, or check one."""

    def work() -> None:
        plugin = choose_adapter(adapter)
        if plugin.venue_example is None or plugin.venue_check is None:
            raise NotSupported(f"the {plugin.title} adapter's venue takes no file")
        if example is (check is not None):
            raise InvalidValue("give either --example or --check FILE")
        said = (
            plugin.venue_example() if check is None else plugin.venue_check(VenueOptions(config_file=check, port=None))
        )
        if as_json:
            emit_json({"example": said} if check is None else {"ok": True, "summary": said.splitlines()})
        else:
            typer.echo(said.rstrip())

    run_plainly(work, as_json=as_json)


def _announce(running: RunningVenue, title: str, *, as_json: bool) -> None:
    accounts = [
        {
            "name": one.name,
            "api_key": one.api_key.get_secret_value(),
            "api_secret": None if one.api_secret is None else one.api_secret.get_secret_value(),
        }
        for one in running.accounts
    ]
    if as_json:
        first = next((one for one in accounts if one["api_secret"]), {"api_key": None, "api_secret": None})
        said = {
            "url": running.url,
            "api_key": first["api_key"],
            "api_secret": first["api_secret"],
            "accounts": accounts,
        }
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
        return
    typer.echo(f"{title}, local venue (play money, this machine only)\n\n  address     {running.url}")
    for one in accounts:
        typer.echo(
            f"\n  account     {one['name']}\n  API key     {one['api_key']}\n"
            f"  API secret  {one['api_secret'] or 'none: it signs with a key of its own'}"
        )
    typer.echo(
        f"""
Try, in another terminal:

  yunmin markets --url {running.url}
  yunmin balance --url {running.url}

Ctrl-C ends it."""
    )
