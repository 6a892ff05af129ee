from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from yunmin.clock import ManualClock
from yunmin.core.data_contracts import Fill, OrderRequest, OrderState, OrderUpdate, SubmitResult, Verdict
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import ConfigurationError, InvalidValue, LifecycleError, RejectReason
from yunmin.exchange import Environment
from yunmin.execution.risk_manager import Approved, Refused, RiskManager, RiskRule
from yunmin.execution.state_file import StateFile

D = Decimal
BTC, ETH = "BTC/USDT", "ETH/USDT"

ALL_LIMITS: dict[str, Any] = {
    "max_dd": "0.15",
    "max_daily_loss": "300",
    "max_position_pct": "0.5",
    "max_total_notional": "6000",
    "max_order_notional": "2000",
    "max_open_orders": 5,
    "max_orders_per_minute": 10,
    "price_band": "0.05",
    "stale_after": "30",
    "breaker_failures": 3,
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def tracker() -> OrderTracker:
    return OrderTracker()


def a_manager(clock: ManualClock, tracker: OrderTracker | None = None, **limits: Any) -> RiskManager:
    """One that knows an equity of 10000 and that BTC is at 100, ETH at 10."""
    file = limits.pop("file", None)
    risk = RiskManager(clock=clock, file=file, equity="10000", **limits)
    risk.update_price(BTC, "100")
    risk.update_price(ETH, "10")
    if tracker is not None:
        risk.bind(tracker)
    return risk


def a_request(
    name: str = "o-1", side: str = "BUY", qty: str | None = "1", price: str | None = "100", **terms: Any
) -> OrderRequest:
    kind = {"order_type": "MARKET"} if price is None else {"order_type": "LIMIT", "price": price}
    return OrderRequest(**{"symbol": BTC, "side": side, "qty": qty, "client_order_id": name} | kind | terms)


def begin(risk: RiskManager, tracker: OrderTracker, *args: str, **terms: Any) -> None:
    """An order that was approved and is open at the exchange."""
    request = a_request(*args, **terms)
    assert risk.check(request)
    tracker.submit(request)
    tracker.set_exchange_id(request.client_order_id or "", f"x-{request.client_order_id}")


def refusal(verdict: Approved[OrderRequest] | Refused) -> RiskRule:
    assert isinstance(verdict, Refused), verdict
    return verdict.rule


# --- the seed's own lines -------------------------------------------------------------------------------------------


def test_an_order_is_validated_by_its_terms_and_the_answer_says_why(clock: ManualClock) -> None:
    risk = RiskManager(max_dd=0.15, max_position_pct=0.05, clock=clock)
    risk.update_equity(10_000)
    assert risk.validate_order("BTC/USDT", "BUY", 0.01, 42000)
    refused = risk.validate_order("BTC/USDT", "BUY", 0.1, 42000)
    assert not refused
    assert isinstance(refused, Refused)
    assert refused.rule is RiskRule.MAX_POSITION_PCT
    assert dict(refused.figures) == {"is": "4200.0", "limit": "0.05", "equity": "10000"}
    assert "BTC/USDT may come to 4200.0 USDT" in str(refused)


@pytest.mark.parametrize(
    ("side", "qty", "price"),
    [
        ("HOLD", "1", "1"),
        ("BUY", "-1", "1"),
        ("BUY", "nan", "1"),
        ("BUY", float("inf"), 1),
        ("BUY", "1", "0"),
        ("", 1, 1),
    ],
)
def test_terms_that_are_none_are_refused_as_a_value(clock: ManualClock, side: str, qty: object, price: object) -> None:
    assert refusal(a_manager(clock).validate_order(BTC, side, qty, price)) is RiskRule.INVALID_REQUEST


def test_without_an_equity_no_fraction_and_no_loss_of_it_can_be_held_so_nothing_leaves(clock: ManualClock) -> None:
    for limits in ({"max_position_pct": 0.05}, {"max_dd": 0.15}, {"max_daily_loss": 100}):
        risk = RiskManager(clock=clock, **limits)
        assert refusal(risk.validate_order("BTC/USDT", "BUY", "0.01", "1")) is RiskRule.NO_EQUITY
        risk.update_equity("1000")
        assert risk.validate_order("BTC/USDT", "BUY", "0.01", "1")


# --- M3: fat fingers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "limits", "request_"),
    [
        (RiskRule.MAX_ORDER_NOTIONAL, {}, a_request(qty="100")),
        (RiskRule.MAX_ORDER_NOTIONAL, {}, a_request(qty="100", side="SELL")),
        (RiskRule.MAX_ORDER_NOTIONAL, {}, a_request(qty="100", price=None)),
        (RiskRule.PRICE_BAND, {}, a_request(price="110")),
        (RiskRule.PRICE_BAND, {}, a_request(price="90")),
        (RiskRule.PRICE_BAND, {}, a_request(price="1")),
        (RiskRule.PRICE_BAND, {}, a_request(price="10000", qty="0.01")),
        (RiskRule.MAX_POSITION_PCT, {"max_position_pct": "0.01"}, a_request(qty="2")),
        (RiskRule.MAX_POSITION_NOTIONAL, {"max_position_notional": "150"}, a_request(qty="2")),
        (RiskRule.MAX_TOTAL_NOTIONAL, {"max_total_notional": "150"}, a_request(qty="2")),
        (RiskRule.NO_PRICE, {"stale_after": None}, a_request(symbol="XRP/USDT")),
        (RiskRule.STALE_DATA, {}, a_request(symbol="XRP/USDT")),
        (RiskRule.UNKNOWN_QTY, {}, a_request(qty=None, quote_qty="50", price=None)),
    ],
)  # fmt: skip
def test_M3_a_fat_finger_is_refused_by_the_rules_name(
    clock: ManualClock, tracker: OrderTracker, rule: RiskRule, limits: dict[str, Any], request_: OrderRequest
) -> None:
    wanted = {name: value for name, value in (ALL_LIMITS | limits).items() if value is not None}
    risk = a_manager(clock, tracker, **wanted)
    assert refusal(risk.check(request_)) is rule
    assert risk.check(a_request("sane", price="100")), "the sane order beside it passes"


