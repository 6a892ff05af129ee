"""Who stands on the other side in every market: the house around a walk, or the data that it replays."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, Protocol

from yunmin.simulation.candles import read_candles
from yunmin.simulation.fees import FeeSchedule
from yunmin.simulation.liquidity import House, HouseStyle
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.price_paths import CandlePath, PricePath, RandomWalk
from yunmin.simulation.recorded_trades import read_trades
from yunmin.simulation.replay_clock import ReplayClock
from yunmin.simulation.trade_replay import TradeReplay
from yunmin.simulation.units import SCALE, to_micros, to_units
from yunmin_binance.venue.config import Liquidity, VenueConfig
from yunmin_binance.venue.symbols import SymbolRules

__all__ = ["Houses"]

_MAKER: Final = "house-maker"
_TAKER: Final = "house-taker"
_FUNDS: Final = 10**9 * SCALE


class _Steps(Protocol):
    def step(self) -> None: ...


class _Ends(Protocol):
    @property
    def is_over(self) -> bool: ...


class Houses:
    """One for each market, all with the same two accounts; none where the venue is to have no liquidity."""

    def __init__(self, engine: MatchingEngine, config: VenueConfig) -> None:
        self._engine = engine
        self._config = config
        self._replay: _Ends | None = None
        self._all: dict[str, _Steps] = {}
        if config.liquidity is not Liquidity.NONE:
            self._open_accounts()
            self._all = {name: self._open(rules) for name, rules in config.markets().items()}

    def __bool__(self) -> bool:
        return bool(self._all)

    @property
    def replay_is_over(self) -> bool | None:
        """Whether all recorded data has been played; None where none is replayed."""
        return None if self._replay is None else self._replay.is_over

    def step(self, is_open: Callable[[str], bool]) -> None:
        """Let every one move whose market is open."""
        for symbol, one in self._all.items():
            if is_open(symbol):
                one.step()

    def _open_accounts(self) -> None:
        ledger, rules = self._engine.ledger, self._config.markets().values()
        assets = dict.fromkeys(asset for one in rules for asset in (one.base, one.quote))
        for name in (_MAKER, _TAKER):
            ledger.open_account(name, fees=FeeSchedule(maker=0, taker=0), keeps_history=False)
            for asset in assets:
                ledger.deposit(name, asset, _FUNDS)

    def _open(self, rules: SymbolRules) -> _Steps:
        config = self._config
        is_replayed = rules.symbol == config.replay_symbol
        if config.trades_file is not None and is_replayed:
            return self._open_replay(rules, config)
        path: PricePath = self._walk(rules)
        if config.candles_file is not None and is_replayed:
            candles = read_candles(config.candles_file, rules.symbol)
            path = self._replay = CandlePath(candles, self._clock(to_micros(candles[0].open_time), config.speed))
        return self._house(rules, path)

    def _open_replay(self, rules: SymbolRules, config: VenueConfig) -> TradeReplay:
        assert config.trades_file is not None  # noqa: S101  the caller looked
        trades = read_trades(config.trades_file)
        clock = self._clock(trades[0].time, config.speed)
        house = self._house(rules, self._walk(rules))
        self._replay = replay = TradeReplay(
            self._engine, house, rules.symbol, trades, clock, maker=_MAKER, taker=_TAKER
        )
        return replay

    def _clock(self, start: int, speed: Decimal | None) -> Callable[[], int] | None:
        return None if speed is None else ReplayClock(self._engine.now, start, speed=speed).moment

    def _house(self, rules: SymbolRules, path: PricePath) -> House:
        config = self._config
        style = HouseStyle(level_qty=to_units(rules.level_qty), levels=config.levels, takes=config.takes_per_step)
        seed = f"house-{config.seed}-{rules.symbol}"
        return House(self._engine, rules.symbol, path, style, seed=seed, maker=_MAKER, taker=_TAKER)

    def _walk(self, rules: SymbolRules) -> RandomWalk:
        seed = f"path-{self._config.seed}-{rules.symbol}"
        return RandomWalk(seed, to_units(rules.start_price), volatility=self._config.volatility)
