"""Recorded trades at their own time, whatever else happens in their markets."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from yunmin.core.data_contracts import Candle
from yunmin.errors import ConfigurationError
from yunmin.simulation.candle_trades import candle_trades
from yunmin.simulation.intervals import MINUTE
from yunmin.simulation.liquidity import House, HouseStyle
from yunmin.simulation.past import play_past
from yunmin.simulation.price_paths import RandomWalk
from yunmin.simulation.recorded_trades import RecordedTrade
from yunmin.simulation.timed_replay import RecordedMarket, TimedReplay
from yunmin.simulation.trade_player import TradePlayer
from yunmin.simulation.units import from_units, to_micros, to_units

MARKETS: Final = ("BTCUSD", "TOKUSD")
COUNT: Final = 6


def everywhere(_: str) -> bool:
    return True


class Replay(NamedTuple):
    timed: TimedReplay
    recorded: dict[str, list[Candle]]


def a_replay(bench: Any, prices: dict[str, list[tuple[int, int, int, int]]], *, volume: str = "1") -> Replay:
    """Candles of whole minutes from the bench's now on; prices are in units of the quote asset."""
    start: datetime = bench.clock.now()
    for name in ("maker", "taker"):
        bench.ledger.open_account(name, keeps_history=False)
        for asset in ("BTC", "TOK", "USD"):
            bench.ledger.deposit(name, asset, to_units(10**9))
    recorded: dict[str, list[Candle]] = {}
    markets: dict[str, RecordedMarket] = {}
    for symbol, corners in prices.items():
        recorded[symbol] = [
            Candle(
                symbol=symbol,
                open_time=start + timedelta(minutes=number),
                open=Decimal(opened),
                high=Decimal(high),
                low=Decimal(low),
                close=Decimal(closed),
                volume=Decimal(volume),
            )
            for number, (opened, high, low, closed) in enumerate(corners)
        ]
        market = bench.engine.floor(symbol).market
        style = HouseStyle(level_qty=to_units(5), levels=3, gap=1)
        walk = RandomWalk(1, to_units(100))
        markets[symbol] = RecordedMarket(
            candle_trades(recorded[symbol], tick=market.tick, step=market.step),
            TradePlayer(bench.engine, symbol, maker="maker", taker="taker"),
            House(bench.engine, symbol, walk, style, seed=1, maker="maker", taker="taker"),
        )
    end = to_micros(start + timedelta(minutes=COUNT))
    return Replay(TimedReplay(bench.engine, markets, lambda: to_micros(bench.clock.now()), end=end), recorded)


def bars(bench: Any, replay: Replay, symbol: str) -> list[tuple[Decimal, ...]]:
    """Open, high, low, close and volume of each recorded minute."""
    tape, start = bench.engine.floor(symbol).tape, to_micros(replay.recorded[symbol][0].open_time)
    told = tape.bars(MINUTE, now=bench.engine.now(), limit=COUNT, start=start)
    return [tuple(from_units(figure) for figure in bar[1:6]) for bar in told]


def as_bar(candle: Candle) -> tuple[Decimal, ...]:
    return candle.open, candle.high, candle.low, candle.close, candle.volume


@st.composite
def corners(draw: st.DrawFn) -> list[tuple[int, int, int, int]]:
    made = []
    for _ in range(COUNT):
        low, *inner, high = sorted(draw(st.lists(st.integers(90, 110), min_size=4, max_size=4)))
        opened, closed = draw(st.permutations(inner))
        made.append((opened, high, low, closed))
    return made


class Deed(NamedTuple):
    """What somebody does after `seconds` have passed: an order at `price` in `market`, or a step."""

    seconds: float
    market: str
    side: str
    price: int
    kind: str


deeds = st.lists(
    st.builds(
        Deed,
        st.sampled_from((0.0, 1.0, 14.0, 15.0, 31.0, 61.0)),
        st.sampled_from(MARKETS),
        st.sampled_from(("BUY", "SELL")),
        st.integers(88, 112),
        st.sampled_from(("STEP", "LIMIT", "MARKET", "STOP_LOSS")),
    ),
    max_size=12,
)


def do(bench: Any, replay: Replay, deed: Deed) -> None:
    bench.clock.advance(deed.seconds)
    match deed.kind:
        case "STEP":
            replay.timed.step(everywhere)
        case "LIMIT":
            bench.send("ann", deed.side, "0.3", str(deed.price), market=deed.market)
        case "MARKET":
            bench.send("ann", deed.side, "0.3", market=deed.market)
        case "STOP_LOSS":
            bench.send("ann", deed.side, "0.3", order_type="STOP_LOSS", stop=str(deed.price), market=deed.market)


