"""`yunmin kill`: no more orders, and ours cancelled, whatever the program that placed them is doing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yunmin.cli.connection import AdapterOption, EnvironmentOption, JsonOption, Target, UrlOption, connected
from yunmin.cli.outcome import Exit, emit_json, run, showing
from yunmin.clock import Clock, SystemClock
from yunmin.errors import ConfigurationError, YunminError

if TYPE_CHECKING:
    from yunmin.execution.kill_orders import KillReport

__all__ = ["kill"]

_ADVICE = {
    Exit.NO_ANSWER: "No new order is taken. The open ones are still there: run it again when the exchange answers.",
}


def kill(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="The account's folder, in which its journal is; without: that of yunmin.yaml, and that of the newest "
            "run in runs/ while it goes."
        ),
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
    --everything is given. A run whose exchange lives in its own process (--local, --paper) is told to cancel its orders
    itself, and ends with them. Exit code 1 where something of ours is still open at the end.
    """

    async def work() -> None:
        places = [folder] if folder is not None else _folders_of_settings()
        if lift:
            for place in places:
                _say_lifted(place, as_json=as_json)
            return
        told = Target(adapter, environment, url)
        reports = [await _stop(place, why, told, everything=everything, within=within) for place in places]
        with showing():
            if as_json:
                emit_json(reports[0] if len(reports) == 1 else reports)
            else:
                for report in reports:
                    _show(report)
        if not all(report["is_flat"] for report in reports):
            raise typer.Exit(Exit.CHECK_FAILED)

    run(work, as_json=as_json, advice=_ADVICE)


async def _stop(place: Path, why: str, told: Target, *, everything: bool, within: float) -> dict[str, Any]:
    """Pull the switch of the account in `place`, and see its orders gone."""
    from yunmin.engine.worlds.books import world_of
    from yunmin.execution.kill_switch import KillSwitch

    clock = SystemClock()
    begun = clock.monotonic()
    world = world_of(place)
    switch = KillSwitch(place)
    switch.pull(why)
    try:
        if world is not None and world.is_made and told.url is None:
            report = await _wait_for_the_run(place, clock, within)
        else:
            where = told if world is None else _completed(told, world.adapter, world.environment, world.address)
            report = await _cancel_ours(place, where, clock, everything=everything, within=within)
    except YunminError as error:  # of its own kind still
        done = f"{switch.path} is there, so no new order is taken, but the open orders were NOT cancelled"
        error.args = (f"{done}: {error}",)
        raise
    more = {"folder": str(place), "is_flat": report.is_flat, "switch": str(switch.path)}
    return report._asdict() | more | {"seconds": round(clock.monotonic() - begun, 2)}


def _completed(told: Target, adapter: str, environment: str, address: str | None) -> Target:
    """What the command says, and where it is silent what the folder remembers.

    A run with real money was consented to when it began; to cancel its orders needs no consent of its own.
    """
    from yunmin.exchange.config import LiveConsent

    consent = LiveConsent(config_says_live=True, command_says_live=True, account="kill")
    return Target(
        told.adapter or adapter,
        told.environment or environment,
        told.url or address,
        consent if (told.environment or environment) == "live" else None,
    )


async def _cancel_ours(place: Path, where: Target, clock: Clock, *, everything: bool, within: float) -> KillReport:
    from yunmin.execution.kill_orders import kill_orders, ownership

    async with connected(where) as connector:
        prefix = "" if everything else connector.traits.client_order_id_prefix
        with ownership(place, prefix) as owned:
            return await kill_orders(connector, owned, clock, within=within)


async def _wait_for_the_run(place: Path, clock: Clock, within: float) -> KillReport:
    """Its exchange is in its own process: it heeds the switch there, and without the process there is no order."""
    from yunmin.engine.status.run_look import Standing, look_at
    from yunmin.execution.kill_orders import KillReport

    deadline = clock.monotonic() + within
    opened: set[str] = set()
    while True:
        look = look_at(place, clock)
        if look.status is None or look.standing in (Standing.ENDED, Standing.GONE):
            return KillReport(tuple(sorted(opened)), (), (), "")
        now = {order.client_order_id for order in look.status.open_orders}
        opened |= now
        has_heeded = not look.status.takes_orders
        if has_heeded and not now:
            return KillReport(tuple(sorted(opened)), (), (), "")
        if clock.monotonic() >= deadline:
            problem = "" if has_heeded else "the run has not said that it heeds the switch"
            return KillReport(tuple(sorted(opened - now)), tuple(sorted(now)), (), problem)
        await clock.sleep(0.1)


def _folders_of_settings() -> list[Path]:
    from yunmin.config.configuration import load_configuration
    from yunmin.engine.status.run_look import Standing, look_at
    from yunmin.engine.worlds.books import latest_run

    loaded = load_configuration()
    place, latest = loaded.settings.account.folder, latest_run(loaded.folder)
    places = [place] if place.is_dir() else []
    if latest is not None and look_at(latest, SystemClock()).standing in (Standing.ALIVE, Standing.SILENT):
        places.append(latest)
    if not places:
        raise ConfigurationError(
            f"no FOLDER was named, the settings' account in {place} was never opened, and no run goes in runs/. "
            "NOTHING WAS STOPPED. Name the folder: yunmin kill FOLDER"
        )
    return places


def _show(report: dict[str, Any]) -> None:
    folder = report["folder"]
    typer.echo(f"stopped: {report['switch']} is there; `yunmin kill {folder} --lift` lets it trade again")
    typer.echo(
        f"in {report['seconds']} s cancelled {len(report['cancelled'])}; left alone {len(report['not_ours'])} that are "
        "not ours"
    )
    for name in report["left_open"]:
        typer.echo(f"STILL OPEN: {name}", err=True)
    if report["problem"]:
        typer.echo(f"NOT CERTAIN: {report['problem']}", err=True)


def _say_lifted(folder: Path, *, as_json: bool) -> None:
    from yunmin.execution.kill_switch import KillSwitch

    was_pulled = KillSwitch(folder).lift()
    if as_json:
        emit_json({"lifted": was_pulled})
    else:
        typer.echo(f"{folder} may trade again" if was_pulled else f"{folder} was not stopped")
