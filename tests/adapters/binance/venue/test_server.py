"""Starting, stopping, stepping, the control door, and set-ups that are refused."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from pydantic import ValidationError

from yunmin.clock import ManualClock
from yunmin.errors import ConfigurationError, InvalidOrder
from yunmin_binance.venue import (
    COUNTERPARTY,
    LOCAL_ACCOUNT,
    LOCAL_API_KEY,
    LOCAL_API_SECRET,
    AccountConfig,
    Liquidity,
    LocalVenue,
    VenueConfig,
    run_venue,
)
from yunmin_binance.venue.api import RawRequest
from yunmin_binance.venue.control import Control
from yunmin_binance.venue.owners_door import OwnersDoor


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def test_the_credentials_say_that_they_are_local() -> None:
    assert LOCAL_API_KEY.startswith("yunminLocalKey")
    assert LOCAL_API_SECRET.startswith("yunminLocalSecret")
    assert len(LOCAL_API_KEY) == len(LOCAL_API_SECRET) == 64
    assert LOCAL_API_SECRET not in repr(VenueConfig())


async def test_a_venue_starts_and_stops_twice_without_complaint() -> None:
    venue = LocalVenue()
    with pytest.raises(ConfigurationError):
        _ = venue.url
    await venue.start()
    await venue.start()
    assert venue.url.startswith("http://127.0.0.1:")
    await venue.stop()
    await venue.stop()


async def test_a_venue_may_be_named_by_any_loopback_address(http: aiohttp.ClientSession) -> None:
    async with (
        LocalVenue(VenueConfig(host="localhost", liquidity=Liquidity.NONE)) as venue,
        http.get(f"{venue.url}/api/v3/ping") as said,
    ):
        assert said.status == 200


async def test_a_port_that_is_taken_is_a_clear_error(venue: LocalVenue) -> None:
    port = int(venue.url.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match="cannot serve"):
        await LocalVenue(VenueConfig(port=port)).start()


async def test_run_venue_serves_until_it_is_cancelled(http: aiohttp.ClientSession) -> None:
    ready: asyncio.Future[LocalVenue] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(run_venue(VenueConfig(), on_ready=ready.set_result))
    venue = await ready
    url = venue.url
    async with http.get(f"{url}/api/v3/ping") as said:
        assert await said.json() == {}
        assert "X-MBX-USED-WEIGHT-1M" in said.headers
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(f"{url}/api/v3/ping")


async def test_the_house_steps_on_an_interval_of_its_clock() -> None:
    async with LocalVenue(VenueConfig(step_interval=1.0, symbols=("BTCUSDT",)), clock=ManualClock()) as venue:
        before = venue.exchange.steps
        for _ in range(10):
            await asyncio.sleep(0)
        assert venue.exchange.steps > before


def market_history(config: VenueConfig) -> list[Any]:
    venue = LocalVenue(config, clock=ManualClock())
    venue.step(20)
    return [venue.exchange.floor(symbol).tape.trades for symbol in config.symbols]


def test_one_seed_gives_one_market_history() -> None:
    assert market_history(VenueConfig(seed=3)) == market_history(VenueConfig(seed=3))
    assert market_history(VenueConfig(seed=3)) != market_history(VenueConfig(seed=4))


def test_candles_lead_the_price(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars")
    file = tmp_path / "candles.parquet"
    start = datetime(2026, 1, 1, tzinfo=UTC)
    prices = [40_000.0, 41_000.0, 42_000.0, 43_000.0]
    polars.DataFrame(
        {
            "date": [start + timedelta(minutes=n) for n in range(4)],
            "open": prices,
            "high": [price + 100 for price in prices],
            "low": [price - 100 for price in prices],
            "close": prices,
            "volume": [1.0] * 4,
        }
    ).write_parquet(file)
    config = VenueConfig(liquidity=Liquidity.CANDLES, candles_file=file, warmup_steps=1)
    venue = LocalVenue(config, clock=ManualClock())
    floor = venue.exchange.floor("BTCUSDT")
    assert floor.book.best_bid is not None
    assert floor.book.best_bid.price < 40_000 * 10**8
    venue.step(15)
    assert floor.book.best_bid.price < 43_000 * 10**8 < floor.book.best_ask.price  # type: ignore[union-attr]  # it is there by now
    assert venue.audit().ok


@pytest.mark.parametrize(
    "broken",
    [
        {"host": "0.0.0.0"},
        {"host": "example.org"},
        {"port": 70_000},
        {"symbols": ()},
        {"symbols": ("BTCUSDT", "BTCUSDT")},
        {"liquidity": "candles"},
        {"candles_file": "x.parquet"},
        {"liquidity": "candles", "candles_file": "x.parquet", "replay_symbol": "NOPE"},
        {"accounts": ({"name": "a", "api_key": "k"},)},
        {"accounts": ({"name": "a", "api_secret": "s"},)},
        {"accounts": ({"name": "a", "api_key": "not a key", "api_secret": "s"},)},
        {"accounts": tuple({"name": name, "api_key": "k", "api_secret": "s"} for name in "ab")},
        {"step_interval": -1},
        {"unknown": 1},
    ],
)
def test_a_set_up_that_makes_no_sense_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        VenueConfig.model_validate(broken)


@pytest.mark.parametrize(
    "config",
    [
        VenueConfig(symbols=("NOPE",)),
        VenueConfig(accounts=(AccountConfig(name="fees"),)),
        VenueConfig(accounts=(AccountConfig(name="a", api_key="k", public_key_pem="no key"),)),
        VenueConfig(liquidity=Liquidity.CANDLES, candles_file=Path("absent.parquet")),
    ],
)
def test_a_set_up_that_cannot_be_carried_out_is_refused(config: VenueConfig) -> None:
    with pytest.raises(ConfigurationError):
        LocalVenue(config)


def test_an_open_bind_has_to_be_asked_for() -> None:
    assert VenueConfig(host="0.0.0.0", allow_remote=True).allow_remote
    assert VenueConfig(host="::1").host == "::1"
    assert VenueConfig(host="localhost").host == "localhost"


def test_orders_of_other_accounts_are_reported_and_refused_in_python() -> None:
    venue = LocalVenue(VenueConfig(liquidity=Liquidity.NONE))
    placed = venue.place_as(COUNTERPARTY, "BTCUSDT", "sell", "limit", quantity="0.1", price=50_000)
    assert venue.ledger_report(COUNTERPARTY).orders == (placed,)
    with pytest.raises(InvalidOrder, match="Filter failure: LOT_SIZE"):
        venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="0", price="50000")
    with pytest.raises(ConfigurationError):
        venue.place_as("nobody", "BTCUSDT", "SELL", "LIMIT", quantity="1", price="50000")
    with pytest.raises(ConfigurationError):
        venue.ledger_report("nobody")


async def test_another_process_can_be_the_opposite_side_and_the_oracle(
    quiet_venue: LocalVenue, http: aiohttp.ClientSession
) -> None:
    door = f"{quiet_venue.url}/venue"
    resting = {"account": COUNTERPARTY, "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT"}
    async with http.post(f"{door}/orders", json={**resting, "quantity": "0.5", "price": "50000"}) as said:
        assert (await said.json())["state"] == "OPEN"
    taking = {"account": LOCAL_ACCOUNT, "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.2"}
    async with http.post(f"{door}/orders", json=taking) as said:
        assert (await said.json())["state"] == "FILLED"
    async with http.get(f"{door}/ledger", params={"account": LOCAL_ACCOUNT}) as said:
        ledger = await said.json()
    assert [(fill["price"], fill["qty"], fill["fee"]) for fill in ledger["fills"]] == [("50000", "0.2", "0.0002")]
    assert {"asset": "USDT", "free": "990000", "locked": "0"} in ledger["balances"]
    async with http.get(f"{door}/state") as said:
        state = await said.json()
    assert (state["orders_placed"], state["orders_open"], state["trades"]) == (2, 1, 1)
    assert state["audit"] == {"ok": True, "problems": []}


async def test_the_house_can_be_stepped_from_outside(venue: LocalVenue, http: aiohttp.ClientSession) -> None:
    before = venue.exchange.steps
    async with http.post(f"{venue.url}/venue/step", params={"n": "2"}) as said:
        assert await said.json() == {"steps": before + 2}
    async with http.post(f"{venue.url}/venue/step") as said:
        assert await said.json() == {"steps": before + 3}


ORDER = b'{"account":"local","symbol":"BTCUSDT","side":"BUY","type":"LIMIT","quantity":"1","price":"%s"}'


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "status"),
    [
        ("GET", "nothing", b"", b"", 404),
        ("GET", "ledger", b"", b"", 400),
        ("GET", "ledger", b"account=nobody", b"", 400),
        ("POST", "step", b"n=x", b"", 400),
        ("POST", "step", b"n=99999999", b"", 400),
        ("POST", "orders", b"", b"", 400),
        ("POST", "orders", b"", b"[1", 400),
        ("POST", "orders", b"", b"\xff", 400),
        ("POST", "orders", b"", ORDER % b"NaN", 400),
        ("POST", "orders", b"", ORDER % b"0.000000001", 400),
        ("POST", "orders", b"", ORDER.replace(b"BTCUSDT", b"NOPE") % b"1", 400),
        ("POST", "orders", b"", ORDER.replace(b"local", b"nobody") % b"1", 400),
        ("POST", "orders", b"", ORDER.replace(b"LIMIT", b"STOP_LOSS") % b"50000", 400),
        ("POST", "orders", b"", ORDER % b"50000", 200),
        ("POST", "orders", b"", b"[%s, 1]" % (ORDER % b"50000"), 400),
    ],
)
def test_the_control_door_checks_what_it_is_told(
    wire: Any, method: str, path: str, query: bytes, body: bytes, status: int
) -> None:
    control = Control(wire.venue.exchange, wire.venue.chaos, OwnersDoor(wire.venue))
    assert control.answer(RawRequest(method, f"/venue/{path}", query, body, {}, "127.0.0.1")).status == status


def test_several_orders_at_once_have_an_answer_each_and_a_refusal_stops_none(wire: Any) -> None:
    control = Control(wire.venue.exchange, wire.venue.chaos, OwnersDoor(wire.venue))
    body = b" [%s, %s, %s]" % (ORDER % b"49000", ORDER.replace(b"BTCUSDT", b"NOPE") % b"1", ORDER % b"48000")
    answer = control.answer(RawRequest("POST", "/venue/orders", b"", body, {}, "127.0.0.1"))
    first, refused, last = orjson.loads(answer.body)["orders"]
    assert (answer.status, first["price"], last["price"]) == (200, "49000", "48000")
    assert set(refused) == {"error", "code"}
    nothing = control.answer(RawRequest("POST", "/venue/orders", b"", b"[]", {}, "127.0.0.1"))
    assert orjson.loads(nothing.body) == {"orders": []}


def test_the_control_door_is_shut_to_other_machines(wire: Any) -> None:
    for address in ("10.0.0.1", ""):
        answer = Control(wire.venue.exchange, wire.venue.chaos, OwnersDoor(wire.venue)).answer(
            RawRequest("GET", "/venue/state", b"", b"", {}, address)
        )
        assert answer.status == 403


async def test_a_large_answer_is_packed_for_who_asks_and_says_the_same(quiet_venue: LocalVenue) -> None:
    url = f"{quiet_venue.url}/api/v3/exchangeInfo"
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        async with http.get(url, headers={"Accept-Encoding": "identity"}) as plain, http.get(url) as packed:
            assert packed.headers["Content-Encoding"] == "gzip"
            assert "Content-Encoding" not in plain.headers
            whole, small = await plain.read(), await packed.read()
        async with http.get(f"{quiet_venue.url}/api/v3/ping") as ping:
            assert "Content-Encoding" not in ping.headers
    assert without_time(gzip.decompress(small)) == without_time(whole)


def without_time(body: bytes) -> dict[str, Any]:
    return {name: value for name, value in json.loads(body).items() if name != "serverTime"}
