"""The comparison on books made by chance: equal when both sides tell the same trades, never when one tells another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from yunmin.core.data_contracts.account import AccountState, Balance
from yunmin.core.data_contracts.enums import Liquidity, OrderState, OrderType, Side
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_manager import PositionManager
from yunmin.engine.report.ledger_check import LedgerCheck, compare
from yunmin.engine.report.run_opening import opening_of
from yunmin.exchange import LedgerBalance, LedgerFill, LedgerOrder, VenueLedger

D = Decimal
SYMBOL = "BTC/USDT"
RICH = {"BTC": 10**15, "USDT": 10**18, "BNB": 10**12}
"""In units of 1e-8, as an engine counts."""

MARKS = {"BTC/USDT": D("43210.98"), "BNB/USDT": D("601.5")}


class Trade(NamedTuple):
    """Quantity in 0.001 BTC, price in 0.01 USDT, fee in 1e-8 of its asset."""

    is_buy: bool
    qty: int
    price: int
    fee: int
    fee_asset: str


TRADES = st.lists(
    st.builds(
        Trade,
        st.booleans(),
        st.integers(1, 9_999),
        st.integers(1, 9_999_999),
        st.integers(0, 10**7),
        st.sampled_from(sorted(RICH)),
    ),
    min_size=1,
    max_size=12,
)


def test_nothing_moved_is_nothing_made() -> None:
    assert checked([], ledger_of([])).pnl_ours == 0


@given(trades=TRADES)
def test_the_same_trades_make_the_same_books_to_the_last_digit(trades: list[Trade]) -> None:
    check = checked(trades, ledger_of(trades))
    assert check.differences == ()
    assert check.pnl_ours is not None
    assert check.pnl_ours == check.pnl_theirs
    assert (check.orders, check.fills) == (len(trades), len(trades))


@given(trades=TRADES, data=st.data())
def test_one_trade_told_otherwise_is_found(trades: list[Trade], data: st.DataObject) -> None:
    n = data.draw(st.integers(0, len(trades) - 1))
    changed = data.draw(
        st.sampled_from(
            [
                trades[n]._replace(is_buy=not trades[n].is_buy),
                trades[n]._replace(qty=trades[n].qty + 1),
                trades[n]._replace(price=trades[n].price + 1),
                trades[n]._replace(fee=trades[n].fee + 1),
            ]
        )
    )
    assert not checked(trades, ledger_of([*trades[:n], changed, *trades[n + 1 :]])).is_equal


@given(trades=TRADES, asset=st.sampled_from(sorted(RICH)), more=st.sampled_from([-1, 1]))
def test_the_smallest_unit_too_much_or_too_little_is_found(trades: list[Trade], asset: str, more: int) -> None:
    ledger = ledger_of(trades)
    balances = [replace(b, free=b.free + more * D("1e-8")) if b.asset == asset else b for b in ledger.balances]
    told = {difference.what for difference in checked(trades, replace(ledger, balances=tuple(balances))).differences}
    assert told == {"total", "what was made"}


def test_orders_that_are_too_old_for_the_tracker_are_counted_and_their_fills_still_are_in_the_sums() -> None:
    trades = [Trade(is_buy=True, qty=n, price=4_200_000 + n, fee=n, fee_asset="BNB") for n in range(1, 8)]
    check = checked(trades, ledger_of(trades), history_limit=3)
    assert (check.differences, check.forgotten, check.orders) == ((), 4, 3)
    assert check.pnl_ours == check.pnl_theirs != 0
    an_open_one = replace(ledger_of(trades).orders[0], state=OrderState.OPEN)
    ledger = replace(ledger_of(trades), orders=(an_open_one, *ledger_of(trades).orders[1:]))
    assert not checked(trades, ledger, history_limit=3).is_equal  # what is open is never too old


# --- both sides ------------------------------------------------------------------------------------------------------


def checked(trades: list[Trade], ledger: VenueLedger, *, history_limit: int = 10_000) -> LedgerCheck:
    """Our side: a tracker that is told of each trade, positions that follow it."""
    tracker, positions = OrderTracker(history_limit=history_limit), PositionManager()
    positions.follow(tracker)
    opening = opening_of(
        datetime(2026, 1, 1, tzinfo=UTC),
        tracker=tracker,
        positions=positions,
        balances=AccountState(balances={a: Balance(asset=a, free=units(n)) for a, n in RICH.items()}),
        equity=None,
    )
    for n, trade in enumerate(trades):
        qty, price = D(trade.qty) / 1000, D(trade.price) / 100
        tracker.create_order(f"ym-{n}", SYMBOL, "BUY" if trade.is_buy else "SELL", "LIMIT", qty, price)
        tracker.set_exchange_id(f"ym-{n}", str(n))
        tracker.add_fill(
            f"ym-{n}", qty=qty, price=price, fee=units(trade.fee), fee_asset=trade.fee_asset, trade_id=f"t{n}"
        )
    return compare(
        opening, ledger_of([]), ledger, tracker=tracker, positions=positions, price=MARKS.get, currency="USDT"
    )


def ledger_of(trades: list[Trade]) -> VenueLedger:
    """Their side: whole units, as an engine adds them up."""
    owned, orders, fills = dict(RICH), [], []
    for n, trade in enumerate(trades):
        sign = 1 if trade.is_buy else -1
        owned["BTC"] += sign * trade.qty * 10**5
        owned["USDT"] -= sign * trade.qty * trade.price * 1000
        owned[trade.fee_asset] -= trade.fee
        qty, price = units(trade.qty * 10**5), units(trade.price * 10**6)
        side = Side.BUY if trade.is_buy else Side.SELL
        orders.append(
            LedgerOrder(
                symbol=SYMBOL, client_order_id=f"ym-{n}", exchange_order_id=str(n), side=side,
                order_type=OrderType.LIMIT, qty=qty, filled=qty, average_price=price, state=OrderState.FILLED,
            )
        )  # fmt: skip
        fills.append(
            LedgerFill(
                symbol=SYMBOL, trade_id=f"t{n}", client_order_id=f"ym-{n}", side=side, qty=qty, price=price,
                fee=units(trade.fee), fee_asset=trade.fee_asset, liquidity=Liquidity.TAKER,
            )
        )  # fmt: skip
    balances = tuple(LedgerBalance(asset=asset, free=units(amount), locked=D(0)) for asset, amount in owned.items())
    return VenueLedger(account="me", orders=tuple(orders), fills=tuple(fills), balances=balances)


def units(amount: int) -> Decimal:
    """So many of 1e-8."""
    return D(amount).scaleb(-8)
