"""From the name of an adapter to an account that takes orders, and back to nothing left open."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from yunmin.clock import Clock, SystemClock
from yunmin.exchange import registry
from yunmin.exchange.config import ConnectorConfig
from yunmin.exchange.connector import ExchangeConnector
from yunmin.exchange.plugin import ConnectionWish
from yunmin.execution.account import Account
from yunmin.execution.account_events import AccountEvent
from yunmin.execution.kill_switch import KillSwitch
from yunmin.execution.order_journal import OrderJournal
from yunmin.execution.policy import AccountPolicy

__all__ = ["account_of", "open_account"]


@asynccontextmanager
async def open_account(
    adapter: str,
    *,
    folder: str | Path,
    wish: ConnectionWish | None = None,
    config: ConnectorConfig | None = None,
    policy: AccountPolicy | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Account]:
    """The account of `adapter`, whose journal is in `folder`: locked, replayed, reconciled, and taking orders.

    Where to connect is what `wish` says, completed by the adapter's own settings; or `config` says all of it. SIGTERM
    ends the block as Ctrl-C does: every command that was sent gets its outcome written down first. A program that minds
    SIGTERM itself is left to it.

    Raises ConfigurationError, JournalError (another process has the account, or the journal is damaged), and
    ExchangeError where the exchange cannot be reached, or will not say what became of open orders. Nothing was sent.
    """
    plugin = registry.load(adapter)
    clock = clock or SystemClock()
    connector = plugin.connector(config or plugin.configure(wish or ConnectionWish()), clock)
    async with account_of(connector, folder=folder, policy=policy, clock=clock) as account:
        yield account


@asynccontextmanager
async def account_of(
    connector: ExchangeConnector,
    *,
    folder: str | Path,
    policy: AccountPolicy | None = None,
    clock: Clock | None = None,
    listeners: Iterable[Callable[[AccountEvent], None]] = (),
    when_held: Callable[[], None] = lambda: None,
) -> AsyncIterator[Account]:
    """As `open_account`, with a connector that was made elsewhere; it is connected here, and closed.

    `listeners` hear of every event, those of the opening included. `when_held` is called when the folder is this
    process's and nobody was connected to yet; what it raises ends the opening.
    """
    clock = clock or SystemClock()
    policy = policy or AccountPolicy()
    journal = OrderJournal.open(
        Path(folder), clock=clock, snapshot_every=policy.snapshot_every, keep_records=policy.keep_records
    )
    try:
        when_held()
        await connector.connect()
        try:
            account = Account(connector, journal, clock, policy, kill_switch=KillSwitch(Path(folder)))
            for listener in listeners:
                account.listen(listener)
            with _termination_cancels_us():
                async with account:
                    yield account
        finally:
            await connector.close()
    finally:
        journal.close()


@contextmanager
def _termination_cancels_us() -> Iterator[None]:
    """Let SIGTERM cancel the task that is inside, so that it ends the way that Ctrl-C does, if nobody else minds it."""
    task = asyncio.current_task()
    is_free = threading.current_thread() is threading.main_thread() and (
        signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    )
    if task is None or not is_free:
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