def test_M3_the_orders_of_a_minute_are_counted_in_any_sixty_seconds(clock: ManualClock, tracker: OrderTracker) -> None:
    risk = a_manager(clock, tracker, max_orders_per_minute=3)
    for number, pause in enumerate((20, 20, 19.9)):
        assert risk.check(a_request(f"o-{number}"))
        clock.advance(pause)
    assert refusal(risk.check(a_request("o-3"))) is RiskRule.MAX_ORDERS_PER_MINUTE
    clock.advance(0.2)
    assert risk.check(a_request("o-4"))
    assert refusal(risk.check(a_request("o-5"))) is RiskRule.MAX_ORDERS_PER_MINUTE


def test_M3_open_orders_are_capped_and_those_without_an_answer_count(clock: ManualClock, tracker: OrderTracker) -> None:
    risk = a_manager(clock, tracker, max_open_orders=2)
    begin(risk, tracker, "a")
    request = a_request("b")
    assert risk.check(request)
    tracker.submit(request)
    tracker.apply(SubmitResult(client_order_id="b", verdict=Verdict.UNKNOWN))
    assert refusal(risk.check(a_request("c"))) is RiskRule.MAX_OPEN_ORDERS
    tracker.cancel_order("a")
    assert risk.check(a_request("d"))
    assert refusal(risk.check(a_request("e"))) is RiskRule.MAX_OPEN_ORDERS, "one is approved and not sent yet"


def test_M3_a_lost_day_takes_no_new_risk_until_the_next_and_lets_positions_be_closed(
    clock: ManualClock, tracker: OrderTracker
) -> None:
    risk = a_manager(clock, tracker, max_daily_loss="300")
    begin(risk, tracker, "a", qty="2")
    tracker.add_fill("a", "2", "100", trade_id="1")
    risk.update_equity("9700")
    risk.update_equity("9999")
    refused = risk.check(a_request("b"))
    assert refusal(refused) is RiskRule.MAX_DAILY_LOSS
    assert "300 were lost on 2026-01-01" in str(refused)
    assert risk.check(a_request("c", side="SELL", qty="2"))
    assert refusal(risk.check(a_request("d", side="SELL", qty="0.1"))) is RiskRule.MAX_DAILY_LOSS, "that opens a short"
    clock.advance(24 * 3600)
    risk.update_equity("9999")
    assert risk.check(a_request("e", price="99"))


