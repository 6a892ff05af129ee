"""What the runner asks of a venue: its own door for the oracle, and now and then the exchange's as anybody may."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.clients.judge import Evidence

__all__ = ["VenueDoor"]

_SYMBOL: Final = json.loads((Path(__file__).parent / "scripts" / "day.json").read_text())["symbol"]


class VenueDoor:
    """The venue's own door, which knows the ledger, and its public data."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> VenueDoor:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        self._ledger = await self._ask("/venue/ledger?account=local")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def evidence(self) -> Evidence:
        """What there is to compare claims with; `before` is the ledger of the last call."""
        before, self._ledger = self._ledger, await self._ask("/venue/ledger?account=local")
        state = await self._ask("/venue/state")
        trades = await self._public(f"/api/v3/trades?symbol={_SYMBOL}") or []
        book = await self._public(f"/api/v3/depth?symbol={_SYMBOL}&limit=5") or {}
        return Evidence(state["symbols"], trades, book.get("lastUpdateId"), before, self._ledger)

    async def problems(self) -> list[str]:
        """What the venue's own audit finds."""
        found: list[str] = (await self._ask("/venue/state"))["audit"]["problems"]
        return found

    async def turns_away(self, since: datetime) -> bool:
        """Whether this address is told to wait, or was told so in the minute that has ended `since` then."""
        async with self._session.get(f"{self._url}/api/v3/ping") as answer:
            if answer.status in {418, 429}:
                return int(answer.headers["Retry-After"]) > 0
        return _minute(since) != _minute(datetime.now(UTC))

    async def _public(self, path: str) -> Any:
        """What everybody may ask; None where this address is told to wait."""
        async with self._session.get(self._url + path) as answer:
            return await answer.json() if answer.status == 200 else None

    async def _ask(self, path: str) -> Any:
        async with self._session.get(self._url + path) as answer:
            return await answer.json()


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
