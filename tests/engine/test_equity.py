"""What an account is worth, by fills alone."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from yunmin.core.data_contracts import AccountState, Balance
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_manager import PositionManager
from yunmin.engine.equity import Equity


class Account:
    """Fills by hand, over a tracker."""

    def __init__(self, cash: str = "1000", prices: Mapping[str, str] | None = None) -> None:
        self.tracker = OrderTracker()
        self.positions = PositionManager()
        self.positions.follow(self.tracker)
        self.prices = {
            symbol: Decimal(price) for symbol, price in ({"BTC/USDT": "100"} if prices is None else prices).items()
        }
        balances = {"USDT": Balance(asset="USDT", free=Decimal(cash)), "BTC": Balance(asset="BTC", free=Decimal(7))}
        self.state = AccountState(balances=balances)
        self.equity = self.from_now()

    def from_now(self) -> Equity:
        return Equity("USDT", self.state, self.positions, self.prices.get)

    def fill(
        self, side: str, qty: str, price: str, *, fee: str = "0", asset: str = "USDT", symbol: str = "BTC/USDT"
    ) -> None:
        name = f"o{len(self.tracker.get_orders())}"
        self.tracker.create_order(name, symbol, side, "LIMIT", qty, price)
        self.tracker.add_fill(name, qty=qty, price=price, fee=fee, fee_asset=asset)


def test_at_the_start_it_is_the_currency_and_nothing_else() -> None:
    assert Account().equity.value() == 1000


def test_a_fill_alone_neither_gains_nor_loses_but_its_fee() -> None:
    account = Account()
    account.fill("BUY", "2", "100", fee="0.2")
    assert account.equity.value() == Decimal("999.8")


def test_a_fee_in_the_base_asset_counts_at_the_markets_price() -> None:
    account = Account()
    account.fill("BUY", "2", "100", fee="0.002", asset="BTC")
    assert account.equity.value() == Decimal("999.8")


def test_what_is_held_moves_with_the_price_and_what_lay_there_before_does_not() -> None:
    account = Account()
    account.fill("BUY", "2", "100")
    account.prices["BTC/USDT"] = Decimal(110)
    assert account.equity.value() == 1020


def test_without_a_price_of_something_held_nothing_is_guessed() -> None:
    account = Account(prices={})
    account.fill("BUY", "2", "100")
    assert account.equity.value() is None


def test_a_fee_in_an_asset_without_a_price_is_passed_over() -> None:
    account = Account()
    account.fill("BUY", "2", "100", fee="0.01", asset="BNB")
    assert account.equity.value() == 1000


def test_a_market_in_another_quote_asset_counts_what_was_paid() -> None:
    account = Account(prices={"BTC/USDT": "100", "ETH/USDT": "5"})
    account.fill("BUY", "10", "0.05", symbol="ETH/BTC")
    assert account.equity.value() == 1000
    account.prices["ETH/USDT"] = Decimal(6)
    assert account.equity.value() == 1010


def test_a_deposit_counts_in_the_currency_alone() -> None:
    account = Account()
    account.equity.move("USDT", Decimal(50))
    account.equity.move("BTC", Decimal(1))
    assert account.equity.value() == 1050


@given(st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 5), st.integers(90, 110)), max_size=12))
def test_an_account_that_is_opened_anew_is_worth_what_it_was(fills: list[tuple[str, int, int]]) -> None:
    account = Account()
    for side, qty, price in fills:
        account.fill(side, str(qty), str(price), fee="0.1")
    moved = account.positions.flows().get("USDT", Decimal(0))
    account.state = AccountState(balances={"USDT": Balance(asset="USDT", free=Decimal(1000) + moved)})
    assert account.from_now().value() == account.equity.value()
