"""The blocking Binance streams for scripts: callbacks in, floats and dicts out."""

from __future__ import annotations

import asyncio
import logging
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import SecretStr

from yunmin.clock import to_millis
from yunmin.connectors.sync import SyncConnector
from yunmin.core.data_contracts import Candle, Fill, OrderRef, OrderUpdate, StreamGap
from yunmin.errors import ConfigurationError, ExchangeError, OrderNotFound, Unavailable
from yunmin.exchange import Environment, LiveConsent, NewsStream
from yunmin_binance.connector import BinanceSpot
from yunmin_binance.settings import resolve_config

__all__ = ["BinanceWebSocket"]

Json = dict[str, Any]
Callback = Callable[[Json], object]

_REMEMBERED: Final = 100_000
_PAGE: Final = 1000
_CLOCKS_DIFFER_BY: Final = timedelta(minutes=1)
"""How much earlier and later than a gap fills are asked for: this machine's clock may differ from Binance's."""

_ASK_AGAIN: Final = 5.0
"""Seconds until fills that could not be fetched are asked for again."""

_log = logging.getLogger(__name__)


class BinanceWebSocket:
    """Fills and candles as they happen, each handed to a function of yours.

        ws = BinanceWebSocket()                       # the local venue, play money
        ws.subscribe_order_updates(on_fill)           # on_fill({"client_oid": …, "qty": …, "price": …, "fee": …})
        ws.subscribe_candles("BTCUSDT", "1m", on_candle)
        ws.run()                                      # until ws.stop(), from a callback or another thread

    Who is asked and with which key is settled as for BinanceConnector. Callbacks run one after the other in the thread
    that called `run`, however slow they are: the connections are kept by another. One that raises is reported to the
    log of `yunmin_binance` and does not stop the others. Every fill is handed over once, also when it was told twice
    or had to be fetched after a gap.
    """

    def __init__(
        self,
        api_key: str | SecretStr | None = None,
        api_secret: str | SecretStr | None = None,
        testnet: bool | None = None,  # noqa: FBT001  scripts say it by position, too
        *,
        environment: str | Environment | None = None,
        base_url: str | None = None,
        timeout: float = 5.0,
        live_consent: LiveConsent | None = None,
    ) -> None:
        self.config = resolve_config(
            api_key=api_key,
            api_secret=api_secret,
            testnet=testnet,
            environment=environment,
            base_url=base_url,
            timeout=timeout,
            live_consent=live_consent,
        )
        self.config.require_consent()
        self._wanted: list[_Wanted] = []
        self._stopped = threading.Event()
        self._wake: Callable[[], object] = lambda: None

    def __repr__(self) -> str:
        return f"<BinanceWebSocket {self.config.environment}>"

    def subscribe_order_updates(
        self, on_fill: Callback, *, on_order: Callback | None = None, on_gap: Callback | None = None
    ) -> None:
        """Call `on_fill` with every fill of the account from the start of `run` on.

        A fill has client_oid (None where its order is not found), order_id, trade_id, symbol, side, qty and price as
        floats, fee (None where it is not known) in fee_asset, liquidity, and ts in milliseconds. `on_order` gets each
        order as it changes: client_oid, order_id, symbol, status, side, qty, filled_qty, filled_cost, price. `on_gap`
        is told when news may have been missed: start and end (milliseconds) and why; fills of the markets in use have
        been fetched by then, or it says that they could not be: then they are asked for again every five seconds. Where
        `run` ends before that, the log of `yunmin_binance` says of which time they are missing.
        """
        self._add(_Account(on_fill, on_order, on_gap))

    def subscribe_candles(self, symbol: str, timeframe: str, on_candle: Callback) -> None:
        """Call `on_candle` with each candle as it forms; the latest, where callbacks are slower than the market.

        A candle has symbol, timeframe, open_time (milliseconds), open, high, low, close, volume (base units) and
        closed: whether it is the last word on its interval.
        """
        self._add(_Candles(symbol, timeframe, on_candle))

    def run(self) -> None:
        """Hand over news until `stop`. Reconnects by itself; raises where it cannot connect in the first place."""
        if not self._wanted:
            raise ConfigurationError("nothing was subscribed to; call subscribe_order_updates or subscribe_candles")
        config = self.config
        with SyncConnector(lambda: BinanceSpot(config)) as sync:
            news = sync.call(self._open)
            try:
                while not self._stopped.is_set():
                    for call, told in sync.call(lambda _: news.next()):
                        _hand_over(call, told)
                        if self._stopped.is_set():
                            break
            finally:
                self._wake = lambda: None
                sync.call(lambda _: news.close())

    def stop(self) -> None:
        """Let `run` return, in any thread, also before it was called. A stopped one does not run again."""
        self._stopped.set()
        self._wake()

    def _add(self, wanted: _Wanted) -> None:
        self._wanted.append(wanted)

    async def _open(self, spot: BinanceSpot) -> _News:
        news = await _News.opened(spot, self._wanted)
        loop = asyncio.get_running_loop()
        self._wake = lambda: loop.call_soon_threadsafe(news.wake)
        return news


