"""A paper account that is stopped, however roughly, goes on as if it had not been; and nothing was told unwritten."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.paper_bench import BTC, SYMBOL, Paper
from yunmin.core.data_contracts import AccountNews, OrderRef, OrderState, OrderUpdate
from yunmin.errors import ConfigurationError, MarketClosed, OrderNotFound, OutcomeUnknown
from yunmin.simulation.paper_file import PaperFile


def d(text: str) -> Decimal:
    return Decimal(text)


def busy(paper: Paper) -> None:
    """Orders in every state, and of every kind that rests or waits."""
    paper.trade("100")
    paper.send("BUY", "0.5", name="bought")
    paper.send("BUY", "1", "99", name="half")
    paper.send("SELL", "1", "103", name="sell")
    paper.cancel(paper.send("SELL", "1", "104", name="gone"))
    paper.send("SELL", "0.5", kind="STOP_LOSS", stop="90", name="stop")
    paper.send("BUY", "0.5", kind="STOP_LOSS", stop="110", name="buy-stop")
    paper.send("SELL", "0.5", "111", kind="TAKE_PROFIT_LIMIT", stop="112", name="profit")
    paper.send("BUY", "0", quote="50", name="by-quote")
    paper.send("BUY", "500", "100.01", tif="IOC", name="expired")
    paper.clock.advance(1)
    paper.trade("99", "1", "SELL")


async def seen(paper: Paper) -> tuple[Any, ...]:
    """All that the account can see of itself."""
    account = await paper.connector.fetch_account()
    return (
        account.balances,
        await paper.connector.fetch_open_orders(),
        await paper.connector.fetch_order_history(SYMBOL),
        await paper.connector.fetch_fills(SYMBOL),
    )


def again(paper: Paper, **options: Any) -> Paper:
    """The exchange after a restart, a second later; what it was given as balances does not matter then."""
    paper.clock.advance(1)
    return Paper(paper.clock, balances={"BTC": d("77")}, **options)


def through_json(state: dict[str, Any]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(json.dumps(state))
    return loaded


async def test_everything_that_the_account_can_see_is_the_same_after_a_restart() -> None:
    paper = Paper()
    busy(paper)
    states = {update.state for update in await paper.connector.fetch_order_history(SYMBOL)}
    assert states == {
        OrderState.OPEN,
        OrderState.PARTIALLY_FILLED,
        OrderState.FILLED,
        OrderState.CANCELLED,
        OrderState.EXPIRED,
    }
    other = again(paper, state=through_json(paper.exchange.dump()))
    assert await seen(other) == await seen(paper)
    assert other.exchange.audit().ok


async def test_orders_that_rest_and_wait_go_on_resting_and_waiting() -> None:
    paper = Paper()
    busy(paper)
    other = again(paper, state=through_json(paper.exchange.dump()))
    for one in (paper, other):
        one.ticker("98.9", "99.1")
        for price in ("98", "89", "111", "113"):
            one.clock.advance(1)
            one.trade(price)
    assert await other.connector.fetch_open_orders() == []
    assert [fill.model_copy(update={"ts": None}) for fill in await other.fills()] == [
        fill.model_copy(update={"ts": None}) for fill in await paper.fills()
    ]
    assert other.exchange.audit().ok


async def test_after_a_restart_nothing_trades_until_a_price_was_told() -> None:
    paper = Paper()
    busy(paper)
    other = again(paper, state=paper.exchange.dump())
    with pytest.raises(MarketClosed):
        other.send("BUY", "1", name="blind")
    other.trade("100")
    assert other.send("BUY", "1", name="seen").fills


def test_ids_that_are_made_up_differ_from_those_before_the_restart() -> None:
    paper = Paper()
    paper.trade("100")
    other = again(paper, state=paper.exchange.dump())
    assert paper.connector.new_client_order_id() != other.connector.new_client_order_id()
    assert other.exchange.connector().new_client_order_id() != other.connector.new_client_order_id()


# --- the file --------------------------------------------------------------------------------------------------------


async def test_what_the_file_holds_after_each_command_is_what_was_answered(tmp_path: Path) -> None:
    """As a process finds it that starts after this one was killed: nothing was closed, nothing flushed."""
    path = tmp_path / "paper.json"
    paper = Paper(file=PaperFile(path))
    busy(paper)
    copy = tmp_path / "copy.json"
    copy.write_bytes(path.read_bytes())
    other = again(paper, file=PaperFile(copy))
    assert await seen(other) == await seen(paper)


async def test_news_is_in_the_file_before_anybody_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "paper.json"
    paper = Paper(file=PaperFile(path))
    await paper.connector.connect()
    paper.trade("100")
    ack = paper.send("BUY", "1", "99")
    async with paper.connector.stream_account() as news:
        await news.next_batch()
        paper.trade("98")
        told: list[AccountNews] = await news.next_batch()
        written = PaperFile(path).load()
    assert written is not None
    record = written["orders"][f"{SYMBOL} {ack.update.exchange_order_id}"]
    assert any(isinstance(one, OrderUpdate) and one.state is OrderState.FILLED for one in told)
    assert (record["state"], len(written["fills"])) == ("FILLED", 1)


async def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "paper.json"
    paper = Paper(file=PaperFile(path))
    paper.trade("100")
    paper.send("BUY", "1", "99", name="kept")
    whole = path.read_bytes()
    paper.send("BUY", "1", "98", name="torn")
    path.write_bytes(path.read_bytes()[:-7])
    other = again(paper, file=PaperFile(path))
    assert [one.client_order_id for one in await other.connector.fetch_open_orders()] == ["kept"]
    assert path.read_bytes() != whole
    with pytest.raises(OrderNotFound):
        await other.connector.fetch_order(OrderRef(symbol=SYMBOL, client_order_id="torn"))


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_file_that_is_damaged_is_refused(tmp_path: Path, place: float) -> None:
    path = tmp_path / "paper.json"
    busy(Paper(file=PaperFile(path)))
    held = bytearray(path.read_bytes())
    held[int(len(held) * place)] ^= 1
    path.write_bytes(bytes(held))
    with pytest.raises(ConfigurationError, match="damaged"):
        Paper(file=PaperFile(path))


def test_books_that_do_not_add_up_are_refused() -> None:
    paper = Paper()
    busy(paper)
    state = paper.exchange.dump()
    state["balances"]["paper"]["USDT"][0] += 1
    with pytest.raises(ConfigurationError, match="do not add up"):
        again(paper, state=state)
    state["deposited"]["USDT"] += 1
    assert again(paper, state=state).exchange.audit().ok
    resting = next(one for one in state["orders"].values() if one["client_order_id"] == "half")
    resting["locked"] += 5
    with pytest.raises(ConfigurationError, match="do not add up"):
        again(paper, state=state)


def test_a_state_of_another_version_or_of_other_markets_is_refused() -> None:
    paper = Paper()
    busy(paper)
    state = paper.exchange.dump()
    with pytest.raises(ConfigurationError, match="no state of a paper exchange"):
        again(paper, state={**state, "format": 99})
    eth = BTC.model_copy(update={"symbol": "ETH/USDT", "base_asset": "ETH"})
    with pytest.raises(ConfigurationError, match="markets that are not here: BTC/USDT"):
        again(paper, state=state, markets={"ETH/USDT": eth})


def test_a_full_disk_is_an_unknown_outcome_then_a_refusal_and_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "paper.json"
    paper = Paper(file=PaperFile(path))
    paper.trade("100")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "write", full)
        with pytest.raises(OutcomeUnknown, match="No space left"):
            paper.send("BUY", "1", "99", name="unknown")
        disk.setattr(os, "fsync", full)
        with pytest.raises(MarketClosed, match="no order is taken"):
            paper.send("BUY", "1", "98", name="refused")
    paper.send("BUY", "1", "97", name="taken")
    written = PaperFile(path).load()
    assert written is not None
    assert [one["client_order_id"] for one in written["orders"].values()] == ["unknown", "taken"]