def test_a_clock_that_steps_back_begins_no_new_day(clock: ManualClock) -> None:
    risk = a_manager(clock, max_daily_loss="300")
    clock.advance(24 * 3600)
    risk.update_equity("9500")
    clock._start = clock._start.replace(year=2025)
    risk.update_equity("9999")
    assert refusal(risk.validate_order(BTC, "BUY", "1", "100")) is RiskRule.MAX_DAILY_LOSS


def test_a_drawdown_locks_until_a_person_resumes(clock: ManualClock) -> None:
    risk = a_manager(clock, max_dd=0.1)
    risk.update_equity("12000")
    assert risk.lock is None
    risk.update_equity("10800")
    risk.update_equity("12000")
    clock.advance(48 * 3600)
    risk.update_equity("12000")
    assert refusal(risk.validate_order(BTC, "BUY", "1", "100")) is RiskRule.MAX_DD
    risk.resume()
    assert risk.validate_order(BTC, "BUY", "1", "100")


def test_a_withdrawal_is_no_loss_and_a_deposit_no_gain(clock: ManualClock) -> None:
    risk = a_manager(clock, max_dd=0.1, max_daily_loss="500")
    risk.transfer("-5000")
    risk.update_equity("5000")
    assert risk.lock is None
    risk.transfer("5000")
    risk.update_equity("9499")
    assert refusal(risk.validate_order(BTC, "BUY", "1", "100")) is RiskRule.MAX_DAILY_LOSS


# --- the worst case -------------------------------------------------------------------------------------------------


def test_an_order_of_unknown_outcome_counts_as_filled_and_as_open_until_it_is_proven_never_placed(
    clock: ManualClock, tracker: OrderTracker
) -> None:
    risk = a_manager(clock, tracker, max_position_notional="150", max_open_orders=5)
    request = a_request("a")
    assert risk.check(request)
    tracker.submit(request)
    tracker.apply(SubmitResult(client_order_id="a", verdict=Verdict.UNKNOWN))
    assert (risk.worst_notional(BTC), risk.open_orders()) == (Decimal(100), 1)
    assert refusal(risk.check(a_request("b"))) is RiskRule.MAX_POSITION_NOTIONAL
    tracker.apply(SubmitResult(client_order_id="a", verdict=Verdict.REJECTED, reason=RejectReason.NOT_PLACED))
    assert (risk.worst_notional(BTC), risk.open_orders()) == (Decimal(0), 0)


def test_what_the_exchange_reports_filled_counts_before_a_trade_shows_it(
    clock: ManualClock, tracker: OrderTracker
) -> None:
    risk = a_manager(clock, tracker, max_position_notional="150")
    begin(risk, tracker, "a")
    tracker.apply(
        OrderUpdate(symbol=BTC, client_order_id="a", exchange_order_id="x-a", state=OrderState.FILLED, filled_qty="1")
    )
    assert risk.worst_notional(BTC) == 100
    assert refusal(risk.check(a_request("b"))) is RiskRule.MAX_POSITION_NOTIONAL
    tracker.add_fill("a", "1", "100", trade_id="1")
    assert risk.worst_notional(BTC) == 100


def test_a_fill_moves_what_counts_from_the_order_to_the_position_and_never_counts_twice(
    clock: ManualClock, tracker: OrderTracker
) -> None:
    risk = a_manager(clock, tracker)
    seen = []
    tracker.subscribe(lambda _: seen.append(risk.worst_notional(BTC)))
    begin(risk, tracker, "a", qty="3")
    for number in range(3):
        tracker.add_fill("a", "1", "100", trade_id=str(number))
    assert set(seen) == {300}


