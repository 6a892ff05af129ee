"""A small bombardment, and proof that it would notice; the large one is a command (docs/local-venue.md)."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from tests.adapters.binance.venue.hostile.bombard import bombard
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.params import Params
from yunmin_binance.venue.streams.commands import Commands


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_is_sent_ends_in_a_documented_error_or_a_close(seed: int) -> None:
    toll = await bombard(500, seed)
    assert toll.faults == []
    assert {outcome.partition(":")[0] for outcome in toll.outcomes} == {"REST", "HTTP", "/ws", "/ws-api/v3", "/venue"}
    assert len(toll.outcomes) > 30


async def test_a_failure_behind_rest_and_the_websocket_api_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(Params, "symbol", fail)
    toll = await bombard(200, 1)
    for sign in ("HTTP 500", "a code that is not documented", "venue.request_failed"):
        assert any(sign in fault for fault in toll.faults), sign


async def test_a_failure_behind_the_market_streams_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(Commands, "answer", fail)
    toll = await bombard(100, 1)
    for sign in ("ZeroDivisionError", "/ws does not answer"):
        assert any(sign in fault for fault in toll.faults), sign


async def test_money_from_nowhere_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    submit = Exchange.submit

    def generous(exchange: Exchange, *arguments: Any, **more: Any) -> Any:
        account = exchange.ledger.account("local")
        assert account is not None
        account.free["BTC"] += 1
        return submit(exchange, *arguments, **more)

    monkeypatch.setattr(Exchange, "submit", generous)
    toll = await bombard(200, 1)
    assert any("the books" in fault for fault in toll.faults)
