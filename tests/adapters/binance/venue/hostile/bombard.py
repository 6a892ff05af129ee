"""Mutated requests and frames, thousands of them, against a venue; what became of each is counted.

    python -m tests.adapters.binance.venue.hostile.bombard [--count 10000] [--seed 1]

REST requests with bent parameters, bent HTTP, messages and frames of the market streams and of the WebSocket API, and
what an owner asks of the venue's own door. Each must end in an answer (a result, or an error of the documented codes)
or in a close, never in a 5xx, an unhandled exception or silence. Afterwards the venue must answer, its books must
balance, and nothing of the attackers may be left in it. The same seed sends the same bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes

import structlog
from aiohttp.http_exceptions import HttpProcessingError

from tests.adapters.binance.venue.conftest import sign
from tests.adapters.binance.venue.hostile.corpus import (
    DOCUMENTED,
    ERRANDS,
    METHODS,
    OPERATIONS,
    SIGNED_METHODS,
    commands,
    operation_of,
    parameters,
)
from tests.adapters.binance.venue.hostile.mutations import as_json, bend_bytes, bend_json, bend_pairs, bend_text
from tests.adapters.binance.venue.hostile.wire import Ended, RawSocket, RawTalk, frame
from tests.adapters.binance.venue.sockets import SocketVenue, running
from yunmin.clock import seeded
from yunmin_binance.venue import COUNTERPARTY, LOCAL_API_KEY, Liquidity, VenueConfig
from yunmin_binance.venue.limits import LimitsConfig
from yunmin_binance.venue.ws_api.request import read_request, signed_bytes

__all__ = ["Toll", "bombard"]

CONFIG = VenueConfig(
    liquidity=Liquidity.NONE,
    legacy_listen_key=True,
    limits=LimitsConfig(is_enforced=False),
    symbols=("BTCUSDT", "ETHUSDT"),
)
PATIENCE = 10.0
A_MOMENT = 0.03
LONGEST_LINE = 16 * 1024
STREAM_CODES = frozenset({0, 1, 2, 3})


@dataclass
class Toll:
    """How often each thing happened, and what should not have happened at all."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def count(self, door: str, what: str) -> None:
        self.outcomes[f"{door}: {what}"] += 1

    def blame(self, what: str, sent: object) -> None:
        self.faults.append(f"{what}, after {sent!r:.600}")


