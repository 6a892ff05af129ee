"""S1: the key, the secret and every signature stay out of logs, texts, tracebacks with locals, and exception chains."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import unquote

import pytest

from tests.adapters.binance.wire import (
    API_KEY,
    API_SECRET,
    OPEN_ORDERS,
    ORDER,
    a_config,
    a_ref,
    a_request,
    an_ack,
    as_json,
    form_of,
    refused,
)
from yunmin.ccxt_bridge.streams import LiveStream
from yunmin.errors import ConfigurationError, YunminError
from yunmin.exchange import ConnectorConfig, Credentials
from yunmin.testing import faulty_server as faults
from yunmin.testing.faulty_server import Fault, FaultyServer, answer
from yunmin_binance.account_stream import AccountFeed
from yunmin_binance.auth import BinanceAuth
from yunmin_binance.connector import BinanceSpot
from yunmin_binance.endpoints import endpoint_for
from yunmin_binance.venue import LOCAL_ACCOUNT, AccountConfig, Liquidity, LocalVenue, VenueConfig
from yunmin_binance.venue.chaos import Body, Disconnect, Drop, Ending, Rule, Say

Connected = Callable[..., Awaitable[BinanceSpot]]

FAULTS: dict[str, Fault | None] = {
    "all_well": None,
    "refused": refused(-2010, "Account has insufficient balance for requested action."),
    "bad_key": refused(-2015, status=401),
    "rate": refused(-1003, status=429),
    "timeout": faults.silence(),
    "silent_in_mid_body": faults.cut_short(as_json(an_ack()), after=40, ending=faults.silence()),
    "reset": faults.reset(),
    "cut": faults.cut_short(as_json(an_ack()), after=40, ending=faults.close()),
    "html": answer(b"<html>", status=502),
    "html_200": answer(b"<html>"),
    "bad_utf8": answer(b"\xff"),
    "not_http": faults.all_of(faults.raw(b"what?\r\n\r\n"), faults.close()),
    "endless_header": faults.endless_headers(),
    "flood": faults.flood(60 * 1024 * 1024),
    "redirect": faults.redirect(307, "/api/v3/elsewhere"),
    "empty_object": answer(b"{}"),
    "deep": answer(b"[" * 100_000),
    "key_said_twice": answer(b'{"a": 1, "a": 2}'),
}

CALLS: dict[str, tuple[str, str, Callable[[BinanceSpot], Awaitable[Any]]]] = {
    "place_order": ("POST", ORDER, lambda connector: connector.place_order(a_request())),
    "cancel_order": ("DELETE", ORDER, lambda connector: connector.cancel_order(a_ref())),
    "cancel_all": ("DELETE", OPEN_ORDERS, lambda connector: connector.cancel_all_orders("BTC/USDT")),
    "fetch_order": ("GET", ORDER, lambda connector: connector.fetch_order(a_ref())),
    "fetch_account": ("GET", "/api/v3/account", lambda connector: connector.fetch_account()),
}


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """DEBUG for everybody who might tell, asyncio's own debug mode included."""
    names = ["", "ccxt", "ccxt.async_support", "ccxt.base.exchange", "ccxt.async_support.base.exchange", "aiohttp"]
    names += ["aiohttp.client", "aiohttp.internal", "asyncio", "yunmin", "urllib3"]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    yield caplog
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def secrets_of(server: FaultyServer) -> set[str]:
    """What must appear nowhere: the key, the secret, and each signature that arrived, also as it was encoded."""
    signatures = {form["signature"] for seen in server.requests if "signature" in (form := form_of(seen))}
    return {API_KEY, API_SECRET, *signatures, *map(unquote, signatures)}


