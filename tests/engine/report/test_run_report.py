"""The table at the end, and both sides' books compared: equal to the last digit, and different where one is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tests.engine.a_run import SYMBOL, ARun, a_run, a_venue
from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.enums import OrderState, Side
from yunmin.core.data_contracts.order import OrderRequest
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.engine.report.ledger_check import LedgerCheck
from yunmin.engine.report.run_report import RunReport
from yunmin.exchange import VenueLedger
from yunmin.execution import Placed
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT

D = Decimal


async def placed(run: ARun, decision: Decision) -> InFlightOrder:
    outcome = run.decide(decision)
    assert isinstance(outcome, Placed), outcome
    return outcome.order


async def a_day(run: ARun) -> None:
    """Buys in pieces at odd prices, sells a part, cancels, is refused by the exchange, and holds a rest."""
    for price in ("300.01", "300.02", "299.98"):
        run.others("SELL", "0.333", price)
    bought = await placed(run, Decision.enter(SYMBOL, Side.BUY, qty="0.999", price="300.02"))
    await run.filled(bought.client_order_id)
    run.others("BUY", "0.4", "305.55")
    sold = await placed(run, Decision.exit(SYMBOL, qty="0.4", price="305.55"))
    await run.filled(sold.client_order_id)
    resting = await placed(run, Decision.enter(SYMBOL, Side.BUY, qty="1", price="250"))
    await run.until(lambda: resting.state is OrderState.OPEN)
    run.others("SELL", "0.123", "250")
    await run.until(lambda: resting.filled_qty == D("0.123") and resting.fees_complete)
    await run.account.cancel(resting.client_order_id)
    await run.until(lambda: resting.state is OrderState.CANCELLED)
    refused = await run.account.place(
        OrderRequest(symbol=SYMBOL, side="BUY", order_type="LIMIT", qty="9000", price="300")
    )
    assert refused.state is OrderState.REJECTED
    left = await placed(run, Decision.enter(SYMBOL, Side.BUY, qty="2", price="240"))
    await run.until(lambda: left.state is OrderState.OPEN)
    run.price("303.33")


async def test_the_table_has_every_order_fill_fee_and_gain_of_the_run(tmp_path: Path) -> None:
    async with a_venue() as venue, a_run(venue, tmp_path / "a") as run:
        opening = await run.opening()
        await a_day(run)
        run.risk.update_equity("100001.5")
        report = run.report(opening)
    assert report.orders == {"OPEN": 1, "FILLED": 2, "CANCELLED": 1, "REJECTED": 1}
    assert (report.fills, report.uncertain, report.equity_change) == (5, (), D("1.5"))
    assert report.fees == {"BNB": D("0.999") * D("0.001") + D("0.123") * D("0.001"), "USDT": D("0.12222")}
    ((gain,), (position,)) = report.gains, report.positions
    cost = D("0.333") * (D("300.01") + D("300.02") + D("299.98")) + D("0.123") * 250
    proceeds = D("0.4") * D("305.55")
    held = D("0.999") + D("0.123") - D("0.4") - report.fees["BNB"]
    assert position.qty == held
    assert gain.net == proceeds - cost + held * D("303.33") - report.fees["USDT"]  # what fills and prices alone say
    assert RunReport.model_validate_json(report.model_dump_json()) == report


async def test_both_sides_say_the_same_to_the_last_digit(tmp_path: Path) -> None:
    async with a_venue() as venue, a_run(venue, tmp_path / "a") as run:
        opening, begin = await run.opening(), run.ledger()
        await a_day(run)
        check = run.check(opening, begin, run.ledger())
    assert check.differences == ()
    assert (check.orders, check.fills, check.forgotten, check.pnl_note) == (4, 5, 0, "")
    assert check.pnl_ours == check.pnl_theirs != 0
    assert LedgerCheck.model_validate_json(check.model_dump_json()) == check


async def test_what_was_there_before_the_run_is_not_counted_to_it(tmp_path: Path) -> None:
    async with a_venue() as venue:
        async with a_run(venue, tmp_path / "a") as run:
            await a_day(run)
        async with a_run(venue, tmp_path / "a") as run:
            opening, begin = await run.opening(), run.ledger()
            run.price("303.33")
            idle, nothing = run.report(opening), run.check(opening, begin, run.ledger())
            (rest,) = run.account.tracker.get_open_orders()
            run.others("SELL", "2", "240")
            await run.filled(rest.client_order_id)
            run.price("260.01")
            report, check = run.report(opening), run.check(opening, begin, run.ledger())
    assert (idle.orders, idle.fills, idle.fees) == ({"OPEN": 1}, 0, {})
    assert (len(nothing.differences), nothing.pnl_ours) == (0, D(0))
    assert (report.orders, report.fills, report.fees) == ({"FILLED": 1}, 1, {"BNB": D("0.002")})
    assert check.differences == ()
    assert check.pnl_ours == D("1.998") * D("260.01") - 2 * 240


# --- every lie is found ----------------------------------------------------------------------------------------------


def _first_filled(ledger: VenueLedger) -> int:
    return next(n for n, order in enumerate(ledger.orders) if order.filled)


def _with_order(ledger: VenueLedger, **changes: object) -> VenueLedger:
    n = _first_filled(ledger)
    changed = replace(ledger.orders[n], **changes)  # type: ignore[arg-type]  # by name
    return replace(ledger, orders=(*ledger.orders[:n], changed, *ledger.orders[n + 1 :]))


def _with_fill(ledger: VenueLedger, **changes: object) -> VenueLedger:
    changed = replace(ledger.fills[0], **changes)  # type: ignore[arg-type]  # by name
    return replace(ledger, fills=(changed, *ledger.fills[1:]))


def _with_usdt(ledger: VenueLedger, more: str) -> VenueLedger:
    changed = [replace(b, free=b.free + D(more)) if b.asset == "USDT" else b for b in ledger.balances]
    return replace(ledger, balances=tuple(changed))


LIES: dict[str, tuple[Callable[[VenueLedger], VenueLedger], set[str]]] = {
    "another state": (lambda x: _with_order(x, state=OrderState.EXPIRED), {"state"}),
    "another side": (lambda x: _with_order(x, side=Side.SELL), {"side"}),
    "a digit of the quantity filled": (lambda x: _with_order(x, filled=D("0.99900001")), {"filled"}),
    "another average": (lambda x: _with_order(x, average_price=D("300.00")), {"average price"}),
    "an order missing": (lambda x: replace(x, orders=x.orders[1:]), {"order", "qty, price, fee, fee asset"}),
    "an order too many": (
        lambda x: replace(x, orders=(*x.orders, replace(x.orders[0], exchange_order_id="0", client_order_id="x"))),
        {"order"},
    ),
    "another price of a fill": (lambda x: _with_fill(x, price=D("300")), {"qty, price, fee, fee asset"}),
    "a digit of a fee": (
        lambda x: _with_fill(x, fee=x.fills[0].fee + D("1e-8")),
        {"qty, price, fee, fee asset", "sum"},
    ),
    "a fee in another asset": (lambda x: _with_fill(x, fee_asset="USDT"), {"qty, price, fee, fee asset", "sum"}),
    "a fill missing": (lambda x: replace(x, fills=x.fills[1:]), {"qty, price, fee, fee asset", "sum"}),
    "a fill twice": (lambda x: _with_fill(x, trade_id="0"), {"qty, price, fee, fee asset"}),
    "a balance off by a digit": (lambda x: _with_usdt(x, "0.00000001"), {"total", "what was made"}),
}


async def test_every_difference_is_found_and_named(tmp_path: Path) -> None:
    async with a_venue() as venue, a_run(venue, tmp_path / "a") as run:
        opening, begin = await run.opening(), run.ledger()
        await a_day(run)
        truth = run.ledger()
        found = {name: run.check(opening, begin, lie(truth)) for name, (lie, _) in LIES.items()}
    for name, (_, expected) in LIES.items():
        assert {difference.what for difference in found[name].differences} == expected, name
        assert not found[name].is_equal


async def test_a_fill_that_the_tracker_never_heard_of_shows_in_every_sum(tmp_path: Path) -> None:
    async with a_venue() as venue, a_run(venue, tmp_path / "a") as run:
        opening, begin = await run.opening(), run.ledger()
        venue.place_as(LOCAL_ACCOUNT, "BNBUSDT", "BUY", "LIMIT", quantity="1", price="300")
        run.others("SELL", "1", "300")  # traded by another program on the same account
        check = run.check(opening, begin, run.ledger())
    subjects = {difference.subject.partition(" ")[0] for difference in check.differences}
    assert {"order", "fill", "balance", "fees"} <= subjects


async def test_where_two_quote_assets_are_traded_what_was_made_is_not_compared_and_that_is_said(tmp_path: Path) -> None:
    async with a_venue() as venue, a_run(venue, tmp_path / "a") as run:
        opening, begin = await run.opening(), run.ledger()
        venue.place_as(COUNTERPARTY, "ETHBTC", "SELL", "LIMIT", quantity="1", price="0.05")
        bought = await run.account.place(
            OrderRequest(symbol="ETH/BTC", side="BUY", order_type="LIMIT", qty="1", price="0.05")
        )
        await run.filled(bought.client_order_id)
        check, report = run.check(opening, begin, run.ledger()), run.report(opening)
    assert check.differences == ()
    assert check.pnl_ours is check.pnl_theirs is None
    assert "ETH/BTC is not quoted in USDT" in check.pnl_note
    assert [gain.quote_asset for gain in report.gains] == ["BTC"]
    assert report.gains[0].net is None  # no price of it is known
