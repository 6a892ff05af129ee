"""`make clients`: unmodified clients live a scripted day against the local venue, and a table says what each saw.

    python -m tests.clients.run_all [--only ccxt,python-binance] [--json]

Each client runs in an environment of its own, at pinned versions, against a venue of its own. Exits with 1 where one
fails at something that it can do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from tests.clients import environments
from tests.clients.day_of import day_of
from tests.clients.table import CLIENTS, ROWS, Client, Row

__all__ = ["main"]

_AT_ONCE: Final = 2
_SHORT: Final = {"ok": "ok", "n/a": "n/a", "failed": "FAILED"}


def main(argv: Sequence[str]) -> int:
    """Run them, print the table, and say with the exit code whether all went well."""
    parser = argparse.ArgumentParser(prog="make clients", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", default=",".join(CLIENTS), help="names, separated by commas")
    parser.add_argument(
        "--json", action="store_true", help="one JSON array in place of the table, with the tracebacks of what failed"
    )
    options = parser.parse_args(argv)
    names = options.only.split(",")
    unknown = [name for name in names if name not in CLIENTS]
    if unknown:
        parser.error(f"no such client: {', '.join(unknown)}; there are {', '.join(CLIENTS)}")
    clients = [CLIENTS[name] for name in names]
    environments.main(sorted({client.environment for client in clients}))
    rows = asyncio.run(_days_of(clients))
    sys.stdout.write(json.dumps([asdict(row) for row in rows]) + "\n" if options.json else _told(clients, rows))
    return 1 if any(row.status == "failed" for row in rows) else 0


async def _days_of(clients: Sequence[Client]) -> list[Row]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(client: Client) -> list[Row]:
        async with gate:
            sys.stderr.write(f"{client.name} {client.version} …\n")
            try:
                return await day_of(client)
            except Exception as error:  # noqa: BLE001 - one client's day that goes off the rails ends no other's
                saw = f"the day broke off: {type(error).__name__}: {error}"
                return [Row(client.name, step.name, "failed", saw) for step in ROWS]

    return [row for rows in await asyncio.gather(*map(one, clients)) for row in rows]


def _told(clients: Sequence[Client], rows: Sequence[Row]) -> str:
    cells = {(row.client, row.step): row for row in rows}
    heads = [client.name for client in clients]
    lines = [
        f"| step | {' | '.join(heads)} |",
        f"|---|{'---|' * len(clients)}",
        *(
            f"| {step.title} | " + " | ".join(_SHORT[cells[client.name, step.name].status] for client in clients) + " |"
            for step in ROWS
        ),
    ]
    for client in clients:
        lines += ["", f"{client.name} {client.version}"]
        for step in ROWS:
            row = cells[client.name, step.name]
            saw = " ".join(row.saw.split())
            lines.append(f"  {_SHORT[row.status]:6}  {step.title:30}  {saw}")
    counts = [sum(row.status == status for row in rows) for status in _SHORT]
    return "\n".join([*lines, "", "{} ok, {} not to be done by the client, {} failed".format(*counts), ""])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
