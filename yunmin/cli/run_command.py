"""`yunmin run`: strategies trade, on this machine's own venue, on paper, on a testnet, or with real money."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yunmin.cli.config_commands import ConfigOption, SetOption, set_flags
from yunmin.cli.connection import JsonOption
from yunmin.cli.outcome import Exit, emit_json, run, showing
from yunmin.cli.stop_signals import stop_signals
from yunmin.errors import ConfigurationError

if TYPE_CHECKING:
    from yunmin.config.configuration import Configuration
    from yunmin.config.layers import Flag
    from yunmin.engine.assembly import Mode

__all__ = ["run_strategies"]

_INCOMPLETE = ". NOT ALL IS KNOWN: the exchange did not answer everything; the next run asks before it trades"

_GO_ON = "Nothing is lost: the next start asks about every order in doubt before it takes one."

_ADVICE = dict.fromkeys((Exit.INTERRUPTED, Exit.REFUSED, Exit.OUTCOME_UNKNOWN), _GO_ON)
"""What is true of a command that only asks, or sends one order, is not of a run that may have sent many."""


def run_strategies(
    local: Annotated[bool, typer.Option("--local", help="On a venue of this machine, with play money.")] = False,
    paper: Annotated[
        bool, typer.Option("--paper", help="Fills are simulated; prices are recorded (--candles) or an exchange's.")
    ] = False,
    testnet: Annotated[bool, typer.Option("--testnet", help="On the exchange's testnet.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="In the exchange's demo mode.")] = False,
    live: Annotated[bool, typer.Option("--live", help="With real money: one of three consents.")] = False,
    account: Annotated[
        str | None, typer.Option("--account", help="The account's name, said aloud: for --live. Else it is asked for.")
    ] = None,
    duration: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="Stop after 30s, 5m, 2h on the wall; else at Ctrl-C.")
    ] = None,
    speed: Annotated[
        str | None, typer.Option("--speed", help="How many times as fast as the wall local or recorded time goes.")
    ] = None,
    candles: Annotated[
        Path | None, typer.Option("--candles", help="Recorded candles to play: a parquet or CSV file, or a folder.")
    ] = None,
    file: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the routes of yunmin.yaml until it is stopped, and end with a table of what was done.

    Without a mode it is the settings' environment. Ctrl-C or SIGTERM stops deciding, waits for the outcome of every
    order that was sent, and leaves open orders as account.policy.on_close says. `yunmin status --watch` shows it from
    outside, `yunmin kill` stops it whatever it is doing. Exit code 1 where its books differ from the venue's.
    """

    async def work() -> None:
        from yunmin.config.configuration import load_configuration
        from yunmin.engine.assembly import Mode

        named = {
            Mode.LOCAL: local,
            Mode.PAPER: paper,
            Mode.TESTNET: testnet,
            Mode.DEMO: demo,
            Mode.LIVE: live,
        }
        given = {"run.duration": duration, "run.speed": speed, "run.candles": candles}
        flags = [*set_flags(settings), *_flags(given)]
        loaded = load_configuration(file, flags=flags)
        mode = _mode(named, loaded)
        equal = await _run(loaded, mode, says_live=live, account=account, as_json=as_json)
        if not equal:
            raise typer.Exit(Exit.CHECK_FAILED)

    run(work, as_json=as_json, advice=_ADVICE)


def _flags(given: Mapping[str, object]) -> list[Flag]:
    from yunmin.config.layers import Flag

    names = {"run.duration": "--for", "run.speed": "--speed", "run.candles": "--candles"}
    return [Flag(setting, str(value), names[setting]) for setting, value in given.items() if value is not None]


def _mode(named: dict[Mode, bool], loaded: Configuration) -> Mode:
    from yunmin.engine.assembly import Mode

    chosen = [mode for mode, is_named in named.items() if is_named]
    if len(chosen) > 1:
        raise ConfigurationError(
            f"a run has one mode, and {' and '.join(f'--{mode}' for mode in chosen)} were given. Nothing was sent"
        )
    return chosen[0] if chosen else Mode(loaded.settings.account.environment.value)


async def _run(loaded: Configuration, mode: Mode, *, says_live: bool, account: str | None, as_json: bool) -> bool:
    """The whole run; whether its books are those of the venue, as far as that one shows its own."""
    from yunmin.cli.run_report_view import report_as_json, show_report
    from yunmin.engine.assembly import Mode, assemble
    from yunmin.engine.session import Session

    said = account
    if mode is Mode.LIVE and says_live and said is None and sys.stdin.isatty():
        said = typer.prompt(f"REAL MONEY. Type the account's name ({loaded.settings.account.name}) to go on", err=True)
    consent = loaded.live_consent(command_says_live=says_live, account=said or "")
    with stop_signals() as signals:
        async with assemble(loaded, mode, consent=consent) as world:
            session = Session(world, loaded)
            async with session.opened() as going:
                signals.stop_first(going)
                report = await session.run(going)
    if as_json:
        more = {"folder": report.folder, "books_complete": report.books_complete}
        emit_json(report_as_json(report.run, report.check) | more)
    else:
        show_report(report.run, report.check)
        with showing():
            typer.echo(f"Its books: {report.folder}" + ("" if report.books_complete else _INCOMPLETE))
    return report.is_equal
