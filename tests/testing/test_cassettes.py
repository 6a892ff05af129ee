"""Recorded conversations: without secrets, matched by what they mean, replayed whole and offline."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import aiohttp
import pytest
import yaml
from aiohttp import web
from vcr.request import Request

from yunmin.clock import random_token
from yunmin.errors import ConfigurationError
from yunmin.exchange import Credentials, Environment
from yunmin.testing import Provenance, Scrubbing
from yunmin.testing.cassettes import mark_skipped, provenance_of, recording, replaying

CANARY_KEY = "canaryKeyCanaryKey"
CANARY_SECRET = "canarySecretCanarySecret"
CANARY_SIGNATURE = "canarySignatureCanarySignature"
CANARIES = (CANARY_KEY, CANARY_SECRET, CANARY_SIGNATURE)
CREDENTIALS = Credentials.of(CANARY_KEY, CANARY_SECRET)
PLAIN = Scrubbing()


def some_provenance(**changes: object) -> Provenance:
    made = Provenance.of(
        adapter="example", test="orders/test_one", environment=Environment.LOCAL, recorded_on="2026-01-01", ids="1"
    )
    return made.model_copy(update=changes)


async def an_exchange(answers: dict[str, str]) -> tuple[web.AppRunner, str]:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text=answers[request.path], headers={"X-Weight": "7", "Retry-After": "3"})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def ask(url: str, *, side: str = "BUY", timestamp: int = 1) -> str:
    async with aiohttp.ClientSession() as session:
        query = f"timestamp={timestamp}&side={side}&signature={CANARY_SIGNATURE}"
        async with session.post(f"{url}/order?{query}", headers={"X-Api-Key": CANARY_KEY}) as answer:
            return await answer.text()


async def record_one(
    path: Path,
    *,
    answer: str = '{"ok":true}',
    secrets: tuple[Credentials, ...] = (),
    scrubbing: Scrubbing = PLAIN,
) -> None:
    runner, url = await an_exchange({"/order": answer})
    try:
        with recording(path, some_provenance(), scrubbing, secrets):
            assert await ask(url) == answer
    finally:
        await runner.cleanup()


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "orders" / "test_one.yaml"
    asyncio.run(record_one(path, secrets=(CREDENTIALS,)))
    return path


def test_a_recording_says_where_it_comes_from(recorded: Path) -> None:
    found = provenance_of(recorded)
    assert found == some_provenance()
    assert found.is_local
    assert found.served_by.startswith("local venue of yunmin ")


def test_a_local_recording_is_never_called_an_exchange_s() -> None:
    assert not some_provenance(served_by="testnet").is_local
    assert "local venue" in some_provenance().served_by


def test_no_canary_is_in_a_recording(recorded: Path) -> None:
    """Neither the header that named the key, nor the signature in the address."""
    text = recorded.read_text()
    assert not [canary for canary in CANARIES if canary in text]
    assert "Api-Key" not in text


def test_a_recording_holds_what_means_something_on_replay(recorded: Path) -> None:
    """No host, no moment; of the answer's headers those that are read."""
    (interaction,) = yaml.safe_load(recorded.read_text())["interactions"]
    assert interaction["request"]["uri"] == "http://exchange.invalid/order?timestamp=0&side=BUY"
    assert sorted(interaction["response"]["headers"]) == ["Content-Type", "Retry-After"]


