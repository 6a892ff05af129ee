"""The blocking Binance streams for scripts: callbacks in, floats and dicts out."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import Any, Final

from pydantic import SecretStr

from yunmin.clock import to_millis
from yunmin.connectors.sync import SyncConnector
from yunmin.core.data_contracts import Candle, Fill, OrderRef, OrderUpdate, StreamGap, StreamLost
from yunmin.errors import ConfigurationError, MalformedResponse, OrderNotFound, Unavailable
from yunmin.exchange import Environment, LiveConsent, NewsStream
from yunmin_binance.connector import BinanceSpot
from yunmin_binance.owed_fills import OwedFills
from yunmin_binance.settings import resolve_config

__all__ = ["BinanceWebSocket"]

Json = dict[str, Any]
Callback = Callable[[Json], object]

_REMEMBERED: Final = 100_000

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
        self._left: deque[Call] = deque()
        self._stopped = threading.Event()
        self._wake: Callable[[], object] = lambda: None

    def __repr__(self) -> str:
        return f"<BinanceWebSocket {self.config.environment}>"

    def subscribe_order_updates(
        self, on_fill: Callback, *, on_order: Callback | None = None, on_gap: Callback | None = None
    ) -> None:
        """Call `on_fill` with every fill of the account from the start of `run` on, on each market in use.

        A market is in use that has an open order then, or of which anything was heard since.

        A fill has client_oid (None where its order is not found), order_id, trade_id, symbol, side, qty and price as
        floats, fee (None where it is not known) in fee_asset, liquidity, and ts in milliseconds. `on_order` gets each
        order as it changes: client_oid, order_id, symbol, status, side, qty, filled_qty, filled_cost, price. `on_gap`
        is told when news may have been missed: start and end (milliseconds) and why; fills of the markets in use have
        been fetched by then, or it says that they could not be: then they are asked for again, after five seconds and
        later after up to a minute, or as long as Binance wants. Where `run` ends before fills are fetched or handed
        over, the log of `yunmin_binance` names them, or since when they are missing; where it raised, the next `run` of
        this object goes on from there.
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
                    while self._left and not self._stopped.is_set():
                        _hand_over(*self._left.popleft())
                    if not self._stopped.is_set():
                        self._left.extend(sync.call(lambda _: news.next()))
            finally:
                self._wake = lambda: None
                self._left.extend(sync.call(lambda _: news.close()))
                _name_what_is_left(self._left)

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


def _name_what_is_left(calls: Iterable[Call]) -> None:
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
    def note(self, spot: BinanceSpot, item: Any) -> None:
        """Put what is to be called for `item` at hand; what has to be asked for is owed."""

    async def take(self, spot: BinanceSpot, item: Any) -> None:
        """The same, and ask for what is owed."""
        self.note(spot, item)

    def at_hand(self) -> Calls:
        """What is to be called, each once, in its order."""
        calls, self._out = self._out, []
        return calls

    @property
    def is_owed(self) -> bool:
        """Whether something is to be asked for."""
        return False

    @property
    def missing(self) -> str:
        """What would be missing if it ended now, in words; empty where nothing would."""
        return ""

    def wait(self, now: float) -> float:
        """Seconds until what is owed may be asked for again."""
        return 0.0

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

    def note(self, spot: BinanceSpot, item: Any) -> None:
        if isinstance(item, Candle):
            told = {"symbol": self._symbol, "timeframe": self._timeframe, **_candle(item)}
            self._out.append((self._on_candle, told))


