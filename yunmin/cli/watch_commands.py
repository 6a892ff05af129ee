"""`yunmin watch`: what a market or the account tells, line by line, until Ctrl-C."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from yunmin.cli.connection import AdapterOption, EnvironmentOption, JsonOption, Target, UrlOption, connected
from yunmin.cli.endless import run_until_ended
from yunmin.cli.outcome import showing
from yunmin.cli.watched import as_line
from yunmin.core.data_contracts import Contract, StreamGap, StreamLost, StreamOpened
from yunmin.errors import NotSupported, Unavailable
from yunmin.exchange import ExchangeConnector, NewsStream, StreamsAccount, StreamsMarket

__all__ = ["watch"]

watch = typer.Typer(
    no_args_is_help=True,
    help="Follow a market or the account, one line for each piece of news, until Ctrl-C. With --json a line is one "
    "JSON object, whose `news` names its kind. Where the connection was lost, StreamLost and StreamGap say so.",
)

SymbolArgument = Annotated[str, typer.Argument(help="The market, as BTC/USDT.")]
CountOption = Annotated[int | None, typer.Option("--count", min=1, help="End by itself after so many pieces of news.")]
TimeframeOption = Annotated[str, typer.Option("--timeframe", help="1m, 5m, 1h, 1d …")]
DepthOption = Annotated[int, typer.Option("--depth", min=1, max=1000, help="Levels of each side.")]

Open = Callable[[ExchangeConnector], NewsStream[Any]]


@watch.command("candles")
def candles(
    symbol: SymbolArgument,
    timeframe: TimeframeOption = "1m",
    count: CountOption = None,
    adapter: AdapterOption = None,
    environment: EnvironmentOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Candles as they form."""
    opened: Open = lambda connector: _market(connector).stream_candles(symbol, timeframe)  # noqa: E731  one of five
    _follow(opened, Target(adapter, environment, url), count, as_json=as_json)


@watch.command("trades")
def trades(
    symbol: SymbolArgument,
    count: CountOption = None,
    adapter: AdapterOption = None,
    environment: EnvironmentOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Everybody's trades."""
    opened: Open = lambda connector: _market(connector).stream_trades(symbol)  # noqa: E731  one of five
    _follow(opened, Target(adapter, environment, url), count, as_json=as_json)


@watch.command("ticker")
def ticker(
    symbol: SymbolArgument,
    count: CountOption = None,
    adapter: AdapterOption = None,
    environment: EnvironmentOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Best bid and ask, and the last price."""
    opened: Open = lambda connector: _market(connector).stream_ticker(symbol)  # noqa: E731  one of five
    _follow(opened, Target(adapter, environment, url), count, as_json=as_json)


@watch.command("book")
def book(
    symbol: SymbolArgument,
    depth: DepthOption = 5,
    count: CountOption = None,
    adapter: AdapterOption = None,
    environment: EnvironmentOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """The order book."""
    opened: Open = lambda connector: _market(connector).stream_order_book(symbol, limit=depth)  # noqa: E731  one of five
    _follow(opened, Target(adapter, environment, url), count, as_json=as_json)


@watch.command("account")
def account(
    count: CountOption = None,
    adapter: AdapterOption = None,
    environment: EnvironmentOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Orders, fills and balances of the account."""
    opened: Open = lambda connector: _account(connector).stream_account()  # noqa: E731  one of five
    _follow(opened, Target(adapter, environment, url), count, as_json=as_json)


def _market(connector: ExchangeConnector) -> StreamsMarket:
    if not isinstance(connector, StreamsMarket):
        raise NotSupported(f"the {connector.traits.title} adapter has no market streams")
    return connector


def _account(connector: ExchangeConnector) -> StreamsAccount:
    if not isinstance(connector, StreamsAccount):
        raise NotSupported(f"the {connector.traits.title} adapter has no account stream")
    return connector


def _follow(opened: Open, target: Target, count: int | None, *, as_json: bool) -> None:
    show = _show_json if as_json else _show_line

    async def work() -> None:
        async with connected(target) as connector, opened(connector) as news:
            await _show_all(news, show, count)

    run_until_ended(work(), as_json=as_json)


async def _show_all(news: NewsStream[Any], show: Callable[[Contract], None], count: int | None) -> None:
    shown = 0
    async for item in news:
        show(item)
        shown += not isinstance(item, (StreamOpened, StreamLost, StreamGap))
        if shown == count:
            return
    raise Unavailable("the stream has ended")


def _show_json(item: Contract) -> None:
    with showing():
        sys.stdout.write(json.dumps({"news": type(item).__name__, **item.model_dump(mode="json")}) + "\n")


def _show_line(item: Contract) -> None:
    with showing():
        sys.stdout.write(as_line(item) + "\n")
