"""Reference prices by the exchange's own rule, and takers that may not trade far from them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from multidict import CIMultiDict

from tests.adapters.binance.venue.conftest import sign
from yunmin.clock import ManualClock
from yunmin.simulation.intervals import SECOND
from yunmin.simulation.orders import Trade
from yunmin.simulation.tape import Tape
from yunmin_binance.venue import LOCAL_API_KEY, Liquidity, LocalVenue, VenueConfig
from yunmin_binance.venue.api import Api, RawRequest
from yunmin_binance.venue.reference_price import reference_price
from yunmin_binance.venue.symbols import PriceRange, ReferenceRule, rules_of

MakeWire = Callable[[VenueConfig], Any]

NONE_SET = (-2043, "This symbol doesn't have a reference price.")
OUT_OF_RANGE = "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"


def tape_of(*trades: tuple[float, int]) -> Tape:
    """Trades as (second, price)."""
    tape = Tape()
    for number, (second, price) in enumerate(trades, start=1):
        tape.append(Trade(number, price, 1, price, int(second * SECOND), True, number, number, number))
    return tape


@pytest.mark.parametrize(
    ("trades", "at", "price"),
    [
        ([], 10, None),
        ([(9, 100)], 10, 100),
        ([(7, 100), (8, 200), (9, 300)], 10, 200),
        ([(9.1, 100), (9.2, 100), (9.9, 400)], 10, 200),
        ([(0, 100)], 4, None),
        # three buckets of a second: at 9.5 the one of second six counts for half
        ([(6.2, 100), (8.2, 200)], 9.5, 166),
        ([(6.2, 100), (6.8, 400), (8.2, 200)], 9.5, 225),
        ([(5.9, 100), (8.2, 200)], 9.5, 200),
    ],
)
def test_a_reference_price_is_the_mean_of_the_trades_of_a_moving_window(
    trades: list[tuple[float, int]], at: float, price: int | None
) -> None:
    rule = ReferenceRule(bucket_count=3, bucket_width_ms=1000)
    assert reference_price(tape_of(*trades), rule, int(at * SECOND)) == price


def ranged(**multiples: str) -> VenueConfig:
    rules = rules_of("BTCUSDT").model_copy(
        update={
            "reference": ReferenceRule(bucket_count=10, bucket_width_ms=1000),
            "price_range": PriceRange(**{name: Decimal(value) for name, value in multiples.items()}),
        }
    )
    return VenueConfig(liquidity=Liquidity.NONE, extra_symbols=(rules,))


ALL_FOUR = {
    "bid_limit_mult_up": "1.01",
    "bid_limit_mult_down": "0.99",
    "ask_limit_mult_up": "1.01",
    "ask_limit_mult_down": "0.99",
}


def traded_at_50000(make_wire: MakeWire, **multiples: str) -> Any:
    wire = make_wire(ranged(**multiples))
    wire.opposite("SELL", "0.01", "50000")
    wire.market(quantity="0.01")
    assert wire.get("referencePrice", symbol="BTCUSDT").ok == {
        "symbol": "BTCUSDT",
        "referencePrice": "50000.00000000",
        "timestamp": wire.now,
    }
    return wire


def test_a_taker_ends_where_the_next_price_is_out_of_range(make_wire: MakeWire) -> None:
    wire = traded_at_50000(make_wire, **ALL_FOUR)
    for price in ("50400", "50501"):
        wire.opposite("SELL", "0.01", price)
    order = wire.order(quantity="0.03", price="51000").ok
    assert (order["status"], order["executedQty"]) == ("EXPIRED", "0.01000000")
    assert order["expiryReason"] == OUT_OF_RANGE
    assert wire.venue.audit().ok
    assert [price for price, _ in wire.get("depth", symbol="BTCUSDT").ok["asks"]] == ["50501.00000000"]


def test_a_seller_is_bound_by_its_own_multiples(make_wire: MakeWire) -> None:
    wire = traded_at_50000(make_wire, ask_limit_mult_down="0.9")
    wire.opposite("BUY", "0.01", "45000")
    assert wire.market(side="SELL", quantity="0.01").ok["status"] == "FILLED"
    wire.clock.advance(10)
    wire.opposite("BUY", "0.01", "44999")
    wire.opposite("SELL", "0.01", "70000")
    assert wire.market(side="BUY", quantity="0.01").ok["status"] == "FILLED"
    said = wire.market(side="SELL", quantity="0.01").ok
    assert (said["status"], said["expiryReason"]) == ("EXPIRED", OUT_OF_RANGE)


def test_all_or_nothing_is_nothing_where_a_part_is_out_of_range(make_wire: MakeWire) -> None:
    wire = traded_at_50000(make_wire, **ALL_FOUR)
    for price in ("50400", "50501"):
        wire.opposite("SELL", "0.01", price)
    order = wire.order(quantity="0.02", price="51000", timeInForce="FOK").ok
    assert (order["status"], order["executedQty"], order["expiryReason"]) == ("EXPIRED", "0.00000000", OUT_OF_RANGE)


def test_without_a_reference_price_nothing_is_out_of_range(make_wire: MakeWire) -> None:
    wire = traded_at_50000(make_wire, **ALL_FOUR)
    wire.clock.advance(60)
    assert wire.get("referencePrice", symbol="BTCUSDT").ok["referencePrice"] is None
    wire.opposite("SELL", "0.01", "90000")
    assert wire.market(quantity="0.01").ok["status"] == "FILLED"


def test_rules_are_told_for_the_symbols_that_have_them(make_wire: MakeWire) -> None:
    wire = make_wire(ranged(bid_limit_mult_up="1.01"))
    told = [
        {"symbol": "BTCUSDT", "rules": [{"ruleType": "PRICE_RANGE", "bidLimitMultUp": "1.01000000"}]},
    ]
    assert wire.get("executionRules").ok == {"symbolRules": told}
    assert wire.get("executionRules", symbol="BTCUSDT").ok == {"symbolRules": told}
    assert wire.get("executionRules", symbol="ETHUSDT").ok == {"symbolRules": []}
    assert wire.get("executionRules", symbolStatus="HALT").ok == {"symbolRules": []}
    assert wire.get("executionRules", symbol="BTCUSDT", symbolStatus="TRADING").error[0] == -1128


def test_a_market_without_a_rule_has_no_reference_price(wire: Any) -> None:
    for path in ("referencePrice", "referencePrice/calculation"):
        assert wire.get(path, symbol="BTCUSDT").error == NONE_SET
        assert wire.get(path, symbol="NOPE").error[0] == -1121


def test_how_a_reference_price_is_made_is_told(make_wire: MakeWire) -> None:
    wire = make_wire(ranged())
    assert wire.get("referencePrice", symbol="BTCUSDT").error == NONE_SET
    assert wire.get("referencePrice/calculation", symbol="BTCUSDT").ok == {
        "symbol": "BTCUSDT",
        "calculationType": "ARITHMETIC_MEAN",
        "bucketCount": 10,
        "bucketWidthMs": 1000,
    }


def test_a_restored_venue_still_knows_its_reference_price_and_its_halts(make_wire: MakeWire, tmp_path: Path) -> None:
    wire = traded_at_50000(make_wire, **ALL_FOUR)
    wire.opposite("SELL", "0.01", "50501")
    wire.venue.set_symbol_status("ETHUSDT", "HALT")
    wire.venue.save(tmp_path / "state.json")
    restored = LocalVenue.restore(tmp_path / "state.json", wire.venue.config, clock=ManualClock(wire.clock.now()))
    api = Api(restored.exchange)
    payload = f"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01&timestamp={wire.now}"
    body = f"{payload}&signature={sign(payload)}".encode()
    headers = CIMultiDict({"X-MBX-APIKEY": LOCAL_API_KEY})
    answer = api.answer(RawRequest("POST", "/api/v3/order", b"", body, headers, "127.0.0.1"))
    assert orjson.loads(answer.body)["expiryReason"] == OUT_OF_RANGE
    assert restored.exchange.statuses["ETHUSDT"].value == "HALT"
