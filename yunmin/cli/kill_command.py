"""`yunmin kill`: no more orders, and ours cancelled, whatever the program that placed them is doing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yunmin.cli.connection import AdapterOption, EnvironmentOption, JsonOption, Target, UrlOption, connected
from yunmin.cli.outcome import Exit, emit_json, run
from yunmin.clock import SystemClock
from yunmin.errors import ConfigurationError, YunminError

__all__ = ["kill"]


def kill(
    folder: Annotated[
        Path | None, typer.Argument(help="The account's folder, in which its journal is; without: that of yunmin.yaml.")
    ] = None,
    why: Annotated[str, typer.Option("--why", help="Is shown to whoever asks why nothing trades.")] = "yunmin kill",
    lift: Annotated[bool, typer.Option("--lift", help="Let the account trade again; cancel nothing.")] = False,
    everything: Annotated[
        bool, typer.Option("--everything", help="Also cancel orders on the account that are not ours.")
    ] = False,
    within: Annotated[float, typer.Option("--within", min=0.5, help="Seconds after which to give up.")] = 30.0,
    adapter: AdapterOption = None,
    environment: EnvironmentOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop an account: it takes no more orders, and its open ones are cancelled, on a connection of our own.

    It works while the account's program runs, hangs, or is gone. Orders that somebody else placed are left alone unless
    --everything is given. Exit code 1 where something of ours is still open at the end.
    """

    async def work() -> None:
        from yunmin.execution.kill_orders import kill_orders, ownership
        from yunmin.execution.kill_switch import KillSwitch

        place = folder or _folder_of_settings()
        switch = KillSwitch(place)
        if lift:
            was_pulled = switch.lift()
            _say_lifted(place, was_pulled=was_pulled, as_json=as_json)
            return
        clock = SystemClock()
        begun = clock.monotonic()
        switch.pull(why)
        try:
            async with connected(Target(adapter, environment, url)) as connector:
                with ownership(place, "" if everything else connector.traits.client_order_id_prefix) as is_ours:
                    report = await kill_orders(connector, is_ours, clock, within=within)
        except YunminError as error:  # of its own kind still
            done = f"{switch.path} is there, so no new order is taken, but the open orders were NOT cancelled"
            error.args = (f"{done}: {error}",)
            raise
        seconds = round(clock.monotonic() - begun, 2)
        if as_json:
            more = {"is_flat": report.is_flat, "seconds": seconds, "switch": str(switch.path)}
            emit_json(report._asdict() | more)
        else:
            typer.echo(f"stopped: {switch.path} is there; `yunmin kill {place} --lift` lets it trade again")
            typer.echo(
                f"in {seconds} s cancelled {len(report.cancelled)}; left alone {len(report.not_ours)} that are not ours"
            )
            for name in report.left_open:
                typer.echo(f"STILL OPEN: {name}", err=True)
            if report.problem:
                typer.echo(f"NOT CERTAIN: {report.problem}", err=True)
        if not report.is_flat:
            raise typer.Exit(Exit.CHECK_FAILED)

    run(work, as_json=as_json)


def _folder_of_settings() -> Path:
    from yunmin.config.configuration import load_configuration

    place = load_configuration().settings.account.folder
    if not place.is_dir():
        raise ConfigurationError(
            f"no FOLDER was named, and the settings' account in {place} was never opened. NOTHING WAS STOPPED. "
            "Name the folder: yunmin kill FOLDER"
        )
    return place


def _say_lifted(folder: Path, *, was_pulled: bool, as_json: bool) -> None:
    if as_json:
        emit_json({"lifted": was_pulled})
    else:
        typer.echo(f"{folder} may trade again" if was_pulled else f"{folder} was not stopped")
