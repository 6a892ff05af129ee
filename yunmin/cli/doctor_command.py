"""`yunmin doctor`: is everything there, and does it answer?"""

from __future__ import annotations

import platform
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from yunmin import __version__
from yunmin.cli.connection import (
    AdapterOption,
    EnvironmentOption,
    JsonOption,
    Target,
    UrlOption,
    choose_adapter,
    connected,
)
from yunmin.cli.outcome import Exit, emit_json, run
from yunmin.cli.tables import show_table
from yunmin.clock import SystemClock
from yunmin.errors import NotSupported, YunminError
from yunmin.exchange import ExchangeConnector, ShowsKeyRights

__all__ = ["doctor"]

_MINIMUM_PYTHON = (3, 11)
_CLOCK_WARNING = 0.5
_CLOCK_LIMIT = 1.0


class Check(NamedTuple):
    """One thing that was looked at."""

    name: str
    ok: bool
    found: str


def doctor(
    adapter: AdapterOption = None,
    environment: EnvironmentOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check Python, packages, adapter, connection, clock, credentials and rights. Exit code 1 when a check fails."""

    async def work() -> None:
        checks = [_python(), _package("ccxt"), _adapter(adapter)]
        if all(check.ok for check in checks):
            checks += await _online(Target(adapter, environment, url))
        if as_json:
            emit_json({"yunmin": __version__, "ok": _all_ok(checks), "checks": [check._asdict() for check in checks]})
        else:
            rows = [("ok" if check.ok else "FAILED", check.name, check.found) for check in checks]
            show_table(f"yunmin {__version__}", ("", "check", "found"), rows)
        if not _all_ok(checks):
            sys.exit(Exit.CHECK_FAILED)

    run(work, as_json=as_json)


def _all_ok(checks: list[Check]) -> bool:
    return all(check.ok for check in checks)


def _python() -> Check:
    return Check("Python 3.11 or newer", sys.version_info >= _MINIMUM_PYTHON, platform.python_version())


def _package(name: str) -> Check:
    try:
        return Check(name, ok=True, found=version(name))
    except PackageNotFoundError:
        return Check(name, ok=False, found=f"not installed; run: pip install 'yunmin[{name}]'")


def _adapter(name: str | None) -> Check:
    try:
        plugin = choose_adapter(name)
    except YunminError as error:
        return Check("adapter", ok=False, found=str(error))
    return Check("adapter", ok=True, found=f"{plugin.name}: {plugin.title}")


async def _online(target: Target) -> list[Check]:
    try:
        async with connected(target) as connector:
            return [
                Check("connection", ok=True, found=repr(connector)),
                await _asked("clock", lambda: _clock(connector)),
                await _asked("credentials", lambda: _credentials(connector)),
                await _asked("key rights", lambda: _key_rights(connector)),
            ]
    except YunminError as error:
        return [Check("connection", ok=False, found=str(error))]


async def _asked(name: str, question: Callable[[], Awaitable[Check]]) -> Check:
    try:
        return await question()
    except YunminError as error:
        return Check(name, ok=False, found=f"{type(error).__name__}: {error}")


async def _clock(connector: ExchangeConnector) -> Check:
    before = SystemClock().now()
    there = await connector.server_time()
    here = before + (SystemClock().now() - before) / 2
    skew = abs((there - here).total_seconds())
    found = f"{skew:.3f} s from the exchange's"
    if _CLOCK_WARNING < skew <= _CLOCK_LIMIT:
        found += "; that is much, set the machine's clock"
    return Check("clock within 1 s", skew <= _CLOCK_LIMIT, found)


async def _credentials(connector: ExchangeConnector) -> Check:
    account = await connector.fetch_account()
    return Check("credentials", ok=True, found=f"accepted; {len(account.balances)} assets held")


async def _key_rights(connector: ExchangeConnector) -> Check:
    if not isinstance(connector, ShowsKeyRights):
        return Check("key rights", ok=True, found="not known: the adapter does not ask")
    try:
        rights = await connector.fetch_key_rights()
    except NotSupported as error:
        return Check("key rights", ok=True, found=f"not known: {error}")
    said = (
        "may trade" if rights.can_trade else "may NOT trade",
        "may WITHDRAW: take that right from it" if rights.can_withdraw else "may not withdraw",
        "bound to network addresses" if rights.is_bound_to_address else "works from EVERY address: bind it to yours",
    )
    return Check("key rights", ok=not rights.can_withdraw, found="; ".join(said))
