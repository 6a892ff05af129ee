"""A scripted day, as every Python client lives it: its steps, and how they are told to whoever runs the script.

Only the standard library is used here, for this runs in the environments of the clients. A script makes a class of
`Day` whose methods are the steps, each doing its step through the client and returning what it `Saw`. A step is one
line of JSON on standard output; the next begins when a line comes back, so the ledger can be compared in between.

    {"step": "balance", "status": "ok", "saw": "1000000 USDT free", "claims": {"balances": {"USDT": ["1000000", "0"]}}}
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
import time
import traceback
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

__all__ = ["PLAN", "STEPS", "Day", "Saw", "finish", "live", "plain"]

PLAN: Mapping[str, Any] = json.loads(Path(__file__).with_name("day.json").read_text())

STEPS = (
    "markets",
    "balance",
    "market_stream",
    "book_stream",
    "limit_in_parts",
    "user_data",
    "cancel",
    "replace",
    "stop",
    "oco",
    "socket_order",
    "bot_trade",
    "error_filter",
    "error_funds",
    "error_unknown_order",
    "error_signature",
    "error_clock",
    "error_symbol",
    "rate_limit",
)


@dataclass(frozen=True)
class Saw:
    """What a client saw in a step: words for people, and claims that the ledger must bear out.

    `markets` are names, `trades` what others traded: [trade id, quantity, price] each, `book` the update id up to which
    the book is known. `orders` maps "SYMBOL:id" to
    status and filled quantity, `fills` to its trades, `balances` an asset to free and locked. `code` is the exchange's
    own number of a refusal.
    """

    words: str
    markets: list[str] = field(default_factory=list)
    trades: list[tuple[str, str, str]] = field(default_factory=list)
    book: int | None = None
    orders: dict[str, tuple[str, str]] = field(default_factory=dict)
    fills: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    balances: dict[str, tuple[str, str]] = field(default_factory=dict)
    code: int | None = None


class Day:
    """The venue's address and keys, the other side of the market, and waiting with an end."""

    longest_step: float = 3 * PLAN["patience_seconds"]

    def __init__(self) -> None:
        self.url = os.environ["VENUE_URL"]
        self.sockets = self.url.replace("http://", "ws://")
        self.host = self.url.removeprefix("http://")
        self.key = os.environ["VENUE_API_KEY"]
        self.secret = os.environ["VENUE_API_SECRET"]

    async def open(self) -> None:
        """Make the client; overridden where that needs a loop."""

    async def close(self) -> None:
        """Put the client away."""

    def other(self, side: str, quantity: str, price: str) -> None:
        """An order of the counterparty's, through the venue's own door; it is matched when this returns."""
        order = {
            "account": "counterparty",
            "symbol": PLAN["symbol"],
            "side": side,
            "type": "LIMIT",
            "quantity": quantity,
            "price": price,
        }
        request = urllib.request.Request(
            f"{self.url}/venue/orders", json.dumps(order).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=PLAN["patience_seconds"]) as answer:
            answer.read()

    def public_trade(self) -> None:
        """A trade between others, for the market streams."""
        trade = PLAN["public_trade"]
        self.other("BUY", trade["quantity"], trade["price"])
        self.other("SELL", trade["quantity"], trade["price"])

    def reach_the_stop(self) -> None:
        """A trade at the stop price of the stop order, with as much again bid there for what it sets free."""
        at = PLAN["stop"]["stop_price"]
        self.other("BUY", str(2 * Decimal(PLAN["quantity"])), at)
        self.other("SELL", PLAN["quantity"], at)

    async def wait_for(
        self, done: Callable[[], Any], what: str, *, every: float = 0.01, patience: float = PLAN["patience_seconds"]
    ) -> Any:
        """The first true answer of `done`, asked again and again; TimeoutError where none comes."""
        end = time.monotonic() + patience
        while not (answer := done()):
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not come within {patience:.0f} s")
            await asyncio.sleep(every)
        return answer

    def read_error(self, error: Exception) -> tuple[int, str]:
        """The exchange's code and words in what the client raised; each client puts them elsewhere."""
        raise NotImplementedError

    async def refusal(self, doing: Callable[[], Any]) -> Saw:
        """What the client raised for a call that the exchange has to refuse."""
        try:
            await finish(doing())
        except Exception as error:  # noqa: BLE001 - clients raise what they like; it is looked at
            code, words = self.read_error(error)
            return Saw(f"{type(error).__name__} {code} {words}", code=code)
        raise AssertionError("the exchange refused nothing")

    def bid(self) -> None:
        """A bid of the counterparty's that stays in the book."""
        self.other("BUY", **PLAN["bid_of_others"])

    async def until_heard(self, heard: Callable[[], Any], doing: Callable[[], None]) -> Any:
        """Others act again and again until a stream has told of it: it tells nothing of what came before it."""

        def act_and_look() -> Any:
            doing()
            return heard()

        return await self.wait_for(act_and_look, "word of others on the stream", every=0.1)

    async def refusal_in_the_end(self, doing: Callable[[], Any]) -> Saw:
        """The refusal of one call too many."""
        for done in range(PLAN["most_heavy_requests"]):
            try:
                await finish(doing())
            except Exception as error:  # noqa: BLE001 - clients raise what they like; it is looked at
                code, words = self.read_error(error)
                return Saw(f"after {done} heavy requests {type(error).__name__} {code} {words}"[:200], code=code)
        raise AssertionError(f"{PLAN['most_heavy_requests']} heavy requests and no limit")


async def finish(result: Any) -> Any:
    """The result of a call, whether the client makes it at once or asks to be awaited."""
    return await result if inspect.isawaitable(result) else result


def plain(value: object) -> str:
    """A number as text, without an exponent and without zeros at its end; a float by its shortest form."""
    text = format(Decimal(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def live(day: Day) -> None:
    """Live the whole day, telling each step."""
    asyncio.run(_live(day))


async def _live(day: Day) -> None:
    await day.open()
    try:
        for step in STEPS:
            method = getattr(day, step, None)
            told = {"status": "missing", "saw": ""} if method is None else await _outcome(method, day.longest_step)
            sys.stdout.write(json.dumps({"step": step, **told}) + "\n")
            sys.stdout.flush()
            if not await asyncio.to_thread(sys.stdin.readline):
                return
    finally:
        await day.close()


async def _outcome(method: Callable[[], Any], longest: float) -> dict[str, Any]:
    try:
        saw: Saw = await asyncio.wait_for(finish(method()), longest)
    except Exception as error:  # noqa: BLE001 - whatever went wrong in a step is told
        return {"status": "failed", "saw": f"{type(error).__name__}: {error}"[:300], "trace": traceback.format_exc()}
    return {"status": "ok", "saw": saw.words, "claims": asdict(saw)}