class Attack:
    """One running bombardment."""

    def __init__(self, home: SocketVenue, chance: Random, toll: Toll) -> None:
        self._home = home
        self._chance = chance
        self._toll = toll
        self._port = int(home.venue.url.rpartition(":")[2])
        self._talk = RawTalk(self._port)
        self._sockets: dict[str, RawSocket] = {}
        self._probes = 0

    async def strike(self) -> None:
        """Send one thing and see what comes of it."""
        self._home.clock.drift(1)
        self._keep_two_sides()
        doors: tuple[tuple[Callable[[], Awaitable[None]], int], ...] = (
            (self._bent_request, 30), (self._bent_http, 10), (self._bent_command, 15), (self._bent_call, 30),
            (self._bent_frame, 15), (self._bent_errand, 5),
        )  # fmt: skip
        (door,) = self._chance.choices([one for one, _ in doors], [weight for _, weight in doors])
        await door()

    async def end(self) -> None:
        await self._talk.close()
        for socket in self._sockets.values():
            await socket.close()

    def _keep_two_sides(self) -> None:
        book = self._home.venue.exchange.floor("BTCUSDT").book
        for side, best, price in (("BUY", book.best_bid, "59000"), ("SELL", book.best_ask, "60000")):
            if best is None:
                self._home.venue.place_as(COUNTERPARTY, "BTCUSDT", side, "LIMIT", quantity="5", price=price)

    async def _bent_request(self) -> None:
        method, path, security = self._chance.choice(OPERATIONS)
        fitting = parameters(self._chance, f"{method} {path.removeprefix('/api/v3/')}")
        pairs = bend_pairs(self._chance, fitting)
        if security == "SIGNED":
            pairs.append(("timestamp", self._home.now))
        payload = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)
        if security == "SIGNED" and self._chance.random() < 0.95:
            payload += f"&signature={sign(payload)}"
        query, body = ("", payload) if method != "GET" and self._chance.random() < 0.5 else (payload, "")
        raw = _http(method, f"{path}?{query}" if query else path, body.encode())
        try:
            async with asyncio.timeout(PATIENCE):
                status, said = await self._talk.ask(raw)
        except (Ended, TimeoutError) as end:
            self._toll.blame(f"no answer ({end!r})", raw)
            await self._talk.close()
            return
        if len(raw) > LONGEST_LINE and said.startswith(b"Got more than"):
            self._toll.count("REST", f"{status} too long")
            await self._talk.close()
            return
        code = _code_of(said) if status >= 400 else None
        self._toll.count("REST", f"{status}" if code is None else f"{status} {code}")
        if status >= 500 or (status >= 400 and code not in DOCUMENTED):
            self._toll.blame(f"HTTP {status} {said!r}", raw)

    async def _bent_http(self) -> None:
        """What is no HTTP any more is answered, ended, or waited for: then the client goes."""
        method, path, _ = self._chance.choice(OPERATIONS)
        raw = _http(method, f"{path}?symbol=BTCUSDT", b"symbol=BTCUSDT" if method != "GET" else b"")
        raw = bend_bytes(self._chance, raw)
        try:
            async with asyncio.timeout(A_MOMENT):
                status, said = await self._talk.ask(raw)
        except Ended:
            self._toll.count("HTTP", "closed")
        except TimeoutError:
            self._toll.count("HTTP", "left waiting for the rest of a request")
        else:
            self._toll.count("HTTP", str(status))
            if status >= 500:
                self._toll.blame(f"HTTP {status} {said!r}", raw)
        await self._talk.close()

    async def _bent_errand(self) -> None:
        """At the venue's own door, whose refusals are its own."""
        path, errand = self._chance.choice(ERRANDS)
        text = as_json(bend_json(self._chance, errand) if self._chance.random() < 0.7 else errand)
        if self._chance.random() < 0.3:
            text = bend_text(self._chance, text)
        raw = _http("POST", path, _encoded(text)[:60_000])
        async with asyncio.timeout(PATIENCE):
            status, said = await self._talk.ask(raw)
        self._toll.count("/venue", str(status))
        if status >= 500 or (status >= 400 and "error" not in json.loads(said)):
            self._toll.blame(f"HTTP {status} {said!r}", raw)

    async def _bent_command(self) -> None:
        command = commands(self._chance)
        text = as_json(bend_json(self._chance, command) if self._chance.random() < 0.5 else command)
        if self._chance.random() < 0.6:
            text = bend_text(self._chance, text)
        await self._shout("/ws", frame(_encoded(text)), text)

    async def _bent_call(self) -> None:
        method = self._chance.choice(METHODS)
        params = {
            str(name): value for name, value in bend_pairs(self._chance, parameters(self._chance, operation_of(method)))
        }
        if method in SIGNED_METHODS:
            params |= {"apiKey": LOCAL_API_KEY, "timestamp": self._home.now, "signature": "0" * 64}
        request: Any = {"id": self._chance.choice((1, "a", None)), "method": method, "params": params}
        if self._chance.random() < 0.2:
            request = bend_json(self._chance, request)
        text = _signed(as_json(request))
        if self._chance.random() < 0.25:
            text = bend_text(self._chance, text)
        await self._shout("/ws-api/v3", frame(_encoded(text)), text)

    async def _bent_frame(self) -> None:
        path = self._chance.choice(("/ws", "/ws-api/v3"))
        good = frame(as_json({"id": 1, "method": "ping", "params": {}}).encode())
        match self._chance.randrange(5):
            case 0:
                raw = frame(self._chance.randbytes(20), first=self._chance.randrange(256))
            case 1:
                raw = frame(b'{"id":1}', is_masked=False)
            case 2:
                raw = frame(b'{"id":1}', length=self._chance.choice((0, 3, 9, 100, 70_000, 2**31, 2**63, 2**64 - 1)))
            case 3:
                raw = frame(self._chance.choice((b"", b"\x03", b"\x00\x00", b"\x03\xe8\xff", b"\xff\xff")), first=0x88)
            case _:
                raw = bend_bytes(self._chance, good)
        await self._shout(path, raw, raw, is_torn=True)

    async def _shout(self, path: str, raw: bytes, sent: object, *, is_torn: bool = False) -> None:
        """Send it, then a question whose answer shows that everything before has been dealt with.

        Torn frames may swallow the question, so they end with the client's going.
        """
        socket = self._sockets.get(path) or await RawSocket.open(self._port, path)
        self._sockets[path] = socket
        self._probes += 1
        probe = f"probe-{self._probes}"
        socket.send(raw)
        method = "ping" if path == "/ws-api/v3" else "LIST_SUBSCRIPTIONS"
        socket.send(frame(as_json({"id": probe, "method": method}).encode()))
        try:
            async with asyncio.timeout(A_MOMENT if is_torn else PATIENCE):
                while not self._judge(path, (await socket.next()).payload, probe, sent):
                    pass
        except Ended as end:
            self._toll.count(path, "closed" if end.code is None else f"closed {end.code}")
            await self._forget(path)
        except TimeoutError:
            if not is_torn:
                self._toll.blame("no answer", sent)
            self._toll.count(path, "left waiting for the rest of a frame")
            await self._forget(path)

    async def _forget(self, path: str) -> None:
        await self._sockets.pop(path).close()

    def _judge(self, path: str, text: bytes, probe: str, sent: object) -> bool:
        """Whether that was the answer to the probe; anything else is counted."""
        said = json.loads(text)
        if isinstance(said, dict) and said.get("id") == probe:
            return True
        if isinstance(said, dict) and ("status" in said or "result" in said or "code" in said):
            error = said.get("error", said)
            code = error.get("code")
            self._toll.count(path, "result" if code is None else f"error {code}")
            if code is not None and code not in (DOCUMENTED if path == "/ws-api/v3" else STREAM_CODES):
                self._toll.blame(f"a code that is not documented: {text!r}", sent)
        return False