def told_by(error: BaseException) -> str:
    """All that a crash report could show of an error: its chain, with the locals of every frame."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "\n".join([str(error), repr(error), repr(error.args), repr(vars(error)), *report.format(chain=True)])


def chain_of(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__]
    return found


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("row", FAULTS)
async def test_S1_nothing_secret_is_told_whatever_happens(
    server: FaultyServer, connected: Connected, everything_logged: pytest.LogCaptureFixture, row: str, call: str
) -> None:
    asyncio.get_running_loop().set_debug(True)
    connector = await connected(timeout=0.6 if row in ("timeout", "silent_in_mid_body") else 5.0)
    method, path, run = CALLS[call]
    fault = FAULTS[row]
    if fault is not None:
        server.once(method, path, fault)
    told = [repr(connector), str(connector), repr(connector.config), repr(connector._endpoint)]
    failed: YunminError | None = None
    try:
        told.append(repr(await run(connector)))
    except YunminError as error:
        failed = error
    if failed is not None:
        told.append(told_by(failed))
        assert all(isinstance(one, YunminError) for one in chain_of(failed))
    await connector.close()
    gc.collect()  # what nobody retrieved would be logged now
    told += [record.getMessage() + repr(record.args) + str(record.exc_text) for record in everything_logged.records]
    found = secrets_of(server)
    assert len(found) > 2, "the server received no signature: this test would prove nothing"
    assert [secret[:12] for secret in found if any(secret in text for text in told)] == []


@pytest.mark.parametrize("call", CALLS)
async def test_S1_a_cancelled_call_carries_no_signed_request(
    server: FaultyServer, connector: BinanceSpot, call: str
) -> None:
    """`asyncio.timeout` chains the cancellation to its TimeoutError, with all frames that it passed."""
    method, path, run = CALLS[call]
    server.once(method, path, faults.silence())
    with pytest.raises((TimeoutError, YunminError)) as caught:
        async with asyncio.timeout(0.1):
            await run(connector)
    told = told_by(caught.value)
    assert not any(secret in told for secret in secrets_of(server))


@pytest.mark.parametrize("problem", ["no ccxt", "bad settings", "no server"])
async def test_S1_a_failed_connect_tells_nothing(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch, problem: str
) -> None:
    connector = BinanceSpot(a_config(server))
    match problem:
        case "no ccxt":
            monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        case "bad settings":
            connector._endpoint.settings = {"options": 5}
        case _:
            server.once("GET", "/api/v3/time", faults.reset())
    with pytest.raises(Exception) as caught:  # noqa: PT011  whatever it is, it must not tell
        await connector.connect()
    told = told_by(caught.value)
    assert API_KEY not in told
    assert API_SECRET not in told


def test_S1_what_holds_credentials_does_not_show_them() -> None:
    config = a_config()
    shown = [
        repr(config),
        str(config),
        repr(config.credentials),
        str(config.credentials),
        repr(BinanceAuth(API_KEY, API_SECRET)),
        repr(BinanceAuth(API_KEY, API_SECRET).headers()),
        repr(BinanceSpot(config)),
        repr(endpoint_for(config).settings),
        config.model_dump_json(),
        repr(config.model_dump()),
        repr(BinanceSpot(config)._settings()),
    ]
    assert not any(API_KEY in text or API_SECRET in text for text in shown)


def test_S1_a_failed_validation_does_not_show_its_input() -> None:
    credentials = Credentials.of(API_KEY, API_SECRET)
    attempts: list[Callable[[], Any]] = [
        lambda: ConnectorConfig(credentials=credentials, base_url="http://example.com"),
        lambda: ConnectorConfig(credentials=credentials, timeout=-1),
        lambda: ConnectorConfig(credentials={"api_key": API_KEY}),  # wrong on purpose
        lambda: ConnectorConfig(credentials={"api_key": API_KEY, "api_secret": [API_SECRET]}),  # wrong on purpose
        lambda: Credentials(api_key=[API_KEY], api_secret={API_SECRET: 1}),  # wrong on purpose
    ]
    for attempt in attempts:
        with pytest.raises(ConfigurationError) as caught:
            attempt()
        assert caught.value.__context__ is None
        text = str(caught.value) + repr(caught.value)
        assert API_KEY not in text
        assert API_SECRET not in text


async def test_S1_the_library_is_silent_on_the_terminal(
    server: FaultyServer,
    connected: Connected,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connector = await connected()
    monkeypatch.setitem(connector._endpoint.settings, "verbose", True)
    await connector.close()
    await connector.connect()
    await connector.place_order(a_request())
    out, err = capfd.readouterr()
    assert API_KEY not in out + err
    assert out == ""


STREAM_FAULTS: dict[str, Rule | None] = {
    "all_well": None,
    "refused": Rule(where="call userDataStream.subscribe.signature", fault=Say(status=401, code=-2015, msg="no")),
    "unanswered": Rule(where="call userDataStream.subscribe.signature", fault=Drop(ending=Ending.SILENCE)),
    "reset": Rule(where="call userDataStream.subscribe.signature", fault=Drop(ending=Ending.RESET)),
    "no_handshake": Rule(where="handshake /ws-api/*", fault=Drop(ending=Ending.RESET)),
    "rate": Rule(where="handshake /ws-api/*", fault=Say(status=429, retry_after=1)),
    "garbled": Rule(where="event *", fault=Body(body="truncated")),
    "cut": Rule(where="event *", fault=Disconnect(code=None), count=1),
}


class Sent:
    """What was signed and sent, out of sight of a traceback that shows the locals of a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts: list[str] = []
        subscription = AccountFeed._subscription

        def recorded(feed: AccountFeed) -> str:
            self.texts.append(subscription(feed))
            return self.texts[-1]

        monkeypatch.setattr(AccountFeed, "_subscription", recorded)

    @property
    def secrets(self) -> set[str]:
        return {API_KEY, API_SECRET, *(json.loads(text)["params"]["signature"] for text in self.texts)}


