"""The ccxt exchange that the bridge makes: strict about JSON, silent, and it repeats nothing."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from yunmin.ccxt_bridge.guarded import Answer, Manners, UnexpectedStatus, answer_of, make_exchange
from yunmin.ccxt_bridge.transport import GuardedSession, departing
from yunmin.exchange import Credentials, PlacementConnection
from yunmin.testing.faulty_server import FaultyServer, answer, json_answer


@pytest.fixture
async def session() -> AsyncIterator[GuardedSession]:
    made = GuardedSession(allowed_hosts=frozenset({"127.0.0.1"}), answer_limit=1_000_000)
    yield made
    await made.close()


def an_exchange(session: GuardedSession, **settings: Any) -> Any:
    return make_exchange("binance", {"enableRateLimit": False, **settings}, session)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"x": {"a": 1, "a": 2}}',
        '[{"a": 1, "a": 2}]',
        '{"a": NaN}',
        "[Infinity]",
        "[-Infinity]",
        "[1e999]",
    ],
)
async def test_a_text_that_says_two_things_or_no_number_is_no_json(session: GuardedSession, text: str) -> None:
    assert an_exchange(session).parse_json(text) is None


async def test_a_number_with_a_point_stays_the_wires_own_text(session: GuardedSession) -> None:
    parsed = an_exchange(session).parse_json('{"price": 0.10000000000000000001, "id": 9007199254740993, "x": 1e-7}')
    assert parsed == {"price": "0.10000000000000000001", "id": 9007199254740993, "x": "0.0000001"}


@pytest.mark.parametrize("place", ["constructor", "constructor_path", "later", "params"])
async def test_a_failed_request_is_not_repeated(session: GuardedSession, place: str) -> None:
    """ccxt signs and sends again on OperationFailed, createOrder included, when it finds the option anywhere."""
    async with FaultyServer() as server:
        server.on("POST", "/", json_answer({"code": -1000, "msg": "x"}, status=500))
        options: dict[str, Any] = {}
        if place == "constructor":
            options = {"maxRetriesOnFailure": 3, "defaultMaxRetriesOnFailure": 3}
        if place == "constructor_path":
            options = {"order": {"maxRetriesOnFailure": 3}}
        exchange = an_exchange(session, options=options, apiKey="k", secret="s")
        exchange.urls["api"] = {"private": server.url, "public": server.url}
        if place == "later":
            exchange.options["maxRetriesOnFailure"] = 3
        params = {"maxRetriesOnFailure": 3} if place == "params" else {}
        with pytest.raises(Exception, match="-1000"):
            await exchange.private_post_order({"symbol": "BTCUSDT", **params})
        assert server.count("POST") == 1
        await exchange.close()


async def test_the_option_is_zero_from_the_start(session: GuardedSession) -> None:
    exchange = an_exchange(session, options={"maxRetriesOnFailure": 5})
    assert exchange.options["maxRetriesOnFailure"] == 0


async def test_an_exception_brings_the_answer_that_led_to_it(session: GuardedSession) -> None:
    async with FaultyServer() as server:
        server.on("GET", "/", json_answer({"code": -1121, "msg": "no"}, status=400, headers={"Retry-After": "4"}))
        exchange = an_exchange(session)
        exchange.urls["api"] = {"public": server.url}
        with pytest.raises(Exception, match="-1121") as caught:
            await exchange.public_get_time()
        found = answer_of(caught.value)
        assert found is not None
        assert (found.status, found.body, found.retry_after) == (400, {"code": -1121, "msg": "no"}, 4.0)
        await exchange.close()


@pytest.mark.parametrize("status", [302, 307, 600])
async def test_an_answer_that_is_neither_success_nor_a_known_error_is_unexpected(
    session: GuardedSession, status: int
) -> None:
    async with FaultyServer() as server:
        server.on("GET", "/", answer(b"{}", status=status))
        exchange = an_exchange(session)
        exchange.urls["api"] = {"public": server.url}
        with pytest.raises(UnexpectedStatus) as caught:
            await exchange.public_get_time()
        assert answer_of(caught.value) == Answer(
            status, {}, {"Content-Type": "application/json", "Content-Length": "2"}
        )
        await exchange.close()


async def test_credentials_are_set_without_standing_in_the_settings(session: GuardedSession) -> None:
    exchange = make_exchange("binance", {}, session, credentials=Credentials.of("key", "secret"))
    assert (exchange.apiKey, exchange.secret) == ("key", "secret")


async def test_it_is_silent_whatever_the_settings_say(session: GuardedSession) -> None:
    exchange = an_exchange(session, verbose=True)
    assert exchange.verbose is False
    logging.getLogger("yunmin").setLevel(logging.DEBUG)
    try:
        assert not exchange.logger.isEnabledFor(logging.DEBUG)
    finally:
        logging.getLogger("yunmin").setLevel(logging.NOTSET)


def test_an_error_without_an_answer_has_none() -> None:
    assert answer_of(ValueError()) is None


@pytest.mark.parametrize(
    "text",
    [
        '{"orderId":1,"orderId":2}',
        '{"a" :1,"b":2,"b":3}',
        '{"a":"x\\":","b":2,"b":3}',
        '[{"a":1},{"b":1,"b":1}]',
        '{"a":{"b":[{"c":1,"c":2}]}}',
    ],
)
async def test_the_answer_to_a_command_names_no_key_twice_whatever_the_manners(
    session: GuardedSession, text: str
) -> None:
    exchange = make_exchange("binance", {}, session, manners=Manners(decimals_are_text=True))
    assert exchange.on_json_response(text) is not None, "a question is read the quick way"
    with departing(PlacementConnection.QUIET), pytest.raises(ValueError, match="twice"):
        exchange.on_json_response(text)


@pytest.mark.parametrize("text", ['{"a":1,"b":{"c":"d\\":e"}}', "[]", '{"a" : "b : c", "d":[{"e":{}},1,"f"]}'])
async def test_a_sound_answer_reads_the_same_both_ways(session: GuardedSession, text: str) -> None:
    quick = make_exchange("binance", {}, session, manners=Manners(decimals_are_text=True))
    strict = make_exchange("binance", {}, session)
    with departing(PlacementConnection.QUIET):
        assert quick.on_json_response(text) == strict.on_json_response(text)
