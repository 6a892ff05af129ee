"""Who stands on the other side in every market: the house around a walk, or the data that it replays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol

from yunmin.errors import ConfigurationError
from yunmin.simulation.fees import FeeSchedule
from yunmin.simulation.liquidity import House, HouseStyle
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.past import POINT_EVERY, PastTrade, play_past, walked
from yunmin.simulation.price_paths import CandlePath, PricePath, RandomWalk
from yunmin.simulation.replay_clock import ReplayClock
from yunmin.simulation.timed_replay import RecordedMarket, TimedReplay
from yunmin.simulation.trade_player import TradePlayer
from yunmin.simulation.trade_replay import TradeReplay
from yunmin.simulation.units import SCALE, from_micros, to_units
from yunmin_binance.venue.config import Liquidity, VenueConfig
from yunmin_binance.venue.recording import Recording
from yunmin_binance.venue.symbols import SymbolRules

__all__ = ["Houses"]

_MAKER: Final = "house-maker"
_TAKER: Final = "house-taker"
_FUNDS: Final = 10**9 * SCALE
_FUNDS_TO_REPLAY: Final = 10**12 * SCALE
"""Enough for whatever was traded in a candle."""

_SECOND: Final = 1_000_000
_USUAL_GAP: Final = 200
_LEAST_GAP: Final = 1
"""Millionths of the price between quotes; the least where recorded prices are to be disturbed as little as can be."""

_MOST_MOVES: Final = 60


class _Steps(Protocol):
    def step(self) -> None: ...


class _Ends(Protocol):
    @property
    def is_over(self) -> bool: ...


class Houses:
    """One for each market, all with the same two accounts; none where the venue is to have no liquidity.

    `clock` tells microseconds since the epoch. The past that the configuration asks for has happened afterwards.
    """

    def __init__(self, engine: MatchingEngine, config: VenueConfig, clock: Callable[[], int]) -> None:
        self._engine = engine
        self._config = config
        self._clock = clock
        self._replays: list[_Ends] = []
        self._timed: TimedReplay | None = None
        self._all: dict[str, _Steps] = {}
        if config.liquidity is not Liquidity.NONE:
            self._open_accounts()
            play_past(engine, self._open_all(config.markets(), until=clock()))

    def __bool__(self) -> bool:
        return bool(self._all) or self._timed is not None

    @property
    def replay_is_over(self) -> bool | None:
        """Whether all recorded data has been played; None where none is replayed."""
        return all(one.is_over for one in self._replays) if self._replays else None

    @property
    def next_due(self) -> int | None:
        """When recorded data that has its own time goes on (microseconds); None where there is no such data left."""
        return None if self._timed is None else self._timed.next_due

    def step(self, is_open: Callable[[str], bool]) -> None:
        """Let every one move whose market is open."""
        for symbol, one in self._all.items():
            if is_open(symbol):
                one.step()
        if self._timed is not None:
            self._timed.step(is_open)

    def catch_up(self, is_open: Callable[[str], bool]) -> None:
        """Let happen what is due by its own recorded time."""
        if self._timed is not None:
            self._timed.catch_up(is_open)

    def _open_accounts(self) -> None:
        ledger, config = self._engine.ledger, self._config
        rules = config.markets().values()
        funds = _FUNDS_TO_REPLAY if config.recordings() else _FUNDS
        assets = dict.fromkeys(asset for one in rules for asset in (one.base, one.quote))
        for name in (_MAKER, _TAKER):
            ledger.open_account(name, fees=FeeSchedule(maker=0, taker=0), keeps_history=False)
            for asset in assets:
                ledger.deposit(name, asset, funds)

    def _open_all(self, markets: Mapping[str, SymbolRules], *, until: int) -> list[Iterable[PastTrade]]:
        """Everybody in place; what is to have happened before `until`."""
        read = Recording.of_trades if self._config.trades_file is not None else Recording.of_candles
        recordings = [read(file, markets[symbol]) for symbol, file in self._config.recordings().items()]
        pasts: list[Iterable[PastTrade]] = []
        if recordings and self._config.at_recorded_time:
            pasts.append(self._open_timed(recordings, until))
        elif recordings:
            pasts += self._open_paced(recordings, until)
        replayed = {one.rules.symbol for one in recordings}
        pasts += [self._open_walk(rules, until) for name, rules in markets.items() if name not in replayed]
        return pasts

    def _open_timed(self, recordings: list[Recording], until: int) -> Iterator[PastTrade]:
        """What was recorded happens when it was recorded; how far back it goes is set by `history`, if by anything."""
        start, since = min(one.start for one in recordings), self._since(until)
        if self._config.history is None:
            since = start
        elif self._config.history and start > since:
            raise ConfigurationError(
                f"the recorded data begins at {from_micros(start).isoformat()}, and the venue's past at "
                f"{from_micros(since).isoformat()}: start its clock {self._config.history:g} s after the data begins"
            )
        markets = {
            one.rules.symbol: RecordedMarket(one.trades(), self._player(one.rules), self._recorded_house(one.rules))
            for one in recordings
        }
        timed = TimedReplay(self._engine, markets, self._clock, end=max(one.end for one in recordings))
        self._timed = timed
        self._replays.append(timed)
        return timed.past(since, until)

    def _open_paced(self, recordings: list[Recording], until: int) -> list[Iterator[PastTrade]]:
        """What was recorded goes at a speed or by steps from now on; the first `history` of it was until now."""
        config = self._config
        now_recorded = min(one.start for one in recordings) + until - self._since(until)
        clock = None
        if config.speed is not None:
            clock = ReplayClock(self._engine.now, now_recorded, speed=config.speed).moment
        for one in recordings:
            symbol, house = one.rules.symbol, self._house
            if one.candles is None:
                replay = TradeReplay(
                    self._player(one.rules), house(one.rules, self._walk(one.rules)), one.recorded_trades, clock
                )
                replay.skip_until(now_recorded)
                self._all[symbol] = replay
                self._replays.append(replay)
            else:
                path = CandlePath(one.candles, clock)
                path.skip_until(now_recorded)
                self._all[symbol] = house(one.rules, path)
                self._replays.append(path)
        return [self._past_of(one, now_recorded, until) for one in recordings]

    def _past_of(self, one: Recording, before: int, until: int) -> Iterator[PastTrade]:
        """What was recorded before the moment `before`, as if that were `until`."""
        player = self._player(one.rules)
        for trade in one.trades(before):
            yield PastTrade(trade.time + until - before, player, trade)

    def _open_walk(self, rules: SymbolRules, until: int) -> Iterator[PastTrade]:
        config, path = self._config, self._walk(rules)
        self._all[rules.symbol] = self._house(rules, path)
        moves = int(min(POINT_EVERY / _SECOND / config.step_interval, _MOST_MOVES)) if config.step_interval else 1
        return walked(
            self._player(rules),
            path,
            self._since(until),
            until,
            moves=max(moves, 1),
            most=to_units(rules.level_qty),
            seed=f"past-{config.seed}-{rules.symbol}",
        )

    def _since(self, until: int) -> int:
        """When the past begins."""
        return until - int((self._config.history or 0) * _SECOND)

    def _house(self, rules: SymbolRules, path: PricePath, gap: int = _USUAL_GAP) -> House:
        config = self._config
        style = HouseStyle(
            level_qty=to_units(rules.level_qty), levels=config.levels, gap=gap, takes=config.takes_per_step
        )
        seed = f"house-{config.seed}-{rules.symbol}"
        return House(self._engine, rules.symbol, path, style, seed=seed, maker=_MAKER, taker=_TAKER)

    def _recorded_house(self, rules: SymbolRules) -> House:
        return self._house(rules, self._walk(rules), _LEAST_GAP)

    def _player(self, rules: SymbolRules) -> TradePlayer:
        return TradePlayer(self._engine, rules.symbol, maker=_MAKER, taker=_TAKER)

    def _walk(self, rules: SymbolRules) -> RandomWalk:
        seed = f"path-{self._config.seed}-{rules.symbol}"
        return RandomWalk(seed, to_units(rules.start_price), volatility=self._config.volatility)
