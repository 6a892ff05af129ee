"""The commands, by name. Each imports what it needs when it runs, so that `--help` stays quick."""

from __future__ import annotations

from typing import Annotated

import typer

from yunmin import __version__
from yunmin.cli import (
    account_commands,
    adapter_commands,
    books_commands,
    config_commands,
    demo_command,
    doctor_command,
    init_command,
    journal_commands,
    kill_command,
    order_commands,
    run_command,
    status_command,
    venue_commands,
    verify_commands,
    watch_commands,
)

__all__ = ["app"]

app = typer.Typer(
    name="yunmin",
    help="Trade any exchange through one typed connector, and never lose an order.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: 0 done, 1 a check failed, 2 usage, 3 configuration, 4 refused (proven), "
    "5 no answer, 6 outcome unknown (do not repeat), 7 done but not shown, 130 interrupted.",
)
app.command("demo")(demo_command.demo)
app.command("init")(init_command.init)
app.command("run")(run_command.run_strategies)
app.command("doctor")(doctor_command.doctor)
app.command("adapters")(adapter_commands.adapters)
app.command("markets")(account_commands.markets)
app.command("balance")(account_commands.balance)
app.command("status")(status_command.status)
app.command("positions")(books_commands.positions)
app.command("orders")(books_commands.orders)
app.command("kill")(kill_command.kill)
app.add_typer(config_commands.config, name="config")
app.add_typer(order_commands.order, name="order")
app.add_typer(journal_commands.journal, name="journal")
app.add_typer(venue_commands.venue, name="venue")
app.add_typer(watch_commands.watch, name="watch")
app.add_typer(verify_commands.verify, name="verify")


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"yunmin {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Trade any exchange through one typed connector, and never lose an order."""