def _hand_over(call: Callback, told: Json) -> None:
    try:
        call(told)
    except Exception:  # noqa: BLE001  whatever a callback raises is reported, and the others go on
        _log.exception("a callback failed; the streams go on")


Calls = list[tuple[Callback, Json]]


class _Wanted(ABC):
    """One subscription: its stream, and what of its news goes to which callback."""

    @abstractmethod
    async def open(self, spot: BinanceSpot) -> NewsStream[Any]: ...

    @abstractmethod
    async def calls(self, spot: BinanceSpot, item: Any) -> Calls: ...

    @property
    def owed(self) -> Sequence[StreamGap]:
        """Gaps of which not everything could be fetched."""
        return ()

    async def ask_again(self, spot: BinanceSpot) -> Calls:
        """What could be fetched by now of what is owed."""
        return []


@dataclass(slots=True)
class _Candles(_Wanted):
    symbol: str
    timeframe: str
    on_candle: Callback

    async def open(self, spot: BinanceSpot) -> NewsStream[Any]:
        market = spot.instrument_by_exchange_symbol(self.symbol) or spot.instrument(self.symbol)
        return spot.stream_candles(market.symbol, self.timeframe)

    async def calls(self, spot: BinanceSpot, item: Any) -> Calls:
        if not isinstance(item, Candle):
            return []
        return [(self.on_candle, {"symbol": self.symbol, "timeframe": self.timeframe, **_candle(item)})]


@dataclass(slots=True)
class _Account(_Wanted):
    on_fill: Callback
    on_order: Callback | None
    on_gap: Callback | None
    started: datetime | None = None
    gaps: list[StreamGap] = field(default_factory=list)
    symbols: set[str] = field(default_factory=set)
    names: _Memory = field(default_factory=lambda: _Memory())
    fills_told: _Memory = field(default_factory=lambda: _Memory())

    async def open(self, spot: BinanceSpot) -> NewsStream[Any]:
        self.started = await spot.server_time()
        self.symbols |= {order.symbol for order in await spot.fetch_open_orders()}
        return spot.stream_account()

    async def calls(self, spot: BinanceSpot, item: Any) -> Calls:
        if isinstance(item, Fill):
            return self._of_fill(spot, item)
        if isinstance(item, OrderUpdate):
            return self._of_order(spot, item)
        if isinstance(item, StreamGap):
            return await self._of_gap(spot, item)
        return []

    def _of_fill(self, spot: BinanceSpot, fill: Fill) -> Calls:
        self.symbols.add(fill.symbol)
        is_new = self.fills_told.add((fill.symbol, fill.exchange_order_id, fill.trade_id))
        return [(self.on_fill, _fill(fill, spot.instrument(fill.symbol).exchange_symbol))] if is_new else []

    def _of_order(self, spot: BinanceSpot, update: OrderUpdate) -> Calls:
        self.symbols.add(update.symbol)
        self.names.add((update.symbol, update.exchange_order_id), update.client_order_id)
        if self.on_order is None:
            return []
        return [(self.on_order, _order(update, spot.instrument(update.symbol).exchange_symbol))]

    async def _of_gap(self, spot: BinanceSpot, gap: StreamGap) -> Calls:
        """What was traded meanwhile, as far as it can be fetched; then word of the gap."""
        self.gaps.append(gap)
        calls, error = await self._fetch_what_is_owed(spot)
        again = f"they are asked for again every {_ASK_AGAIN:g} s"
        problem = "" if error is None else f"; not all fills could be fetched, {again}: {error}"
        if self.on_gap is not None:
            told = {"start": to_millis(gap.start), "end": to_millis(gap.end), "why": gap.why + problem}
            calls.append((self.on_gap, told))
        elif problem:
            _log.error("fills may be missing%s", problem)
        return calls

    @property
    def owed(self) -> Sequence[StreamGap]:
        return self.gaps

    async def ask_again(self, spot: BinanceSpot) -> Calls:
        calls, error = await self._fetch_what_is_owed(spot)
        if error is None:
            _log.info("the fills that could not be fetched after a gap are there now")
        return calls

    async def _fetch_what_is_owed(self, spot: BinanceSpot) -> tuple[Calls, ExchangeError | None]:
        """Gap by gap; what was fetched before an error is there, and comes only once."""
        calls: Calls = []
        try:
            while self.gaps:
                for symbol in sorted(self.symbols):
                    async for fill in _fills_in(self.gaps[0], spot, symbol):
                        calls += self._of_fill(spot, await self._named(spot, fill)) if self._is_ours(fill) else []
                del self.gaps[0]
        except ExchangeError as error:
            return calls, error
        return calls, None

    def _is_ours(self, fill: Fill) -> bool:
        return self.started is None or fill.ts is None or fill.ts >= self.started

    async def _named(self, spot: BinanceSpot, fill: Fill) -> Fill:
        """The fill with the client order id, which the list of trades leaves out; None where the order is not found."""
        key = (fill.symbol, fill.exchange_order_id)
        if key not in self.names:
            try:
                order = await spot.fetch_order(OrderRef(symbol=fill.symbol, exchange_order_id=fill.exchange_order_id))
            except OrderNotFound:
                return fill  # one without its name must not keep all later ones back
            self.names.add(key, order.client_order_id)
        return fill.model_copy(update={"client_order_id": self.names[key]})