def test_a_sale_under_way_relieves_nothing_before_it_is_filled(clock: ManualClock, tracker: OrderTracker) -> None:
    risk = a_manager(clock, tracker, max_position_notional="150")
    begin(risk, tracker, "a")
    tracker.add_fill("a", "1", "100", trade_id="1")
    begin(risk, tracker, "b", side="SELL", price="105")
    assert refusal(risk.check(a_request("c"))) is RiskRule.MAX_POSITION_NOTIONAL
    tracker.add_fill("b", "1", "105", trade_id="2")
    assert risk.check(a_request("d"))


def test_a_position_of_several_orders_is_closed_by_one_that_is_larger_than_each(
    clock: ManualClock, tracker: OrderTracker
) -> None:
    risk = a_manager(clock, tracker, max_order_notional="100")
    for name in ("a", "b"):
        begin(risk, tracker, name)
        tracker.add_fill(name, "1", "100", trade_id=name)
    assert refusal(risk.check(a_request("c", side="SELL", qty="2.1"))) is RiskRule.MAX_ORDER_NOTIONAL
    assert risk.check(a_request("d", side="SELL", qty="2"))


def test_what_was_approved_and_not_sent_counts_until_it_is_released(clock: ManualClock, tracker: OrderTracker) -> None:
    risk = a_manager(clock, tracker, max_position_notional="150")
    approved = risk.check(a_request("a"))
    assert isinstance(approved, Approved)
    assert refusal(risk.check(a_request("b"))) is RiskRule.MAX_POSITION_NOTIONAL
    risk.release(approved)
    assert risk.check(a_request("c"))


def test_orders_that_somebody_else_placed_on_the_account_count_too(clock: ManualClock, tracker: OrderTracker) -> None:
    risk = a_manager(clock, tracker, max_position_notional="150")
    tracker.adopt(
        OrderUpdate(
            symbol=BTC,
            exchange_order_id="77",
            state=OrderState.OPEN,
            side="BUY",
            order_type="LIMIT",
            qty="1",
            price="99",
        )
    )
    assert refusal(risk.check(a_request("a"))) is RiskRule.MAX_POSITION_NOTIONAL


def test_a_quote_asset_is_turned_into_the_accounts_currency_or_nothing_is_sent(
    clock: ManualClock, tracker: OrderTracker
) -> None:
    risk = a_manager(clock, tracker, max_order_notional="500")
    risk.update_price("ETH/BTC", "0.1")
    in_btc = {"symbol": "ETH/BTC", "price": "0.1"}
    assert refusal(risk.check(a_request("a", qty="51", **in_btc))) is RiskRule.MAX_ORDER_NOTIONAL
    assert risk.check(a_request("b", qty="50", **in_btc))
    risk.update_price("ETH/EUR", "9")
    assert refusal(risk.check(a_request("c", symbol="ETH/EUR", price="9"))) is RiskRule.NO_PRICE


# --- M6, M7 ---------------------------------------------------------------------------------------------------------


def test_M6_without_a_fresh_price_no_order_leaves(clock: ManualClock, tracker: OrderTracker) -> None:
    risk = a_manager(clock, tracker, stale_after=5)
    clock.advance(5)
    assert risk.check(a_request("a"))
    clock.advance(0.1)
    refused = risk.check(a_request("b", side="SELL"))
    assert refusal(refused) is RiskRule.STALE_DATA
    assert "5.1 s old" in str(refused)
    risk.update_price(BTC, "101")
    assert risk.check(a_request("c"))


def test_M7_two_routes_share_one_cap(clock: ManualClock, tracker: OrderTracker) -> None:
    risk = a_manager(clock, tracker, max_total_notional="250")
    begin(risk, tracker, "route-a")
    begin(risk, tracker, "route-b", symbol=ETH, qty="10", price="10")
    refused = risk.check(a_request("route-a-2"))
    assert refusal(refused) is RiskRule.MAX_TOTAL_NOTIONAL
    assert isinstance(refused, Refused)
    assert refused.figures["is"] == "300"


