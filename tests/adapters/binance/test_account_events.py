"""User data events: every variant of an executionReport that is documented or was seen, and those that nobody sends."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adapters.binance.test_wire_samples import same
from yunmin.core.data_contracts import (
    AccountNews,
    BalanceUpdate,
    Fill,
    Instrument,
    Liquidity,
    OrderState,
    OrderType,
    OrderUpdate,
    Side,
    Source,
    Transfer,
)
from yunmin.errors import ExchangeError, MalformedResponse, RateLimited, Rejected, Unavailable
from yunmin.testing.inspection import assert_exact
from yunmin_binance.account_events import parse_report
from yunmin_binance.account_stream import AccountConversation

REPORT: dict[str, Any] = {
    "e": "executionReport", "E": 1700000000002, "s": "BTCUSDT", "c": "ym-1", "S": "BUY", "o": "LIMIT", "f": "GTC",
    "q": "1.00000000", "p": "100.00000000", "P": "0.00000000", "F": "0.00000000", "g": -1, "C": "", "x": "TRADE",
    "X": "PARTIALLY_FILLED", "r": "NONE", "i": 7, "l": "0.40000000", "z": "0.40000000", "L": "99.50000000",
    "n": "0.00040000", "N": "BTC", "T": 1700000000001, "t": 31, "I": 1, "w": True, "m": False, "M": False,
    "O": 1700000000000, "Z": "39.80000000", "Y": "39.80000000", "Q": "0.00000000", "V": "NONE",
}  # fmt: skip


class Heard:
    """Ears that remember."""

    def __init__(self) -> None:
        self.items: list[AccountNews] = []
        self.words: list[str] = []
        self.errors: list[ExchangeError] = []

    def news(self, item: AccountNews) -> None:
        self.items.append(item)

    def subscribed(self) -> None:
        self.words.append("subscribed")

    def refused(self, error: ExchangeError) -> None:
        self.errors.append(error)

    def is_known(self) -> None:
        self.words.append("known")

    def ended(self, why: str) -> None:
        self.words.append(f"ended: {why}")

    def leaving(self, why: str) -> None:
        self.words.append(f"leaving: {why}")

    def missed(self, why: str) -> None:
        self.words.append(f"missed: {why}")

    def meanwhile(self, work: Any) -> None:
        raise AssertionError("there is nothing to do meanwhile")


def market_of(name: str) -> Instrument | None:
    known = {"BTCUSDT": "BTC/USDT", "ETHUSDT": "ETH/USDT", "ETHBTC": "ETH/BTC", "BTCUSD": "BTC/USD"}
    if name not in known:
        return None
    base, quote = known[name].split("/")
    return Instrument(symbol=known[name], exchange_symbol=name, base_asset=base, quote_asset=quote)


def heard(*messages: Any) -> Heard:
    """What a conversation makes of events (or of whole messages, which have an id)."""
    ears = Heard()
    conversation = AccountConversation(ears, lambda: "", market_of)
    for message in messages:
        whole = message if "id" in message or "event" in message else {"subscriptionId": 0, "event": message}
        conversation.read(orjson.dumps(whole))
    return ears


def report(**changes: Any) -> dict[str, Any]:
    return {**REPORT, **changes}


def test_an_execution_is_a_fill_and_then_an_update() -> None:
    fill, update = heard(REPORT).items
    assert isinstance(fill, Fill)
    assert isinstance(update, OrderUpdate)
    assert (fill.trade_id, fill.client_order_id, fill.exchange_order_id) == ("31", "ym-1", "7")
    assert (str(fill.qty), str(fill.price), str(fill.fee), fill.fee_asset) == (
        "0.40000000",
        "99.50000000",
        "0.00040000",
        "BTC",
    )
    assert (fill.side, fill.liquidity, fill.source) == (Side.BUY, Liquidity.TAKER, Source.STREAM)
    assert (update.state, update.order_type) == (OrderState.PARTIALLY_FILLED, OrderType.LIMIT)
    assert (str(update.filled_qty), str(update.filled_cost)) == ("0.40000000", "39.80000000")


@pytest.mark.parametrize("item", [0, 1])
def test_what_is_made_unchecked_is_what_checking_makes(item: int) -> None:
    made = heard(REPORT).items[item]
    assert type(made).model_validate(made.model_dump()).model_dump() == made.model_dump()


NO_TRADE = {"t": -1, "l": "0.00000000", "L": "0.00000000", "n": "0", "N": None, "Y": "0.00000000"}

STATES = {
    "NEW": OrderState.OPEN,
    "PENDING_NEW": OrderState.OPEN,
    "PARTIALLY_FILLED": OrderState.PARTIALLY_FILLED,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELLED,
    "REJECTED": OrderState.REJECTED,
    "EXPIRED": OrderState.EXPIRED,
    "EXPIRED_IN_MATCH": OrderState.EXPIRED,
    "PENDING_CANCEL": None,
    "QUANTUM_SUPERPOSED": None,
}


@pytest.mark.parametrize(("status", "state"), STATES.items())
def test_B5_a_status_that_is_not_known_is_kept_as_it_came(status: str, state: OrderState | None) -> None:
    (update,) = heard(report(**NO_TRADE, x="NEW", X=status)).items
    assert isinstance(update, OrderUpdate)
    assert (update.state, update.raw_status) == (state, status)


def test_a_cancel_s_own_name_is_not_the_order_s() -> None:
    (update,) = heard(report(**NO_TRADE, x="CANCELED", X="CANCELED", c="the-cancel", C="ym-1")).items
    assert isinstance(update, OrderUpdate)
    assert update.client_order_id == "ym-1"


def test_an_amended_order_goes_by_its_new_name() -> None:
    (update,) = heard(report(**NO_TRADE, x="REPLACED", X="NEW", c="ym-2", C="ym-1")).items
    assert isinstance(update, OrderUpdate)
    assert update.client_order_id == "ym-2"


def test_prevented_quantity_is_no_fill() -> None:
    ears = heard(report(**{**NO_TRADE, "l": "0.4", "L": "100"}, x="TRADE_PREVENTION", X="EXPIRED_IN_MATCH"))
    (update,) = ears.items
    assert isinstance(update, OrderUpdate)
    assert update.state is OrderState.EXPIRED
    assert ears.words == []


def test_the_reason_of_an_end_is_told() -> None:
    refused, expired = heard(
        report(**NO_TRADE, x="REJECTED", X="REJECTED", r="INSUFFICIENT_BALANCES"),
        report(**NO_TRADE, x="EXPIRED", X="EXPIRED", eR="OCO_TRIGGER"),
    ).items
    assert isinstance(refused, OrderUpdate)
    assert isinstance(expired, OrderUpdate)
    assert (refused.reason, expired.reason) == ("INSUFFICIENT_BALANCES", "OCO_TRIGGER")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"L": "0.00000000"}, "without a quantity or a price"),
        ({"l": "0.00000000"}, "without a quantity or a price"),
        ({"t": -1}, "without a trade id"),
    ],
)
def test_B8_an_execution_with_a_part_missing_is_not_booked_but_said(changes: dict[str, Any], why: str) -> None:
    ears = heard(report(**changes))
    (update,) = ears.items
    assert isinstance(update, OrderUpdate)
    assert why in ears.words[0]


def test_a_fee_that_is_not_told_is_not_zero() -> None:
    fill, _ = heard(report(N=None, n="0")).items
    assert isinstance(fill, Fill)
    assert (fill.fee, fill.fee_asset) == (None, None)


def test_balances_and_transfers() -> None:
    balances, transfer = heard(
        {
            "e": "outboundAccountPosition", "E": 2, "u": 1700000000000,
            "B": [{"a": "BTC", "f": "1.5", "l": "0.5"}, {"a": "USDT", "f": "0", "l": "0"}],
        },
        {"e": "balanceUpdate", "E": 2, "a": "BTC", "d": "-0.25", "T": 1700000000000},
    ).items  # fmt: skip
    assert isinstance(balances, BalanceUpdate)
    assert isinstance(transfer, Transfer)
    assert [(one.asset, one.total) for one in balances.balances] == [("BTC", Decimal(2)), ("USDT", Decimal(0))]
    assert (transfer.asset, transfer.amount) == ("BTC", Decimal("-0.25"))


def test_the_exchange_s_own_words_are_understood() -> None:
    ears = heard(
        {"id": 1, "status": 200, "result": {"subscriptionId": 3}},
        {"id": 2, "status": 200, "result": [{"subscriptionId": 3}]},
        {"event": {"e": "serverShutdown", "E": 1}},
        {"e": "listStatus", "E": 1, "s": "ETHBTC"},
        {"id": 2, "status": 200, "result": []},
        {"e": "eventStreamTerminated", "E": 1},
    )
    assert ears.words == [
        "subscribed",
        "known",
        "leaving: the exchange's server shuts down",
        "ended: the exchange has forgotten the subscription",
        "ended: the exchange ended the subscription",
    ]
    assert ears.items == []


def test_an_event_of_an_unknown_kind_is_said_once_and_harms_nobody() -> None:
    novel = {"e": "somethingNew", "E": 1}
    ears = heard(novel, REPORT, novel, novel)
    assert len(ears.items) == 2
    assert len(ears.words) == 1
    assert "somethingNew" in ears.words[0]


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}, Rejected),
        (400, {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}, Rejected),
        (429, {"code": -1003, "msg": "", "data": {"serverTime": 1000, "retryAfter": 6500}}, RateLimited),
        (418, {"code": -1003, "msg": ""}, RateLimited),
        (503, {"code": -1008, "msg": "busy"}, Unavailable),
        (400, {"code": -99999, "msg": "?"}, Unavailable),
        (500, "no object", Unavailable),
    ],
)
def test_a_refused_subscription_is_the_error_that_it_is(status: int, error: Any, kind: type[Exception]) -> None:
    (refused,) = heard({"id": 1, "status": status, "error": error}).errors
    assert isinstance(refused, kind)
    if isinstance(refused, RateLimited):
        assert refused.retry_after == (5.5 if status == 429 else None)


BAD: dict[str, dict[str, Any]] = {
    **{f"{name} is missing": {name: ...} for name in "scSoqpPxXirzLlTtmOZN"},
    "a figure is a number": {"q": 1.0},
    "a figure is NaN": {"z": "NaN"},
    "a figure is negative": {"q": "-1"},
    "a figure is beyond bounds": {"Z": "1e400"},
    "an id is text": {"i": "7"},
    "an id is negative": {"i": -7},
    "a time is text": {"T": "yesterday"},
    "a status is null": {"X": None},
    "a flag is a number": {"m": 1},
    "a symbol is not listed": {"s": "NOSUCH"},
    "a symbol is a list": {"s": ["BTCUSDT"]},
    "a kind is a list": {"e": ["executionReport"]},
}


@pytest.mark.parametrize("row", BAD)
def test_B6_a_field_that_is_not_what_it_must_be_raises_and_nothing_is_told(row: str) -> None:
    wrong = {name: value for name, value in (REPORT | BAD[row]).items() if value is not ...}
    ears = Heard()
    conversation = AccountConversation(ears, lambda: "", market_of)
    with pytest.raises(Exception):  # noqa: B017, PT011  the connection turns whatever it is into a StreamGap
        conversation.read(orjson.dumps({"subscriptionId": 0, "event": wrong}))
    assert ears.items == []


def test_B6_a_key_that_stands_twice_is_not_believed() -> None:
    ears = Heard()
    conversation = AccountConversation(ears, lambda: "", market_of)
    text = json.dumps({"subscriptionId": 0, "event": REPORT}, separators=(",", ":")).replace('"z":', '"z":"9","z":')
    with pytest.raises(ExchangeError):
        conversation.read(text.encode())
    assert ears.items == []


words = st.text(alphabet="019.-+eTRADE_NW \x00é１", max_size=8)
anything = st.recursive(
    st.one_of(
        st.sampled_from([None, True, False, -1, 0, 2**63, 1.5, "1.5", "-1", "0", "1e9", "NaN", "TRADE", "CANCELED"]),
        words,
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=3,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(sorted(REPORT)), anything, max_size=4))
def test_B6_whatever_a_field_holds_what_is_told_is_exact_or_nothing_is(changes: dict[str, Any]) -> None:
    ears = Heard()
    conversation = AccountConversation(ears, lambda: "", market_of)
    try:
        conversation.read(orjson.dumps({"subscriptionId": 0, "event": REPORT | changes}))
    except Exception:  # noqa: BLE001  the connection turns whatever it is into a StreamGap
        assert ears.items == []
        return
    for item in ears.items:
        assert_exact(item)
        assert type(item).model_validate(item.model_dump()).model_dump() == item.model_dump()


# --- samples -----------------------------------------------------------------------------------------------------

_DATA = os.environ.get("YUNMIN_TEST_DATA", "")
_WIRE = Path(_DATA, "wire", "binance")
_SAMPLES = (
    sorted([*_WIRE.glob("user_data_json/*.json"), *_WIRE.glob("ws_messages/*execution_report*.json")]) if _DATA else []
)


@pytest.mark.skipif(not _SAMPLES, reason="YUNMIN_TEST_DATA names no folder with wire/binance in it")
@pytest.mark.parametrize("path", _SAMPLES, ids=lambda path: path.stem)
def test_every_sample_is_read_to_the_last_digit(path: Path) -> None:
    told = json.loads(path.read_text())
    event = told.get("event", told.get("data", told))
    if event["e"] != "executionReport":
        assert len(heard(event).items) == (event["e"] != "listStatus")
        return
    update, fill, doubt = parse_report(event, "ETH/USDT")
    assert (update.raw_status, update.exchange_order_id) == (event["X"], str(event["i"]))
    assert same(update.qty, event["q"])
    assert same(update.filled_qty, event["z"])
    assert same(update.price, event["p"])
    assert same(update.trigger_price, event["P"])
    if "l_zero" in path.stem:
        assert fill is None
        assert (doubt is not None) == (event["t"] != -1)
    elif event["t"] == -1:
        assert fill is None
    else:
        assert fill is not None
        assert same(fill.qty, event["l"])
        assert same(fill.price, event["L"])
        assert same(fill.fee, event["n"])
        assert same(update.filled_cost, event["Z"])


def test_why_an_order_expired_is_a_text_or_the_report_is_not_believed() -> None:
    assert parse_report(REPORT | {"eR": "OCO_TRIGGER"}, "BTC/USDT")[0].reason == "OCO_TRIGGER"
    assert parse_report(REPORT, "BTC/USDT")[0].reason is None
    with pytest.raises(MalformedResponse):
        parse_report(REPORT | {"eR": 4}, "BTC/USDT")
