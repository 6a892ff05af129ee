"""A stream over a server of bytes, on a clock that moves when told: what fails, when it is seen, and what is said."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest

from tests.adapters.binance.venue.sockets import PATIENCE, DrivenClock, until
from tests.ccxt_bridge.socket_server import NumberFeed, Peer, SocketServer, serving
from yunmin.ccxt_bridge.stream_feed import StreamManners
from yunmin.ccxt_bridge.stream_inbox import EveryItem
from yunmin.ccxt_bridge.streams import LiveStream
from yunmin.core.data_contracts import StreamGap, StreamLost, StreamOpened
from yunmin.errors import AuthenticationFailed, ConfigurationError, RateLimited, Timeout, Unavailable

HEARTBEAT = 10.0


class Scene:
    """A server, a clock, and the streams that were made on them."""

    def __init__(self, server: SocketServer, clock: DrivenClock) -> None:
        self.server = server
        self.clock = clock

    def stream(self, **changes: Any) -> LiveStream[Any]:
        self.feed = NumberFeed(changes.pop("url", self.server.url))
        manners = StreamManners(**{"heartbeat": HEARTBEAT, "largest_message": 64 * 1024, **changes.pop("manners", {})})
        named = {"patience": 5.0, "allowed_hosts": frozenset({"127.0.0.1"}), **changes}
        return LiveStream(self.feed, clock=self.clock, manners=manners, **named)

    @property
    def peer(self) -> Peer:
        """Who is connected now."""
        return self.server.peers[-1]

    async def pass_time(self, seconds: float, by: float = HEARTBEAT / 2) -> None:
        await settle()
        while seconds > 0:
            self.clock.advance(min(by, seconds))
            seconds -= by
            await settle()

    async def pass_time_until(self, condition: Callable[[], bool], *, at_most: float = 300.0) -> float:
        """Let time pass, a bit at once, until `condition` holds; how much it was."""
        passed = 0.0
        while not condition():
            assert passed < at_most, "it does not come to that"
            await self.pass_time(0.25, by=0.25)
            passed += 0.25
        return passed


async def settle() -> None:
    """Let everybody who can do something do it: sockets on this machine need no time, but turns."""
    for _ in range(60):
        await asyncio.sleep(0)


async def heard(news: LiveStream[Any], kind: type[Any], count: int = 1) -> list[Any]:
    """Everything, until `count` of `kind` were among it."""
    got: list[Any] = []
    async with asyncio.timeout(PATIENCE):
        while sum(isinstance(item, kind) for item in got) < count:
            got += await news.next_batch()
    return got


def waiting(news: LiveStream[Any]) -> list[Any]:
    """What waits for a reader, without taking it."""
    return list(news._inbox._items)  # type: ignore[union-attr]  # looked at on purpose


def tells(news: LiveStream[Any], kind: type[Any]) -> bool:
    return any(isinstance(item, kind) for item in waiting(news))


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with serving() as server:
        yield Scene(server, DrivenClock())


# --- the ordinary ------------------------------------------------------------------------------------------------


async def test_it_opens_tells_and_ends(scene: Scene) -> None:
    async with scene.stream() as news:
        scene.peer.items(1, 2, 3)
        assert await heard(news, int, 3) == [StreamOpened(at=scene.clock.now()), 1, 2, 3]
        assert scene.peer.said == ["subscribe secret-signature"]
    assert [item async for item in news] == []
    await until(scene.peer.is_gone.is_set)


async def test_a_stream_is_opened_once(scene: Scene) -> None:
    news = scene.stream()
    with pytest.raises(ConfigurationError):
        await news.next_batch()
    async with news:
        pass
    with pytest.raises(ConfigurationError):
        await news.__aenter__()


async def test_a_message_in_fragments_and_byte_by_byte_is_one_message(scene: Scene) -> None:
    """N32: sliced as finely as it may be."""
    async with scene.stream() as news:
        await settle()  # no pong in the midst of what follows
        peer = scene.peer
        halves = peer.frame(1, b'{"it', first_byte=0x01) + peer.frame(0, b'em": 7}')
        for byte in halves:
            peer.raw(bytes((byte,)))
            await asyncio.sleep(0)
        assert (await heard(news, int))[-1] == 7


# --- refusals ----------------------------------------------------------------------------------------------------


async def test_a_refused_subscription_raises_what_it_was(scene: Scene) -> None:
    scene.server.acknowledges = False
    opening = asyncio.ensure_future(scene.stream().__aenter__())
    await until(lambda: bool(scene.server.peers) and bool(scene.peer.said))
    scene.peer.text({"op": "refused"})
    with pytest.raises(AuthenticationFailed):
        await opening
    await until(scene.peer.is_gone.is_set)


async def test_an_unanswered_subscription_is_a_timeout(scene: Scene) -> None:
    scene.server.acknowledges = False
    with pytest.raises(Timeout):
        await scene.stream(patience=0.05).__aenter__()


async def test_a_server_that_hangs_up_before_it_answers_is_unavailable(scene: Scene) -> None:
    scene.server.acknowledges = False
    opening = asyncio.ensure_future(scene.stream().__aenter__())
    await until(lambda: bool(scene.server.peers))
    scene.peer.cut()
    with pytest.raises(Unavailable):
        await opening


async def test_N33_another_host_is_not_dialled(scene: Scene) -> None:
    with pytest.raises(ConfigurationError, match="not among"):
        await scene.stream(allowed_hosts=frozenset({"example.com"})).__aenter__()
    assert scene.server.dials == 0


@pytest.mark.parametrize("where", ["", "ws://127.0.0.1:9/elsewhere", "http://example.com/"])
async def test_N33_a_redirect_is_not_followed(scene: Scene, where: str) -> None:
    location = (where or scene.server.url.replace("ws", "http", 1)).encode()
    scene.server.refusals = [b"HTTP/1.1 307 Elsewhere\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"]
    with pytest.raises((ConfigurationError, Unavailable)):
        await scene.stream().__aenter__()
    assert (scene.server.dials, scene.server.peers) == (1, [])


async def test_N41_an_endless_header_block_is_cut_off(scene: Scene) -> None:
    endless = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 100) for number in range(100_000))
    scene.server.refusals = [b"HTTP/1.1 101 Switching Protocols\r\n" + endless]
    with pytest.raises(Unavailable):
        await scene.stream().__aenter__()


async def test_a_rate_limit_at_the_door_says_how_long_to_wait(scene: Scene) -> None:
    scene.server.refusals = [b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"]
    with pytest.raises(RateLimited) as refused:
        await scene.stream().__aenter__()
    assert refused.value.retry_after == 7


async def test_S1_no_error_shows_what_was_said_to_subscribe(scene: Scene) -> None:
    scene.server.acknowledges = False
    opening = asyncio.ensure_future(scene.stream().__aenter__())
    await until(lambda: bool(scene.server.peers) and bool(scene.peer.said))
    opening.cancel()
    with pytest.raises(asyncio.CancelledError) as cancelled:
        await opening
    report = traceback.TracebackException.from_exception(cancelled.value, capture_locals=True)
    assert "secret-signature" not in "\n".join(report.format(chain=True))


# --- connections that die ----------------------------------------------------------------------------------------


async def test_N26_a_half_open_socket_is_dead_within_two_heartbeats(scene: Scene) -> None:
    async with scene.stream() as news:
        await scene.pass_time(35)  # all is well so far
        scene.peer.answers_pings = False
        went_silent = scene.clock.now()
        await scene.pass_time_until(lambda: tells(news, StreamLost))
        assert (scene.clock.now() - went_silent).total_seconds() <= 2 * HEARTBEAT
        (lost,) = (item for item in await heard(news, StreamLost) if isinstance(item, StreamLost))
        assert lost.since <= went_silent
        assert "nothing was heard" in lost.why
        await scene.pass_time(1, by=0.25)
        (gap,) = (item for item in await heard(news, StreamGap) if isinstance(item, StreamGap))
        assert gap.start <= went_silent
        scene.peer.items(5)
        assert (await heard(news, int))[-1] == 5


async def test_N26_a_quiet_socket_that_answers_pings_lives_on(scene: Scene) -> None:
    async with scene.stream(manners={"probe_every": 1e9}) as news:
        await scene.pass_time(20 * HEARTBEAT)
        assert waiting(news) == [StreamOpened(at=waiting(news)[0].at)]
        assert scene.peer.pings >= 19


async def test_a_loop_that_was_held_up_does_not_call_its_socket_dead(scene: Scene) -> None:
    """P19, N29: the pong lay in the socket while somebody else held the loop, or the machine slept."""
    async with scene.stream() as news:
        await settle()
        scene.clock.advance(600)
        await settle()
        await scene.pass_time(3 * HEARTBEAT)
        assert not tells(news, StreamLost)


async def test_N22_what_was_lost_begins_with_the_last_word_heard(scene: Scene) -> None:
    async with scene.stream() as news:
        await scene.pass_time(12)
        scene.peer.items(1)
        await until(lambda: 1 in waiting(news))
        last_word = scene.clock.now()
        scene.clock.drift(4)
        scene.peer.cut()
        await until(lambda: tells(news, StreamLost))
        await scene.pass_time_until(lambda: tells(news, StreamGap))
        opened, item, lost, reopened, gap = await heard(news, StreamGap)
        assert (lost.since, gap.start, gap.end) == (last_word, last_word, reopened.at)
        assert isinstance(opened, StreamOpened)
        assert item == 1


async def test_N28_a_subscription_that_the_exchange_ends_is_taken_anew(scene: Scene) -> None:
    async with scene.stream() as news:
        scene.peer.text({"op": "ended"})
        await scene.pass_time_until(lambda: tells(news, StreamGap))
        assert len(scene.server.peers) == 2
        await until(scene.server.peers[0].is_gone.is_set)


async def test_N28_an_exchange_that_does_not_answer_whether_it_knows_us_has_lost_us(scene: Scene) -> None:
    async with scene.stream(manners={"probe_every": 20.0}) as news:
        for _ in range(3):
            await scene.pass_time(20)
            assert scene.peer.said[-1] == "do you know me?"
            scene.peer.text({"op": "known"})
            await settle()
        assert not tells(news, StreamLost)
        await scene.pass_time(45)
        assert "whether it knows" in next(item.why for item in waiting(news) if isinstance(item, StreamLost))


async def test_N27_attempts_become_rarer_with_jitter_from_the_seed_and_stay_bounded(scene: Scene) -> None:
    async def pauses(seed: int) -> list[float]:
        async with serving() as server:
            scene.server = server
            async with scene.stream(seed=seed, manners={"longest_delay": 8.0}) as news:
                server.refusals = [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"] * 8
                server.peers[0].cut()
                await until(lambda: tells(news, StreamLost))
                found = []
                for dials in range(2, 10):
                    found.append(await scene.pass_time_until(partial(server.was_dialled, dials)))
                return found

    first, again, other = await pauses(1), await pauses(1), await pauses(2)
    assert first == again != other
    assert first[0] <= 0.5
    assert max(first) <= 8.25
    assert sum(first[4:]) > 4 * sum(first[:3])


@pytest.mark.parametrize(("lived", "is_patient"), [(1.0, True), (6.0, False)])
async def test_N27_only_connections_that_end_at_once_make_the_next_one_wait_longer(
    scene: Scene, lived: float, is_patient: bool
) -> None:
    async with scene.stream(manners={"longest_delay": 8.0}) as news:
        waited = []
        for dials in range(2, 9):
            await scene.pass_time(lived)
            scene.peer.cut()
            await until(lambda: tells(news, StreamLost))
            waited.append(await scene.pass_time_until(partial(scene.server.was_dialled, dials)))
            await until(lambda: tells(news, StreamGap))
            await heard(news, StreamGap)
        assert (max(waited) >= 4.0) == is_patient


async def test_N27_retry_after_is_honoured(scene: Scene) -> None:
    async with scene.stream() as news:
        scene.server.refusals = [b"HTTP/1.1 429 Slow\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n"]
        scene.peer.cut()
        await until(lambda: tells(news, StreamLost))
        await scene.pass_time_until(lambda: scene.server.dials == 2)
        assert await scene.pass_time_until(lambda: scene.server.dials == 3) >= 90
        await scene.pass_time_until(lambda: tells(news, StreamGap))
        assert isinstance(scene.feed.failures[-1], RateLimited)


async def test_a_refusal_while_reconnecting_is_said_once_and_tried_again(scene: Scene) -> None:
    async with scene.stream() as news:
        scene.server.acknowledges = False
        scene.peer.cut()
        for attempt in (2, 3):
            await scene.pass_time_until(partial(scene.server.has_met, attempt))
            await until(lambda: bool(scene.peer.said))
            scene.peer.text({"op": "refused"})
            await until(scene.peer.is_gone.is_set)
        scene.server.acknowledges = True
        await scene.pass_time_until(lambda: tells(news, StreamGap))
        lost = [item.why for item in waiting(news) if isinstance(item, StreamLost)]
        assert len(lost) == 2
        assert "no such key" in lost[1]


async def test_an_adapter_that_fails_in_a_way_of_its_own_does_not_end_the_stream_without_a_word(scene: Scene) -> None:
    async with scene.stream() as news:
        good, broken = scene.feed.prepare, 0

        async def prepare(failure: Exception | None) -> None:
            nonlocal broken
            broken += 1
            if broken < 3:
                raise KeyError("a bug, with who knows what in it")
            await good(failure)

        scene.feed.prepare = prepare  # type: ignore[method-assign]  # on purpose
        scene.peer.cut()
        await scene.pass_time_until(lambda: tells(news, StreamGap))
        lost = [item.why for item in waiting(news) if isinstance(item, StreamLost)]
        assert len(lost) == 2
        assert lost[1].endswith("KeyError")


# --- overlap -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["leaving", "old"])
async def test_N27_a_successor_is_subscribed_before_the_old_connection_is_let_go(scene: Scene, reason: str) -> None:
    async with scene.stream(manners={"life": 100.0, "probe_every": 1e9}) as news:
        old = scene.peer
        if reason == "leaving":
            old.text({"op": "leaving"})
        else:
            await scene.pass_time(100)
        await until(lambda: len(scene.server.peers) == 2 and bool(scene.peer.said))
        await settle()
        new = scene.peer
        assert not old.is_gone.is_set()
        old.items(1)
        new.items(1, 2)
        assert sorted(item for item in await heard(news, int, 3) if isinstance(item, int)) == [1, 1, 2]
        await scene.pass_time(HEARTBEAT)
        await until(old.is_gone.is_set)
        assert not new.is_gone.is_set()
        assert not tells(news, StreamLost)
        assert not tells(news, StreamGap)


async def test_N27_an_old_connection_that_is_cut_off_in_the_overlap_leaves_a_gap(scene: Scene) -> None:
    async with scene.stream() as news:
        old = scene.peer
        old.answers_pings = False  # what it may still have to say is never heard
        old.text({"op": "leaving"})
        await until(lambda: len(scene.server.peers) == 2 and bool(scene.peer.said))
        await settle()
        old.cut()
        await scene.pass_time(1)
        got = await heard(news, StreamGap)
        assert not any(isinstance(item, StreamLost) for item in got)
        assert "last words" in got[-1].why


async def test_N27_no_successor_before_the_end_is_a_loss_like_any_other(scene: Scene) -> None:
    async with scene.stream() as news:
        scene.server.refusals = [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"] * 3
        scene.peer.text({"op": "leaving"})
        await scene.pass_time_until(lambda: scene.server.dials == 3)
        scene.peer.close()
        await scene.pass_time_until(lambda: tells(news, StreamGap))
        kinds = [type(item) for item in waiting(news)]
        assert kinds == [StreamOpened, StreamLost, StreamOpened, StreamGap]


# --- messages that no honest server sends ------------------------------------------------------------------------

UNREADABLE = {
    "no JSON": "{",
    "another JSON": "[]",
    "an empty object": "{}",
    "null": "null",
    "deep": "[" * 20_000,
    "an unknown word": '{"op": "dance"}',
    "surrogates": '{"op": "\\ud800"}',
}


@pytest.mark.parametrize("message", UNREADABLE)
async def test_B6_a_message_that_cannot_be_read_is_said_and_the_next_is_read(scene: Scene, message: str) -> None:
    async with scene.stream() as news:
        scene.peer.text(UNREADABLE[message])
        scene.peer.items(1)
        got = await heard(news, int)
        (gap,) = (item for item in got if isinstance(item, StreamGap))
        assert "cannot be read" in gap.why
        assert got[-1] == 1
        assert len(scene.server.peers) == 1


async def test_B6_a_binary_message_is_said_too(scene: Scene) -> None:
    async with scene.stream() as news:
        scene.peer.raw(scene.peer.frame(2, b"\x00\x01"))
        assert "no text" in (await heard(news, StreamGap))[-1].why


def _big(peer: Peer) -> bytes:
    return peer.frame(1, b'{"item": 1' + b" " * (64 * 1024) + b"}")


BROKEN: dict[str, Callable[[Peer], bytes]] = {
    "larger than allowed": _big,
    "announced as 64 MB": lambda peer: bytes((0x81, 127)) + (64 * 1024 * 1024).to_bytes(8, "big") + b"{",
    "compressed though nobody asked": lambda peer: peer.frame(1, b"\x00" * 20, first_byte=0xC1),
    "masked by a server": lambda peer: bytes((0x81, 0x84)) + b"maskbody",
    "of no known kind": lambda peer: peer.frame(3, b"?"),
    "no WebSocket at all": lambda peer: b"HTTP/1.1 400 What\r\n\r\n",
    "not UTF-8": lambda peer: peer.frame(1, b'{"item": "\xff\xfe"}'),
}


@pytest.mark.parametrize("row", BROKEN)
async def test_N32_a_broken_frame_ends_the_connection_or_is_said_and_the_stream_lives_on(
    scene: Scene, row: str
) -> None:
    async with scene.stream() as news:
        scene.peer.raw(BROKEN[row](scene.peer))
        await settle()
        await scene.pass_time_until(lambda: tells(news, StreamGap))
        await heard(news, StreamGap)
        await settle()
        scene.peer.items(9)
        assert (await heard(news, int))[-1] == 9


# --- readers -----------------------------------------------------------------------------------------------------


async def test_N29_whatever_waits_for_a_slow_reader_is_there_when_it_comes(scene: Scene) -> None:
    async with scene.stream() as news:
        scene.peer.items(*range(5000))
        await until(lambda: 4999 in waiting(news)[-1:])
        await scene.pass_time(30)
        assert [item for item in await news.next_batch() if isinstance(item, int)] == list(range(5000))


async def test_N29_a_reader_that_never_comes_ends_the_stream_loudly(scene: Scene) -> None:
    async with scene.stream(inbox=lambda overflown: EveryItem(on_overflow=overflown, limit=10)) as news:
        scene.peer.items(*range(20))
        await until(scene.peer.is_gone.is_set)
        got = [item async for item in news]
        assert got[1:10] == list(range(9))
        assert [type(item) for item in got[10:]] == [StreamLost, StreamGap]
        assert "the stream has ended" in got[-1].why


async def test_closing_while_it_reconnects_leaves_nothing_behind(scene: Scene) -> None:
    async with scene.stream() as news:
        scene.peer.cut()
        await until(lambda: tells(news, StreamLost))
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("stream-")]
