"""The blocking Binance streams for scripts: callbacks in, floats and dicts out."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, Final

from pydantic import SecretStr

from yunmin.clock import to_millis
from yunmin.connectors.sync import SyncConnector
from yunmin.core.data_contracts import Candle, Fill, OrderRef, OrderUpdate, StreamGap
from yunmin.errors import ConfigurationError, OrderNotFound, Unavailable
from yunmin.exchange import Environment, LiveConsent, NewsStream
from yunmin_binance.connector import BinanceSpot
from yunmin_binance.owed_fills import OwedFills, StillOwed
from yunmin_binance.settings import resolve_config

__all__ = ["BinanceWebSocket"]

Json = dict[str, Any]
Callback = Callable[[Json], object]

_REMEMBERED: Final = 100_000

_ASK_AGAIN: Final = 5.0
_LONGEST_WAIT: Final = 60.0
"""Seconds until fills that could not be fetched are asked for again: twice as many each time, up to this."""

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
        been fetched by then, or it says that they could not be: then they are asked for again, after five seconds and
        later after up to a minute, or as long as Binance wants. Where `run` ends before fills are fetched or handed
        over, the log of `yunmin_binance` names them, or the time of which they are missing.
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
            left: deque[Call] = deque()
            try:
                while not self._stopped.is_set():
                    left.extend(sync.call(lambda _: news.next()))
                    while left and not self._stopped.is_set():
                        _hand_over(*left.popleft())
            finally:
                self._wake = lambda: None
                _name_what_is_left([*left, *sync.call(lambda _: news.close())])

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


Call = tuple[Callback, Json]
Calls = list[Call]


def _name_what_is_left(calls: Calls) -> None:
    trades = [f"{told['symbol']} {told['trade_id']}" for _, told in calls if "trade_id" in told]
    if trades:
        _log.warning("it ended before %d fills were handed over, of the trades %s", len(trades), ", ".join(trades))


class _Wanted(ABC):
    """One subscription: its stream, and what of its news goes to which callback."""

    def __init__(self) -> None:
        self._out: Calls = []

    @abstractmethod
    async def open(self, spot: BinanceSpot) -> NewsStream[Any]: ...

    @abstractmethod
    async def take(self, spot: BinanceSpot, item: Any) -> None:
        """Put what is to be called for `item` at hand."""

    def at_hand(self) -> Calls:
        """What is to be called, each once, in its order."""
        calls, self._out = self._out, []
        return calls

    @property
    def owes(self) -> str:
        """Of which market and time fills are still to be fetched, in words; empty where there are none."""
        return ""

    @property
    def wait(self) -> float:
        """Seconds until they are asked for again."""
        return _ASK_AGAIN

    async def ask_again(self, spot: BinanceSpot) -> None:  # noqa: B027  most owe nothing
        """Put at hand what can be fetched by now of what is owed."""


class _Candles(_Wanted):
    def __init__(self, symbol: str, timeframe: str, on_candle: Callback) -> None:
        super().__init__()
        self._symbol = symbol
        self._timeframe = timeframe
        self._on_candle = on_candle

    async def open(self, spot: BinanceSpot) -> NewsStream[Any]:
        market = spot.instrument_by_exchange_symbol(self._symbol) or spot.instrument(self._symbol)
        return spot.stream_candles(market.symbol, self._timeframe)

    async def take(self, spot: BinanceSpot, item: Any) -> None:
        if isinstance(item, Candle):
            told = {"symbol": self._symbol, "timeframe": self._timeframe, **_candle(item)}
            self._out.append((self._on_candle, told))


class _Account(_Wanted):
    def __init__(self, on_fill: Callback, on_order: Callback | None, on_gap: Callback | None) -> None:
        super().__init__()
        self._on_fill = on_fill
        self._on_order = on_order
        self._on_gap = on_gap
        self._started: datetime | None = None
        self._symbols: set[str] = set()
        self._names = _Memory()
        self._fills_told = _Memory()
        self._owed = OwedFills()
        self._still: StillOwed | None = None
        self._failures = 0

    async def open(self, spot: BinanceSpot) -> NewsStream[Any]:
        if self._started is None:  # what an earlier run owes is handed over by this one
            self._started = await spot.server_time()
        self._symbols |= {order.symbol for order in await spot.fetch_open_orders()}
        return spot.stream_account()

    async def take(self, spot: BinanceSpot, item: Any) -> None:
        if isinstance(item, Fill):
            self._take_fill(spot, item)
        elif isinstance(item, OrderUpdate):
            self._take_order(spot, item)
        elif isinstance(item, StreamGap):
            await self._take_gap(spot, item)

    def _take_fill(self, spot: BinanceSpot, fill: Fill) -> None:
        self._symbols.add(fill.symbol)
        if self._fills_told.add((fill.symbol, fill.exchange_order_id, fill.trade_id)):
            self._out.append((self._on_fill, _fill(fill, spot.instrument(fill.symbol).exchange_symbol)))

    def _take_order(self, spot: BinanceSpot, update: OrderUpdate) -> None:
        self._symbols.add(update.symbol)
        self._names.add((update.symbol, update.exchange_order_id), update.client_order_id)
        if self._on_order is not None:
            self._out.append((self._on_order, _order(update, spot.instrument(update.symbol).exchange_symbol)))

    async def _take_gap(self, spot: BinanceSpot, gap: StreamGap) -> None:
        """What was traded meanwhile, as far as it can be fetched; then word of the gap."""
        self._owed.owe(gap, self._symbols)
        await self._fetch(spot)
        problem = ""
        if self._still is not None:
            problem = f"; not all fills could be fetched, they are asked for again: {self._still.error}"
        if self._on_gap is not None:
            told = {"start": to_millis(gap.start), "end": to_millis(gap.end), "why": gap.why + problem}
            self._out.append((self._on_gap, told))
        elif problem:
            _log.error("fills may be missing%s", problem)

    @property
    def owes(self) -> str:
        return str(self._owed)

    @property
    def wait(self) -> float:
        longer = min(_ASK_AGAIN * 2.0 ** min(max(self._failures - 1, 0), 10), _LONGEST_WAIT)
        return max(longer, 0.0 if self._still is None else self._still.wait)

    async def ask_again(self, spot: BinanceSpot) -> None:
        if not self._owed:
            return
        await self._fetch(spot)
        if self._still is None:
            _log.info("the fills that could not be fetched after a gap are there now")
        else:
            _log.warning("fills are still missing; they are asked for in %g s: %s", self.wait, self._still.error)

    async def _fetch(self, spot: BinanceSpot) -> None:
        async def take(fill: Fill) -> None:
            if self._is_ours(fill):
                self._take_fill(spot, await self._named(spot, fill))

        self._still = await self._owed.fetch(spot, take)
        self._failures = 0 if self._still is None else self._failures + 1

    def _is_ours(self, fill: Fill) -> bool:
        return self._started is None or fill.ts is None or fill.ts >= self._started

    async def _named(self, spot: BinanceSpot, fill: Fill) -> Fill:
        """The fill with the client order id, which the list of trades leaves out; None where the order is not found."""
        key = (fill.symbol, fill.exchange_order_id)
        if key not in self._names:
            try:
                order = await spot.fetch_order(OrderRef(symbol=fill.symbol, exchange_order_id=fill.exchange_order_id))
            except OrderNotFound:
                return fill  # one without its name must not keep all later ones back
            self._names.add(key, order.client_order_id)
        return fill.model_copy(update={"client_order_id": self._names[key]})


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
    """Every open stream, asked at once: while one fetches what it missed, the others go on."""

    def __init__(self, spot: BinanceSpot) -> None:
        self._spot = spot
        self._streams = AsyncExitStack()
        self._waiting: dict[asyncio.Task[None], Callable[[], None]] = {}
        self._wanted: list[_Wanted] = []
        self._asking_again: set[_Wanted] = set()
        self._failure: BaseException | None = None
        self._woken = asyncio.Event()

    @classmethod
    async def opened(cls, spot: BinanceSpot, wanted: list[_Wanted]) -> _News:
        news = cls(spot)
        try:
            for one in wanted:
                stream = await news._streams.enter_async_context(await one.open(spot))
                news._wanted.append(one)
                news._listen(one, stream)
        except BaseException:
            await news.close()
            raise
        return news

    def wake(self) -> None:
        """Let `next` return with nothing."""
        self._woken.set()

    async def next(self) -> Calls:
        """What is to be called now; waits for news, for what is owed, or for `wake`."""
        if self._failure is not None:
            raise self._failure
        self._see_to_what_is_owed()
        woken = asyncio.ensure_future(self._woken.wait())
        try:
            done, _ = await asyncio.wait({woken, *self._waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
        self._see_what_ended([task for task in self._waiting if task in done])
        calls = [call for wanted in self._wanted for call in wanted.at_hand()]
        if not calls and self._failure is not None:
            raise self._failure
        return calls

    def _see_what_ended(self, tasks: list[asyncio.Task[None]]) -> None:
        """A failure is kept for when what is at hand was handed out."""
        for task in tasks:
            go_on = self._waiting.pop(task)
            failure = task.exception()
            if failure is None:
                go_on()
            else:
                self._failure = self._failure or failure

    async def close(self) -> Calls:
        """End every stream; returns what is at hand still."""
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)
        await self._streams.aclose()
        for wanted in self._wanted:
            if wanted.owes:
                _log.error("it ends before all fills could be fetched: of %s", wanted.owes)
        return [call for wanted in self._wanted for call in wanted.at_hand()]

    def _listen(self, wanted: _Wanted, stream: NewsStream[Any]) -> None:
        listening = asyncio.ensure_future(self._hear(wanted, stream))
        self._waiting[listening] = lambda: self._listen(wanted, stream)

    async def _hear(self, wanted: _Wanted, stream: NewsStream[Any]) -> None:
        batch = await stream.next_batch()
        if not batch:
            raise Unavailable("a stream has ended, because nobody took what it told; run it again")
        waiting = deque(batch)
        try:
            while waiting:
                item = waiting.popleft()
                await wanted.take(self._spot, item)
        except asyncio.CancelledError:  # while a gap was fetched: what came after it is at hand without waiting
            for later in waiting:
                if not isinstance(later, StreamGap):
                    await wanted.take(self._spot, later)
            raise

    def _see_to_what_is_owed(self) -> None:
        for wanted in self._wanted:
            if wanted.owes and wanted not in self._asking_again:
                asking = asyncio.ensure_future(self._ask_again(wanted))
                self._waiting[asking] = functools.partial(self._asking_again.discard, wanted)
                self._asking_again.add(wanted)

    async def _ask_again(self, wanted: _Wanted) -> None:
        await self._spot.clock.sleep(wanted.wait)
        await wanted.ask_again(self._spot)


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
