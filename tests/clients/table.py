"""The clients, at which versions, and what each of them cannot do for a reason of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

__all__ = ["CLIENTS", "LIGHT", "ROWS", "SETTINGS", "STAYED", "STEPS", "Client", "Row", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the day. `title` is for people; the rest is what the ledger must show where a client did it.

    `ends` are the states, in the exchange's words, in which the orders that the client tells of must be in the end, as
    many as there are; `codes` are the refusals that count, and mean that the ledger must not have changed.
    """

    name: str
    title: str
    ends: tuple[str, ...] = ()
    codes: frozenset[int] = frozenset()
    claims: frozenset[str] = frozenset()


SETTINGS: Final = Step("settings", "settings as they are printed")
"""Before the day begins: what `yunmin venue settings` prints for the client runs as it is."""

STAYED: Final = Step("stayed", "stayed on this machine")
"""After the day has ended: what the guards in the clients' runtimes had to refuse."""

STEPS: Final = (
    Step("markets", "markets", claims=frozenset({"markets"})),
    Step("balance", "balance", claims=frozenset({"balances"})),
    Step("market_stream", "trade stream", claims=frozenset({"trades"})),
    Step("book_stream", "book stream", claims=frozenset({"book"})),
    Step("limit_in_parts", "limit order filled in parts", ends=("FILLED",), claims=frozenset({"fills"})),
    Step("user_data", "user data of such an order", ends=("FILLED",), claims=frozenset({"fills", "balances"})),
    Step("cancel", "cancel", ends=("CANCELED",)),
    Step("replace", "replace", ends=("CANCELED", "CANCELED")),
    Step("stop", "stop order triggered", ends=("FILLED",)),
    Step("oco", "OCO", ends=("EXPIRED", "FILLED")),
    Step("socket_order", "order by WebSocket API", ends=("CANCELED",)),
    Step("bot_trade", "enters and exits a trade", ends=("FILLED", "FILLED")),
    Step("error_filter", "error: filter failure", codes=frozenset({-1013})),
    Step("error_funds", "error: insufficient balance", codes=frozenset({-2010})),
    Step("error_unknown_order", "error: unknown order", codes=frozenset({-2011})),
    Step("error_signature", "error: bad signature", codes=frozenset({-1022})),
    Step("error_clock", "error: timestamp or recvWindow", codes=frozenset({-1021, -1131})),
    Step("error_symbol", "error: unknown symbol", codes=frozenset({-1121})),
    Step("rate_limit", "rate limit (429)", codes=frozenset({-1003})),
)

ROWS: Final = (SETTINGS, *STEPS, STAYED)
"""Every line of the table."""

_NO_BOT: Final = {"bot_trade": "a library, no bot"}
_BOT: Final = "a bot: it trades by its strategy and has no such call"


@dataclass(frozen=True, slots=True)
class Client:
    """One client. `script` lives its day in `environment`; `cannot` says why a step is not its own to do.

    `venue` are options of the venue that it needs; `on_paper` says that its trades must never reach the exchange,
    `printed_as` under which name its settings are printed, where that is not its own.
    """

    name: str
    version: str
    environment: str
    script: str
    cannot: Mapping[str, str] = field(default_factory=dict)
    venue: tuple[str, ...] = ()
    on_paper: bool = False
    arguments: tuple[str, ...] = ()
    printed_as: str = ""


_NO_SOCKETS: Final = "no sockets in this class; ccxt.pro has them"
_CCXT_WITHOUT_SOCKETS: Final = {
    **_NO_BOT,
    "market_stream": _NO_SOCKETS,
    "book_stream": _NO_SOCKETS,
    "user_data": _NO_SOCKETS,
    "socket_order": _NO_SOCKETS,
}


def _freqtrade(configuration: str, *, on_paper: bool) -> Client:
    cannot = {step.name: _BOT for step in STEPS if step.name != "bot_trade"}
    return Client(
        f"freqtrade-{configuration}",
        "2026.9",
        "freqtrade",
        "freqtrade_bot.py",
        {**cannot, SETTINGS.name: "what is printed is its configuration, with which it trades below"},
        venue=("--liquidity", "walk", "--step-interval", "1"),
        on_paper=on_paper,
        arguments=(configuration,),
        printed_as="freqtrade",
    )


CLIENTS: Final[Mapping[str, Client]] = MappingProxyType(
    {
        client.name: client
        for client in (
            Client("ccxt", "4.5.90", "ccxt", "ccxt_sync.py", _CCXT_WITHOUT_SOCKETS),
            Client("ccxt-async", "4.5.90", "ccxt", "ccxt_async.py", _CCXT_WITHOUT_SOCKETS),
            Client("ccxt-pro", "4.5.90", "ccxt", "ccxt_pro.py", _NO_BOT),
            Client("python-binance", "1.0.37", "python-binance", "python_binance.py", _NO_BOT),
            Client(
                "binance-connector",
                "3.13.0",
                "binance-connector",
                "binance_connector.py",
                _NO_BOT,
                venue=("--legacy-listen-key",),
            ),
            Client("binance-sdk-spot", "13.2.0", "binance-sdk-spot", "binance_sdk_spot_day.py", _NO_BOT),
            Client("npm-binance", "3.6.5", "npm-binance", "npm_binance.cjs", _NO_BOT),
            Client(
                "binance-api-node",
                "0.13.10",
                "binance-api-node",
                "binance_api_node.cjs",
                {**_NO_BOT, "socket_order": "it uses the WebSocket API for user data alone"},
            ),
            _freqtrade("live", on_paper=False),
            _freqtrade("dry", on_paper=True),
        )
    }
)

LIGHT: Final = ("ccxt", "ccxt-async", "ccxt-pro", "python-binance", "binance-sdk-spot")
"""Those that live their day in `make test` too."""


@dataclass(frozen=True, slots=True)
class Row:
    """One cell of the table: `status` is ok, n/a or failed; `saw` is what the client saw, or why there is nothing."""

    client: str
    step: str
    status: str
    saw: str
    trace: str = ""