@asynccontextmanager
async def streaming(rule: Rule | None, **changes: Any) -> AsyncIterator[tuple[LocalVenue, BinanceSpot]]:
    """A venue whose one account has the canary key, and a connector that is connected to it before `rule` stands."""
    us = AccountConfig(name=LOCAL_ACCOUNT, api_key=API_KEY, api_secret=API_SECRET, balances={"USDT": "1000"})
    async with AsyncExitStack() as stack:
        venue = await stack.enter_async_context(LocalVenue(VenueConfig(liquidity=Liquidity.NONE, accounts=(us,))))
        config = a_config(**changes).model_copy(update={"base_url": venue.url})
        spot = await stack.enter_async_context(BinanceSpot(config))
        if rule is not None:
            venue.chaos.add(rule)
        yield venue, spot


@pytest.mark.parametrize("row", STREAM_FAULTS)
async def test_S1_no_stream_tells_a_key_or_a_signature(
    monkeypatch: pytest.MonkeyPatch, everything_logged: pytest.LogCaptureFixture, row: str
) -> None:
    asyncio.get_running_loop().set_debug(True)
    sent, failed, told = Sent(monkeypatch), None, []
    async with streaming(STREAM_FAULTS[row], timeout=0.3 if row == "unanswered" else 5.0) as (venue, spot):
        stream = spot.stream_account()
        assert isinstance(stream, LiveStream)
        told += [repr(stream), str(stream), repr(stream._feed)]
        try:
            async with stream as news, asyncio.timeout(10):
                venue.deposit(LOCAL_ACCOUNT, "USDT", 1)
                told += [repr(await anext(news)) for _ in range(3)]
        except YunminError as error:
            failed = error
        if row in ("no_handshake", "rate"):
            assert sent.texts == [], "nothing is signed before there is somebody to tell it to"
            venue.chaos.clear()
            async with spot.stream_account():
                pass
    if failed is not None:
        told.append(told_by(failed))
        assert all(isinstance(one, YunminError) for one in chain_of(failed))
    assert (failed is None) is (row in ("all_well", "garbled", "cut"))
    gc.collect()
    told += [record.getMessage() + repr(record.args) + str(record.exc_text) for record in everything_logged.records]
    assert len(sent.secrets) > 2, "nothing was signed: this test would prove nothing"
    assert [secret[:12] for secret in sent.secrets if any(secret in text for text in told)] == []


async def test_S1_a_cancelled_subscription_carries_no_signed_request(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Sent(monkeypatch)
    async with streaming(STREAM_FAULTS["unanswered"]) as (_, spot):
        with pytest.raises((TimeoutError, YunminError)) as caught:
            async with asyncio.timeout(0.2):
                await spot.stream_account().__aenter__()
        told = told_by(caught.value)
    assert len(sent.secrets) > 2
    assert not any(secret in told for secret in sent.secrets)
