"""Market streams: subscribed to by name on one socket each, and read from Binance's own JSON.

Binance spot web-socket-streams.md, 2026-07-21. A name that no stream has is subscribed to without an error, so names
are made here from what is known to exist. Whether a subscription still stands is asked with LIST_SUBSCRIPTIONS.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar

import orjson

from yunmin.ccxt_bridge import Conversation, Ears, Feed
from yunmin.core.data_contracts import Candle, Instrument, PublicTrade, Side, Ticker
from yunmin.errors import InvalidValue, MalformedResponse
from yunmin_binance.fields import flag, moment, says_each_key_once, wire_id
from yunmin_binance.parse import parse_candle, parse_ticker
from yunmin_binance.refusals import stream_refusal

__all__ = ["INTERVALS", "CandleFeed", "MarketConversation", "MarketFeed", "TickerFeed", "TradeFeed"]

Item = TypeVar("Item")
Json = Mapping[str, Any]

INTERVALS: Final = frozenset(
    ["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"]
)
"""The candles that Binance streams (Kline/Candlestick Streams)."""

_SUBSCRIBING: Final = 1
_PROBING: Final = 2
_TRADES_REMEMBERED: Final = 10_000


class MarketFeed(Feed[Item], Generic[Item]):
    """One or two streams of one market."""

    def __init__(self, url: str, market: Instrument, *names: str) -> None:
        self.url = url
        self.market = market
        self.names = [f"{market.exchange_symbol.lower()}@{name}" for name in names]
        self.what = f"the stream {' and '.join(self.names)}"


class MarketConversation(Generic[Item]):
    """One connection with one subscription. `hear` takes the events of its market."""

    def __init__(self, feed: MarketFeed[Item], ears: Ears[Item], hear: Callable[[Json], None]) -> None:
        self._feed = feed
        self._symbol = feed.market.exchange_symbol
        self._ears = ears
        self._hear = hear

    def greeting(self) -> str:
        return _command("SUBSCRIBE", _SUBSCRIBING, {"params": self._feed.names})

    def probe(self) -> str:
        return _command("LIST_SUBSCRIPTIONS", _PROBING, {})

    def read(self, message: bytes) -> None:
        raw = orjson.loads(message)
        if type(raw) is not dict:
            raise MalformedResponse(f"a message of type {type(raw).__name__}")
        if not says_each_key_once(message, raw):
            raise MalformedResponse("a key stands twice in one JSON object")
        if raw.get("s") == self._symbol:
            self._hear(raw)
        elif raw.get("e") == "serverShutdown":
            self._ears.leaving("the exchange's server shuts down")
        elif "id" in raw:
            self._hear_answer(raw)
        else:
            raise MalformedResponse(f"an event that is not of {self._symbol}")

    def _hear_answer(self, raw: Json) -> None:
        number = raw["id"]
        error = raw.get("error", raw if "code" in raw else None)
        if error is not None:
            self._ears.refused(stream_refusal(400, error, what=self._feed.what))
        elif number == _SUBSCRIBING:
            self._subscribed()
        elif set(self._feed.names) <= set(raw["result"]):
            self._ears.is_known()
        else:
            self._ears.ended("the exchange has forgotten the subscription")

    def _subscribed(self) -> None:
        self._ears.subscribed()


class _SimpleFeed(MarketFeed[Item], Generic[Item]):
    """Each event is a piece of news by itself."""

    def converse(self, ears: Ears[Item]) -> Conversation:
        return MarketConversation(self, ears, lambda event: self.hear(event, ears))

    @abstractmethod
    def hear(self, event: Json, ears: Ears[Item]) -> None:
        """Take in one event of this market."""


class CandleFeed(_SimpleFeed[Candle]):
    """Candles as they form."""

    def __init__(self, url: str, market: Instrument, timeframe: str) -> None:
        if timeframe not in INTERVALS:
            raise InvalidValue(f"no candles of {timeframe[:20]!r} here; there are {', '.join(sorted(INTERVALS))}")
        super().__init__(url, market, f"kline_{timeframe}")

    def hear(self, event: Json, ears: Ears[Candle]) -> None:
        told = event["k"]
        candle = parse_candle([told[name] for name in ("t", "o", "h", "l", "c", "v")], self.market.symbol)
        ears.news(candle.model_copy(update={"is_closed": flag(told["x"])}))


class TradeFeed(_SimpleFeed[PublicTrade]):
    """Everybody's trades, each once: while two connections are heard, both tell the same ones."""

    def __init__(self, url: str, market: Instrument) -> None:
        super().__init__(url, market, "trade")
        self._told: set[str] = set()
        self._oldest_first: deque[str] = deque()

    def hear(self, event: Json, ears: Ears[PublicTrade]) -> None:
        trade = PublicTrade(
            symbol=self.market.symbol,
            trade_id=wire_id(event["t"]),
            price=event["p"],
            qty=event["q"],
            taker_side=Side.SELL if flag(event["m"]) else Side.BUY,
            ts=moment(event["T"]),
        )
        if trade.trade_id in self._told:
            return
        self._told.add(trade.trade_id)
        self._oldest_first.append(trade.trade_id)
        if len(self._oldest_first) > _TRADES_REMEMBERED:
            self._told.discard(self._oldest_first.popleft())
        ears.news(trade)


class TickerFeed(_SimpleFeed[Ticker]):
    """Best bid and ask at once, from bookTicker, and the last price, which ticker tells once a second."""

    def __init__(self, url: str, market: Instrument) -> None:
        super().__init__(url, market, "bookTicker", "ticker")
        self._last: str = "0"
        self._quotes: Json | None = None

    def hear(self, event: Json, ears: Ears[Ticker]) -> None:
        if "e" in event:
            self._last = event["c"]
        else:
            self._quotes = event
        quotes = self._quotes if self._quotes is not None else event
        told = {
            "bidPrice": quotes["b"],
            "bidQty": quotes["B"],
            "askPrice": quotes["a"],
            "askQty": quotes["A"],
            "lastPrice": self._last,
        }
        ears.news(parse_ticker(told, self.market.symbol))


def _command(method: str, number: int, more: Mapping[str, object]) -> str:
    return orjson.dumps({"method": method, "id": number, **more}).decode()
