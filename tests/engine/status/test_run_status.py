"""The status of a run is what its parts know, to the last digit, and survives being written down."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

from tests.engine.a_run import SYMBOL, a_run, a_venue
from yunmin.core.data_contracts.decision import Decision, Intent
from yunmin.core.data_contracts.enums import Certainty, OrderState, Side
from yunmin.engine.run_events import RunEnded
from yunmin.engine.status.run_notes import RunPhase, StreamState
from yunmin.engine.status.run_status import RunStatus
from yunmin.execution import Placed
from yunmin_binance.venue.chaos import Drop, Lose, Moment, Rule, Say

D = Decimal


async def test_it_shows_what_is_held_what_rests_and_what_the_route_decided(tmp_path: Path) -> None:
    async with a_venue() as venue, a_run(venue, tmp_path / "a", max_dd="0.5") as run:
        run.candle()
        run.others("SELL", "0.7", "300")
        entered = run.decide(Decision.enter(SYMBOL, Side.BUY, qty="0.7", price="300", reason="it rises"))
        assert isinstance(entered, Placed)
        await run.filled(entered.order.client_order_id)
        resting = run.decide(Decision.enter(SYMBOL, Side.BUY, qty="1", price="250", reason="it may fall"))
        assert isinstance(resting, Placed)
        await run.until(lambda: resting.order.state is OrderState.OPEN)
        run.price("310")
        run.risk.update_equity("100005")
        status = run.status()
    (position,), (open_order,), (route,) = status.positions, status.open_orders, status.routes
    fee = D("0.7") * D("0.001")
    assert position.qty == D("0.7") - fee
    assert position.unrealised == position.qty * 310 - position.qty * 300
    assert position.fees == {"BNB": fee}
    assert (open_order.client_order_id, open_order.price) == (resting.order.client_order_id, D(250))
    assert open_order.route == route.name == run.route.name
    assert route.last_candle is not None
    assert (route.last_candle.minute, route.decisions, route.qty) == (1, 2, position.qty)
    assert route.last_decision is not None
    assert (route.last_decision.reason, route.last_decision.intent) == ("it may fall", Intent.ENTER)
    assert route.last_outcome is not None
    assert route.last_outcome.orders == (resting.order.client_order_id,)
    assert status.orders == {"OPEN": 1, "FILLED": 1}
    assert (status.fills, status.uncertain, status.pid) == (1, (), os.getpid())
    assert (status.risk.equity, status.risk.peak, status.risk.day_loss) == (D(100005), D(100005), D(-5))
    assert (status.phase, status.takes_orders, status.stream.state) == (RunPhase.RUNNING, True, StreamState.OPEN)


async def test_every_digit_survives_json(tmp_path: Path) -> None:
    async with a_venue() as venue, a_run(venue, tmp_path / "a") as run:
        for price in ("300.01", "300.02", "299.98"):
            run.others("SELL", "0.333", price)
        entered = run.decide(Decision.enter(SYMBOL, Side.BUY, qty="0.999", price="300.02"))
        assert isinstance(entered, Placed)
        await run.filled(entered.order.client_order_id)
        run.price("310.77")
        status = run.status()
    (position,) = status.positions
    assert position.average_price is not None
    assert len(position.average_price.as_tuple().digits) == 28  # it does not come out even
    assert RunStatus.model_validate_json(status.model_dump_json()) == status


async def test_a_refusal_is_shown_with_its_rule_and_counted(tmp_path: Path) -> None:
    async with a_venue() as venue, a_run(venue, tmp_path / "a", max_order_notional="100") as run:
        run.decide(Decision.enter(SYMBOL, Side.BUY, qty="1", price="300"))
        run.decide(Decision.enter(SYMBOL, Side.BUY, qty="2", price="300"))
        status = run.status()
    (route,) = status.routes
    assert route.last_outcome is not None
    assert (route.last_outcome.kind, route.last_outcome.rule) == ("REFUSED", "MAX_ORDER_NOTIONAL")
    assert "600" in route.last_outcome.text
    assert status.risk.refusals == {"MAX_ORDER_NOTIONAL": 2}


async def test_a_hold_does_not_hide_the_last_decision_that_was_one(tmp_path: Path) -> None:
    async with a_venue() as venue, a_run(venue, tmp_path / "a") as run:
        run.decide(Decision.hold(SYMBOL))
        only_held = run.status().routes[0]
        run.decide(Decision.enter(SYMBOL, Side.BUY, qty="1", price="250", reason="now"))
        run.decide(Decision.hold(SYMBOL))
        decided = run.status().routes[0]
    assert only_held.last_decision is not None
    assert (only_held.decisions, only_held.last_decision.intent) == (0, Intent.HOLD)
    assert decided.last_decision is not None
    assert (decided.decisions, decided.last_decision.reason) == (1, "now")


async def test_an_order_of_unknown_outcome_is_shown_as_uncertain_until_it_is_known(tmp_path: Path) -> None:
    async with a_venue() as venue, a_run(venue, tmp_path / "a") as run:
        venue.chaos.add(Rule(where="POST /api/v3/order", fault=Drop(moment=Moment.AFTER), count=1))
        venue.chaos.add(Rule(where="GET /api/v3/order", fault=Say(status=503)))
        venue.chaos.add(Rule(where="event executionReport", fault=Lose()))
        placed = run.decide(Decision.enter(SYMBOL, Side.BUY, qty="1", price="250"))
        assert isinstance(placed, Placed)
        await run.until(lambda: placed.order.certainty is Certainty.UNKNOWN)
        status = run.status()
        venue.chaos.clear()
    (uncertain,) = status.uncertain
    assert (uncertain.client_order_id, uncertain.certainty) == (placed.order.client_order_id, Certainty.UNKNOWN)
    assert any(each.kind == "OrderUncertain" for each in status.warnings)


async def test_a_pause_and_a_lock_are_shown_with_their_reasons(tmp_path: Path) -> None:
    async with a_venue() as venue, a_run(venue, tmp_path / "a", max_dd="0.1") as run:
        run.account.halt("somebody said so")
        run.risk.update_equity("80000")
        run.tell(RunEnded(run.clock.now(), "its time is over"))
        status = run.status()
    assert (status.takes_orders, status.pauses) == (False, {"HALTED": "somebody said so"})
    assert [lock.rule for lock in status.risk.locks] == ["MAX_DD"]
    assert status.risk.drawdown == D("0.2")
    assert (status.phase, status.why) == (RunPhase.STOPPING, "its time is over")
