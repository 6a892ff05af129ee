"""The account: what is free, what is locked, and how orders move both."""

# ruff: noqa: S101  a test suite asserts

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from yunmin.core.data_contracts import AccountState, Fill, OrderType, Side
from yunmin.core.data_contracts.money import EXACT
from yunmin.exchange import Capability
from yunmin.testing.conformance.requirements import requires
from yunmin.testing.conformance.suite import ConformanceSuite
from yunmin.testing.playground import Playground

__all__ = ["AccountConformance"]

_RESERVED_FOR_FEES = Decimal("1.01")


class AccountConformance(ConformanceSuite):
    """Balances."""

    @requires()
    async def test_an_account_shows_what_is_free_and_what_is_locked(self, play: Playground) -> None:
        account = await play.connector.fetch_account()
        assert account.balances
        for asset, balance in account.balances.items():
            assert balance.asset == asset
            assert balance.free >= 0
            assert balance.locked >= 0
            assert balance.total > 0

    @requires(Capability.LIMIT_ORDER)
    async def test_a_resting_buy_locks_its_cost_until_it_is_cancelled(self, play: Playground) -> None:
        quote = play.market.quote_asset
        before = (await play.connector.fetch_account()).balance(quote)
        request = await play.resting(Side.BUY)
        await play.connector.place_order(request)
        while_open = (await play.connector.fetch_account()).balance(quote)
        await play.connector.cancel_order(play.ref(request))
        after = (await play.connector.fetch_account()).balance(quote)

        assert request.qty is not None
        assert request.price is not None
        cost = EXACT.multiply(request.qty, request.price)
        assert cost <= while_open.locked - before.locked <= cost * _RESERVED_FOR_FEES
        assert while_open.total == before.total
        assert after == before

    @requires(Capability.MARKET_ORDER, Capability.FILLS_OF_ORDER)
    async def test_a_trade_moves_the_balances_by_its_fills_and_fees(self, play: Playground) -> None:
        """To the last digit: bought is what came in, cost what went out, fees are taken where the fills say."""
        book = await play.book()
        before = await play.connector.fetch_account()
        request = play.request(Side.BUY, OrderType.MARKET, qty=play.small_qty(book.asks[0].price))
        ack = await play.connector.place_order(request)
        fills = await play.connector.fetch_fills(play.symbol, exchange_order_id=ack.update.exchange_order_id)
        after = await play.connector.fetch_account()

        moved = _moved_by(fills, play)
        assert {asset: _change(before, after, asset) for asset in moved} == moved


def _moved_by(buys: Iterable[Fill], play: Playground) -> dict[str, Decimal]:
    moved: dict[str, Decimal] = defaultdict(Decimal)
    for fill in buys:
        moved[play.market.base_asset] += fill.qty
        moved[play.market.quote_asset] -= fill.cost
        assert fill.fee is not None
        assert fill.fee_asset is not None
        moved[fill.fee_asset] -= fill.fee
    return dict(moved)


def _change(before: AccountState, after: AccountState, asset: str) -> Decimal:
    return after.balance(asset).total - before.balance(asset).total
