"""`yunmin markets` and `yunmin balance`."""

from __future__ import annotations

from typing import Annotated

import typer

from yunmin.cli.connection import AdapterOption, EnvironmentOption, JsonOption, Target, UrlOption, connected
from yunmin.cli.outcome import emit_json, run
from yunmin.cli.tables import show_table
from yunmin.core.data_contracts.money import plain

__all__ = ["balance", "markets"]


def markets(
    quote: Annotated[str | None, typer.Option("--quote", help="Only markets in this quote asset.")] = None,
    adapter: AdapterOption = None,
    environment: EnvironmentOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the markets and their rules."""

    async def work() -> None:
        async with connected(Target(adapter, environment, url)) as connector:
            found = await connector.fetch_instruments()
        rows = [market for market in found.values() if quote is None or market.quote_asset == quote]
        if as_json:
            emit_json([market.model_dump(mode="json") for market in rows])
            return
        show_table(
            f"{len(rows)} markets",
            ("symbol", "status", "tick", "step", "min qty", "min notional"),
            [
                (m.symbol, m.status, plain(m.tick_size), plain(m.qty_step), plain(m.min_qty), plain(m.min_notional))
                for m in rows
            ],
        )

    run(work, as_json=as_json)


def balance(
    adapter: AdapterOption = None,
    environment: EnvironmentOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the account holds."""

    async def work() -> None:
        async with connected(Target(adapter, environment, url)) as connector:
            account = await connector.fetch_account()
        if as_json:
            emit_json(
                {
                    asset: {"free": plain(held.free), "locked": plain(held.locked), "total": plain(held.total)}
                    for asset, held in sorted(account.balances.items())
                }
            )
            return
        show_table(
            "Balances",
            ("asset", "free", "locked", "total"),
            [(a, plain(h.free), plain(h.locked), plain(h.total)) for a, h in sorted(account.balances.items())],
        )

    run(work, as_json=as_json)
