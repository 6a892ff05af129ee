"""S2: a key that may withdraw is refused for real money unless it is allowed by name; elsewhere it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from yunmin.clock import SystemClock
from yunmin.core.data_contracts import KeyRights
from yunmin.errors import ConfigurationError, ExchangeError, MalformedResponse, NotSupported
from yunmin.exchange import ConnectionWish, ConnectorConfig, Credentials, Environment, registry
from yunmin.execution import Account, AccountPolicy
from yunmin.execution.account_events import AccountEvent, Warned
from yunmin.execution.key_check import check_key
from yunmin.execution.opening import account_of
from yunmin.execution.order_journal import Note, OrderJournal
from yunmin_binance.connector import BinanceSpot
from yunmin_binance.parse import parse_key_rights
from yunmin_binance.venue import LOCAL_ACCOUNT, AccountConfig, KeyRight, Liquidity, LocalVenue, VenueConfig
from yunmin_binance.venue.chaos import Rule, Say
from yunmin_binance.venue.config import USUAL_RIGHTS, default_accounts

WITHDRAWS = {"key_rights": tuple(KeyRight)}
UNBOUND = {"is_bound_to_address": False}

At = Callable[..., Any]


class OnRealMoney(BinanceSpot):
    """The local venue, taken for the real one: nothing but its name is different."""

    environment = Environment.LIVE


@pytest.fixture
async def at() -> AsyncIterator[At]:
    """A connector to a venue whose account has these terms."""
    async with AsyncExitStack() as stack:

        async def connect(kind: type[BinanceSpot] = BinanceSpot, **terms: Any) -> tuple[LocalVenue, BinanceSpot]:
            accounts = (default_accounts()[0].model_copy(update=terms), *default_accounts()[1:])
            config = VenueConfig(liquidity=Liquidity.NONE, accounts=accounts)
            venue = await stack.enter_async_context(LocalVenue(config))
            wish = registry.load("binance").configure(ConnectionWish(base_url=venue.url))
            return venue, await stack.enter_async_context(kind(wish, clock=SystemClock()))

        yield connect


@asynccontextmanager
async def opened(connector: BinanceSpot, folder: Path, **policy: Any) -> AsyncIterator[Account]:
    async with account_of(connector, folder=folder, policy=AccountPolicy(**policy)) as account:
        yield account


def noted(folder: Path) -> list[str]:
    with OrderJournal.open(folder, clock=SystemClock()) as journal:
        return [entry.text for _, _, entry in journal.entries() if isinstance(entry, Note) and entry.kind == "key"]


async def test_S2_what_a_key_may_do_is_asked_of_the_exchange(at: At) -> None:
    _, usual = await at()
    assert await usual.fetch_key_rights() == KeyRights(can_trade=True, can_withdraw=False, is_bound_to_address=True)
    _, reads = await at(key_rights=(KeyRight.USER_DATA,), **UNBOUND)
    assert await reads.fetch_key_rights() == KeyRights(can_trade=False, can_withdraw=False, is_bound_to_address=False)
    _, all_of_it = await at(**WITHDRAWS)
    assert (await all_of_it.fetch_key_rights()).can_withdraw


async def test_S2_for_real_money_a_key_that_may_withdraw_is_refused_before_anything_is_sent(
    at: At, tmp_path: Path
) -> None:
    venue, connector = await at(OnRealMoney, **WITHDRAWS)
    with pytest.raises(ConfigurationError, match=r"may withdraw.*Nothing was sent.*allow_withdrawal_key=True"):
        async with opened(connector, tmp_path):
            pytest.fail("it was opened")
    assert venue.ledger_report(LOCAL_ACCOUNT).orders == ()


async def test_S2_for_real_money_it_is_taken_where_that_is_said_by_name_and_told_all_the_same(
    at: At, tmp_path: Path
) -> None:
    _, connector = await at(OnRealMoney, **WITHDRAWS)
    async with opened(connector, tmp_path, allow_withdrawal_key=True) as account:
        assert account.takes_orders
    (told,) = noted(tmp_path)
    assert "may withdraw" in told


async def test_S2_elsewhere_it_is_told(at: At, tmp_path: Path) -> None:
    _, connector = await at(**WITHDRAWS, **UNBOUND)
    async with opened(connector, tmp_path) as account:
        assert account.takes_orders
    told = noted(tmp_path)
    assert ["may withdraw" in told[0], "every network address" in told[1]] == [True, True]


async def test_S2_the_warning_is_an_event_of_the_account(at: At, tmp_path: Path) -> None:
    _, connector = await at(**UNBOUND)
    account = Account(connector, OrderJournal.open(tmp_path, clock=SystemClock()), SystemClock())
    told: list[AccountEvent] = []
    account.listen(told.append)
    async with account:
        (warning,) = [event.message for event in told if isinstance(event, Warned)]
    assert "bind it" in warning


async def test_S2_a_key_that_only_trades_from_known_addresses_is_not_talked_about(at: At, tmp_path: Path) -> None:
    _, connector = await at()
    async with opened(connector, tmp_path):
        pass
    assert noted(tmp_path) == []


@pytest.mark.parametrize("environment", [Environment.TESTNET, Environment.DEMO])
async def test_S2_where_there_is_no_wallet_nothing_is_known_and_that_is_said(environment: Environment) -> None:
    config = ConnectorConfig(environment=environment, credentials=Credentials.of("k", "s"))
    connector = BinanceSpot(config, clock=SystemClock())
    with pytest.raises(NotSupported, match=environment):
        await connector.fetch_key_rights()
    (warning,) = await check_key(connector, AccountPolicy())
    assert "not known" in warning


async def test_S2_without_an_answer_real_money_is_not_traded_and_play_money_is(at: At) -> None:
    silent = Rule(where="GET /sapi/v1/account/apiRestrictions", fault=Say(status=503))
    venue, real = await at(OnRealMoney)
    venue.chaos.add(silent)
    with pytest.raises(ExchangeError):
        await check_key(real, AccountPolicy())
    venue, play = await at()
    venue.chaos.add(silent)
    (warning,) = await check_key(play, AccountPolicy())
    assert "not known" in warning


@pytest.mark.parametrize("said", ["false", 0, None], ids=repr)
def test_S2_a_right_that_is_no_plain_yes_or_no_is_not_guessed(said: object) -> None:
    answer = {"enableSpotAndMarginTrading": True, "enableWithdrawals": said, "ipRestrict": True}
    with pytest.raises(MalformedResponse):
        parse_key_rights(answer)


def test_the_right_to_withdraw_is_nobody_s_by_default() -> None:
    assert KeyRight.WITHDRAW not in USUAL_RIGHTS
    assert AccountConfig(name="a").key_rights == USUAL_RIGHTS
