"""An exchange in bad weather: the paper exchange behind a network, a lagging copy and a stream that all fail by seed.

What the engine did is the truth; what the account is told of it comes late, twice, out of order, or not at all.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from yunmin.clock import Chance, Clock
from yunmin.core.data_contracts import (
    AccountNews,
    AccountState,
    Fill,
    Instrument,
    OrderAck,
    OrderRef,
    OrderRequest,
    OrderUpdate,
    Source,
    StreamGap,
    StreamLost,
)
from yunmin.core.order_lifecycle import TERMINAL
from yunmin.errors import (
    ClockSkew,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RejectReason,
    RejectSource,
    Timeout,
    Unavailable,
    UnknownSymbol,
)
from yunmin.exchange import Capability, ExchangeConnector, Support
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.orders import EngineEvent
from yunmin.simulation.paper_connector import PAPER_TRAITS, PaperConnector, PaperStream, fill_of, update_of

__all__ = ["CALM", "STORM_FENCE", "STORM_TRAITS", "StormExchange", "StormStream", "Weather"]

STORM_FENCE: Final = 6.0
"""Seconds in which a request of this exchange arrives, or never."""

STORM_TRAITS: Final = PAPER_TRAITS.model_copy(
    update={
        "name": "storm",
        "title": "Storm",
        "placement_fence": STORM_FENCE,
        "fills_page": 10,
        "history_page": 1000,
        # an exchange without stop orders: those of an executor over it are watched
        "support": {**PAPER_TRAITS.support, Capability.STOP_ORDER: Support.NEVER},
    }
)

_TIMEOUT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad it is. Shares are of 1; times in seconds.

    `before` and `after`: a command is lost before it is carried out, or its answer after. `late`: it arrives after its
    sender has given up. `refused`: proven not carried out. `silent`: a question has no answer. `lag`: how far the copy
    that answers questions may be behind. The rest is about the stream.
    """

    before: float = 0.0
    after: float = 0.0
    late: float = 0.0
    refused: float = 0.0
    silent: float = 0.0
    limited: float = 0.0
    lag: float = 0.0
    latency: float = 0.02
    dropped: float = 0.0
    doubled: float = 0.0
    delayed: float = 0.0


CALM: Final = Weather()


