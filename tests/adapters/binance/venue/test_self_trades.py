"""Self-trade prevention on the wire (stp_faq.md): fields, refusals, and the record of what was prevented."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from yunmin.core.data_contracts.enums import OrderType, Side
from yunmin.simulation.orders import SelfTradePrevention
from yunmin_binance.venue import Liquidity, VenueConfig
from yunmin_binance.venue.config import default_accounts
from yunmin_binance.venue.control import OrderAs, place_as
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


def a_group(make_wire: Any) -> Any:
    """Two accounts of one trade group: the one that asks, and `friend`."""
    mine, other = default_accounts()
    friend = other.model_copy(update={"name": "friend", "trade_group": 1})
    accounts = (mine.model_copy(update={"trade_group": 1}), friend)
    return make_wire(VenueConfig(liquidity=Liquidity.NONE, accounts=accounts))


def test_accounts_of_a_trade_group_do_not_trade_with_each_other(make_wire: Any) -> None:
    wire = a_group(make_wire)
    assert wire.signed("GET", "account").ok["tradeGroupId"] == 1
    wire.venue.place_as("friend", "BTCUSDT", "BUY", "LIMIT", quantity="0.01", price="50000")
    said = wire.order(side="SELL", selfTradePreventionMode="EXPIRE_TAKER").ok
    assert (said["status"], said["tradeGroupId"]) == ("EXPIRED_IN_MATCH", 1)
    (match,) = wire.signed("GET", "myPreventedMatches", symbol="BTCUSDT", orderId=2).ok
    assert (match["tradeGroupId"], match["selfTradePreventionMode"]) == (1, "EXPIRE_TAKER")


def test_scenario_h_a_transfer_moves_value_between_accounts_of_a_group(make_wire: Any) -> None:
    """stp_faq.md, Scenario H, at a price that this market allows."""
    wire = a_group(make_wire)
    maker = OrderAs(
        account="friend", symbol="BTCUSDT", side=Side.BUY, type=OrderType.LIMIT, quantity=Decimal("0.6"),
        price=Decimal(20000), self_trade_prevention=SelfTradePrevention.TRANSFER,
    )  # fmt: skip
    place_as(wire.venue.exchange, maker)
    said = wire.order(side="SELL", quantity="0.2", price="20000", selfTradePreventionMode="TRANSFER").ok
    assert (said["status"], said["preventedQuantity"], said["executedQty"]) == (
        "EXPIRED_IN_MATCH",
        "0.20000000",
        "0.00000000",
    )
    assert said["preventedMatches"] == [
        {
            "preventedMatchId": 0,
            "makerSymbol": "BTCUSDT",
            "makerOrderId": 1,
            "price": "20000.00000000",
            "takerPreventedQuantity": "0.20000000",
            "makerPreventedQuantity": "0.20000000",
        }
    ]
    assert (wire.balance("BTC"), wire.balance("USDT")) == (
        ("99.80000000", "0.00000000"),
        ("1004000.00000000", "0.00000000"),
    )
    friend = {one.asset: (str(one.free), str(one.locked)) for one in wire.venue.ledger_report("friend").balances}
    assert (friend["BTC"][0], friend["USDT"][1]) == ("10000.20000000", "8000.00000000")
    assert wire.venue.audit().ok


def test_scenario_b_expire_maker_lets_the_taker_onto_the_book(wire: Any) -> None:
    for quantity, price in (("1.2", "12000"), ("1.3", "11000"), ("8.1", "10000")):
        wire.order(quantity=quantity, price=price)
    said = wire.order(side="SELL", quantity="3", price="10000", selfTradePreventionMode="EXPIRE_MAKER").ok
    assert (said["status"], said["executedQty"], said["fills"]) == ("NEW", "0.00000000", [])
    assert [one["makerPreventedQuantity"] for one in said["preventedMatches"]] == [
        "1.20000000",
        "1.30000000",
        "8.10000000",
    ]
    makers = [wire.signed("GET", "order", symbol="BTCUSDT", orderId=number).ok for number in (1, 2, 3)]
    assert [(one["status"], one["preventedMatchId"]) for one in makers] == [
        ("EXPIRED_IN_MATCH", 0),
        ("EXPIRED_IN_MATCH", 1),
        ("EXPIRED_IN_MATCH", 2),
    ]


def test_scenarios_c_d_and_e_the_mode_of_the_taker_decides(wire: Any) -> None:
    wire.order(quantity="1", price="10000", selfTradePreventionMode="EXPIRE_MAKER")
    taker = {"side": "SELL", "quantity": "3", "price": "10000"}
    assert wire.order(**taker, selfTradePreventionMode="EXPIRE_TAKER").ok["preventedQuantity"] == "3.00000000"
    maker = wire.signed("GET", "order", symbol="BTCUSDT", orderId=1).ok
    assert (maker["status"], "preventedMatchId" in maker) == ("NEW", False)
    both = wire.order(**taker, selfTradePreventionMode="EXPIRE_BOTH").ok
    assert both["preventedMatches"][0]["takerPreventedQuantity"] == "3.00000000"
    assert wire.signed("GET", "order", symbol="BTCUSDT", orderId=1).ok["status"] == "EXPIRED_IN_MATCH"


def test_scenario_g_decrement_leaves_the_rest_of_the_larger_one(wire: Any) -> None:
    wire.order(quantity="6", price="20000")
    said = wire.order(side="SELL", quantity="2", price="20000", selfTradePreventionMode="DECREMENT").ok
    assert (said["status"], said["preventedQuantity"]) == ("EXPIRED_IN_MATCH", "2.00000000")
    maker = wire.signed("GET", "order", symbol="BTCUSDT", orderId=1).ok
    assert (maker["status"], maker["preventedQuantity"], maker["executedQty"]) == ("NEW", "2.00000000", "0.00000000")
    assert wire.get("depth", symbol="BTCUSDT").ok["bids"] == [["20000.00000000", "4.00000000"]]
