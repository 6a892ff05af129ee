"""User data events: what an account is told of its orders and balances (user-data-stream.md, 2026-07-21)."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.binance.venue.sockets import Client, SocketVenue, running
from yunmin.clock import seeded
from yunmin.errors import ConfigurationError, InvalidOrder
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, Liquidity, VenueConfig

QUIET = VenueConfig(liquidity=Liquidity.NONE)
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": 50000}
DOCUMENTED = set("eEscSofqpPFgCxXrilzLnNTtIwmMOZYQWV")


@pytest.fixture
async def home() -> AsyncIterator[SocketVenue]:
    async with running(QUIET) as found:
        yield found


@pytest.fixture
async def listener(home: SocketVenue) -> Client:
    client = await home.open("/ws-api/v3")
    assert (await client.signed("userDataStream.subscribe.signature"))["result"] == {"subscriptionId": 0}
    return client


@pytest.fixture
async def trader(home: SocketVenue) -> Client:
    return await home.open("/ws-api/v3")


async def events(listener: Client) -> list[Any]:
    return [frame["event"] for frame in await listener.frames()]


async def reports(listener: Client) -> list[Any]:
    return [event for event in await events(listener) if event["e"] == "executionReport"]


async def test_a_resting_order_is_new_and_its_money_is_locked(
    home: SocketVenue, listener: Client, trader: Client
) -> None:
    now = home.now
    await trader.signed("order.place", **ORDER, newClientOrderId="mine", strategyId=7, strategyType=1_000_000)
    report, position = await events(listener)
    assert report == {
        "e": "executionReport", "E": now, "s": "BTCUSDT", "c": "mine", "S": "BUY", "o": "LIMIT", "f": "GTC",
        "q": "0.01000000", "p": "50000.00000000", "P": "0.00000000", "F": "0.00000000", "g": -1, "C": "", "x": "NEW",
        "X": "NEW", "r": "NONE", "i": 1, "l": "0.00000000", "z": "0.00000000", "L": "0.00000000", "n": "0",
        "N": None, "T": now, "t": -1, "I": 1, "w": True, "m": False, "M": False, "O": now, "Z": "0.00000000",
        "Y": "0.00000000", "Q": "0.00000000", "W": now, "V": "NONE", "j": 7, "J": 1_000_000,
    }  # fmt: skip
    assert set(report) - {"j", "J"} == DOCUMENTED
    assert position == {
        "e": "outboundAccountPosition", "E": now, "u": position["u"],
        "B": [
            {"a": "BTC", "f": "100.00000000", "l": "0.00000000"},
            {"a": "USDT", "f": "999500.00000000", "l": "500.00000000"},
        ],
    }  # fmt: skip


async def test_a_taker_is_new_then_trades_and_each_change_of_money_is_told(
    home: SocketVenue, listener: Client, trader: Client
) -> None:
    for price in (49_000, 49_500):
        home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="0.005", price=price)
    await trader.signed("order.place", **ORDER)
    told = await events(listener)
    assert [event.get("x", event["e"]) for event in told] == [
        "NEW", "outboundAccountPosition", "TRADE", "outboundAccountPosition", "TRADE", "outboundAccountPosition",
    ]  # fmt: skip
    first, second = told[2], told[4]
    assert (first["X"], first["l"], first["L"], first["z"], first["w"], first["m"], first["t"]) == (
        "PARTIALLY_FILLED", "0.00500000", "49000.00000000", "0.00500000", True, False, 1,
    )  # fmt: skip
    assert (first["n"], first["N"], first["Y"]) == ("0.00000500", "BTC", "245.00000000")
    assert (second["X"], second["z"], second["Z"], second["w"]) == ("FILLED", "0.01000000", "492.50000000", False)
    account = (await trader.signed("account.status"))["result"]
    free = {one["asset"]: (one["free"], one["locked"]) for one in account["balances"]}
    assert {one["a"]: (one["f"], one["l"]) for one in told[-1]["B"]} == {
        asset: free[asset] for asset in ("BTC", "USDT")
    }


async def test_a_maker_is_told_of_its_fills(home: SocketVenue, listener: Client, trader: Client) -> None:
    await trader.signed("order.place", **ORDER)
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "MARKET", quantity="0.004")
    (_, fill) = await reports(listener)
    assert (fill["x"], fill["X"], fill["m"], fill["l"], fill["w"]) == (
        "TRADE", "PARTIALLY_FILLED", True, "0.00400000", True,
    )  # fmt: skip


async def test_a_cancel_is_told_under_its_own_name_with_the_orders_beside_it(listener: Client, trader: Client) -> None:
    await trader.signed("order.place", **ORDER, newClientOrderId="mine")
    await trader.signed("order.cancel", symbol="BTCUSDT", origClientOrderId="mine", newClientOrderId="stop")
    _, report = await reports(listener)
    assert (report["x"], report["X"], report["c"], report["C"], report["w"]) == (
        "CANCELED", "CANCELED", "stop", "mine", False,
    )  # fmt: skip


async def test_cancelling_all_tells_of_each(listener: Client, trader: Client) -> None:
    await trader.signed("order.place", **ORDER, newClientOrderId="one")
    await trader.signed("order.place", **ORDER, newClientOrderId="two")
    answer = await trader.signed("openOrders.cancelAll", symbol="BTCUSDT")
    told = [report for report in await reports(listener) if report["x"] == "CANCELED"]
    assert [(one["C"], one["c"]) for one in told] == [
        (one["origClientOrderId"], one["clientOrderId"]) for one in answer["result"]
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"timeInForce": "IOC"}, "UNFILLED_IOC_QUANTITY_EXPIRED"),
        ({"timeInForce": "FOK"}, "UNFILLED_FOK_ORDER_EXPIRED"),
        ({"type": "MARKET", "timeInForce": None, "price": None}, "INSUFFICIENT_LIQUIDITY"),
    ],
)
async def test_what_cannot_be_filled_expires_with_its_reason(
    home: SocketVenue, listener: Client, trader: Client, changes: dict[str, Any], reason: str
) -> None:
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="0.004", price="50000")
    wanted = {name: value for name, value in {**ORDER, **changes}.items() if value is not None}
    assert (await trader.signed("order.place", **wanted))["status"] == 200
    told = await reports(listener)
    kinds = ["NEW", "EXPIRED"] if "FOK" in reason else ["NEW", "TRADE", "EXPIRED"]
    assert [report["x"] for report in told] == kinds
    assert (told[-1]["X"], told[-1]["eR"], told[-1]["w"]) == ("EXPIRED", reason, False)


async def test_a_refused_order_is_told_to_nobody(listener: Client, trader: Client) -> None:
    assert (await trader.signed("order.place", **{**ORDER, "quantity": "100"}))["error"]["code"] == -2010
    assert await events(listener) == []


async def test_a_deposit_is_told_with_the_new_balance(home: SocketVenue, listener: Client) -> None:
    now = home.now
    home.venue.deposit(LOCAL_ACCOUNT, "BTC", "2.5")
    change, position = await events(listener)
    assert change == {"e": "balanceUpdate", "E": now, "a": "BTC", "d": "2.50000000", "T": now}
    assert position["u"] == now
    assert position["B"] == [{"a": "BTC", "f": "102.50000000", "l": "0.00000000"}]
    assert home.venue.audit().ok


async def test_a_withdrawal_is_told_below_zero_and_takes_no_more_than_is_free(
    home: SocketVenue, listener: Client
) -> None:
    home.venue.deposit(LOCAL_ACCOUNT, "BTC", "-2.5")
    change, position = await events(listener)
    assert (change["e"], change["a"], change["d"]) == ("balanceUpdate", "BTC", "-2.50000000")
    assert position["B"] == [{"a": "BTC", "f": "97.50000000", "l": "0.00000000"}]
    with pytest.raises(ConfigurationError, match="less BTC free"):
        home.venue.deposit(LOCAL_ACCOUNT, "BTC", "-97.50000001")
    assert await events(listener) == []
    assert home.venue.audit().ok


async def test_a_lock_from_outside_is_told_and_given_back(home: SocketVenue, listener: Client, trader: Client) -> None:
    now = home.now
    home.venue.lock_outside(LOCAL_ACCOUNT, "USDT", 999_900)
    change, position = await events(listener)
    assert change == {"e": "externalLockUpdate", "E": now, "a": "USDT", "d": "999900.00000000", "T": now}
    assert position["B"] == [{"a": "USDT", "f": "100.00000000", "l": "999900.00000000"}]
    assert (await trader.signed("order.place", **ORDER))["error"]["code"] == -2010
    assert home.venue.audit().ok
    home.venue.lock_outside(LOCAL_ACCOUNT, "USDT", -999_900)
    change, position = await events(listener)
    assert (change["d"], position["B"]) == (
        "-999900.00000000",
        [{"a": "USDT", "f": "1000000.00000000", "l": "0.00000000"}],
    )
    with pytest.raises(ConfigurationError, match="less USDT locked from outside"):
        home.venue.lock_outside(LOCAL_ACCOUNT, "USDT", -1)
    assert home.venue.audit().ok


async def test_the_venues_own_door_moves_balances_too(home: SocketVenue, listener: Client) -> None:
    for path, kind in (("deposits", "balanceUpdate"), ("locks", "externalLockUpdate")):
        wanted = {"account": LOCAL_ACCOUNT, "asset": "BTC", "amount": "1.5"}
        async with home.http.post(f"{home.venue.url}/venue/{path}", json=wanted) as answer:
            assert (answer.status, await answer.json()) == (200, wanted)
        change, _ = await events(listener)
        assert (change["e"], change["d"]) == (kind, "1.50000000")
        for bad in ({**wanted, "amount": "-1000"}, {**wanted, "account": "nobody"}, {"account": "local"}):
            async with home.http.post(f"{home.venue.url}/venue/{path}", json=bad) as answer:
                assert answer.status == 400
                assert "error" in await answer.json()


async def test_every_connection_that_is_subscribed_hears_the_same(home: SocketVenue, trader: Client) -> None:
    listeners = [await home.open("/ws-api/v3") for _ in range(3)]
    for client in listeners:
        await client.signed("userDataStream.subscribe.signature")
    await trader.signed("order.place", **ORDER)
    told = [await client.frames() for client in listeners]
    assert [frame["event"]["e"] for frame in told[0]] == ["executionReport", "outboundAccountPosition"]
    assert told[0] == told[1] == told[2]


async def test_the_answer_to_a_subscription_comes_before_its_first_event(home: SocketVenue, trader: Client) -> None:
    """One turn of the loop holds the subscription, an order that was under way, and one that comes after it."""
    client = await home.open("/ws-api/v3")
    for request in (
        {"id": 1, "method": "order.place", "params": home.signed({**ORDER, "newClientOrderId": "before"})},
        {"id": 2, "method": "userDataStream.subscribe.signature", "params": home.signed({})},
        {"id": 3, "method": "order.place", "params": home.signed({**ORDER, "newClientOrderId": "after"})},
    ):
        await client.socket.send_json(request)
    told = [await client.next() for _ in range(5)]
    told = [frame.get("id") or frame["event"].get("c", frame["event"]["e"]) for frame in told]
    assert told.index(2) < min(told.index("after"), told.index("outboundAccountPosition"))
    assert "before" not in told


async def test_nobody_is_told_of_others(home: SocketVenue, listener: Client) -> None:
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="1", price="50000")
    assert await events(listener) == []


async def test_times_are_in_microseconds_where_the_address_asks_for_it(home: SocketVenue, trader: Client) -> None:
    listener = await home.open("/ws-api/v3?timeUnit=microsecond")
    await listener.signed("userDataStream.subscribe.signature")
    now = home.now * 1000
    await trader.signed("order.place", **ORDER)
    (report,) = await reports(listener)
    assert (report["E"], report["T"], report["W"]) == (now, now, now)


@pytest.mark.parametrize("seed", range(3))
async def test_every_fill_of_the_ledger_is_told_exactly_once_and_balances_end_where_the_ledger_is(seed: int) -> None:
    async with running(VenueConfig(seed=seed, symbols=("BTCUSDT", "ETHUSDT"))) as home:
        listener = await home.open("/ws-api/v3")
        await listener.signed("userDataStream.subscribe.signature")
        chance = seeded(seed)
        for _ in range(150):
            try:
                place_something(home, chance)
            except InvalidOrder:
                continue
            if chance.random() < 0.5:
                home.venue.step()
        told = await events(listener)
        report = home.venue.ledger_report(LOCAL_ACCOUNT)
        fills = [
            (one["s"], one["t"], one["i"], one["l"], one["n"], one["m"]) for one in told if one.get("x") == "TRADE"
        ]
        wanted = [
            (one.symbol, one.trade_id, one.order_id, f"{one.qty:.8f}", f"{one.fee:.8f}", one.liquidity.value == "MAKER")
            for one in report.fills
        ]
        assert len(fills) > 30
        assert sorted(fills) == sorted(wanted)
        assert any(one[5] for one in fills)
        balances: dict[str, tuple[str, str]] = {}
        for event in told:
            balances |= {one["a"]: (one["f"], one["l"]) for one in event.get("B", ())}
        ledger = {one.asset: (f"{one.free:.8f}", f"{one.locked:.8f}") for one in report.balances}
        assert balances == {asset: ledger[asset] for asset in balances}
        first_seen: dict[tuple[str, int], str] = {}
        for event in told:
            if event["e"] == "executionReport":
                first_seen.setdefault((event["s"], event["i"]), event["x"])
        assert set(first_seen.values()) == {"NEW"}


def place_something(home: SocketVenue, chance: Any) -> None:
    symbol = chance.choice(("BTCUSDT", "ETHUSDT"))
    side = chance.choice(("BUY", "SELL"))
    if chance.random() < 0.4:
        home.venue.place_as(LOCAL_ACCOUNT, symbol, side, "MARKET", quote_quantity=chance.randint(20, 90_000))
        return
    book = home.venue.exchange.floor(symbol).book
    level = chance.choice([*book.bids(), *book.asks()])
    force = chance.choice(("GTC", "GTC", "IOC", "FOK"))
    home.venue.place_as(
        LOCAL_ACCOUNT, symbol, side, "LIMIT", quantity="0.05", price=str(level.price // 10**8), time_in_force=force
    )


_WIRE = Path(os.environ.get("YUNMIN_TEST_DATA", ""), "wire", "binance")


@pytest.mark.skipif(not (_WIRE / "user_data_json").is_dir(), reason="YUNMIN_TEST_DATA names no recorded samples")
async def test_recorded_reports_hold_no_key_that_is_not_told_here_and_no_other_type(
    listener: Client, trader: Client, home: SocketVenue
) -> None:
    await trader.signed("order.place", **ORDER)
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "MARKET", quantity="0.01")
    told = {report["x"]: report for report in await reports(listener)}
    for name in ("execution_report_new", "execution_report_trade"):
        sample = json.loads((_WIRE / "user_data_json" / f"{name}.json").read_text())
        ours = told[sample["x"]]
        assert set(sample) <= set(ours)
        assert {key: type(value) for key, value in sample.items()} == {key: type(ours[key]) for key in sample}


async def test_a_stop_order_is_new_twice_first_waiting_then_on_the_book(
    home: SocketVenue, listener: Client, trader: Client
) -> None:
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "BUY", "LIMIT", quantity="0.001", price="50000")
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="0.001", price="50000")
    stop = {**ORDER, "type": "STOP_LOSS_LIMIT", "price": 51000, "stopPrice": 50500}
    await trader.signed("order.place", **stop)
    (waiting,) = await reports(listener)
    assert (waiting["x"], waiting["w"], waiting["P"]) == ("NEW", False, "50500.00000000")
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="0.001", price="50600")
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "BUY", "LIMIT", quantity="0.001", price="50600")
    (triggered,) = await reports(listener)
    assert (triggered["x"], triggered["w"], triggered["i"]) == ("NEW", True, waiting["i"])


async def test_an_amended_order_is_replaced_and_both_its_names_are_told(
    home: SocketVenue, listener: Client, trader: Client
) -> None:
    await trader.signed("order.place", **ORDER, newClientOrderId="before")
    await reports(listener)
    order = home.venue.exchange.engine.orders_of(LOCAL_ACCOUNT).open_orders("BTCUSDT")[0]
    home.venue.exchange.amend(order, 400_000, "after")
    home.venue.flush_streams()
    (report,) = await reports(listener)
    assert (report["x"], report["c"], report["C"], report["q"]) == ("REPLACED", "after", "before", "0.00400000")


async def test_a_prevented_trade_is_told_to_its_owner(home: SocketVenue, listener: Client, trader: Client) -> None:
    await trader.signed("order.place", **ORDER)
    await reports(listener)
    await trader.signed("order.place", **{**ORDER, "side": "SELL"}, selfTradePreventionMode="EXPIRE_TAKER")
    kinds = [report["x"] for report in await reports(listener)]
    assert kinds[0] == "NEW"
    assert "TRADE_PREVENTION" in kinds
    assert "TRADE" not in kinds
