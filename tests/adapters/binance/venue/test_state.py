"""A venue that is saved and goes on: the same answers, to the last digit; and files that are not believed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.adapters.binance.venue.conftest import QUIET, Wire
from yunmin.clock import ManualClock
from yunmin.errors import ConfigurationError
from yunmin.simulation.units import to_micros
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, LOCAL_API_SECRET, LocalVenue, VenueConfig
from yunmin_binance.venue.api import Api

LIVELY = VenueConfig(seed=4, symbols=("BTCUSDT", "ETHUSDT"))


def restored(wire: Wire, file: Path, config: VenueConfig) -> Wire:
    """Another process's venue, made from the file, at the same moment."""
    wire.venue.save(file)
    other = Wire(config)
    other.clock = ManualClock(wire.clock.now())
    other.venue = LocalVenue.restore(file, config, clock=other.clock)
    other.api = Api(other.venue.exchange)
    return other


def a_day(wire: Wire) -> None:
    """Orders in every state and of every kind."""
    wire.order(newClientOrderId="open")
    wire.order(newClientOrderId="part", price="50001", quantity="0.02")
    wire.opposite("SELL", "0.005", "50001")
    wire.clock.advance(61)
    wire.order(newClientOrderId="gone", price="49000")
    wire.signed("DELETE", "order", symbol="BTCUSDT", origClientOrderId="gone")
    wire.order(newClientOrderId="ice", quantity="0.05", icebergQty="0.01", price="49500")
    wire.order(type="STOP_LOSS_LIMIT", side="SELL", newClientOrderId="stop", stopPrice="45000", price="44900")
    wire.order(type="STOP_LOSS_LIMIT", side="SELL", newClientOrderId="trail", trailingDelta="100", price="44900")
    wire.signed("PUT", "order/amend/keepPriority", symbol="BTCUSDT", origClientOrderId="open", newQty="0.009")
    wire.order(path="orderList/oco", type=None, price=None, timeInForce=None, side="SELL", aboveType="LIMIT_MAKER",
               abovePrice="60000", belowType="STOP_LOSS", belowStopPrice="40000", listClientOrderId="oco")  # fmt: skip
    wire.clock.advance(3)


def everything(wire: Wire) -> dict[str, Any]:
    """What REST tells of it all."""
    named = {"symbol": "BTCUSDT"}
    told = {
        path: wire.signed("GET", path, **params).ok
        for path, params in {
            "account": {},
            "openOrders": {},
            "allOrders": named,
            "myTrades": named,
            "allOrderList": {},
            "openOrderList": {},
            "rateLimit/order": {},
        }.items()
    }
    told |= {path: wire.get(path, **named).ok for path in ("depth", "trades", "aggTrades", "ticker/24hr", "avgPrice")}
    told |= {length: wire.get("klines", **named, interval=length).ok for length in ("1s", "1m", "1h", "1d")}
    return told


@pytest.mark.parametrize("config", [QUIET, LIVELY], ids=["quiet", "lively"])
def test_the_same_questions_have_the_same_answers_after_a_restart(
    make_wire: Callable[[VenueConfig], Wire], tmp_path: Path, config: VenueConfig
) -> None:
    wire = make_wire(config)
    a_day(wire)
    other = restored(wire, tmp_path / "state", config)
    before, after = everything(wire), everything(other)
    assert before["allOrders"]
    assert before["myTrades"] or config is LIVELY
    assert after == before
    assert other.venue.audit().ok


def test_a_restored_venue_goes_on_exactly_as_the_other_one(tmp_path: Path) -> None:
    wire = Wire(LIVELY)
    a_day(wire)
    other = restored(wire, tmp_path / "state", LIVELY)
    for one in (wire, other):
        one.venue.step(20)
        one.clock.advance(5)
        one.signed("DELETE", "orderList", symbol="BTCUSDT", listClientOrderId="oco")
        one.market(side="SELL", quantity="0.5", newClientOrderId="sold")
    assert everything(other) == everything(wire)
    assert other.signed("GET", "order", symbol="BTCUSDT", origClientOrderId="sold").ok["status"] == "FILLED"
    assert other.venue.audit().ok


def test_waiting_orders_still_wait_for_the_same_prices(tmp_path: Path) -> None:
    wire = Wire(QUIET)
    a_day(wire)
    other = restored(wire, tmp_path / "state", QUIET)
    for one in (wire, other):
        one.venue.place_as(COUNTERPARTY, "BTCUSDT", "BUY", "LIMIT", quantity="5", price="44000")
        one.market(side="SELL", quantity="1.5", newClientOrderId="crash")
    statuses = {row["clientOrderId"]: row["status"] for row in everything(other)["allOrders"]}
    assert statuses["crash"] == "FILLED"
    assert everything(other) == everything(wire)


def test_time_does_not_run_backwards_across_a_restart(tmp_path: Path) -> None:
    wire = Wire(QUIET)
    wire.clock.advance(3600)
    a_day(wire)
    wire.venue.save(tmp_path / "state")
    late = LocalVenue.restore(tmp_path / "state", QUIET, clock=ManualClock())
    assert late.exchange.engine.now() == to_micros(wire.clock.now())


def test_the_file_holds_no_secret_and_is_never_half_written(tmp_path: Path) -> None:
    wire, file = Wire(QUIET), tmp_path / "state"
    wire.venue.save(file)
    before = file.read_bytes()
    assert LOCAL_API_SECRET.encode() not in before
    a_day(wire)
    wire.venue.save(file)
    assert file.read_bytes() != before
    assert [one.name for one in tmp_path.iterdir()] == ["state"]


def test_the_same_venue_is_saved_as_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        wire = Wire(LIVELY)
        a_day(wire)
        wire.venue.save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def _changed(file: Path, **changes: Any) -> None:
    head, _, state = file.read_bytes().partition(b"\n")
    file.write_bytes(orjson.dumps({**orjson.loads(head), **changes}) + b"\n" + state)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-5]), "damaged"),
        (lambda file: file.write_bytes(file.read_bytes().replace(b"BTCUSDT", b"BTCUSDX")), "other markets|damaged"),
        (lambda file: _changed(file, format=99), "format 99"),
        (lambda file: _changed(file, kind="something"), "not the state"),
        (lambda file: _changed(file, markets=["X"]), "other markets"),
        (lambda file: _changed(file, accounts=["X"]), "other accounts"),
        (lambda file: file.write_bytes(b""), "not the state"),
        (lambda file: file.write_bytes(b"[1]\n{}"), "not the state"),
        (lambda file: file.unlink(), "cannot read"),
    ],
)
def test_a_file_that_is_not_the_whole_state_of_this_venue_is_not_believed(
    tmp_path: Path, spoil: Callable[[Path], Any], words: str
) -> None:
    wire, file = Wire(QUIET), tmp_path / "state"
    a_day(wire)
    wire.venue.save(file)
    spoil(file)
    with pytest.raises(ConfigurationError, match=words):
        LocalVenue.restore(file, QUIET)


def test_books_that_do_not_add_up_are_not_believed(tmp_path: Path) -> None:
    wire, file = Wire(QUIET), tmp_path / "state"
    account = wire.venue.exchange.ledger.account(LOCAL_ACCOUNT)
    assert account is not None
    account.free["BTC"] += 1
    wire.venue.save(file)
    with pytest.raises(ConfigurationError, match="do not add up"):
        LocalVenue.restore(file, QUIET)


def test_a_state_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot save"):
        LocalVenue(QUIET).save(tmp_path / "nowhere" / "state")
    with pytest.raises(ConfigurationError, match="given no file"):
        LocalVenue(QUIET).save_own()