def test_M7_two_routes_do_not_trade_with_one_another(clock: ManualClock, tracker: OrderTracker) -> None:
    risk = a_manager(clock, tracker)
    begin(risk, tracker, "route-a", price="101")
    refused = risk.check(a_request("route-b", side="SELL", price="100"))
    assert refusal(refused) is RiskRule.SELF_TRADE
    assert isinstance(refused, Refused)
    assert refused.figures == {"order": "route-a"}
    assert refusal(risk.check(a_request("route-b", side="SELL", price=None))) is RiskRule.SELF_TRADE
    assert risk.check(a_request("route-b", side="SELL", price="102"))


def test_M7_a_route_may_tighten_what_holds_for_all_and_loosen_nothing(
    clock: ManualClock, tracker: OrderTracker
) -> None:
    risk = a_manager(clock, tracker, max_order_notional="200")
    assert refusal(risk.check(a_request("a"), {"max_order_notional": 50})) is RiskRule.MAX_ORDER_NOTIONAL
    refused = risk.check(a_request("a"), {"max_order_notional": 201})
    assert refusal(refused) is RiskRule.ROUTE_LIMITS
    assert "only be tighter than the account's 200" in str(refused)
    assert refusal(risk.check(a_request("a"), {"max_order_notionl": 1})) is RiskRule.ROUTE_LIMITS
    assert refusal(
        risk.check(a_request("a"), {"price_band": "0.001", "max_dd": "0.5", "max_position_notional": 1})
    ) is (RiskRule.MAX_POSITION_NOTIONAL)


# --- the breaker ----------------------------------------------------------------------------------------------------


def fail(tracker: OrderTracker, name: str) -> None:
    tracker.submit(a_request(name))
    tracker.apply(SubmitResult(client_order_id=name, verdict=Verdict.REJECTED, reason=RejectReason.INSUFFICIENT_FUNDS))


def test_orders_that_fail_in_a_row_open_the_breaker_for_a_while(clock: ManualClock, tracker: OrderTracker) -> None:
    risk = a_manager(clock, tracker, breaker_failures=2, breaker_pause=30)
    fail(tracker, "a")
    begin(risk, tracker, "b")
    fail(tracker, "c")
    assert risk.lock is None, "one was opened between them"
    fail(tracker, "d")
    assert refusal(risk.check(a_request("e"))) is RiskRule.CIRCUIT_BREAKER
    clock.advance(30)
    assert risk.check(a_request("f"))
    fail(tracker, "g")
    assert refusal(risk.check(a_request("h"))) is RiskRule.CIRCUIT_BREAKER


# --- real money -----------------------------------------------------------------------------------------------------