class _Account(_Wanted):
    def __init__(self, on_fill: Callback, on_order: Callback | None, on_gap: Callback | None) -> None:
        super().__init__()
        self._on_fill = on_fill
        self._on_order = on_order
        self._on_gap = on_gap
        self._names = _Memory()
        self._fills_told = _Memory()
        self._owed = OwedFills()
        self._lost_since: datetime | None = None

    async def open(self, spot: BinanceSpot) -> NewsStream[Any]:
        self._owed.begin(await spot.server_time())
        self._lost_since = None
        for order in await spot.fetch_open_orders():
            self._owed.meet(order.symbol)
        return spot.stream_account()

    def note(self, spot: BinanceSpot, item: Any) -> None:
        if isinstance(item, Fill):
            self._owed.hear(item, spot.clock.monotonic())
            self._note_fill(spot, item)
        elif isinstance(item, OrderUpdate):
            self._note_order(spot, item)
        elif isinstance(item, StreamLost):
            self._lost_since = item.since
        elif isinstance(item, StreamGap):
            self._lost_since = None
            self._owed.owe_all()

    def _note_fill(self, spot: BinanceSpot, fill: Fill) -> None:
        if self._fills_told.add(_key_of(fill)):
            self._out.append((self._on_fill, _fill(fill, spot.instrument(fill.symbol).exchange_symbol)))

    def _note_order(self, spot: BinanceSpot, update: OrderUpdate) -> None:
        self._owed.meet(update.symbol)
        self._names.add((update.symbol, update.exchange_order_id), update.client_order_id)
        if self._on_order is not None:
            self._out.append((self._on_order, _order(update, spot.instrument(update.symbol).exchange_symbol)))

    async def take(self, spot: BinanceSpot, item: Any) -> None:
        """After a gap: what was traded meanwhile, as far as it can be fetched; then word of the gap."""
        self.note(spot, item)
        if not isinstance(item, StreamGap):
            return
        still = await self._owed.fetch(spot, lambda fill: self._take_fetched(spot, fill), is_urgent=True)
        why = item.why
        if still is not None:
            why += f"; not all fills could be fetched, they are asked for again: {still.error}"
        if self._on_gap is not None:
            self._out.append((self._on_gap, {"start": to_millis(item.start), "end": to_millis(item.end), "why": why}))
        else:
            _log.warning("news may have been missed: %s", why)

    @property
    def is_owed(self) -> bool:
        return self._owed.is_owed

    @property
    def missing(self) -> str:
        lost = "" if self._lost_since is None else f"of everything since {self._lost_since}, when the stream was lost"
        owed = f"of {self._owed.missing}" if self._owed.missing else ""
        return " and ".join(filter(None, (owed, lost)))

    def wait(self, now: float) -> float:
        return self._owed.wait(now)

    async def ask_again(self, spot: BinanceSpot) -> None:
        if not self._owed.is_owed:
            return
        still = await self._owed.fetch(spot, lambda fill: self._take_fetched(spot, fill))
        if still is not None:
            _log.warning("fills may be missing; they are asked for again in %.3g s: %s", still.wait, still.error)

    async def _take_fetched(self, spot: BinanceSpot, fill: Fill) -> None:
        since = self._owed.since
        is_ours = since is None or fill.ts is None or fill.ts >= since
        if is_ours and _key_of(fill) not in self._fills_told:
            self._note_fill(spot, await self._named(spot, fill))

    async def _named(self, spot: BinanceSpot, fill: Fill) -> Fill:
        """The fill with the client order id, which the list of trades leaves out; None where the order is not found."""
        key = (fill.symbol, fill.exchange_order_id)
        if key not in self._names:
            try:
                order = await spot.fetch_order(OrderRef(symbol=fill.symbol, exchange_order_id=fill.exchange_order_id))
            except (OrderNotFound, MalformedResponse):
                return fill  # one without its name must not keep all later ones back
            self._names.add(key, order.client_order_id)
        return fill.model_copy(update={"client_order_id": self._names[key]})


def _key_of(fill: Fill) -> Hashable:
    return fill.symbol, fill.exchange_order_id, fill.trade_id


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
        self._streams: list[tuple[_Wanted, NewsStream[Any]]] = []
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
                news._wanted.append(one)
                stream = await (await one.open(spot)).__aenter__()
                news._streams.append((one, stream))
                news._listen(one, stream)
        except BaseException:
            await news._end()  # what is at hand stays so, for the next run
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
        """End every stream; returns what is at hand still, and what had come and was not taken."""
        await self._end()
        return [call for wanted in self._wanted for call in wanted.at_hand()]

    async def _end(self) -> None:
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)
        for wanted, stream in self._streams:
            await stream.aclose()
            while batch := await stream.next_batch():
                for item in batch:
                    wanted.note(self._spot, item)
        for wanted in self._wanted:
            if wanted.missing:
                _log.error("it ends before all fills could be fetched: %s", wanted.missing)

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
        except BaseException:  # what came after it is not lost with it
            for later in waiting:
                wanted.note(self._spot, later)
            raise

    def _see_to_what_is_owed(self) -> None:
        for wanted in self._wanted:
            if wanted.is_owed and wanted not in self._asking_again:
                asking = asyncio.ensure_future(self._ask_again(wanted))
                self._waiting[asking] = functools.partial(self._asking_again.discard, wanted)
                self._asking_again.add(wanted)

    async def _ask_again(self, wanted: _Wanted) -> None:
        while (wait := wanted.wait(self._spot.clock.monotonic())) > 0:
            await self._spot.clock.sleep(wait)
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