class StormExchange(ExchangeConnector):
    """One account, `paper`'s, seen through `weather`. `posts` counts the placements that left for each client id."""

    def __init__(self, engine: MatchingEngine, account: str, clock: Clock, chance: Chance) -> None:
        self.traits = STORM_TRAITS
        self.weather = CALM
        self.posts: Counter[str] = Counter()
        self.lose_fills = False
        """Whether the streams tell of orders only, and of no execution."""
        self.delisted: set[str] = set()
        """Markets that it had, and has not any more."""
        self.on_post: Callable[[OrderRequest], None] = lambda request: None
        self._paper = PaperConnector(engine, account, clock, seed=chance.getrandbits(32))
        self._account = account
        self._clock = clock
        self._chance = chance
        self._symbols = {market.symbol for market in engine.markets}
        self._copy = _LaggingCopy()
        self._streams: list[PaperStream] = []
        engine.listen(self._on_event)

    # --- commands ----------------------------------------------------------------------------------------------------

    async def place_order(self, request: OrderRequest) -> OrderAck:
        name = request.client_order_id or ""
        self._insist_on(request.symbol)
        self.posts[name] += 1
        self.on_post(request)
        fate = await self._fate_of_a_command()
        if fate == "refused":
            raise self._refusal()
        if fate == "done":
            return self._paper.place_now(request)
        if fate == "after":
            self._quietly(lambda: self._paper.place_now(request))
        elif fate == "late":
            self._later(self._chance.uniform(0.0, STORM_FENCE * 0.9), lambda: self._paper.place_now(request))
        await self._clock.sleep(self._chance.uniform(0.0, _TIMEOUT))
        raise OutcomeUnknown("no answer", client_order_id=name)

    async def cancel_order(self, ref: OrderRef) -> OrderUpdate:
        self._insist_on(ref.symbol)
        fate = await self._fate_of_a_command()
        if fate == "refused":
            raise self._refusal()
        if fate == "done":
            return self._paper.cancel_now(ref)
        if fate == "after":
            self._quietly(lambda: self._paper.cancel_now(ref))
        elif fate == "late":
            self._later(self._chance.uniform(0.0, STORM_FENCE * 0.9), lambda: self._paper.cancel_now(ref))
        await self._clock.sleep(self._chance.uniform(0.0, _TIMEOUT))
        raise OutcomeUnknown("no answer", client_order_id=ref.client_order_id)

    async def _fate_of_a_command(self) -> str:
        await self._clock.sleep(self._chance.uniform(0.0, self.weather.latency))
        weather = self.weather
        fates = ("before", "after", "late", "refused")
        shares = [weather.before, weather.after, weather.late, weather.refused]
        return self._chance.choices((*fates, "done"), (*shares, max(0.0, 1.0 - sum(shares))))[0]

    def _refusal(self) -> Rejected:
        kind = self._chance.randrange(3)
        if kind == 0:
            return ClockSkew("outside of the window")
        if kind == 1:
            return Rejected("not sent", reason=RejectReason.NOT_SENT, source=RejectSource.TRANSPORT)
        return Rejected("too many", reason=RejectReason.RATE_LIMITED, retry_after=self._chance.uniform(0.1, 3.0))

    def _later(self, seconds: float, act: Callable[[], object]) -> None:
        asyncio.get_running_loop().call_later(seconds, self._quietly, act)

    @staticmethod
    def _quietly(act: Callable[[], object]) -> None:
        """Carry it out; nobody is there to hear that it was refused."""
        try:
            act()
        except Rejected:
            return

    # --- questions ---------------------------------------------------------------------------------------------------

    async def server_time(self) -> datetime:
        await self._answer()
        return await self._paper.server_time()

    async def fetch_instruments(self) -> Mapping[str, Instrument]:
        await self._answer()
        listed = await self._paper.fetch_instruments()
        return {symbol: market for symbol, market in listed.items() if symbol not in self.delisted}

    async def fetch_account(self) -> AccountState:
        await self._answer()
        return await self._paper.fetch_account()

    async def fetch_order(self, ref: OrderRef) -> OrderUpdate:
        await self._answer()
        self._insist_on(ref.symbol)
        found = self._copy.order(ref, self._clock.monotonic())
        if found is None:
            raise OrderNotFound("Order does not exist.")
        return found

    async def fetch_open_orders(self, symbol: str | None = None) -> Sequence[OrderUpdate]:
        await self._answer()
        if symbol is not None:
            self._insist_on(symbol)
        shown = [order for order in self._copy.orders(self._clock.monotonic()) if order.symbol not in self.delisted]
        return [order for order in shown if order.state not in TERMINAL and symbol in (None, order.symbol)]

    async def fetch_order_history(
        self, symbol: str, *, since: datetime | None = None, limit: int = 100
    ) -> Sequence[OrderUpdate]:
        await self._answer()
        self._insist_on(symbol)
        shown = [order for order in self._copy.orders(self._clock.monotonic()) if order.symbol == symbol]
        if since is None:
            return shown[::-1][:limit]
        return [order for order in shown if order.created_at is not None and order.created_at >= since][:limit][::-1]

    async def fetch_fills(
        self,
        symbol: str,
        *,
        exchange_order_id: str | None = None,
        from_trade_id: str | None = None,
        since: datetime | None = None,
        limit: int = 500,
    ) -> Sequence[Fill]:
        await self._answer()
        self._insist_on(symbol)
        first = -1 if from_trade_id is None else int(from_trade_id)
        return [
            fill
            for fill in self._copy.fills(self._clock.monotonic())
            if fill.symbol == symbol
            and exchange_order_id in (None, fill.exchange_order_id)
            and int(fill.trade_id) >= first
            and (since is None or fill.ts is None or fill.ts >= since)
        ][:limit]

    def _insist_on(self, symbol: str) -> None:
        if symbol in self.delisted or symbol not in self._symbols:
            raise UnknownSymbol(f"no market {symbol!r} here")

    async def _answer(self) -> None:
        """Wait as long as an answer takes; raise where none comes."""
        await self._clock.sleep(self._chance.uniform(0.0, self.weather.latency))
        if self._chance.random() < self.weather.silent:
            raise self._chance.choice((Timeout, Unavailable))("no answer")
        if self._chance.random() < self.weather.limited:
            raise RateLimited("too many", retry_after=self._chance.uniform(0.1, 3.0))

    # --- the rest of the port ----------------------------------------------------------------------------------------

    async def connect(self) -> None:
        await self._answer()

    async def close(self) -> None:
        for stream in tuple(self._streams):
            await stream.aclose()

    def new_client_order_id(self) -> str:
        return self._paper.new_client_order_id()

    # --- the stream --------------------------------------------------------------------------------------------------

    def stream_account(self) -> StormStream:
        """News of the account, as far as the weather lets it through."""
        return StormStream(self._clock, self._streams)

    async def cut_streams(self, seconds: float) -> None:
        """Everything that happens for `seconds` is lost to the streams; they find out after half of it."""
        streams = [stream for stream in self._streams if isinstance(stream, StormStream)]
        since = self._clock.now()
        for stream in streams:
            stream.lose()
        await self._clock.sleep(seconds / 2)
        for stream in streams:
            stream.put([StreamLost(since=since, why="cut")])
        await self._clock.sleep(seconds / 2)
        for stream in streams:
            stream.find()
            stream.put([StreamGap(start=since, end=self._clock.now(), why="cut")])

    def _on_event(self, event: EngineEvent) -> None:
        if event.order.account != self._account:
            return
        visible_at = self._clock.monotonic() + self._chance.uniform(0.0, self.weather.lag)
        self._copy.add(visible_at, update_of(event.order), None if event.fill is None else fill_of(event.fill))
        news: list[AccountNews] = [] if event.fill is None else [fill_of(event.fill, Source.STREAM)]
        news.append(update_of(event.order, Source.STREAM))
        for stream in self._streams:
            if isinstance(stream, StormStream):
                for piece in news:
                    self._tell(stream, piece)

    def _tell(self, stream: StormStream, piece: AccountNews) -> None:
        chance, weather = self._chance, self.weather
        if chance.random() < weather.dropped or (self.lose_fills and isinstance(piece, Fill)):
            return
        for _ in range(2 if chance.random() < weather.doubled else 1):
            delay = chance.uniform(0.0, 2.0) if chance.random() < weather.delayed else 0.0
            stream.deliver(piece, delay)