def test_M3_real_money_is_not_traded_without_every_limit(clock: ManualClock) -> None:
    assert RiskManager(environment=Environment.LIVE, clock=clock, **ALL_LIMITS)
    for name in ALL_LIMITS:
        with pytest.raises(ConfigurationError, match=rf"missing: {name}\."):
            RiskManager(environment=Environment.LIVE, clock=clock, **{k: v for k, v in ALL_LIMITS.items() if k != name})


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"max_order_notionl": 5}, "did you mean max_order_notional"),
        ({"max_dd": 15}, "max_dd: .*a fraction of 1"),
        ({"max_order_notional": float("inf")}, "max_order_notional"),
        ({"max_open_orders": 0}, "max_open_orders"),
        ({"max_order_notional": -1}, "max_order_notional"),
    ],
)
def test_a_limit_that_is_none_is_an_error_at_once(limits: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        RiskManager(**limits)


# --- across a restart -----------------------------------------------------------------------------------------------


def test_losses_locks_and_the_breaker_survive_a_restart(clock: ManualClock, tmp_path: Path) -> None:
    file = StateFile(tmp_path / "account" / "risk.json")
    limits: dict[str, Any] = {"max_dd": "0.1", "max_daily_loss": "300", "breaker_failures": 1, "breaker_pause": 60}
    tracker = OrderTracker()
    risk = a_manager(clock, tracker, file=file, **limits)
    risk.update_equity("10500")
    risk.update_equity("9700")
    fail(tracker, "a")
    again = RiskManager(clock=clock, file=file, **limits)
    assert again.equity is None, "what the account is worth is not known before it is told"
    again.update_price(BTC, "100")
    assert refusal(again.validate_order(BTC, "BUY", "1", "100")) is RiskRule.MAX_DAILY_LOSS
    clock.advance(24 * 3600)
    again.update_equity("9700")
    assert again.lock is None, "a day and a minute are over"
    again.update_equity("9450")
    third = RiskManager(clock=clock, file=file, **limits)
    third.update_price(BTC, "100")
    assert refusal(third.validate_order(BTC, "BUY", "1", "100")) is RiskRule.MAX_DD, "of the peak of the first run"


def test_the_time_that_a_program_is_down_closes_no_breaker(clock: ManualClock, tmp_path: Path) -> None:
    file, tracker = StateFile(tmp_path / "risk.json"), OrderTracker()
    a_manager(clock, tracker, file=file, breaker_failures=1, breaker_pause=60)
    fail(tracker, "a")
    clock.advance(3600)
    again = a_manager(clock, file=file, breaker_failures=1, breaker_pause=60)
    assert refusal(again.validate_order(BTC, "BUY", "1", "100")) is RiskRule.CIRCUIT_BREAKER


def test_the_rate_of_orders_survives_a_restart_by_the_orders_themselves(
    clock: ManualClock, tracker: OrderTracker
) -> None:
    for number in range(3):
        tracker.submit(a_request(f"o-{number}"), created_at=clock.now())
        clock.advance(10)
    clock.advance(7200)
    risk = a_manager(clock, tracker, max_orders_per_minute=3)
    assert refusal(risk.check(a_request("n"))) is RiskRule.MAX_ORDERS_PER_MINUTE
    clock.advance(41)
    assert risk.check(a_request("n"))


def test_a_state_that_cannot_be_read_stops_the_start(clock: ManualClock, tmp_path: Path) -> None:
    file = StateFile(tmp_path / "risk.json")
    for text, told in (("{", "cannot be read"), ("[]", "not what was written"), ('{"format": 9}', "format 9")):
        file.path.write_text(text)
        with pytest.raises(ConfigurationError, match=told):
            RiskManager(clock=clock, file=file)
    file.path.write_text('{"format": 1, "losses": {}}')
    with pytest.raises(ConfigurationError, match="damaged"):
        RiskManager(clock=clock, file=file)


def test_a_state_that_cannot_be_written_takes_no_new_risk(
    clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = StateFile(tmp_path / "risk.json")
    risk = a_manager(clock, file=file)

    def full(_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full)
        risk.update_equity("20000")
    assert refusal(risk.validate_order(BTC, "BUY", "1", "100")) is RiskRule.STATE_UNSAVED
    before = file.load()
    assert before is not None
    assert before["losses"]["peak"] == "10000"
    risk.update_equity("20001")
    assert risk.validate_order(BTC, "BUY", "1", "100")


# --- what is approved -----------------------------------------------------------------------------------------------


def test_nobody_else_can_approve() -> None:
    with pytest.raises(LifecycleError, match="only a RiskManager approves"):
        Approved(a_request(), seal=object())


def test_a_request_without_an_id_is_not_checked(clock: ManualClock) -> None:
    with pytest.raises(InvalidValue, match="client_order_id"):
        a_manager(clock).check(a_request(client_order_id=None))


def test_one_manager_has_one_account(clock: ManualClock, tracker: OrderTracker) -> None:
    risk = a_manager(clock, tracker)
    with pytest.raises(ConfigurationError, match="has its account"):
        risk.bind(OrderTracker())


def test_a_fill_of_an_order_of_before_the_binding_counts(clock: ManualClock, tracker: OrderTracker) -> None:
    tracker.submit(a_request("a"))
    tracker.apply(Fill(symbol=BTC, trade_id="1", client_order_id="a", side="BUY", qty="0.4", price="100"))
    risk = a_manager(clock, tracker)
    assert risk.worst_notional(BTC) == 100
