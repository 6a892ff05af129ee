"""What a run trades in: an exchange, a clock, and somebody who tells of the market. Made by the assembly alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from yunmin.clock import Clock
from yunmin.engine.feeds.feed import Feed
from yunmin.exchange.config import Environment
from yunmin.exchange.connector import ExchangeConnector
from yunmin.exchange.plugin import VenueLedger
from yunmin.execution.policy import AccountPolicy

__all__ = ["World"]


def _never() -> bool:
    return False


def _nothing() -> None:
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """`title` says in words what it is, `exchange` what routes call it. `folder` keeps the account's books.

    `environment` decides which limits are mandatory. All of it goes by `clock`; what waits for this machine or its
    network alone goes by `wall`; `pace` is how many times as fast the clock goes.
    `is_over` says whether nothing more will happen in it. `ledger` are the exchange's own books, where it shows them.
    `check_books` raises ConfigurationError where the folder has become another world's. `secrets` are texts that
    nothing may ever write.
    """

    title: str
    exchange: str
    environment: Environment
    connector: ExchangeConnector
    feed: Feed
    clock: Clock
    wall: Clock
    pace: float
    folder: Path
    policy: AccountPolicy
    is_over: Callable[[], bool] = _never
    ledger: Callable[[], VenueLedger] | None = None
    check_books: Callable[[], None] = _nothing
    secrets: tuple[SecretStr, ...] = ()
