"""The state of a venue in a file: written whole or not at all, and believed only after it was examined.

It holds orders, fills, balances, trades, bars, numbers and the market makers' positions. It holds no key and no
secret: accounts get theirs from the configuration, as markets get their rules. Connections, sessions, listen keys,
used request weight and faults are not part of it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Final

import orjson

from yunmin.errors import ConfigurationError
from yunmin.simulation.engine_state import ENGINE_CLASSES, ENGINE_KEPT
from yunmin.simulation.snapshots import Snapshots
from yunmin_binance.venue import houses, limits
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.symbols import SymbolStatus
from yunmin_binance.venue.ws_api.user_streams import UserStreams

__all__ = ["EXCHANGE_STATE", "load_state", "save_state"]

_FORMAT: Final = 1
_KIND: Final = "yunmin local venue"

EXCHANGE_STATE: Final = Snapshots(
    classes=(
        *ENGINE_CLASSES, Exchange, UserStreams, SymbolStatus, houses.Houses,
        limits.OrderMeter, limits._Window, limits._Rule,  # noqa: SLF001  they are of one package
    ),
    kept={
        **ENGINE_KEPT,
        Exchange: frozenset(
            {"rules", "filters", "members", "limits", "traffic", "listen_keys", "exchange_filters", "asset_filters",
             "outside", "clock_error",
             "_permissions", "_keep", "_rejection_listeners", "_checks"}
        ),
        UserStreams: frozenset({"_exchange", "_subscriptions", "_outbox"}),
        houses.Houses: frozenset({"_engine", "_config", "_clock"}),
        limits.OrderMeter: frozenset({"_config"}),
        limits._Window: frozenset({"rule"}),  # noqa: SLF001
    },
)  # fmt: skip
"""Reads and writes the state of an exchange and of the numbers of its user data events."""


def save_state(path: Path, exchange: Exchange, users: UserStreams) -> None:
    """Write to `path`, by way of a file beside it: whoever reads sees the old state or the new one, never a part.

    Raises ConfigurationError where it cannot be written.
    """
    now = exchange.engine.now()  # which the engine remembers: time goes on from here
    state = orjson.dumps(EXCHANGE_STATE.take([exchange, users]))
    head = {
        "kind": _KIND,
        "format": _FORMAT,
        "time": now,
        "markets": list(exchange.rules),
        "accounts": [account.name for account in exchange.ledger.accounts()],
        "sha256": hashlib.sha256(state).hexdigest(),
    }
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as file:
            file.write(orjson.dumps(head) + b"\n" + state)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise ConfigurationError(f"cannot save the venue to {path}: {error.strerror}") from error


def load_state(path: Path, exchange: Exchange, users: UserStreams) -> None:
    """Put a fresh exchange into the state of `path`.

    Raises ConfigurationError where the file cannot be read, is of another kind, version or venue, or is damaged, and
    where the books that it holds do not add up.
    """
    head, state = _read(path)
    if head.get("kind") != _KIND:
        raise ConfigurationError(f"{path} is not the state of a local venue")
    if head.get("format") != _FORMAT:
        raise ConfigurationError(f"{path} was saved in format {head.get('format')}; this version reads {_FORMAT}")
    if head.get("sha256") != hashlib.sha256(state).hexdigest():
        raise ConfigurationError(f"{path} is damaged: it is not what was saved")
    for name, ours in (
        ("markets", list(exchange.rules)),
        ("accounts", [account.name for account in exchange.ledger.accounts()]),
    ):
        if head.get(name) != ours:
            raise ConfigurationError(f"{path} is of a venue with other {name}: {head.get(name)}; here: {ours}")
    EXCHANGE_STATE.restore([exchange, users], orjson.loads(state))
    audit = exchange.engine.audit()
    if not audit.ok:
        raise ConfigurationError(f"the books in {path} do not add up: {audit.problems[0]}")


def _read(path: Path) -> tuple[dict[str, Any], bytes]:
    try:
        first, _, state = path.read_bytes().partition(b"\n")
        head = orjson.loads(first)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    except orjson.JSONDecodeError:
        head = None
    if not isinstance(head, dict):
        raise ConfigurationError(f"{path} is not the state of a local venue")
    return head, state
