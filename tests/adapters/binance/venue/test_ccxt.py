"""Unmodified ccxt trades here: nothing about it is changed but its base addresses."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ccxt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from yunmin.core.data_contracts.enums import OrderState
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, AccountConfig, LocalVenue, VenueConfig

Connect = Callable[..., Any]


async def test_markets_are_loaded_with_their_rules(venue: LocalVenue, connect: Connect) -> None:
    markets = await connect(venue).load_markets()
    assert set(markets) >= {"BTC/USDT", "ETH/USDT", "BNB/USDT", "ETH/BTC", "BNB/BTC", "LTC/BTC", "SOL/USDT"}
    bitcoin = markets["BTC/USDT"]
    assert bitcoin["active"]
    assert (bitcoin["precision"]["amount"], bitcoin["precision"]["price"]) == (1e-05, 0.01)
    assert bitcoin["limits"]["cost"]["min"] == 5


async def test_public_data_is_there_before_anybody_trades(venue: LocalVenue, connect: Connect) -> None:
    client = connect(venue)
    assert isinstance(await client.fetch_time(), int)
    ticker = await client.fetch_ticker("BTC/USDT")
    assert ticker["bid"] < ticker["ask"]
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    book = await client.fetch_order_book("BTC/USDT", 5)
    assert len(book["bids"]) == len(book["asks"]) == 5
    assert book["bids"][0][0] == ticker["bid"]
    assert len(await client.fetch_tickers()) == 7
    assert len(await client.fetch_bids_asks(["BTC/USDT", "ETH/USDT"])) == 2
    assert (await client.fetch_last_prices(["BTC/USDT"]))["BTC/USDT"]["price"] == ticker["last"]


async def test_trades_and_candles_agree(venue: LocalVenue, connect: Connect) -> None:
    client = connect(venue)
    venue.step(20)
    trades = await client.fetch_trades("BTC/USDT", limit=1000)
    candles = await client.fetch_ohlcv("BTC/USDT", "1d")
    assert sum(Decimal(trade["info"]["q"]) for trade in trades) == pytest.approx(
        Decimal(str(sum(candle[5] for candle in candles)))
    )
    assert candles[-1][4] == trades[-1]["price"]
    assert await client.fetch_ohlcv("BTC/USDT", "1m", since=candles[-1][0], limit=10)


async def test_a_balance_shows_what_an_open_order_holds(venue: LocalVenue, connect: Connect) -> None:
    client = connect(venue)
    before = await client.fetch_balance()
    await client.create_order("BTC/USDT", "limit", "buy", 0.01, 50000)
    after = await client.fetch_balance()
    assert after["USDT"] == {"free": before["USDT"]["free"] - 500, "used": 500.0, "total": before["USDT"]["total"]}


async def test_a_market_order_fills_at_once_with_fills_and_fees(venue: LocalVenue, connect: Connect) -> None:
    client = connect(venue)
    order = await client.create_order("BTC/USDT", "market", "buy", 0.01)
    assert (order["status"], order["filled"]) == ("closed", 0.01)
    assert order["trades"]
    assert order["fee"] == {"currency": "BTC", "cost": 0.00001}
    spent = await client.create_market_buy_order_with_cost("BTC/USDT", 100)
    assert spent["status"] == "closed"
    assert 99 < spent["cost"] <= 100


async def test_a_resting_order_is_filled_in_parts_by_others(quiet_venue: LocalVenue, connect: Connect) -> None:
    client = connect(quiet_venue)
    order = await client.create_order("BTC/USDT", "limit", "buy", 0.03, 50000, {"newClientOrderId": "mine"})
    assert (order["status"], order["clientOrderId"]) == ("open", "mine")
    quiet_venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="0.01", price="50000")
    partly = await client.fetch_order(order["id"], "BTC/USDT")
    assert (partly["status"], partly["filled"], partly["remaining"]) == ("open", 0.01, 0.02)
    assert partly["info"]["status"] == "PARTIALLY_FILLED"
    quiet_venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "MARKET", quantity="0.02")
    done = await client.fetch_order(None, "BTC/USDT", {"clientOrderId": "mine"})
    assert (done["status"], done["average"]) == ("closed", 50000)
    trades = await client.fetch_my_trades("BTC/USDT")
    assert [(trade["amount"], trade["takerOrMaker"], trade["fee"]) for trade in trades] == [
        (0.01, "maker", {"currency": "BTC", "cost": 0.00001}),
        (0.02, "maker", {"currency": "BTC", "cost": 0.00002}),
    ]
    assert await client.fetch_order_trades(order["id"], "BTC/USDT")


async def test_what_ccxt_saw_is_what_the_ledger_says(venue: LocalVenue, connect: Connect) -> None:
    client = connect(venue)
    for number in range(5):
        await client.create_order("BTC/USDT", "market", "buy" if number % 2 else "sell", 0.3)
    report = venue.ledger_report(LOCAL_ACCOUNT)
    trades = await client.fetch_my_trades("BTC/USDT")
    assert {int(trade["id"]): Decimal(trade["info"]["qty"]) for trade in trades} == {
        fill.trade_id: fill.qty for fill in report.fills
    }
    orders = await client.fetch_orders("BTC/USDT")
    assert [int(order["id"]) for order in orders] == [order.order_id for order in report.orders]
    balance = await client.fetch_balance()
    free = {one.asset: one.free for one in report.balances}
    assert {one["asset"]: Decimal(one["free"]) for one in balance["info"]["balances"]} == free
    assert venue.audit().ok


async def test_orders_are_listed_cancelled_and_cancelled_all_at_once(venue: LocalVenue, connect: Connect) -> None:
    client = connect(venue)
    one, two, three = [await client.create_order("BTC/USDT", "limit", "buy", 0.01, 50000 + n) for n in range(3)]
    await client.create_order("ETH/USDT", "limit", "sell", 1, 4000)
    assert len(await client.fetch_open_orders()) == 4
    assert len(await client.fetch_open_orders("BTC/USDT")) == 3
    cancelled = await client.cancel_order(one["id"], "BTC/USDT")
    assert cancelled["status"] == "canceled"
    await client.cancel_order(None, "BTC/USDT", {"clientOrderId": two["clientOrderId"]})
    assert [order["id"] for order in await client.cancel_all_orders("BTC/USDT")] == [three["id"]]
    assert await client.fetch_open_orders("BTC/USDT") == []
    assert len(await client.fetch_canceled_orders("BTC/USDT")) == 3


async def test_post_only_ioc_and_fok_do_what_they_say(venue: LocalVenue, connect: Connect) -> None:
    client = connect(venue)
    book = await client.fetch_order_book("BTC/USDT")
    best_ask = book["asks"][0][0]
    resting = await client.create_order("BTC/USDT", "limit", "buy", 0.01, 50000, {"postOnly": True})
    assert (await client.fetch_order(resting["id"], "BTC/USDT"))["postOnly"]
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        await client.create_order("BTC/USDT", "limit", "buy", 0.01, best_ask, {"postOnly": True})
    partly = await client.create_order("BTC/USDT", "limit", "buy", 5, best_ask, {"timeInForce": "IOC"})
    assert (partly["status"], partly["info"]["status"]) == ("expired", "EXPIRED")
    assert 0 < partly["filled"] < 5
    nothing = await client.create_order("BTC/USDT", "limit", "buy", 5, best_ask, {"timeInForce": "FOK"})
    assert (nothing["status"], nothing["filled"]) == ("expired", 0)


async def test_a_test_order_leaves_nothing_behind(venue: LocalVenue, connect: Connect) -> None:
    client = connect(venue)
    await client.create_order("BTC/USDT", "limit", "buy", 0.01, 50000, {"test": True})
    assert venue.ledger_report(LOCAL_ACCOUNT).orders == ()


async def test_refusals_become_the_right_classes(venue: LocalVenue, connect: Connect) -> None:
    client = connect(venue)
    await client.load_markets()
    with pytest.raises(ccxt.InsufficientFunds):
        await client.create_order("BTC/USDT", "limit", "buy", 100, 59000)
    with pytest.raises(ccxt.BadRequest, match="NOTIONAL"):
        await client.create_order("BTC/USDT", "limit", "buy", 0.00002, 50000)
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order("999999", "BTC/USDT")
    with pytest.raises(ccxt.OrderNotFound):
        await client.fetch_order("999999", "BTC/USDT")
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_all_orders("BTC/USDT")
    await client.create_order("BTC/USDT", "limit", "buy", 0.01, 50000, {"newClientOrderId": "once"})
    with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
        await client.create_order("BTC/USDT", "limit", "buy", 0.01, 50000, {"newClientOrderId": "once"})
    with pytest.raises(ccxt.BadSymbol):
        await client.public_get_ticker_price({"symbol": "NOPE"})


async def test_a_wrong_secret_a_wrong_key_and_a_wrong_clock_are_told_apart(venue: LocalVenue, connect: Connect) -> None:
    with pytest.raises(ccxt.AuthenticationError, match="-1022"):
        await connect(venue, secret="wrong").fetch_balance()
    with pytest.raises(ccxt.AuthenticationError, match="-2015"):
        await connect(venue, apiKey="wrong").fetch_balance()
    late = connect(venue)
    late.options["timeDifference"] = 60_000
    with pytest.raises(ccxt.InvalidNonce, match="outside of the recvWindow"):
        await late.fetch_balance()
    early = connect(venue)
    early.options["timeDifference"] = -60_000
    with pytest.raises(ccxt.InvalidNonce, match="1000ms ahead"):
        await early.fetch_balance()


async def test_an_order_near_the_market_is_eaten_by_the_house(venue: LocalVenue, connect: Connect) -> None:
    client = connect(venue)
    ticker = await client.fetch_ticker("BTC/USDT")
    order = await client.create_order("BTC/USDT", "limit", "buy", 0.3, ticker["bid"] + 1)
    for _ in range(300):
        (state,) = [one.state for one in venue.ledger_report(LOCAL_ACCOUNT).orders]
        if state is OrderState.FILLED:
            break
        venue.step()
    done = await client.fetch_order(order["id"], "BTC/USDT")
    assert done["status"] == "closed"
    assert len(await client.fetch_order_trades(order["id"], "BTC/USDT")) > 1
    assert venue.audit().ok


async def test_histories_are_read_from_a_moment_on(venue: LocalVenue, connect: Connect) -> None:
    client = connect(venue)
    since = await client.fetch_time() - 60_000
    order = await client.create_order("BTC/USDT", "market", "buy", 0.01)
    assert [one["id"] for one in await client.fetch_orders("BTC/USDT", since)] == [order["id"]]
    assert [one["id"] for one in await client.fetch_closed_orders("BTC/USDT", since, 10)] == [order["id"]]
    assert {one["order"] for one in await client.fetch_my_trades("BTC/USDT", since)} == {order["id"]}
    assert await client.fetch_my_trades("BTC/USDT", since + 3_600_000) == []
    assert await client.fetch_trades("BTC/USDT", since)
    assert (await client.private_get_account_commission({"symbol": "BTCUSDT"}))["symbol"] == "BTCUSDT"


async def test_what_is_not_here_is_refused_clearly(venue: LocalVenue, connect: Connect) -> None:
    client = connect(venue)
    with pytest.raises(ccxt.BadRequest, match="-1020"):
        await client.fetch_deposits("BTC")


async def test_fees_coins_and_status_of_the_wallet_endpoints_are_read(venue: LocalVenue, connect: Connect) -> None:
    client = connect(venue)
    assert (await client.fetch_trading_fee("BTC/USDT"))["maker"] == 0.001
    assert set(await client.fetch_trading_fees()) == set(client.symbols)
    client.options.update(fetchCurrencies=True, fetchMargins=True)
    currencies = await client.fetch_currencies()
    assert currencies["BTC"]["active"]
    assert not currencies["BTC"]["withdraw"]
    assert (await client.fetch_status())["status"] == "ok"


async def test_a_rolling_window_is_asked_for(venue: LocalVenue, connect: Connect) -> None:
    ticker = await connect(venue).fetch_ticker("BTC/USDT", {"rolling": True, "windowSize": "2h"})
    assert ticker["last"] > 0
    assert ticker["bid"] is None


async def test_an_edited_order_is_cancelled_and_placed_anew(venue: LocalVenue, connect: Connect) -> None:
    client = connect(venue)
    order = await client.create_order("BTC/USDT", "limit", "buy", 0.01, 50000)
    edited = await client.edit_order(order["id"], "BTC/USDT", "limit", "buy", 0.01, 50001)
    (one,) = await client.fetch_open_orders("BTC/USDT")
    assert (one["id"], one["price"]) == (edited["id"], 50001)
    with pytest.raises(ccxt.BadResponse, match="-2022"):
        await client.edit_order(order["id"], "BTC/USDT", "limit", "buy", 0.01, 50002)


async def test_a_stop_loss_waits_until_its_price_is_reached(quiet_venue: LocalVenue, connect: Connect) -> None:
    client = connect(quiet_venue)
    stop = await client.create_order("BTC/USDT", "limit", "sell", 0.01, 39000, {"stopLossPrice": 40000})
    assert (await client.fetch_order(stop["id"], "BTC/USDT"))["stopPrice"] == 40000
    quiet_venue.place_as(COUNTERPARTY, "BTCUSDT", "BUY", "LIMIT", quantity="1", price="40000")
    await client.create_order("BTC/USDT", "market", "sell", 0.01)
    assert (await client.fetch_order(stop["id"], "BTC/USDT"))["status"] == "closed"


async def test_two_markets_may_use_the_same_order_id(quiet_venue: LocalVenue, connect: Connect) -> None:
    client = connect(quiet_venue)
    one = await client.create_order("BTC/USDT", "limit", "buy", 0.01, 50000)
    other = await client.create_order("ETH/BTC", "limit", "sell", 1, 0.06)
    assert one["id"] == other["id"] == "1"
    assert (await client.fetch_order("1", "ETH/BTC"))["side"] == "sell"


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
async def test_ccxt_signs_with_a_private_key(kind: str, connect: Connect) -> None:
    private: Any = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if kind == "rsa"
        else ed25519.Ed25519PrivateKey.generate()
    )
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = AccountConfig(name="keyed", api_key="KeyOfMine", public_key_pem=public, balances={"USDT": 1000})
    async with LocalVenue(VenueConfig(accounts=(account,))) as venue:
        client = connect(venue, apiKey="KeyOfMine", secret=secret)
        order = await client.create_order("BTC/USDT", "limit", "buy", 0.01, 50000)
        assert (await client.cancel_order(order["id"], "BTC/USDT"))["status"] == "canceled"
        await client.close()
