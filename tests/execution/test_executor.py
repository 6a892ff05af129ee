"""The executor over an account in virtual time: the exchange may be told to fail, and others trade there too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from tests.by_now import by_now
from tests.execution.world import NO_POLLING, SYMBOL, World, live
from yunmin.core.data_contracts import OrderRequest, OrderState, Side
from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.enums import Certainty
from yunmin.core.data_contracts.route import Route
from yunmin.core.order_tracker import OrderTracker
from yunmin.execution.executor import Deferred, Executor, Held, Outcome, Placed, Withdrawn
from yunmin.execution.order_maker import OrderMaker
from yunmin.execution.order_port import ConnectorPort
from yunmin.execution.order_tags import OrderRole, read_tag
from yunmin.execution.risk_manager import Approved, Refused, RiskManager, RiskRule
from yunmin.execution.state_file import StateFile

D = Decimal
ROUTE = Route(exchange="storm", symbol=SYMBOL, timeframe="1m", strategy_name="one")
OTHER = Route(exchange="storm", symbol=SYMBOL, timeframe="1m", strategy_name="two")


class Desk:
    """A world with an executor in it. `said` is what happened without being asked."""

    def __init__(self, world: World, **limits: Any) -> None:
        self.world = world
        self.file = StateFile(world.folder / "executor.json")
        self.limits = limits
        self.said: list[Outcome] = []

    async def open(self) -> Desk:
        account = await self.world.open(NO_POLLING)
        self.risk = RiskManager(clock=self.world.clock, equity=D(10_000), **self.limits)
        self.executor = Executor(account, account.tracker, self.risk, clock=self.world.clock, file=self.file)
        self.executor.on_outcome(lambda route, decision, outcome: self.said.append(outcome))
        self.executor.add_route(ROUTE)
        self.executor.on_price(SYMBOL, "100")
        return self

    async def rest(self, seconds: float = 1.0) -> None:
        await self.world.clock.sleep(seconds)

    def decide(self, decision: Decision, route: Route = ROUTE) -> Outcome:
        return self.executor.execute_decision(route, decision)

    def placed(self, decision: Decision, route: Route = ROUTE) -> Any:
        outcome = self.decide(decision, route)
        assert isinstance(outcome, Placed), outcome
        return outcome.order

    def held(self, route: Route = ROUTE) -> Decimal:
        return self.executor.position(route).qty

    async def long(self, qty: str = "1", **terms: Any) -> None:
        """Hold `qty`, bought at 100; the fee of a buyer is taken in BTC, so a little less is held."""
        self.world.others("SELL", qty, "100")
        self.placed(Decision.enter(SYMBOL, Side.BUY, qty=qty, price="100", **terms))
        await self.rest()


def play(tmp_path: Path, scenario: Callable[[Desk], Awaitable[None]], **limits: Any) -> None:
    async def inside(world: World) -> None:
        await scenario(await Desk(world, **limits).open())

    live(tmp_path, inside)


def refused(outcome: Outcome) -> RiskRule:
    assert isinstance(outcome, Refused), outcome
    return outcome.rule


def enter(side: Side = Side.BUY, **terms: Any) -> Decision:
    return Decision.enter(SYMBOL, side, **terms)


def test_a_decision_is_a_pending_order_at_once_and_open_a_moment_later(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        order = desk.placed(enter(qty="1", price="99"))
        assert by_now(order.state) is OrderState.PENDING
        assert not desk.world.exchange.posts
        await desk.rest()
        assert by_now(order.state) is OrderState.OPEN
        assert read_tag(order.client_order_id, desk.world.exchange.traits) is not None

    play(tmp_path, scenario)


def test_a_fraction_of_the_equity_is_rounded_down_to_the_markets_step(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        bought = desk.placed(enter(fraction="0.03333", price="99.999"))
        assert (bought.qty, bought.price) == (D("3.333"), D("99.99"))
        sold = desk.placed(enter(Side.SELL, qty="0.0019", price="150.001"), OTHER)
        assert (sold.qty, sold.price) == (D("0.001"), D("150.01"))

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("decision", "rule"),
    [
        (enter(qty="0.0001", price="99"), RiskRule.SIZE),
        (Decision.enter("XRP/USDT", Side.BUY, qty="1", price="1"), RiskRule.SIZE),
        (Decision.enter("XRP/USDT", Side.BUY, fraction="0.1"), RiskRule.NO_PRICE),
        (enter(qty="2", price="100"), RiskRule.MAX_ORDER_NOTIONAL),
        (enter(qty="1", price="120"), RiskRule.PRICE_BAND),
        (Decision.exit(SYMBOL), RiskRule.POSITION),
    ],
)
def test_what_cannot_be_done_is_a_value_with_its_rule_and_nothing_is_sent(
    tmp_path: Path, decision: Decision, rule: RiskRule
) -> None:
    async def scenario(desk: Desk) -> None:
        assert refused(desk.decide(decision)) is rule
        await desk.rest()
        assert not desk.world.exchange.posts

    play(tmp_path, scenario, max_order_notional=150, price_band="0.1")


def test_a_route_with_tighter_limits_is_held_to_them(tmp_path: Path) -> None:
    tight = ROUTE.model_copy(update={"risk": {"max_order_notional": D(50)}, "label": "tight"})

    async def scenario(desk: Desk) -> None:
        assert refused(desk.decide(enter(qty="1", price="99"), tight)) is RiskRule.MAX_ORDER_NOTIONAL
        assert isinstance(desk.decide(enter(qty="1", price="99")), Placed)

    play(tmp_path, scenario, max_order_notional=150)


def test_hold_does_nothing_and_cancel_withdraws_what_rests_of_the_route_alone(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        mine = desk.placed(enter(qty="1", price="90"))
        theirs = desk.placed(enter(qty="1", price="90"), OTHER)
        desk.world.by_hand("by-hand", "BUY", "1", "90")
        await desk.rest()
        assert isinstance(desk.decide(Decision.hold(SYMBOL)), Held)
        assert desk.decide(Decision.cancel(SYMBOL)) == Withdrawn((mine.client_order_id,))
        await desk.rest()
        assert (mine.state, theirs.state) == (OrderState.CANCELLED, OrderState.OPEN)
        assert len(await desk.world.exchange.fetch_open_orders()) == 2

    play(tmp_path, scenario)


def test_an_exit_sells_what_fills_left_in_the_account_and_no_more(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.long("1")
        assert desk.held() == D("0.999")
        desk.world.others("BUY", "5", "101")
        sold = desk.placed(Decision.exit(SYMBOL))
        await desk.rest()
        assert (sold.qty, sold.state, desk.held()) == (D("0.999"), OrderState.FILLED, D(0))

    play(tmp_path, scenario)


def test_a_part_is_closed_by_its_fraction(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.long("1")
        assert desk.placed(Decision.exit(SYMBOL, fraction="0.5", price="110")).qty == D("0.499")
        assert isinstance(desk.decide(Decision.exit(SYMBOL, qty="7", price="110")), Deferred), "the first ends before"
        await desk.rest(10)  # its cancel came before it did, and was sent again
        (outcome,) = desk.said
        assert isinstance(outcome, Placed)
        assert outcome.order.qty == D("0.999")

    play(tmp_path, scenario)


def test_an_exit_waits_for_the_end_of_what_rests_and_counts_what_was_filled_meanwhile(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        entry = desk.placed(enter(qty="2", price="100"))
        await desk.rest()
        desk.world.others("SELL", "0.5", "100")
        assert desk.decide(Decision.exit(SYMBOL)) == Deferred((entry.client_order_id,))
        desk.world.others("SELL", "0.25", "100")
        desk.world.others("BUY", "5", "99")
        await desk.rest()
        assert entry.state is OrderState.CANCELLED
        (outcome,) = desk.said
        assert isinstance(outcome, Placed)
        assert (outcome.order.qty, desk.held()) == (D("0.749"), D("0.00025"))

    play(tmp_path, scenario)


def test_a_reversal_is_one_order_that_closes_and_opens(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.long("1")
        desk.world.others("BUY", "5", "99")
        turned = desk.placed(Decision.reverse(SYMBOL, Side.SELL, qty="0.5"))
        await desk.rest()
        assert (turned.qty, desk.held()) == (D("1.499"), D("-0.5"))
        assert refused(desk.decide(enter(Side.BUY, qty="1"))) is RiskRule.POSITION
        assert refused(desk.decide(Decision.reverse(SYMBOL, Side.SELL, qty="1"))) is RiskRule.POSITION

    play(tmp_path, scenario)


def test_an_order_of_unknown_outcome_is_never_replaced_or_doubled(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        desk.world.weather(after=1.0, silent=1.0, dropped=1.0)
        order = desk.placed(enter(qty="1", price="99"))
        await desk.rest(5.5)
        assert order.certainty is Certainty.UNKNOWN
        for decision in (
            enter(qty="1", price="99"),
            Decision.exit(SYMBOL),
            Decision.reverse(SYMBOL, Side.SELL, qty="1"),
        ):
            assert refused(desk.decide(decision)) is RiskRule.UNCERTAIN_ORDER
        assert refused(desk.executor.replace(ROUTE, order.client_order_id, price="98")) is RiskRule.UNCERTAIN_ORDER
        assert sum(desk.world.exchange.posts.values()) == 1
        desk.world.weather()
        await desk.rest(10)
        assert order.state is OrderState.OPEN
        assert isinstance(desk.decide(enter(qty="1", price="98")), Placed)

    play(tmp_path, scenario)


def test_a_replacement_is_placed_once_the_end_of_the_first_is_seen_for_what_is_left(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        first = desk.placed(enter(qty="2", price="100"))
        await desk.rest()
        desk.world.others("SELL", "0.5", "100")
        assert desk.executor.replace(ROUTE, first.client_order_id, price="98") == Deferred((first.client_order_id,))
        assert first.is_open
        await desk.rest()
        (outcome,) = desk.said
        assert isinstance(outcome, Placed)
        assert (first.state, outcome.order.qty, outcome.order.price) == (OrderState.CANCELLED, D("1.5"), D(98))

    play(tmp_path, scenario)


def test_nothing_replaces_an_order_that_was_filled_before_its_cancel_came(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        first = desk.placed(enter(qty="2", price="100"))
        await desk.rest()
        desk.executor.replace(ROUTE, first.client_order_id, price="98")
        desk.world.others("SELL", "2", "100")
        await desk.rest()
        assert first.state is OrderState.FILLED
        assert desk.said == [Held()]
        assert len(desk.world.exchange.posts) == 1

    play(tmp_path, scenario)


def test_an_order_of_another_route_or_of_somebody_else_is_not_touched(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        theirs = desk.placed(enter(qty="1", price="90"), OTHER)
        await desk.rest()
        for name in (theirs.client_order_id, "by-hand"):
            assert refused(desk.executor.replace(ROUTE, name, price="91")) is RiskRule.NOT_OURS
        assert theirs.state is OrderState.OPEN

    play(tmp_path, scenario)


def test_while_the_account_takes_no_orders_a_decision_is_refused_and_reserves_nothing(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        desk.world.account.halt("a test")
        assert refused(desk.decide(enter(qty="1", price="99", stop="90"))) is RiskRule.PAUSED
        assert (desk.risk.open_orders(), desk.executor.protection(ROUTE)) == (0, None)
        desk.world.account.resume("a test")
        assert isinstance(desk.decide(enter(qty="1", price="99")), Placed)

    play(tmp_path, scenario)


# --- stops and profits, watched here --------------------------------------------------------------------------------


@pytest.mark.parametrize(("price", "why"), [("94.99", "the stop at 95"), ("110", "the profit at 110")])
def test_a_stop_or_profit_that_is_reached_closes_the_position_once(tmp_path: Path, price: str, why: str) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.long("1", stop="95", take_profit="110")
        desk.world.others("BUY", "5", "94")
        desk.executor.on_price(SYMBOL, "100")
        assert desk.said == []
        for _ in range(3):
            desk.executor.on_price(SYMBOL, price)
        await desk.rest()
        (outcome,) = desk.said
        assert isinstance(outcome, Placed)
        assert (outcome.order.state, desk.held(), desk.executor.protection(ROUTE)) == (OrderState.FILLED, D(0), None)
        notes = [entry for _, _, entry in desk.world.journal.entries() if getattr(entry, "kind", "") == "protection"]
        assert any(why in note.text for note in notes if hasattr(note, "text"))

    play(tmp_path, scenario)


def test_a_stop_that_was_reached_is_not_forgotten_when_the_price_turns(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.long("1", stop="95")
        desk.world.others("BUY", "5", "94")
        desk.world.account.halt("a test")
        desk.executor.on_price(SYMBOL, "94")
        assert [refused(outcome) for outcome in desk.said] == [RiskRule.PAUSED]
        desk.world.account.resume("a test")
        desk.executor.on_price(SYMBOL, "99")
        await desk.rest()
        assert desk.held() == 0

    play(tmp_path, scenario)


def test_the_position_has_no_stop_before_it_is_there(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        desk.placed(enter(qty="1", price="99", stop="95"))
        desk.executor.on_price(SYMBOL, "94")
        assert desk.said == []

    play(tmp_path, scenario)


def test_a_new_position_does_not_inherit_the_stop_of_the_one_before(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        desk.placed(enter(qty="1", price="90", stop="80"))
        await desk.rest()
        desk.decide(Decision.cancel(SYMBOL))
        await desk.rest()
        assert desk.executor.protection(ROUTE) is None
        await desk.long("1")
        assert desk.executor.protection(ROUTE) is None

    play(tmp_path, scenario)


def test_a_losing_position_is_closed_by_its_stop_while_no_new_risk_is_taken(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.long("1", stop="95")
        desk.world.others("BUY", "5", "94")
        desk.risk.update_equity("5000")
        assert refused(desk.decide(enter(qty="1", price="90"))) is RiskRule.MAX_DD
        desk.executor.on_price(SYMBOL, "94")
        await desk.rest()
        assert desk.held() == 0

    play(tmp_path, scenario, max_dd="0.2")


def test_a_killed_program_finds_its_position_and_its_stop_again(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.long("1", stop="95", take_profit="120")
        await desk.world.kill()
        again = await Desk(desk.world).open()
        assert again.held() == D("0.999")
        kept = again.executor.protection(ROUTE)
        assert kept is not None
        assert (kept.stop, kept.take_profit) == (D(95), D(120))
        again.world.others("BUY", "5", "94")
        again.executor.on_price(SYMBOL, "94")
        await again.rest()
        assert again.held() == 0

    play(tmp_path, scenario)


def test_positions_outlive_the_orders_that_made_them(tmp_path: Path) -> None:
    async def inside(world: World) -> None:
        file = StateFile(world.folder / "executor.json")
        world.others("SELL", "1", "100")
        for tracker in (OrderTracker(), OrderTracker()):  # the second knows no order any more
            risk = RiskManager(clock=world.clock, equity=D(10_000), max_position_notional=150)
            port = ConnectorPort(world.exchange, tracker, world.clock)
            await port.learn()
            executor = Executor(port, tracker, risk, clock=world.clock, file=file)
            executor.on_price(SYMBOL, "100")
            if executor.position(ROUTE).qty == 0:
                assert isinstance(executor.execute_decision(ROUTE, enter(qty="1", price="100")), Placed)
                await port.settle()
        assert executor.position(ROUTE).qty == executor.positions.position(SYMBOL).qty == D("0.999")
        assert refused(executor.execute_decision(ROUTE, enter(qty="1", price="99"))) is RiskRule.MAX_POSITION_NOTIONAL

    live(tmp_path, inside)


def test_where_a_stop_cannot_be_written_down_no_position_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object, __: object) -> None:
        raise OSError("no space left")

    async def scenario(desk: Desk) -> None:
        monkeypatch.setattr(StateFile, "save", full)
        assert refused(desk.decide(enter(qty="1", price="99", stop="95"))) is RiskRule.STATE_UNSAVED
        monkeypatch.undo()
        assert not desk.world.exchange.posts
        assert desk.risk.open_orders() == 0

    play(tmp_path, scenario)


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_what_leaves_must_be_approved_by_its_type() -> None:
    assert get_type_hints(OrderMaker._send)["approved"] == Approved[OrderRequest]


def test_a_connector_alone_will_do_where_no_journal_is_wanted(tmp_path: Path) -> None:
    async def inside(world: World) -> None:
        tracker, risk = OrderTracker(), RiskManager(clock=world.clock, equity=D(10_000))
        port = ConnectorPort(world.exchange, tracker, world.clock)
        await port.learn()
        executor = Executor(port, tracker, risk, clock=world.clock)
        executor.on_price(SYMBOL, "100")
        world.others("SELL", "1", "100")
        outcome = executor.execute_decision(ROUTE, enter(qty="1", price="100"))
        assert isinstance(outcome, Placed)
        await port.settle()
        assert (outcome.order.state, executor.position(ROUTE).qty) == (OrderState.FILLED, D("0.999"))

    live(tmp_path, inside)


def test_ids_of_two_routes_and_of_roles_differ_and_fit_the_exchange(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        orders = [desk.placed(enter(qty="1", price="90"), route) for route in (ROUTE, OTHER)]
        tags = [read_tag(order.client_order_id, desk.world.exchange.traits) for order in orders]
        assert all(tag is not None and tag.role is OrderRole.ENTRY for tag in tags)
        assert tags[0] != tags[1]
        assert all(len(order.client_order_id) <= 36 for order in orders)
        assert read_tag("by-hand", desk.world.exchange.traits) is None

    play(tmp_path, scenario)
