"""An exchange on paper: markets whose prices come from outside, an account whose fills are simulated here.

Somebody tells it what happens in the markets: trades, quotes, books, prices, recorded or of now. Orders are filled from
what was told, and resting ones by it. docs/paper.md has the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from yunmin.clock import Clock
from yunmin.core.data_contracts import BookLevel, Candle, Instrument, OrderBook, PublicTrade, Side, Ticker
from yunmin.errors import ConfigurationError, MarketClosed
from yunmin.exchange import VenueLedger
from yunmin.simulation.candle_trades import candle_trades
from yunmin.simulation.fees import FeeSchedule
from yunmin.simulation.ledger import Audit, Ledger
from yunmin.simulation.ledger_report import ledger_of
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.orders import AccountFill, EngineEvent, Order
from yunmin.simulation.paper_connector import PaperConnector
from yunmin.simulation.paper_file import PaperFile
from yunmin.simulation.paper_market import PaperDepth, PaperMarket, Quote
from yunmin.simulation.paper_rules import carried_over, is_exact, market_of
from yunmin.simulation.paper_state import change_of, restore_paper, whole_state
from yunmin.simulation.recorded_trades import RecordedTrade
from yunmin.simulation.units import to_micros, to_units

__all__ = ["PAPER_ACCOUNT", "PaperExchange"]

PAPER_ACCOUNT: Final = "paper"
_HOUSE: Final = "market"
_CLIENTS: Final = (PAPER_ACCOUNT,)


class PaperExchange:
    """One account, named `paper`, with `balances` to begin with, in `markets`: real ones, whose rules are carried over.

    `clock` is that of the market data: of a replay, the replay's own. With a `file`, whatever happens to the account is
    in it before anybody is told, and it goes on from there when it exists; `balances` are not looked at then. It
    remembers at least the last `keep` finished orders and fills of each market.
    """

    def __init__(
        self,
        markets: Mapping[str, Instrument],
        balances: Mapping[str, Decimal],
        clock: Clock,
        *,
        fees: FeeSchedule | None = None,
        depth: PaperDepth | None = None,
        seed: int | str = 0,
        file: PaperFile | None = None,
        state: Mapping[str, Any] | None = None,
        keep: int = 10_000,
    ) -> None:
        self._clock = clock
        self._depth = depth or PaperDepth()
        self._file = file
        here = {symbol: carried_over(instrument) for symbol, instrument in markets.items()}
        self._instruments = {symbol: instrument for symbol, instrument in here.items() if is_exact(instrument)}
        self._too_fine = here.keys() - self._instruments.keys()
        self.engine = MatchingEngine(map(market_of, self._instruments.values()), Ledger(), clock, keep=keep)
        self._markets: dict[str, PaperMarket] = {}
        self._catch_up: Callable[[], None] | None = None
        self._changed: dict[tuple[str, int], Order] = {}
        self._new_fills: list[tuple[str, AccountFill]] = []
        ledger = self.engine.ledger
        ledger.open_account(_HOUSE, fees=FeeSchedule(0, 0), keeps_history=False)
        ledger.open_account(PAPER_ACCOUNT, fees=fees)
        if file is not None:
            state = file.load() or state
        if state is None:
            for asset, amount in balances.items():
                ledger.deposit(PAPER_ACCOUNT, asset, to_units(amount))
        else:
            restore_paper(self.engine, _CLIENTS, state)
        if file is not None:
            file.begin(self.dump())
        # ids of a run that goes on are not those of the run before
        self._seed = f"{seed}-{self.engine.now()}"
        self._connectors = 0
        self.engine.listen(self._on_event)

    def connector(self) -> PaperConnector:
        """A new connector of the account. Several see the same account."""
        self._connectors += 1
        seed = f"{self._seed}-{self._connectors}"
        return PaperConnector(
            self.engine, PAPER_ACCOUNT, self._clock, seed=seed, instruments=self._instruments, keeper=self
        )

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The markets as they are here."""
        return dict(self._instruments)

    def follow(self, catch_up: Callable[[], None]) -> None:
        """Ask `catch_up` to tell what is due before an order is taken or a market shown, which so is as of now."""
        self._catch_up = catch_up

    # --- what is told of the markets ---------------------------------------------------------------------------------

    def on_trade(self, trade: PublicTrade) -> None:
        """Others have traded."""
        units = to_units(trade.price), to_units(trade.qty)
        self._market(trade.symbol).on_trade(*units, trade.taker_side, to_micros(trade.ts))
        self.write_down()

    def on_recorded_trade(self, symbol: str, trade: RecordedTrade) -> None:
        """Others have traded, long ago: a replay has come to it."""
        taker = Side.SELL if trade.buyer_is_maker else Side.BUY
        with self.engine.at(trade.time):
            self._market(symbol).on_trade(trade.price, trade.qty, taker, trade.time)
        self.write_down()

    def on_candle(self, candle: Candle, length: timedelta) -> None:
        """A candle of that length: its close is a price while it forms; over, it is the trades at its corners."""
        if candle.is_closed is False or not candle.volume:
            self.on_price(candle.symbol, candle.close)
            return
        for trade in self.trades_of(candle.symbol, [candle], length):
            self.on_recorded_trade(candle.symbol, trade)

    def trades_of(
        self, symbol: str, candles: Sequence[Candle], length: timedelta | None = None
    ) -> tuple[RecordedTrade, ...]:
        """The trades that make these candles of `symbol`, four each, as the local venue plays them."""
        market = self.engine.floor(symbol).market
        return candle_trades(candles, tick=market.tick, step=market.step, length=length)

    def on_price(self, symbol: str, price: Decimal) -> None:
        """The market trades at `price`, in quantities that are not told: it fills what it has passed, and no more."""
        self._market(symbol).on_trade(to_units(price), 0, None)
        self.write_down()

    def on_ticker(self, ticker: Ticker) -> None:
        """The best bid and ask, and the last price, as far as they are told."""
        bids, asks = _quote(ticker.bid, ticker.bid_qty), _quote(ticker.ask, ticker.ask_qty)
        if bids or asks:
            self._market(ticker.symbol).on_quotes(bids, asks, to_units(ticker.last) if ticker.last else 0)
            self.write_down()
        elif ticker.last:
            self.on_price(ticker.symbol, ticker.last)

    def on_order_book(self, book: OrderBook) -> None:
        """The book, as deep as it is told."""
        self._market(book.symbol).on_quotes(_levels(book.bids), _levels(book.asks))
        self.write_down()

    # --- its books ---------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Orders, fills, balances and numbers, JSON-able and exact: `state` of the exchange that goes on from here.

        What is known of the markets is no part of it: it has to be told again.
        """
        return whole_state(self.engine, _CLIENTS)

    def ledger(self) -> VenueLedger:
        """The books of the account, straight from the engine: what a client's books are compared with."""
        return ledger_of(self.engine, PAPER_ACCOUNT, {symbol: symbol for symbol in self._instruments})

    def audit(self) -> Audit:
        """Whether value was conserved, and locked funds are those of open orders."""
        return self.engine.audit()

    def close(self) -> None:
        """Let the file go. May be called twice."""
        if self._file is not None:
            self._file.close()

    # --- for its connectors ------------------------------------------------------------------------------------------

    def prepare(self, symbol: str) -> None:
        """Let the book be that of the market outside. Raises MarketClosed where nothing can be traded now."""
        if self._catch_up is not None:
            self._catch_up()
        market = self._market(symbol)
        if not market.is_told:
            raise MarketClosed(f"{symbol}: no price has been told yet, and nothing is traded blindly")
        if self._file is not None and not self._file.is_open:
            self._begin_anew(self._file)
        market.quote()

    def write_down(self) -> None:
        """Keep what has just happened to the account, before anybody is told. OutcomeUnknown where that fails."""
        if not self._changed:
            return
        if self._file is not None:
            self._file.append(change_of(self.engine, _CLIENTS, list(self._changed.values()), self._new_fills))
        self._changed.clear()
        self._new_fills.clear()

    def _begin_anew(self, file: PaperFile) -> None:
        try:
            file.begin(self.dump())
        except ConfigurationError as error:
            raise MarketClosed(f"no order is taken on paper: {error}") from error
        self._changed.clear()
        self._new_fills.clear()

    def _on_event(self, event: EngineEvent) -> None:
        order = event.order
        if order.account == PAPER_ACCOUNT:
            self._changed[order.market, order.id] = order
            if event.fill is not None:
                self._new_fills.append((order.account, event.fill))

    def _market(self, symbol: str) -> PaperMarket:
        market = self._markets.get(symbol)
        if market is None:
            market = self._markets[symbol] = self._open(symbol)
        return market

    def _open(self, symbol: str) -> PaperMarket:
        instrument = self._instruments.get(symbol)
        if instrument is None:
            why = "its grid is finer than eight decimals" if symbol in self._too_fine else "it was not given"
            raise ConfigurationError(f"no such market on paper: {symbol!r}, {why}")
        smallest = to_units(instrument.min_qty), to_units(instrument.min_notional)
        return PaperMarket(self.engine, symbol, self._depth, house=_HOUSE, clients=_CLIENTS, smallest=smallest)


def _quote(price: Decimal | None, qty: Decimal | None) -> list[Quote]:
    return [] if not price else [Quote(to_units(price), to_units(qty or 0))]


def _levels(levels: Iterable[BookLevel]) -> list[Quote]:
    return [Quote(to_units(level.price), to_units(level.qty)) for level in levels if level.qty]
