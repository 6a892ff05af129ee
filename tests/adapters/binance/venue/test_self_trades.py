"""Self-trade prevention on the wire (stp_faq.md): fields, refusals, and the record of what was prevented."""

from __future__ import annotations

from typing import Any

from yunmin.simulation.orders import SelfTradePrevention
from yunmin_binance.venue import Liquidity, VenueConfig
from yunmin_binance.venue.symbols import rules_of


def test_a_mode_is_told_again_wherever_the_order_is_shown(wire: Any) -> None:
    placed = wire.order(selfTradePreventionMode="EXPIRE_BOTH").ok
    assert placed["selfTradePreventionMode"] == "EXPIRE_BOTH"
    shown = wire.signed("GET", "order", symbol="BTCUSDT", orderId=1).ok
    assert shown["selfTradePreventionMode"] == "EXPIRE_BOTH"
    assert "preventedMatchId" not in shown
    assert wire.order().ok["selfTradePreventionMode"] == "NONE"


def test_a_taker_that_expires_says_what_it_met(wire: Any) -> None:
    wire.order(side="SELL", quantity="0.01")
    said = wire.order(quantity="0.03", selfTradePreventionMode="EXPIRE_BOTH").ok
    assert (said["status"], said["preventedQuantity"], said["preventedMatchId"]) == (
        "EXPIRED_IN_MATCH",
        "0.03000000",
        0,
    )
    assert "expiryReason" not in said
    assert said["preventedMatches"] == [
        {
            "preventedMatchId": 0,
            "makerSymbol": "BTCUSDT",
            "makerOrderId": 1,
            "price": "50000.00000000",
            "takerPreventedQuantity": "0.03000000",
            "makerPreventedQuantity": "0.01000000",
        }
    ]
    maker = wire.signed("GET", "order", symbol="BTCUSDT", orderId=1).ok
    assert (maker["status"], maker["preventedQuantity"], maker["preventedMatchId"]) == (
        "EXPIRED_IN_MATCH",
        "0.01000000",
        0,
    )


def test_a_market_order_that_cleared_its_own_way_ends_for_want_of_liquidity(wire: Any) -> None:
    wire.order(side="SELL")
    said = wire.market(selfTradePreventionMode="EXPIRE_MAKER").ok
    assert (said["status"], said["expiryReason"]) == ("EXPIRED", "INSUFFICIENT_LIQUIDITY")
    assert said["preventedMatches"][0]["makerPreventedQuantity"] == "0.01000000"
    assert "preventedQuantity" not in said


def test_prevented_matches_can_be_asked_for(wire: Any) -> None:
    wire.order(side="SELL")
    wire.order(side="SELL")
    wire.order(quantity="0.03", selfTradePreventionMode="EXPIRE_MAKER")
    (first,) = wire.signed("GET", "myPreventedMatches", symbol="BTCUSDT", preventedMatchId=0).ok
    assert first == {
        "symbol": "BTCUSDT",
        "preventedMatchId": 0,
        "takerOrderId": 3,
        "makerSymbol": "BTCUSDT",
        "makerOrderId": 1,
        "tradeGroupId": -1,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "price": "50000.00000000",
        "makerPreventedQuantity": "0.01000000",
        "transactTime": wire.now,
    }
    by_order = wire.signed("GET", "myPreventedMatches", symbol="BTCUSDT", orderId=3, fromPreventedMatchId=1).ok
    assert [match["makerOrderId"] for match in by_order] == [2]
    assert wire.signed("GET", "myPreventedMatches", symbol="BTCUSDT").error[0] == -1102
    both = wire.signed("GET", "myPreventedMatches", symbol="BTCUSDT", orderId=3, preventedMatchId=0)
    assert both.error[0] == -1128


def test_a_mode_that_there_is_not_is_refused(wire: Any) -> None:
    error = (-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.")
    assert wire.order(selfTradePreventionMode="MAYBE").error == error


def test_a_market_may_allow_some_modes_only_and_have_its_own_default(make_wire: Any) -> None:
    modes = (SelfTradePrevention.EXPIRE_TAKER, SelfTradePrevention.EXPIRE_BOTH)
    rules = rules_of("BTCUSDT").model_copy(update={"self_trade_modes": modes, "default_self_trade_mode": modes[0]})
    wire = make_wire(VenueConfig(liquidity=Liquidity.NONE, extra_symbols=(rules,)))
    refused = (-1013, "This symbol does not allow the specified self-trade prevention mode.")
    assert wire.order(selfTradePreventionMode="EXPIRE_MAKER").error == refused
    assert wire.order().ok["selfTradePreventionMode"] == "EXPIRE_TAKER"


def test_exchange_info_says_which_modes_there_are(wire: Any) -> None:
    (symbol,) = wire.get("exchangeInfo", symbol="BTCUSDT").ok["symbols"]
    assert symbol["defaultSelfTradePreventionMode"] == "NONE"
    assert symbol["allowedSelfTradePreventionModes"] == [
        "NONE",
        "EXPIRE_MAKER",
        "EXPIRE_TAKER",
        "EXPIRE_BOTH",
        "DECREMENT",
        "TRANSFER",
    ]
