"""Trailing stops, icebergs and pegged orders on the wire: their parameters, their fields, their refusals."""

from __future__ import annotations

from typing import Any

import pytest


def trade_at(wire: Any, price: str) -> None:
    wire.opposite("SELL", "0.001", price)
    wire.opposite("BUY", "0.001", price)


def shown(wire: Any, order_id: int) -> Any:
    return wire.signed("GET", "order", symbol="BTCUSDT", orderId=order_id).ok


class TestTrailingStops:
    def trail(self, wire: Any, **changes: object) -> Any:
        wanted = {"type": "STOP_LOSS_LIMIT", "side": "SELL", "price": "37500", "trailingDelta": 250, **changes}
        return wire.order(newOrderRespType="RESULT", **wanted)

    def test_it_follows_at_once_without_a_stop_price(self, wire: Any) -> None:
        trade_at(wire, "40000")
        said = self.trail(wire).ok
        assert (said["trailingDelta"], said["trailingTime"], said["stopPrice"]) == (250, wire.now, "0.00000000")
        trade_at(wire, "40500")
        trade_at(wire, "39487.5")
        assert shown(wire, said["orderId"])["isWorking"]

    def test_with_a_stop_price_it_follows_from_there(self, wire: Any) -> None:
        trade_at(wire, "40000")
        said = self.trail(wire, stopPrice="39000").ok
        assert (said["trailingTime"], said["stopPrice"], said["workingTime"]) == (-1, "39000.00000000", -1)
        trade_at(wire, "39000")
        found = shown(wire, said["orderId"])
        assert (found["trailingTime"], found["isWorking"]) == (wire.now, False)

    @pytest.mark.parametrize("delta", [9, 2001])
    def test_the_filter_sets_bounds(self, wire: Any, delta: int) -> None:
        trade_at(wire, "40000")
        assert self.trail(wire, trailingDelta=delta).error == (-1013, "Filter failure: TRAILING_DELTA")

    def test_only_conditional_orders_trail(self, wire: Any) -> None:
        assert wire.order(trailingDelta=100).error == (-1106, "Parameter 'trailingDelta' sent when not required.")


class TestIcebergs:
    def test_depth_shows_only_a_part(self, wire: Any) -> None:
        said = wire.order(quantity="1", icebergQty="0.1").ok
        assert (said["icebergQty"], said["origQty"]) == ("0.10000000", "1.00000000")
        assert wire.get("depth", symbol="BTCUSDT").ok["bids"] == [["50000.00000000", "0.10000000"]]
        wire.opposite("SELL", "0.25", "50000")
        assert wire.get("depth", symbol="BTCUSDT").ok["bids"] == [["50000.00000000", "0.05000000"]]
        assert shown(wire, 1)["icebergQty"] == "0.10000000"

    def test_an_order_that_is_none_has_no_such_field_in_its_answer(self, wire: Any) -> None:
        assert "icebergQty" not in wire.order().ok
        assert shown(wire, 1)["icebergQty"] == "0.00000000"

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"quantity": "1.01", "icebergQty": "0.01"}, (-1013, "Filter failure: ICEBERG_PARTS")),
            ({"icebergQty": "0.000001"}, (-1013, "Filter failure: LOT_SIZE")),
            ({"icebergQty": "0.011"}, (-2010, "IcebergQty exceeds QTY.")),
            ({"icebergQty": "0.001", "timeInForce": "FOK"}, (-2010, "Unsupported order combination")),
        ],
    )
    def test_refusals(self, wire: Any, changes: dict[str, object], error: tuple[int, str]) -> None:
        assert wire.order(**changes).error == error


class TestPegs:
    def quotes(self, wire: Any) -> None:
        for side, prices in (("BUY", ("49000", "48900")), ("SELL", ("51000", "51100"))):
            for price in prices:
                wire.opposite(side, "1", price)

    def test_the_answer_has_the_price_that_the_book_gave(self, wire: Any) -> None:
        self.quotes(wire)
        said = wire.order(price=None, pegPriceType="PRIMARY_PEG").ok
        assert (said["price"], said["pegPriceType"], said["peggedPrice"]) == (
            "0.00000000",
            "PRIMARY_PEG",
            "49000.00000000",
        )
        assert "pegOffsetType" not in said

    def test_a_level_may_be_asked_for(self, wire: Any) -> None:
        self.quotes(wire)
        said = wire.order(
            price=None,
            timeInForce="IOC",
            pegPriceType="MARKET_PEG",
            pegOffsetType="PRICE_LEVEL",
            pegOffsetValue=1,
        ).ok
        assert (said["pegOffsetType"], said["pegOffsetValue"], said["peggedPrice"]) == (
            "PRICE_LEVEL",
            1,
            "51100.00000000",
        )
        assert said["fills"][0]["price"] == "51000.00000000"

    def test_a_stop_has_its_price_once_it_works(self, wire: Any) -> None:
        trade_at(wire, "50000")
        self.quotes(wire)
        wire.order(type="STOP_LOSS_LIMIT", side="SELL", stopPrice="49500", price=None, pegPriceType="PRIMARY_PEG")
        order_id = wire.signed("GET", "openOrders").ok[0]["orderId"]
        assert "peggedPrice" not in shown(wire, order_id)
        trade_at(wire, "49500")
        assert shown(wire, order_id)["peggedPrice"] == "51000.00000000"

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"pegPriceType": "BEST"}, (-1210, "Invalid pegPriceType.")),
            (
                {"pegPriceType": "MARKET_PEG", "pegOffsetType": "TICKS", "pegOffsetValue": 1},
                (-1211, "Invalid pegOffsetType."),
            ),
            (
                {"pegPriceType": "MARKET_PEG", "pegOffsetType": "PRICE_LEVEL"},
                (
                    -1128,
                    "Combination of optional fields invalid. "
                    "Recommendation: 'pegOffsetType' and 'pegOffsetValue' must both be sent.",
                ),
            ),
            (
                {"pegPriceType": "MARKET_PEG", "pegOffsetType": "PRICE_LEVEL", "pegOffsetValue": 101},
                (-1130, "Data sent for parameter 'pegOffsetValue' is not valid."),
            ),
            (
                {"type": "MARKET", "timeInForce": None, "price": None, "pegPriceType": "MARKET_PEG"},
                (-2010, "This order type may not use pegged price."),
            ),
            (
                {"type": "LIMIT_MAKER", "timeInForce": None, "pegPriceType": "MARKET_PEG"},
                (-2010, "This price peg cannot be used with this order type."),
            ),
            ({"pegPriceType": "PRIMARY_PEG", "timeInForce": "IOC"}, (-2010, "Unsupported order combination")),
            (
                {"pegPriceType": "PRIMARY_PEG", "price": None},
                (-2010, "Order book liquidity is too low for this pegged order."),
            ),
        ],
    )
    def test_refusals(self, wire: Any, changes: dict[str, object], error: tuple[int, str]) -> None:
        assert wire.order(**changes).error == error

    def test_the_price_of_the_book_has_to_pass_the_filters_too(self, wire: Any) -> None:
        wire.opposite("BUY", "1", "50")
        said = wire.order(price=None, quantity="0.01", pegPriceType="PRIMARY_PEG")
        assert said.error == (-1013, "Filter failure: NOTIONAL")
