"""Which classes the state of a matching engine is made of, and what of them is set-up."""

from __future__ import annotations

from typing import Final

from yunmin.core.data_contracts.enums import OrderState, OrderType, Side, TimeInForce
from yunmin.simulation import (
    fees,
    ledger,
    liquidity,
    market_floor,
    matching_engine,
    order_book,
    order_index,
    order_lists,
    orders,
    pit,
    price_paths,
    stops,
    tape,
    timed_replay,
    trade_player,
    trade_replay,
    trails,
    waiting_room,
)

__all__ = ["ENGINE_CLASSES", "ENGINE_KEPT"]

_MODULES: Final = (
    fees, ledger, liquidity, market_floor, matching_engine, order_book, order_index, order_lists, orders, pit,
    price_paths, stops, tape, timed_replay, trade_player, trade_replay, trails, waiting_room,
)  # fmt: skip

ENGINE_CLASSES: Final[tuple[type, ...]] = (
    *(one for module in _MODULES for one in vars(module).values()
      if isinstance(one, type) and one.__module__ == module.__name__),
    OrderState, OrderType, Side, TimeInForce,
)  # fmt: skip
"""All that these modules define, private ones too: what is new in them is part of the state without a word here."""

ENGINE_KEPT: Final[dict[type, frozenset[str]]] = {
    matching_engine.MatchingEngine: frozenset({"_clock", "_listeners", "_keep", "_told_time"}),
    market_floor.MarketFloor: frozenset({"market", "price_bounds", "keep"}),
    pit.Pit: frozenset({"_charge", "listeners"}),
    waiting_room.WaitingRoom: frozenset({"vet"}),
    liquidity.House: frozenset({"_engine", "_market", "_style", "_maker", "_taker"}),
    price_paths.CandlePath: frozenset({"_points", "_clock"}),
    timed_replay.TimedReplay: frozenset({"_engine", "_timeline", "_clock", "_end"}),
    trade_player.TradePlayer: frozenset({"_engine", "_floor", "_maker", "_taker"}),
    trade_replay.TradeReplay: frozenset({"_trades", "_clock"}),
}
"""What the set-up decides, and what only a running process can hold."""