def _http(method: str, target: str, body: bytes) -> bytes:
    head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: {LOCAL_API_KEY}\r\n"
    return head.encode() + (f"Content-Length: {len(body)}\r\n\r\n".encode() if body else b"\r\n") + body


def _quoted(value: object) -> str:
    return quote_from_bytes(_encoded(value if isinstance(value, str) else as_json(value)))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _signed(text: str) -> str:
    """With the signature that belongs to it, where it can be read at all."""
    request = read_request(text)
    if request.problem is not None or request.params.get("signature") != "0" * 64:
        return text
    return text.replace("0" * 64, sign(signed_bytes(request.params)), 1)


def _code_of(body: bytes) -> int | None:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    return said.get("code") if isinstance(said, dict) else None


async def bombard(count: int, seed: int) -> Toll:
    """Send `count` mutated things to a new venue, and say what became of them."""
    toll = Toll()
    async with running(CONFIG) as home:
        with _overhearing(toll):
            attack = Attack(home, seeded(f"hostile-{seed}"), toll)
            for _ in range(count):
                await attack.strike()
            await attack.end()
            await _check_what_is_left(home, toll)
    return toll


async def _check_what_is_left(home: SocketVenue, toll: Toll) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while home.venue.sockets.connections:
                await asyncio.sleep(0)
    except TimeoutError:
        toll.blame("connections are left", home.venue.sockets.connections)
    for _ in range(3):
        await asyncio.sleep(0)
    left = {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("venue-")}
    if left:
        toll.blame("tasks are left", left)
    if await home.get("ping") != {}:
        toll.blame("the venue does not answer", "all of it")
    for path in ("/ws", "/ws-api/v3"):
        client = await home.open(path)
        try:
            await client.frames()
        except AssertionError as error:
            toll.blame(f"{path} does not answer: {error}", "all of it")
        await client.socket.close()
    audit = home.venue.audit()
    if not audit.ok:
        toll.blame(f"the books: {audit.problems}", "all of it")


@contextmanager
def _overhearing(toll: Toll) -> Iterator[None]:
    """Blame whatever the venue, aiohttp or the loop logs as an error."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    handler = _Ear(toll)
    logging.getLogger("aiohttp").addHandler(handler)
    loop.set_exception_handler(lambda _, context: toll.blame(f"unhandled: {context}", "what came before"))
    try:
        with structlog.testing.capture_logs() as entries:
            yield
        for entry in entries:
            if entry["log_level"] in {"error", "critical"}:
                toll.blame(f"logged: {entry}", "what came before")
    finally:
        loop.set_exception_handler(before)
        logging.getLogger("aiohttp").removeHandler(handler)


class _Ear(logging.Handler):
    def __init__(self, toll: Toll) -> None:
        super().__init__(logging.ERROR)
        self._toll = toll

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError) and error.code < 500:  # a refusal, which was answered with its status
            return
        self._toll.blame(f"aiohttp: {self.format(record)}", "what came before")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args(argv)
    toll = asyncio.run(bombard(wanted.count, wanted.seed))
    for outcome, times in sorted(toll.outcomes.items()):
        sys.stdout.write(f"{times:7}  {outcome}\n")
    for fault in toll.faults[:50]:
        sys.stdout.write(f"FAULT  {fault}\n")
    sys.stdout.write(f"{wanted.count} sent, {len(toll.faults)} ended as they must not\n")
    return 1 if toll.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
