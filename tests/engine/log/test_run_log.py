"""The log of a run: what is written where, how, and what never is."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from tests.adapters.binance.venue.conftest import UNLIMITED
from tests.adapters.binance.wire import API_KEY, API_SECRET, a_config
from tests.engine.a_run import SYMBOL, a_run
from tests.engine.every_event import EVENTS, ORDER, ROUTE
from yunmin.clock import ManualClock, ScaledClock
from yunmin.config.settings import LogFormat, LoggingSettings, LogLevel
from yunmin.core.data_contracts import Decision, Side, StreamGap
from yunmin.core.data_contracts.events import OrderOpened, OrderRejected
from yunmin.engine.log.log_entries import KINDS
from yunmin.engine.log.run_log import RunLog
from yunmin.engine.run_events import FeedTrouble, RunEvent, RunStarted
from yunmin.errors import ConfigurationError
from yunmin.execution.account_events import SubmitsChanged, Warned
from yunmin.execution.gate import PauseReason
from yunmin.execution.outcomes import Placed
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, AccountConfig, Liquidity, LocalVenue, VenueConfig
from yunmin_binance.venue.chaos import Disconnect, Rule, Say

AT = datetime(2026, 1, 1, tzinfo=UTC)


class ATerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(
    *events: RunEvent,
    level: LogLevel = LogLevel.DEBUG,
    format: LogFormat = LogFormat.AUTO,  # noqa: A002  as the setting is called
    stream: io.StringIO | None = None,
    environ: dict[str, str] | None = None,
    **how: Any,
) -> str:
    stream = stream or io.StringIO()
    clock = ManualClock(AT)
    usual: dict[str, Any] = {"wall": clock, "stream": stream, "environ": environ or {}}
    with RunLog(LoggingSettings(level=level, format=format), clock, **usual | how) as log:
        for event in events:
            log.take(event)
    assert log.lost == 0
    return stream.getvalue()


def as_json(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("level", LogLevel)
def test_what_is_below_the_level_is_not_written(level: LogLevel) -> None:
    from_here_on = list(LogLevel)[list(LogLevel).index(level) :]
    expected = {kind.event for kind in KINDS.values() if kind.level in from_here_on} - {"log_entries_lost"}
    assert {entry["event"] for entry in as_json(told(*EVENTS, level=level))} == expected


def test_auto_is_json_but_on_a_terminal() -> None:
    event = FeedTrouble(AT, "candles are lost")
    assert as_json(told(event))[0]["event"] == "feed_troubled"
    assert as_json(told(event, format=LogFormat.JSON, stream=ATerminal()))[0]["event"] == "feed_troubled"
    for how in ({"stream": ATerminal()}, {"format": LogFormat.CONSOLE}):
        line = told(event, environ={"NO_COLOR": "1"}, **how)
        assert line == '2026-01-01 00:00:00.000 WARNING feed_troubled          why="candles are lost"\n'


@pytest.mark.parametrize(
    ("stream", "environ", "has_colours"),
    [
        (ATerminal, {}, True),
        (ATerminal, {"NO_COLOR": ""}, True),
        (ATerminal, {"NO_COLOR": "1"}, False),
        (ATerminal, {"TERM": "dumb"}, False),
        (io.StringIO, {}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    stream: type[io.StringIO], environ: dict[str, str], has_colours: bool
) -> None:
    line = told(FeedTrouble(AT, "lost"), format=LogFormat.CONSOLE, stream=stream(), environ=environ)
    assert ("\x1b[" in line) is has_colours


def test_a_file_gets_json_and_nothing_goes_to_the_stream(tmp_path: Path) -> None:
    stream, path = ATerminal(), tmp_path / "run.log"
    with RunLog(LoggingSettings(file=path), ManualClock(AT), stream=stream) as log:
        log.take(FeedTrouble(AT, "lost"))
    assert as_json(path.read_text())[0]["why"] == "lost"
    assert (stream.getvalue(), log.written) == ("", 1)


def test_a_file_that_cannot_be_opened_is_a_matter_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"):
        RunLog(LoggingSettings(file=tmp_path), ManualClock(AT))


def test_the_machine_s_time_is_told_where_the_run_has_another() -> None:
    wall = ManualClock(AT + timedelta(days=100))
    (entry,) = as_json(told(FeedTrouble(AT, "lost"), wall=wall))
    assert (entry["ts"], entry["wall"]) == ("2026-01-01T00:00:00Z", "2026-04-11T00:00:00Z")
    (entry,) = as_json(told(FeedTrouble(AT, "lost"), wall=ManualClock(AT + timedelta(milliseconds=900))))
    assert "wall" not in entry


def test_a_clock_that_goes_faster_is_the_run_s_time() -> None:
    wall, stream = ManualClock(AT), io.StringIO()
    clock = ScaledClock(wall, 60)
    with RunLog(LoggingSettings(), clock, wall=wall, stream=stream) as log:
        wall.advance(60)
        log.take(FeedTrouble(AT, "lost"))
    (entry,) = as_json(stream.getvalue())
    assert (entry["ts"], entry["wall"]) == ("2026-01-01T01:00:00Z", "2026-01-01T00:01:00Z")


def test_an_order_is_told_with_the_route_that_its_id_names() -> None:
    opened = OrderOpened(1, ORDER, implied=False)
    stranger = OrderOpened(2, ORDER._replace(client_order_id="web_0123456789abcdef"), implied=False)
    before, started, after, foreign = as_json(told(opened, RunStarted(AT, "here", (ROUTE,)), opened, stranger))
    assert [entry.get("route") for entry in (before, after, foreign)] == [None, ROUTE.name, None]
    assert started["routes"] == [ROUTE.name]


def test_what_cannot_be_told_is_counted_in_its_place_and_nobody_is_hurt() -> None:
    text = told(object(), FeedTrouble(AT, "lost"))  # type: ignore[arg-type]  # wrong on purpose
    first, second = as_json(text)
    assert (first["event"], first["why"]) == ("log_entries_lost", "object cannot be told: KeyError")
    assert second["event"] == "feed_troubled"


def test_how_a_program_has_set_up_structlog_changes_nothing_and_is_not_changed() -> None:
    before = structlog.get_config()
    structlog.configure(processors=[lambda *_: pytest.fail("this is the program's own")], context_class=list)  # type: ignore[arg-type]  # wrong for us on purpose
    try:
        mine = structlog.get_config()
        assert as_json(told(FeedTrouble(AT, "lost")))
        assert structlog.get_config() == mine
    finally:
        structlog.reset_defaults()
    assert structlog.get_config() == before


PEM = "-----BEGIN KEY-----\n  canaryAAAA\ncanaryBBBB\n-----END KEY-----\n"


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [LogFormat.JSON, LogFormat.CONSOLE])
@pytest.mark.parametrize("secret", ["canary-0123", 'canary"with\\odd\u00e9 things', PEM])
def test_S1_a_known_secret_is_hidden_whoever_says_it(secret: str, kind: LogFormat) -> None:
    events: list[RunEvent] = [Warned(AT, f"Unauthorized: {secret}!"), SubmitsChanged(AT, {PauseReason.HALTED: secret})]
    text = told(*events, format=kind, hide=[SecretStr(secret), SecretStr("")])
    assert text.count("(hidden)") >= 2
    assert "canary" not in text
    assert "Unauthorized" in text


@pytest.mark.parametrize(
    "said",
    [
        "GET /order?symbol=BTCUSDT&signature=canary&recvWindow=5",
        "GET /order?timestamp=1&SIGNATURE=canary",
        "{'BINANCE_API_SECRET': 'canary', 'x': 1}",
        '{"apiKey": "canary"}',
        "listenKey=canary",
        "API_KEY=canary",
    ],
)
@pytest.mark.parametrize("kind", [LogFormat.JSON, LogFormat.CONSOLE])
def test_S1_what_looks_like_a_secret_is_hidden_though_nobody_knows_it(said: str, kind: LogFormat) -> None:
    text = told(Warned(AT, said), format=kind)
    assert "canary" not in text
    assert "(hidden)" in text
    if kind is LogFormat.JSON:
        as_json(text)


async def test_S1_a_run_with_everything_logged_tells_no_key_and_no_signature(tmp_path: Path) -> None:
    """Orders, fills, refusals, a lost stream and a server that echoes what it was sent, at DEBUG, in both formats."""
    us = AccountConfig(name=LOCAL_ACCOUNT, api_key=API_KEY, api_secret=API_SECRET, balances={"USDT": "100000"})
    others = AccountConfig(name=COUNTERPARTY, balances={"BNB": "10"})
    seen: list[RunEvent] = []
    config = VenueConfig(liquidity=Liquidity.NONE, accounts=(us, others), limits=UNLIMITED)
    async with LocalVenue(config) as venue:
        keys = a_config(base_url=venue.url)
        async with a_run(venue, tmp_path / "account", config=keys) as run:
            with (
                RunLog(a_file(tmp_path, LogFormat.JSON), run.clock) as for_machines,
                RunLog(a_file(tmp_path, LogFormat.CONSOLE), run.clock) as for_people,
            ):
                for listener in (for_machines.take, for_people.take, seen.append):
                    run.account.listen(listener)
                outcome = run.decide(Decision.enter(SYMBOL, Side.BUY, qty="1", price="290"))
                assert isinstance(outcome, Placed)
                run.others("SELL", "1", "290")
                await run.filled(outcome.order.client_order_id)
                no = Say(status=400, code=-2010, msg=f"Unauthorized: {API_KEY}")
                venue.chaos.add(Rule(where="POST /api/v3/order", fault=no, count=1))
                run.decide(Decision.enter(SYMBOL, Side.BUY, qty="1", price="280"))
                await run.until(lambda: any(isinstance(event, OrderRejected) for event in seen))
                venue.chaos.add(Rule(where="event *", fault=Disconnect(code=None), count=1))
                venue.deposit(LOCAL_ACCOUNT, "USDT", 1)
                await run.until(lambda: any(isinstance(event, StreamGap) for event in seen))
    written = {entry["event"] for entry in as_json((tmp_path / "json").read_text())}
    assert {"order_filled", "order_rejected", "stream_lost", "stream_gap_seen", "balances_changed"} <= written
    for each in ("json", "console"):
        text = (tmp_path / each).read_text()
        assert "order_filled" in text
        assert not [secret for secret in (API_KEY, API_SECRET, "signature=") if secret in text]


def a_file(folder: Path, format: LogFormat) -> LoggingSettings:  # noqa: A002  as the setting is called
    return LoggingSettings(level=LogLevel.DEBUG, format=format, file=folder / format)