class StormStream(PaperStream):
    """A stream that can be cut. What is on its way when it is cut is lost."""

    def __init__(self, clock: Clock, streams: list[PaperStream]) -> None:
        super().__init__(clock, streams)
        self._connection = 0
        self._is_cut = False

    def deliver(self, piece: AccountNews, delay: float) -> None:
        """Put `piece` on its way; it arrives in `delay` seconds unless the stream is cut meanwhile."""
        if self._is_cut:
            return
        if not delay:
            self.put([piece])
            return
        asyncio.get_running_loop().call_later(delay, self._arrive, self._connection, piece)

    def _arrive(self, connection: int, piece: AccountNews) -> None:
        if connection == self._connection and not self._is_cut:
            self.put([piece])

    def lose(self) -> None:
        """Nothing arrives from now on."""
        self._is_cut = True
        self._connection += 1

    def find(self) -> None:
        """It is subscribed anew."""
        self._is_cut = False


class _LaggingCopy:
    """What questions are answered from: each change is visible from some moment on, in the order of the changes."""

    def __init__(self) -> None:
        self._latest = 0.0
        self._changes: dict[tuple[str, str], list[tuple[float, OrderUpdate]]] = {}
        self._fills: list[tuple[float, Fill]] = []
        self._by_client_id: dict[tuple[str, str], str] = {}

    def add(self, visible_at: float, update: OrderUpdate, fill: Fill | None) -> None:
        self._latest = max(self._latest, visible_at)
        number = update.exchange_order_id or ""
        self._changes.setdefault((update.symbol, number), []).append((self._latest, update))
        self._by_client_id[update.symbol, update.client_order_id or ""] = number
        if fill is not None:
            self._fills.append((self._latest, fill))

    def order(self, ref: OrderRef, now: float) -> OrderUpdate | None:
        number = ref.exchange_order_id
        if number is None:
            number = self._by_client_id.get((ref.symbol, ref.client_order_id or ""), "")
        shown = self._as_of(self._changes.get((ref.symbol, number), []), now)
        if shown is None or ref.client_order_id not in (None, shown.client_order_id):
            return None
        return shown

    def orders(self, now: float) -> list[OrderUpdate]:
        shown = (self._as_of(changes, now) for changes in self._changes.values())
        return [update for update in shown if update is not None]

    def fills(self, now: float) -> list[Fill]:
        return [fill for _, fill in self._fills[: bisect_right(self._fills, now, key=_moment_of)]]

    @staticmethod
    def _as_of(changes: list[tuple[float, OrderUpdate]], now: float) -> OrderUpdate | None:
        count = bisect_right(changes, now, key=_moment_of)
        return changes[count - 1][1] if count else None


def _moment_of(change: tuple[float, object]) -> float:
    return change[0]
