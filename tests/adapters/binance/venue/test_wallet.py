"""The few endpoints beside spot trading that unmodified clients ask for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from tests.adapters.binance.venue.conftest import Said, Wire, sign
from yunmin_binance.venue import LOCAL_API_KEY
from yunmin_binance.venue.api import RawRequest


def wallet(wire: Wire, path: str, *, is_signed: bool = True, **params: object) -> Said:
    payload = urlencode({**params, "timestamp": wire.now}) if is_signed else urlencode(params)
    query = f"{payload}&signature={sign(payload)}" if is_signed else payload
    headers = {"X-MBX-APIKEY": LOCAL_API_KEY} if is_signed else {}
    answer = wire.api.answer(RawRequest("GET", f"/sapi/v1/{path}", query.encode(), b"", headers, "127.0.0.1"))
    return Said(answer.status, answer.body, answer.headers)


def test_the_system_is_well(wire: Wire) -> None:
    assert wallet(wire, "system/status", is_signed=False).ok == {"status": 0, "msg": "normal"}


def test_fees_are_told_for_one_symbol_or_all(wire: Wire) -> None:
    assert wallet(wire, "asset/tradeFee", symbol="BTCUSDT").ok == [
        {"symbol": "BTCUSDT", "makerCommission": "0.001", "takerCommission": "0.001"}
    ]
    assert [one["symbol"] for one in wallet(wire, "asset/tradeFee").ok] == list(wire.venue.exchange.rules)
    assert wallet(wire, "asset/tradeFee", symbol="NOPE").error[0] == -1121
    assert wallet(wire, "asset/tradeFee", is_signed=False).error[0] == -2014


def test_coins_are_told_with_what_the_account_has_of_them_and_nothing_can_be_withdrawn(wire: Wire) -> None:
    wire.order()
    coins: dict[str, Any] = {one["coin"]: one for one in wallet(wire, "capital/config/getall").ok}
    assert (coins["USDT"]["free"], coins["USDT"]["locked"]) == ("999500.00000000", "500.00000000")
    assert set(coins) >= {"BTC", "ETH", "BNB", "LTC", "SOL", "USDT"}
    for coin in coins.values():
        assert not coin["withdrawAllEnable"]
        (network,) = coin["networkList"]
        assert not network["withdrawEnable"]
        assert not network["depositEnable"]


def test_what_a_key_may_do_is_told_by_the_names_of_the_wallet_s_docs(wire: Wire) -> None:
    told = wallet(wire, "account/apiRestrictions").ok
    assert {name for name, is_so in told.items() if is_so is True} == {
        "ipRestrict", "enableReading", "enableSpotAndMarginTrading",
    }  # fmt: skip
    assert told["enableWithdrawals"] is False
    assert wallet(wire, "account/apiRestrictions", is_signed=False).error[0] == -2014


def test_there_are_no_margin_pairs(wire: Wire) -> None:
    assert wallet(wire, "margin/allPairs").ok == []
    assert wallet(wire, "margin/isolated/allPairs").ok == []


def test_what_is_not_here_is_not_supported(wire: Wire) -> None:
    said = wallet(wire, "capital/withdraw/apply")
    assert (said.status, said.error) == (404, (-1020, "This operation is not supported."))
