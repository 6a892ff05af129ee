"""The same recorded candles and the same orders, at the local venue and on paper: the same fills.

Where the figures by which they differ are set alike: the venue's houses stand a millionth apart around recorded prices,
and at the local venue a resting order is the first in line.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.binance.venue.test_recorded_time import MINUTE, START, a_clock, candles_file, options
from yunmin.clock import Chance, SystemClock, seeded
from yunmin.core.data_contracts import Liquidity, OrderRequest, OrderType, Side
from yunmin.errors import ExchangeError
from yunmin.exchange import ConnectorConfig, VenueLedger, registry
from yunmin.simulation.candles import read_candles
from yunmin.simulation.paper_exchange import PaperExchange
from yunmin.simulation.paper_market import PaperDepth
from yunmin.simulation.paper_replay import PaperReplay
from yunmin_binance.venue import LOCAL_ACCOUNT
from yunmin_binance.venue.opening import OpenVenue, open_venue

PLAIN = ("LIMIT", "LIMIT", "LIMIT_MAKER", "MARKET")
STOPS = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT")
MOST_STOPS = 5
"""How many the venue lets be open: a rule that an instrument does not tell, and paper does not have."""

SYMBOL = "BTC/USDT"


def an_order(chance: Chance, last: Decimal, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Something small, near the market."""
    kind, side = chance.choice(kinds), chance.choice(("BUY", "SELL"))
    near = (last + Decimal(chance.randint(-200, 200)) / 10).quantize(Decimal("0.01"))
    terms: dict[str, Any] = {"side": side, "kind": kind, "quantity": Decimal(chance.randint(1, 40)) / 10_000}
    if kind not in ("MARKET", "STOP_LOSS", "TAKE_PROFIT"):
        terms["price"] = near
    if kind.startswith(("STOP", "TAKE")):
        terms["stop_price"] = (near + Decimal(chance.randint(-50, 50)) / 10).quantize(Decimal("0.01"))
    return terms


def at_the_venue(running: OpenVenue, name: str, terms: dict[str, Any]) -> bool:
    """Whether it was taken."""
    given = {key: str(value) for key, value in terms.items() if key not in ("side", "kind")}
    try:
        running.venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", terms["side"], terms["kind"], client_order_id=name, **given)
    except ExchangeError:
        return False
    return True


def on_paper(exchange: PaperExchange, name: str, terms: dict[str, Any]) -> bool:
    """Whether it was taken."""
    try:
        exchange.connector().place_now(
            OrderRequest(
                symbol=SYMBOL,
                side=Side(terms["side"]),
                order_type=OrderType(terms["kind"]),
                qty=terms["quantity"],
                price=terms.get("price"),
                trigger_price=terms.get("stop_price"),
                client_order_id=name,
            )
        )
    except ExchangeError:
        return False
    return True


def traded(ledger: VenueLedger) -> dict[str, tuple[Any, ...]]:
    """What became of each order, by its client order id."""
    return {one.client_order_id: (one.state, one.filled, one.average_price) for one in ledger.orders}


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_same_orders_come_to_the_same(tmp_path: Path, seed: int) -> None:
    candles_file(tmp_path, "BTC_USDT_1m.csv", 40)
    candles = read_candles(tmp_path / "BTC_USDT_1m.csv", SYMBOL)
    chance, clock = seeded(seed), a_clock(START)
    async with open_venue(options(tmp_path, clock)) as running:
        config = ConnectorConfig(base_url=running.venue.url, credentials=running.credentials)
        async with registry.load("binance").connector(config, SystemClock()) as connector:
            markets = {SYMBOL: (await connector.fetch_instruments())[SYMBOL]}
        held = {one.asset: one.free for one in running.ledger().balances}
        paper = PaperExchange(
            markets, {asset: held[asset] for asset in ("BTC", "USDT")}, clock, depth=PaperDepth(gap=1, queue=0)
        )
        replay = PaperReplay(paper, {SYMBOL: candles}, clock)
        taken = 0
        for number in range(120):
            clock.advance(chance.choice((1, 7, 15, 33)))
            running.venue.step()
            replay.catch_up()
            last = candles[min((clock.now() - START) // MINUTE, len(candles) - 1)].open
            is_open = paper.engine.orders_of("paper").open_orders()
            may_wait = sum(order.order_type in STOPS for order in is_open) < MOST_STOPS
            terms = an_order(chance, last, PLAIN + STOPS if may_wait else PLAIN)
            both = at_the_venue(running, f"ym-{number}", terms), on_paper(paper, f"ym-{number}", terms)
            assert both[0] is both[1], (number, terms)
            taken += both[0]
        clock.advance(timedelta(minutes=40).total_seconds())
        running.venue.step()
        replay.catch_up()
        there, here = traded(running.ledger()), traded(paper.ledger())
        assert here == there
        assert taken > 80
        assert sum(one.order_type in STOPS and one.filled > 0 for one in paper.ledger().orders) > 5
        assert {one.liquidity for one in paper.ledger().fills} == {Liquidity.MAKER, Liquidity.TAKER}
        assert paper.audit().ok