def test_no_canary_is_logged_while_recording_or_replaying(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "test_one.yaml"

    async def replay() -> None:
        with replaying(path, Scrubbing()):
            await ask("http://127.0.0.1:9")

    with caplog.at_level(logging.DEBUG):
        asyncio.run(record_one(path))
        asyncio.run(replay())
    assert not [canary for canary in CANARIES if canary in caplog.text]


def test_a_large_answer_is_heard_whole_and_written_small(tmp_path: Path) -> None:
    path = tmp_path / "test_one.yaml"
    asyncio.run(record_one(path, answer="x" * 1000, scrubbing=Scrubbing(trim=lambda body: body[:10])))
    (interaction,) = yaml.safe_load(path.read_text())["interactions"]
    assert interaction["response"]["body"]["string"] == "x" * 10


def test_a_secret_that_would_stand_in_a_recording_keeps_it_from_being_written(tmp_path: Path) -> None:
    path = tmp_path / "test_one.yaml"
    with pytest.raises(ConfigurationError, match="nothing was kept"):
        asyncio.run(record_one(path, answer=f'{{"echo":"{CANARY_KEY}"}}', secrets=(CREDENTIALS,)))
    assert not path.exists()


def test_a_recording_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "test_one.yaml"
    path.write_text("an older one")
    with pytest.raises(ZeroDivisionError), recording(path, some_provenance(), Scrubbing(), ()):
        raise ZeroDivisionError
    assert not path.exists()


def test_a_recording_in_which_nothing_is_sent_is_one_too(tmp_path: Path) -> None:
    path = tmp_path / "test_one.yaml"
    with recording(path, some_provenance(), Scrubbing(), ()):
        pass
    with replaying(path, Scrubbing()) as provenance:
        assert provenance == some_provenance()


def test_it_is_replayed_at_any_other_time_and_address(recorded: Path) -> None:
    async def replay() -> str:
        with replaying(recorded, Scrubbing()):
            return await ask("http://127.0.0.1:9", timestamp=2)

    assert asyncio.run(replay()) == '{"ok":true}'


def test_another_request_is_not_answered(recorded: Path) -> None:
    async def replay() -> None:
        with replaying(recorded, Scrubbing()), pytest.raises(aiohttp.ClientError):
            await ask("http://127.0.0.1:9", side="SELL")

    with pytest.raises(AssertionError, match=r"no \(further\) answer to: POST /order"):
        asyncio.run(replay())


def test_a_failure_keeps_its_own_words_and_is_told_what_was_not_recorded(recorded: Path) -> None:
    async def replay() -> None:
        with replaying(recorded, Scrubbing()):
            await ask("http://127.0.0.1:9", side="SELL")

    with pytest.raises(aiohttp.ClientError) as failed:
        asyncio.run(replay())
    assert "no (further) answer to: POST /order" in failed.value.__notes__[0]


def test_the_same_request_is_answered_as_often_as_it_was_recorded(recorded: Path) -> None:
    async def replay() -> None:
        with replaying(recorded, Scrubbing()):
            await ask("http://127.0.0.1:9")
            with pytest.raises(aiohttp.ClientError):
                await ask("http://127.0.0.1:9")

    with pytest.raises(AssertionError, match=r"no \(further\) answer"):
        asyncio.run(replay())


def test_a_recorded_request_that_is_not_made_fails_the_test(recorded: Path) -> None:
    with pytest.raises(AssertionError, match="only 0 of 1"), replaying(recorded, Scrubbing()):
        pass


def test_nothing_leaves_the_machine_while_replaying(recorded: Path) -> None:
    async def replay() -> None:
        with replaying(recorded, Scrubbing()):
            await ask("http://127.0.0.1:9")
            await asyncio.open_connection("127.0.0.1", 9)

    with pytest.raises(AssertionError, match="a connection to"):
        asyncio.run(replay())


def test_made_up_ids_come_again_on_replay(tmp_path: Path) -> None:
    path = tmp_path / "test_one.yaml"
    with recording(path, some_provenance(), Scrubbing(), ()):
        made_up = random_token(20)
    with replaying(path, Scrubbing()):
        assert random_token(20) == made_up
    assert random_token(20) != made_up


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        (("GET", "http://a:1/x?a=1&b=2", None), ("GET", "http://b:2/x?b=2&a=1", None), True),
        (("GET", "http://a/x?a=1&timestamp=5&signature=s", None), ("GET", "http://a/x?a=1&timestamp=6", None), True),
        (("POST", "http://a/x", b"a=1&b=2&signature=s"), ("POST", "http://a/x", b"b=2&a=1"), True),
        (("POST", "http://a/x", b'{"a": 1, "nonce": 5}'), ("POST", "http://a/x", b'{"nonce": 6, "a": 1}'), True),
        (("POST", "http://a/x", b"a=1"), ("POST", "http://a/x", b"a=2"), False),
        (("POST", "http://a/x", b'{"a": 1}'), ("POST", "http://a/x", b'{"a": "1"}'), False),
        (("POST", "http://a/x", b"a=1"), ("DELETE", "http://a/x", b"a=1"), False),
        (("GET", "http://a/x?a=1", None), ("GET", "http://a/y?a=1", None), False),
        (("GET", "http://a/x?a=1", None), ("GET", "http://a/x?a=1&a=1", None), False),
        (("GET", "http://a/x?a=", None), ("GET", "http://a/x", None), False),
    ],
)
def test_requests_are_the_same_by_what_they_ask(
    one: tuple[str, str, bytes | None], other: tuple[str, str, bytes | None], are_same: bool
) -> None:
    scrubbing = Scrubbing()
    first, second = (Request(method, uri, body, {}) for method, uri, body in (one, other))
    assert (scrubbing.identity(first) == scrubbing.identity(second)) is are_same
    assert scrubbing.identity(scrubbing.scrubbed(first)) == scrubbing.identity(first)


def test_a_cassette_without_provenance_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "test_one.yaml"
    for content in ("version: 1\ninteractions: []\n", "provenance: {adapter: example}\n", "[]\n", ""):
        path.write_text(content)
        with pytest.raises(ConfigurationError):
            provenance_of(path)


def test_a_missing_cassette_says_how_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"yunmin\.testing\.record"):
        provenance_of(tmp_path / "none.yaml")


def test_a_skipped_scenario_leaves_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "fills" / "test_one.yaml"
    mark_skipped(path, some_provenance(), "there is no second account")
    assert provenance_of(path).skipped == "there is no second account"