@settings(
    max_examples=60,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_others_add_to_the_recorded_candles_and_take_nothing_from_them(make_bench: Any, data: st.DataObject) -> None:
    bench = make_bench()
    replay = a_replay(bench, {symbol: data.draw(corners()) for symbol in MARKETS})
    for deed in data.draw(deeds):
        do(bench, replay, deed)
    bench.clock.advance(60 * COUNT)
    replay.timed.step(everywhere)
    assert replay.timed.is_over
    assert bench.engine.audit().ok
    for symbol in MARKETS:
        own: dict[int, int] = {}
        for fill in bench.engine.orders_of("ann").all_fills():
            if fill.market == symbol:
                minute = fill.time // MINUTE
                own[minute] = own.get(minute, 0) + fill.qty
        for candle, bar in zip(replay.recorded[symbol], bars(bench, replay, symbol), strict=True):
            traded = own.get(to_micros(candle.open_time) // MINUTE)
            if traded is None:
                assert bar == as_bar(candle)
                continue
            _, high, low, _, volume = bar
            assert low <= candle.low
            assert high >= candle.high
            assert candle.volume <= volume <= candle.volume + from_units(traded)


def test_markets_are_played_in_the_order_of_their_times(bench: Any) -> None:
    replay = a_replay(bench, {symbol: [(100, 102, 98, 101)] * COUNT for symbol in MARKETS})
    seen: list[int] = []
    bench.engine.listen(lambda event: seen.append(event.time))
    bench.clock.advance(60 * COUNT)
    replay.timed.step(everywhere)
    assert seen == sorted(seen)
    for symbol in MARKETS:
        assert bars(bench, replay, symbol) == [as_bar(candle) for candle in replay.recorded[symbol]]


def test_time_does_not_pass_a_trade_that_has_not_happened(bench: Any) -> None:
    replay = a_replay(bench, {"BTCUSD": [(100, 102, 98, 101)] * COUNT})
    start = to_micros(bench.clock.now())
    replay.timed.step(everywhere)
    bench.clock.advance(200)
    assert bench.engine.now() == start + MINUTE // 4
    replay.timed.catch_up(everywhere)
    assert bench.engine.now() == start + 200_000_000
    assert replay.timed.next_due == start + 210_000_000


def test_what_is_due_in_a_closed_market_does_not_happen(bench: Any) -> None:
    replay = a_replay(bench, {symbol: [(100, 102, 98, 101)] * COUNT for symbol in MARKETS})
    bench.clock.advance(60 * COUNT)
    replay.timed.step(lambda symbol: symbol == "BTCUSD")
    assert bench.engine.floor("TOKUSD").tape.trades == []
    assert len(bench.engine.floor("BTCUSD").tape.trades) == 4 * COUNT
    assert replay.timed.is_over


def test_the_past_is_played_without_quotes_and_what_was_before_it_not_at_all(bench: Any) -> None:
    replay = a_replay(bench, {"BTCUSD": [(100, 102, 98, 101)] * COUNT})
    start = to_micros(bench.clock.now())
    bench.clock.advance(180)
    play_past(bench.engine, [replay.timed.past(start + 2 * MINUTE, start + 3 * MINUTE)])
    times = [trade.time - start for trade in bench.engine.floor("BTCUSD").tape.trades]
    assert [time / MINUTE for time in times] == [2, 2.25, 2.5, 2.75, 3]
    assert bench.engine.floor("BTCUSD").book.best_bid is None
    assert replay.timed.next_due == start + 3 * MINUTE + MINUTE // 4


def test_quotes_that_somebody_took_from_are_renewed_at_the_next_step(bench: Any) -> None:
    replay = a_replay(bench, {"BTCUSD": [(100, 102, 98, 101)] * COUNT})
    replay.timed.step(everywhere)
    book = bench.engine.floor("BTCUSD").book
    before = book.best_ask.price
    bench.send("ann", "BUY", "20")
    assert book.best_ask is None or book.best_ask.price > before
    replay.timed.step(everywhere)
    assert book.best_ask.price == before
    standing = book.sequence
    replay.timed.step(everywhere)
    assert book.sequence == standing


def test_who_trades_has_the_means_however_often_the_price_rises(bench: Any) -> None:
    for name in ("maker", "taker"):
        bench.ledger.open_account(name)
        bench.ledger.deposit(name, "BTC", to_units(10))
        bench.ledger.deposit(name, "USD", to_units(10_000))
    player = TradePlayer(bench.engine, "BTCUSD", maker="maker", taker="taker")
    for number in range(50):
        player.play(RecordedTrade(number, to_units(100), to_units(5), buyer_is_maker=False))
    assert len(bench.engine.floor("BTCUSD").tape.trades) == 50


def test_a_market_without_trades_is_refused(bench: Any) -> None:
    market = RecordedMarket((), TradePlayer(bench.engine, "BTCUSD", maker="ann", taker="bob"), None)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="no trades"):
        TimedReplay(bench.engine, {"BTCUSD": market}, lambda: 0, end=0)
