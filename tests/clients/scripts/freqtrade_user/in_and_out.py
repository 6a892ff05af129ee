"""A strategy that buys on the first candle it sees and sells as soon as it holds something, once."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from freqtrade.persistence import Trade
from freqtrade.strategy import IStrategy
from pandas import DataFrame


class InAndOut(IStrategy):  # type: ignore[misc]  # freqtrade is not installed where this is checked
    """Nothing to earn here; it is there to be carried out."""

    INTERFACE_VERSION = 3
    timeframe = "1m"
    minimal_roi: ClassVar[dict[str, float]] = {}
    stoploss = -0.5
    startup_candle_count = 0
    process_only_new_candles = False

    def populate_indicators(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        dataframe["enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        return dataframe

    def confirm_trade_entry(self, *_: Any, **__: Any) -> bool:
        return not Trade.get_trades_proxy(is_open=False)

    def custom_exit(
        self, pair: str, trade: Trade, current_time: datetime, current_rate: float, current_profit: float, **_: Any
    ) -> str:
        return "scripted"