async def _fills_in(gap: StreamGap, spot: BinanceSpot, symbol: str) -> AsyncIterator[Fill]:
    """All of them, page by page; the last of a page comes again with the next one."""
    page = await spot.fetch_fills(symbol, since=gap.start - _CLOCKS_DIFFER_BY, limit=_PAGE)
    while page:
        for fill in page:
            yield fill
        newest = page[-1].ts
        if len(page) < _PAGE or (newest is not None and newest > gap.end + _CLOCKS_DIFFER_BY):
            return
        page = await spot.fetch_fills(symbol, from_trade_id=page[-1].trade_id, limit=_PAGE)


class _Memory(OrderedDict[Hashable, Any]):
    """The last hundred thousand things that were heard of."""

    def add(self, key: Hashable, value: object = None) -> bool:
        """Whether `key` is new."""
        is_new = key not in self
        self[key] = value
        if len(self) > _REMEMBERED:
            self.popitem(last=False)
        return is_new


class _News:
    """Every open stream, asked at once."""

    def __init__(self, spot: BinanceSpot) -> None:
        self._spot = spot
        self._streams = AsyncExitStack()
        self._wanted: list[_Wanted] = []
        self._again: asyncio.Task[None] | None = None
        self._waiting: dict[asyncio.Task[list[Any]], tuple[_Wanted, NewsStream[Any]]] = {}
        self._woken = asyncio.Event()

    @classmethod
    async def opened(cls, spot: BinanceSpot, wanted: list[_Wanted]) -> _News:
        news = cls(spot)
        try:
            for one in wanted:
                stream = await news._streams.enter_async_context(await one.open(spot))
                news._wanted.append(one)
                news._ask(one, stream)
        except BaseException:
            await news.close()
            raise
        return news

    def wake(self) -> None:
        """Let `next` return with nothing."""
        self._woken.set()

    async def next(self) -> Calls:
        """What is to be called now; waits for news, for what is owed, or for `wake`."""
        woken = asyncio.ensure_future(self._woken.wait())
        if self._again is None and any(one.owed for one in self._wanted):
            self._again = asyncio.ensure_future(self._spot.clock.sleep(_ASK_AGAIN))
        again = () if self._again is None else (self._again,)
        try:
            done, _ = await asyncio.wait({woken, *again, *self._waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
        calls: Calls = []
        for task in [task for task in self._waiting if task in done]:
            wanted, stream = self._waiting.pop(task)
            calls += await self._calls_of(wanted, task.result())
            self._ask(wanted, stream)
        if self._again in done:
            self._again = None
            for wanted in self._wanted:
                calls += await wanted.ask_again(self._spot) if wanted.owed else []
        return calls

    async def _calls_of(self, wanted: _Wanted, batch: Sequence[Any]) -> Calls:
        if not batch:
            raise Unavailable("a stream has ended, because nobody took what it told; run it again")
        return [call for item in batch for call in await wanted.calls(self._spot, item)]

    async def close(self) -> None:
        for gap in [gap for wanted in self._wanted for gap in wanted.owed]:
            _log.error("it ends before all fills from %s to %s could be fetched", gap.start, gap.end)
        tasks = [*self._waiting] if self._again is None else [*self._waiting, self._again]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._streams.aclose()

    def _ask(self, wanted: _Wanted, stream: NewsStream[Any]) -> None:
        self._waiting[asyncio.ensure_future(stream.next_batch())] = (wanted, stream)


def _fill(fill: Fill, symbol: str) -> Json:
    return {
        "client_oid": fill.client_order_id,
        "order_id": fill.exchange_order_id,
        "trade_id": fill.trade_id,
        "symbol": symbol,
        "side": None if fill.side is None else fill.side.value,
        "qty": float(fill.qty),
        "price": float(fill.price),
        "fee": None if fill.fee is None else float(fill.fee),
        "fee_asset": fill.fee_asset,
        "liquidity": None if fill.liquidity is None else fill.liquidity.value,
        "ts": None if fill.ts is None else to_millis(fill.ts),
    }


def _order(update: OrderUpdate, symbol: str) -> Json:
    return {
        "client_oid": update.client_order_id,
        "order_id": update.exchange_order_id,
        "symbol": symbol,
        "status": update.raw_status,
        "side": None if update.side is None else update.side.value,
        "qty": None if update.qty is None else float(update.qty),
        "price": None if update.price is None else float(update.price),
        "filled_qty": None if update.filled_qty is None else float(update.filled_qty),
        "filled_cost": None if update.filled_cost is None else float(update.filled_cost),
    }


def _candle(candle: Candle) -> Json:
    figures = {name: float(getattr(candle, name)) for name in ("open", "high", "low", "close", "volume")}
    return {"open_time": to_millis(candle.open_time), **figures, "closed": candle.is_closed}
