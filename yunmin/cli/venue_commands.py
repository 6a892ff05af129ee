"""`yunmin venue up`: an exchange of one's own, on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from yunmin.cli.chaos_commands import chaos
from yunmin.cli.connection import AdapterOption, JsonOption, choose_adapter
from yunmin.cli.lengths_of_time import seconds_of
from yunmin.cli.outcome import emit_json, run, run_plainly
from yunmin.core.data_contracts import to_decimal
from yunmin.errors import InvalidValue, NotSupported
from yunmin.exchange import AdapterPlugin, ConnectionWish, Credentials, RunningVenue, VenueAccount, VenueOptions

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
        str | None,
        typer.Option("--candles", help="Follow this parquet or CSV file, or a folder's, in place of a random walk."),
    ] = None,
    trades: Annotated[
        str | None, typer.Option("--trades", help="Let the trades of this parquet or CSV file happen.")
    ] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="The market that candles or trades move.")] = None,
    speed: Annotated[
        str | None, typer.Option("--speed", help="Of the data's own time: 1 is as it was. Without: a point a step.")
    ] = None,
    history: Annotated[
        str | None, typer.Option("--history", help="How much past the markets have at the start: 30s, 5m, 2h.")
    ] = None,
    step_interval: Annotated[
        float | None,
        typer.Option("--step-interval", min=0.0, help="Seconds between two moves of the market; 0: never."),
    ] = None,
    tls: Annotated[bool, typer.Option("--tls", help="Serve https and wss too, by an authority of its own.")] = False,
    tls_folder: Annotated[
        str | None, typer.Option("--tls-folder", help="Where its certificates are kept, or made; implies --tls.")
    ] = None,
    tls_port: Annotated[
        int | None, typer.Option("--tls-port", min=0, max=65535, help="The port of https; without: any free one.")
    ] = None,
    legacy_listen_key: Annotated[
        bool, typer.Option("--legacy-listen-key", help="Bring retired listen keys back, for old clients.")
    ] = False,
    state: Annotated[
        str | None, typer.Option("--state", help="Go on where this file says; save to it while running and at the end.")
    ] = None,
    adapter: AdapterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve until Ctrl-C. Any client of the exchange can trade on it, by changing its base address.

    What no option says is as the section venue of yunmin.yaml says, if that is here.
    """

    async def work() -> None:
        plugin = choose_adapter(adapter)
        if plugin.local_venue is None:
            raise NotSupported(f"the {plugin.title} adapter brings no local venue")
        usual = _as_settings_say()
        options = replace(
            usual,
            config_file=usual.config_file if config is None else config,
            port=usual.port if port is None else port,
            seed=usual.seed if seed is None else seed,
            step_interval=usual.step_interval if step_interval is None else step_interval,
            state_file=usual.state_file if state is None else state,
            host=host,
            candles=candles,
            trades=trades,
            replay_symbol=symbol,
            speed=None if speed is None else to_decimal(speed),
            history=None if history is None else timedelta(seconds=seconds_of("--history", history)),
            tls_folder=tls_folder or (_usual_tls_folder() if tls else None),
            tls_port=tls_port,
            on_notice=lambda words: typer.echo(words, err=True),
            legacy_listen_key=legacy_listen_key,
        )
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        async with plugin.local_venue(options) as running:
            _announce(running, plugin, as_json=as_json)
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


@venue.command("settings")
def settings(
    client: Annotated[str | None, typer.Argument(help="Which client; without: all of them.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="Where the venue is; without: its usual address.")] = None,
    config: Annotated[str | None, typer.Option("--config", help="The venue's file, for its accounts.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="Which account of the file; else the first.")] = None,
    adapter: AdapterOption = None,
    as_json: JsonOption = False,
) -> None:
    """What other people's clients are told so that they trade on the local venue: text to copy and paste."""

    def work() -> None:
        plugin = choose_adapter(adapter)
        if plugin.client_settings is None or plugin.venue_accounts is None:
            raise NotSupported(f"the {plugin.title} adapter knows no settings of other clients")
        accounts = plugin.venue_accounts(VenueOptions(config_file=config, port=None))
        address = url or plugin.configure(ConnectionWish(environment="local")).base_url
        texts = plugin.client_settings(address, _credentials_of(accounts, account))
        if client is not None and client not in texts:
            raise InvalidValue(f"no settings for {client!r}; there are {', '.join(sorted(texts))}")
        wanted = dict(texts) if client is None else {client: texts[client]}
        if as_json:
            emit_json(wanted)
        else:
            typer.echo(_as_page(wanted) if client is None else texts[client].rstrip())

    run_plainly(work, as_json=as_json)


def _credentials_of(accounts: Sequence[VenueAccount], name: str | None) -> Credentials:
    """Of the account of that name, or of the first that signs with a secret."""
    with_secret = {one.name: one for one in accounts if one.api_secret is not None}
    chosen = with_secret.get(name) if name else next(iter(with_secret.values()), None)
    if chosen is None or chosen.api_secret is None:
        there = ", ".join(with_secret) or "none"
        raise InvalidValue(f"no account{f' {name!r}' if name else ''} that signs with a secret; there are: {there}")
    return Credentials(api_key=chosen.api_key, api_secret=chosen.api_secret)


def _as_page(texts: Mapping[str, str]) -> str:
    return "\n".join(f"--- {name}\n\n{text}" for name, text in texts.items()).rstrip()


def _as_settings_say() -> VenueOptions:
    from yunmin.config.configuration import load_configuration

    return load_configuration().settings.venue.options()


def _usual_tls_folder() -> str:
    return str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "yunmin" / "tls")


def _announce(running: RunningVenue, plugin: AdapterPlugin, *, as_json: bool) -> None:
    """Where it is and who can log in; the settings of other clients come first, so that this is what one sees last."""
    accounts = [
        {
            "name": one.name,
            "api_key": one.api_key.get_secret_value(),
            "api_secret": None if one.api_secret is None else one.api_secret.get_secret_value(),
        }
        for one in running.accounts
    ]
    first = next((one for one in accounts if one["api_secret"]), {"api_key": None, "api_secret": None})
    texts: Mapping[str, str] = {}
    if plugin.client_settings is not None and first["api_key"]:
        texts = plugin.client_settings(running.url, running.credentials)
    if as_json:
        keys = {"api_key": first["api_key"], "api_secret": first["api_secret"]}
        places = {"url": running.url, "tls_url": running.tls_url, "ca_file": running.ca_file}
        sys.stdout.write(json.dumps({**places, **keys, "accounts": accounts, "settings": dict(texts)}) + "\n")
        sys.stdout.flush()
        return
    if texts:
        typer.echo(f"Settings of other clients, to copy and paste:\n\n{_as_page(texts)}\n")
    typer.echo(f"{plugin.title}, local venue (play money, this machine only)\n\n  address     {running.url}")
    if running.tls_url is not None:
        typer.echo(f"  with TLS    {running.tls_url}\n  trust       {running.ca_file}")
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
  yunmin venue settings --url {running.url}

Ctrl-C ends it."""
    )
