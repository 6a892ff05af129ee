"""`yunmin config`: what the settings are, where each came from, and whether they can be used."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yunmin.cli.connection import JsonOption
from yunmin.cli.outcome import emit_json, run_plainly
from yunmin.cli.tables import show_table
from yunmin.errors import InvalidValue

if TYPE_CHECKING:
    from yunmin.config.configuration import Configuration, Row
    from yunmin.config.layers import Flag

__all__ = ["ConfigOption", "SetOption", "config", "set_flags"]

config = typer.Typer(
    name="config", help="Settings: show, check, and their schema.", no_args_is_help=True, rich_markup_mode=None
)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="The settings file; without: yunmin.yaml, if it is here.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SETTING=VALUE", help="Sets one, such as risk.max_dd=0.1; may be repeated."),
]


@config.command("show")
def show(
    section: Annotated[str | None, typer.Option("--section", help="Only this section.")] = None,
    file: ConfigOption = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every setting as it holds, and where it came from: a file and line, a variable, or a flag. Shows no secret."""

    def work() -> None:
        from yunmin.config.configuration import load_configuration

        loaded = load_configuration(file, flags=set_flags(settings))
        rows, secrets = loaded.rows(section), _secrets(loaded, section)
        if as_json:
            emit_json(
                {
                    "file": loaded.file,
                    "settings": [_as_dict(row) for row in rows],
                    "secrets": [{"name": name, "value": None, "origin": place} for name, _, place in secrets],
                }
            )
            return
        shown = [(row.name, _in_words(row.value), row.origin) for row in rows]
        show_table("Settings", ("setting", "value", "from"), [*shown, *secrets])

    run_plainly(work, as_json=as_json)


@config.command("check")
def check(
    file: Annotated[Path | None, typer.Argument(help="Without: yunmin.yaml, if it is here.")] = None,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Can these settings be used? Reads them, looks up adapters, loads the strategies (that runs their files).

    Asks no exchange. Exit code 3 where something is wrong; all of it is named, with its place.
    """

    def work() -> None:
        from yunmin.cli.config_check import check_configuration
        from yunmin.config.configuration import load_configuration

        loaded = load_configuration(file, flags=set_flags(settings))
        checked = check_configuration(loaded)
        if as_json:
            emit_json({"ok": True, "file": loaded.file, "checked": [each._asdict() for each in checked]})
            return
        show_table(f"{loaded.file or 'default.yaml alone'}: it can be used", ("what", "found"), checked)

    run_plainly(work, as_json=as_json)


@config.command("schema")
def schema(as_json: JsonOption = False) -> None:
    """A JSON schema of the settings file, for editors."""

    def work() -> None:
        from yunmin.config.schema import settings_schema

        emit_json(settings_schema())

    run_plainly(work, as_json=as_json)


def set_flags(settings: Iterable[str] | None) -> list[Flag]:
    """What `--set SETTING=VALUE` said. Raises InvalidValue for one without a value."""
    from yunmin.config.layers import Flag

    flags = []
    for each in settings or ():
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise InvalidValue("--set takes SETTING=VALUE, such as risk.max_dd=0.1")
        flags.append(Flag(name.strip(), value.strip(), f"--set {name.strip()}"))
    return flags


def _secrets(loaded: Configuration, section: str | None) -> list[tuple[str, str, str]]:
    """Of each secret its name, that it is not shown, and where it stands."""
    import os

    from yunmin.config.secrets import find_secrets

    if section not in (None, "account"):
        return []
    found = find_secrets(loaded.settings.account, os.environ)
    places = {each.name: each.place for each in found}
    return [
        (f"account.{name}", "(not shown)" if name in places else "-", places.get(name, "left to the adapter"))
        for name in ("api_key", "api_secret")
    ]


def _as_dict(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "value": _in_words(row.value) if isinstance(row.value, timedelta) else row.value,
        "origin": row.origin.place,
        "source": row.origin.source.name.lower(),
    }


def _in_words(value: object) -> object:
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value in ((), {}) else value
