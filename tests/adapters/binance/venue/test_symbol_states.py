"""Markets that are open, half open or closed, and accounts and keys that may not do everything."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from pydantic import SecretStr, ValidationError

from yunmin.errors import ConfigurationError
from yunmin_binance.venue import (
    LOCAL_API_KEY,
    LOCAL_API_SECRET,
    AccountConfig,
    KeyRight,
    Liquidity,
    SymbolStatus,
    VenueConfig,
)
from yunmin_binance.venue.api import RawRequest
from yunmin_binance.venue.symbols import rules_of

MakeWire = Callable[[VenueConfig], Any]

CLOSED = (-1013, "Market is closed.")
NOT_TRADING = [status for status in SymbolStatus if status is not SymbolStatus.TRADING]


def statuses(wire: Any) -> dict[str, str]:
    return {one["symbol"]: one["status"] for one in wire.get("exchangeInfo").ok["symbols"]}


@pytest.mark.parametrize("status", NOT_TRADING)
def test_no_order_comes_into_a_market_that_does_not_trade(wire: Any, status: SymbolStatus) -> None:
    wire.venue.set_symbol_status("BTCUSDT", status)
    assert statuses(wire)["BTCUSDT"] == status.value
    assert wire.order().error == CLOSED
    assert wire.order(path="order/test").error == CLOSED
    assert wire.order(symbol="ETHUSDT", price="2000").status == 200
    wire.venue.set_symbol_status("BTCUSDT", "TRADING")
    assert wire.order().status == 200


@pytest.mark.parametrize("status", NOT_TRADING)
def test_orders_outlive_a_halt_and_are_cancelled_where_cancels_are_allowed(wire: Any, status: SymbolStatus) -> None:
    order = wire.order().ok
    wire.venue.set_symbol_status("BTCUSDT", status)
    named = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
    assert wire.signed("GET", "order", **named).ok["status"] == "NEW"
    assert wire.signed("PUT", "order/amend/keepPriority", **named, newQty="0.005").error == CLOSED
    cancelled = wire.signed("DELETE", "order", **named)
    if status is SymbolStatus.CANCEL_ONLY:
        assert cancelled.ok["status"] == "CANCELED"
    else:
        assert cancelled.error == (-2011, "Market is closed.")
        assert wire.signed("DELETE", "openOrders", symbol="BTCUSDT").error[0] == -2011
        wire.venue.set_symbol_status("BTCUSDT", SymbolStatus.CANCEL_ONLY)
        assert wire.signed("DELETE", "openOrders", symbol="BTCUSDT").status == 200


def test_the_house_leaves_a_halted_market_alone(make_wire: MakeWire) -> None:
    wire = make_wire(VenueConfig(symbols=("BTCUSDT", "ETHUSDT")))

    def trades() -> list[int]:
        return [len(wire.venue.exchange.floor(name).tape.trades) for name in ("BTCUSDT", "ETHUSDT")]

    wire.venue.set_symbol_status("BTCUSDT", SymbolStatus.HALT)
    before = trades()
    wire.venue.step(20)
    after = trades()
    assert after[0] == before[0]
    assert after[1] > before[1]


def test_markets_are_selected_by_the_status_they_are_in(wire: Any) -> None:
    wire.venue.set_symbol_status("BTCUSDT", SymbolStatus.HALT)
    for path in ("ticker/24hr", "ticker/price", "ticker/bookTicker"):
        assert [one["symbol"] for one in wire.get(path, symbolStatus="HALT").ok] == ["BTCUSDT"]
        assert "BTCUSDT" not in {one["symbol"] for one in wire.get(path, symbolStatus="TRADING").ok}
        assert wire.get(path, symbol="BTCUSDT", symbolStatus="TRADING").error == (
            -1220,
            "The symbol's status does not match the requested symbolStatus.",
        )
        assert wire.get(path, symbol="BTCUSDT", symbolStatus="HALT").status == 200
    assert [one["symbol"] for one in wire.get("exchangeInfo", symbolStatus="HALT").ok["symbols"]] == ["BTCUSDT"]
    assert wire.get("depth", symbol="BTCUSDT", symbolStatus="BREAK").error[0] == -1220


@pytest.mark.parametrize("bad", ["CANCEL_ONLY", "END_OF_DAY", "trading", "X"])
def test_only_three_statuses_may_be_asked_for(wire: Any, bad: str) -> None:
    for path in ("exchangeInfo", "ticker/price"):
        assert wire.get(path, symbolStatus=bad).error == (-1122, "Invalid symbolStatus.")


def test_a_market_is_halted_through_the_venues_own_door(wire: Any) -> None:
    def post(path: str, body: object) -> tuple[int, Any]:
        request = RawRequest("POST", path, b"", orjson.dumps(body), {}, "127.0.0.1")
        said = wire.venue._control.answer(request)
        return said.status, orjson.loads(said.body)

    assert post("/venue/symbols", {"symbol": "BTCUSDT", "status": "HALT"})[0] == 200
    assert statuses(wire)["BTCUSDT"] == "HALT"
    assert post("/venue/symbols", {"symbol": "BTCUSDT", "status": "SHUT"})[0] == 400
    assert post("/venue/symbols", {"symbol": "NOPE", "status": "HALT"}) == (
        400,
        {"error": "Invalid symbol.", "code": -1121},
    )


def test_a_status_that_cannot_be_is_a_clear_error(wire: Any) -> None:
    for symbol, status in (("NOPE", "HALT"), ("BTCUSDT", "SHUT")):
        with pytest.raises(ConfigurationError, match=re.escape("CANCEL_ONLY")):
            wire.venue.set_symbol_status(symbol, status)


def group_market(*sets: tuple[str, ...]) -> VenueConfig:
    rules = rules_of("BTCUSDT").model_copy(update={"permission_sets": sets})
    return VenueConfig(liquidity=Liquidity.NONE, extra_symbols=(rules,))


@pytest.mark.parametrize(
    ("sets", "is_permitted"),
    [
        ((("SPOT", "TRD_GRP_002"),), True),
        ((("TRD_GRP_002",),), False),
        ((("SPOT",), ("TRD_GRP_002", "TRD_GRP_003")), False),
        ((("SPOT",), ("SPOT", "MARGIN")), True),
    ],
)
def test_an_account_needs_one_permission_of_each_set(
    make_wire: MakeWire, sets: tuple[tuple[str, ...], ...], is_permitted: bool
) -> None:
    said = make_wire(group_market(*sets)).order()
    refused = (-2010, "This symbol is not permitted for this account.")
    assert said.status == 200 if is_permitted else said.error == refused


def test_symbols_are_shown_by_their_permissions(make_wire: MakeWire) -> None:
    wire = make_wire(group_market(("TRD_GRP_007",)))

    def shown(**params: str) -> set[str]:
        return {one["symbol"] for one in wire.get("exchangeInfo", **params).ok["symbols"]}

    assert "BTCUSDT" not in shown()
    assert shown(permissions="TRD_GRP_007") == {"BTCUSDT"}
    assert "BTCUSDT" in shown(permissions='["SPOT","TRD_GRP_007"]')
    assert shown(permissions="MARGIN") == set()
    assert wire.get("exchangeInfo", permissions="NONE").error[0] == -1130
    assert wire.get("exchangeInfo", permissions="[").error[0] == -1135
    assert wire.get("exchangeInfo", permissions="SPOT", symbol="BTCUSDT").error[0] == -1128
    (one,) = wire.get("exchangeInfo", symbol="BTCUSDT").ok["symbols"]
    assert one["permissionSets"] == [["TRD_GRP_007"]]
    assert one["isSpotTradingAllowed"] is False
    (one,) = wire.get("exchangeInfo", symbol="BTCUSDT", showPermissionSets="false").ok["symbols"]
    assert one["permissionSets"] == []


def with_account(**changes: Any) -> VenueConfig:
    account = AccountConfig(
        name="me",
        api_key=LOCAL_API_KEY,
        api_secret=SecretStr(LOCAL_API_SECRET),
        balances={"USDT": "1000000"},
        **changes,
    )
    return VenueConfig(liquidity=Liquidity.NONE, accounts=(account,))


def test_a_key_without_the_right_to_trade_may_only_look(make_wire: MakeWire) -> None:
    wire = make_wire(with_account(key_rights=(KeyRight.USER_DATA,)))
    refused = (-2015, "Invalid API-key, IP, or permissions for action.")
    for said in (wire.order(), wire.order(path="order/test"), wire.signed("DELETE", "openOrders", symbol="BTCUSDT")):
        assert said.error == refused
        assert said.status == 401
    assert wire.signed("GET", "account").ok["canTrade"] is True


def test_a_key_for_trading_alone_does_not_tell_balances(make_wire: MakeWire) -> None:
    wire = make_wire(with_account(key_rights=(KeyRight.TRADE,)))
    assert wire.order().status == 200
    assert wire.signed("GET", "account").error[0] == -2015


def test_an_account_that_may_not_trade_is_told_so(make_wire: MakeWire) -> None:
    wire = make_wire(with_account(can_trade=False, permissions=("SPOT", "TRD_GRP_004")))
    assert wire.order().error == (-2010, "This account may not place or cancel orders.")
    account = wire.signed("GET", "account").ok
    assert (account["canTrade"], account["permissions"]) == (False, ["SPOT", "TRD_GRP_004"])


def test_an_unknown_permission_is_refused() -> None:
    with pytest.raises(ValidationError, match="TRD_GRP_999"):
        AccountConfig(name="me", permissions=("TRD_GRP_999",))
