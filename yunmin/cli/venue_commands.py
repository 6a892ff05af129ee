"""`yunmin venue up`: an exchange of one's own, on this machine."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import Annotated

import typer

from yunmin.cli.connection import AdapterOption, JsonOption, choose_adapter
from yunmin.cli.outcome import run
from yunmin.errors import NotSupported
from yunmin.exchange import RunningVenue, VenueOptions

__all__ = ["venue"]

venue = typer.Typer(help="The local venue: an exchange on this machine.", no_args_is_help=True, rich_markup_mode=None)


@venue.callback()
def _group() -> None:
    """The local venue: an exchange on this machine, with play money."""


@venue.command("up")
def up(
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="0: any free one; without: the usual one.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="A loopback address; no other is taken.")] = "127.0.0.1",
    seed: Annotated[int, typer.Option("--seed", help="Fixes every price that the market makers follow.")] = 1,
    candles: Annotated[
        str | None, typer.Option("--candles", help="Follow the prices of this parquet file in place of a random walk.")
    ] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="The market that the candles move.")] = None,
    step_interval: Annotated[
        float, typer.Option("--step-interval", min=0.0, help="Seconds between two moves of the market; 0: never.")
    ] = 0.25,
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
            host=host,
            port=port,
            seed=seed,
            candles=candles,
            candles_symbol=symbol,
            step_interval=step_interval,
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


def _announce(running: RunningVenue, title: str, *, as_json: bool) -> None:
    key = running.credentials.api_key.get_secret_value()
    secret = running.credentials.api_secret.get_secret_value()
    if as_json:
        sys.stdout.write(json.dumps({"url": running.url, "api_key": key, "api_secret": secret}) + "\n")
        sys.stdout.flush()
        return
    typer.echo(
        f"""{title}, local venue (play money, this machine only)

  address     {running.url}
  API key     {key}
  API secret  {secret}

Try, in another terminal:

  yunmin markets --url {running.url}
  yunmin balance --url {running.url}

Ctrl-C ends it."""
    )
