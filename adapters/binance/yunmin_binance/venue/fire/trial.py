"""A trial: random orders through the venue's own order entry, signed as clients sign, on a clock of its own.

Requests go through the REST rim as raw bytes: parameters, signature, time window, filters, endpoint, answer. Only the
socket is left out, so that nothing depends on when the operating system wakes whom, and a seed fixes every byte.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import urlencode

import orjson
from pydantic import SecretStr

from yunmin.clock import ManualClock, seeded
from yunmin.errors import ConfigurationError
from yunmin.exchange import TrialReport, VenueTrial
from yunmin.simulation.orders import EngineEvent
from yunmin.simulation.units import to_micros, to_units
from yunmin_binance.venue.api import Api, RawRequest
from yunmin_binance.venue.config import AccountConfig, Liquidity, VenueConfig
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.fire.traffic import Traffic, Wish
from yunmin_binance.venue.fire.witness import DepthWatch, EventLog, Passbooks
from yunmin_binance.venue.limits import LimitsConfig
from yunmin_binance.venue.security import API_KEY_HEADER
from yunmin_binance.venue.streams.names import Pace

__all__ = ["run_trial"]

_SYMBOLS: Final = ("BTCUSDT", "ETHUSDT", "BNBUSDT", "ETHBTC", "BNBBTC")
_FUNDS: Final = {
    "USDT": Decimal(200_000),
    "BTC": Decimal(3),
    "ETH": Decimal(60),
    "BNB": Decimal(300),
}
_RATES: Final = (("0.001", "0.001"), ("0.0002", "0.0004"), ("0", "0.00075"))

_GROUPS: Final = (1, 1, 1, 1, -1)
"""Who shares a trade group with whom; -1 is of none."""

_AUDITED_EVERY: Final = 500
_COMPARED_EVERY: Final = 2000
_TOLD_EVERY: Final = 1000
_PAGE: Final = 1000
_MOST_KEPT: Final = 100


def run_trial(wanted: VenueTrial, tell: Callable[[int], None]) -> TrialReport:
    """Run it to its end; `tell` hears how many orders were sent, now and then.

    Raises ConfigurationError where the log cannot be written, or the trial would be of nobody or nothing.
    """
    if wanted.orders < 1 or not 2 <= wanted.accounts <= 200:
        raise ConfigurationError("a trial needs at least one order and from 2 to 200 accounts")
    with ExitStack() as stack:
        copy: BinaryIO | None = None
        if wanted.log_file is not None:
            try:
                copy = stack.enter_context(Path(wanted.log_file).open("wb"))
            except OSError as error:
                raise ConfigurationError(f"cannot write the log to {wanted.log_file}: {error.strerror}") from None
        return _Trial(wanted, EventLog(copy), tell).run()


class _Client:
    """One account's key and address."""

    def __init__(self, number: int) -> None:
        self.name = f"trader-{number}"
        self.key = f"trader{number:03d}".ljust(64, "0")
        self._secret = f"secret{number:03d}".ljust(64, "0")
        self._address = f"127.0.1.{number + 1}"

    def config(self) -> AccountConfig:
        number = int(self.name.partition("-")[2])
        maker, taker = _RATES[number % len(_RATES)]
        return AccountConfig(
            name=self.name,
            api_key=self.key,
            api_secret=SecretStr(self._secret),
            balances=_FUNDS,
            maker_rate=Decimal(maker),
            taker_rate=Decimal(taker),
            pays_fees_in_bnb=number % 2 == 0,
            trade_group=_GROUPS[number % len(_GROUPS)],
        )

    def request(self, method: str, path: str, payload: bytes) -> RawRequest:
        signature = hmac.digest(self._secret.encode(), payload, "sha256").hex()
        signed = payload + b"&signature=" + signature.encode()
        query, body = (b"", signed) if method == "POST" else (signed, b"")
        return RawRequest(method, path, query, body, {API_KEY_HEADER: self.key}, self._address)


class _Trial:
    def __init__(self, wanted: VenueTrial, log: EventLog, tell: Callable[[int], None]) -> None:
        self._wanted = wanted
        self._log = log
        self._tell = tell
        self._clients = [_Client(number) for number in range(wanted.accounts)]
        self._numbers = {client.name: number for number, client in enumerate(self._clients)}
        self._clock = ManualClock()
        self._pauses = seeded(f"pauses-{wanted.seed}")
        config = VenueConfig(
            seed=wanted.seed,
            symbols=_SYMBOLS,
            liquidity=Liquidity.NONE,
            accounts=tuple(client.config() for client in self._clients),
            limits=LimitsConfig(is_enforced=False),
        )
        self._exchange = Exchange(config, self._clock)
        self._api = Api(self._exchange)
        self._traffic = Traffic(self._exchange.rules, accounts=wanted.accounts, seed=wanted.seed)
        self._books = Passbooks(self._exchange)
        self._depth = DepthWatch(self._exchange, log)
        self._told_at = 0
        self._problems: list[str] = []
        self._orders = self._requests = self._fills = 0
        self._kinds: Counter[str] = Counter()
        self._answers: Counter[str] = Counter()
        self._exchange.engine.listen(self._hear)

    def run(self) -> TrialReport:
        for symbol in self._exchange.rules:
            self._depth.begin(symbol, self._snapshot(symbol))
        while self._orders < self._wanted.orders:
            self._one()
        self._compare_depth()
        self._audit()
        self._check_orders()
        self._check_balances()
        return TrialReport(
            orders=self._orders,
            requests=self._requests,
            fills=self._fills,
            events=self._log.lines,
            kinds=dict(sorted(self._kinds.items())),
            answers=dict(sorted(self._answers.items())),
            violations=tuple(self._problems + self._depth.problems),
            log_sha256=self._log.sha256,
        )

    def _hear(self, event: EngineEvent) -> None:
        self._fills += event.fill is not None
        self._log.hear(event)
        self._books.hear(event)
        self._depth.hear(event)
        order = event.order
        if not order.is_open:
            self._traffic.ended(self._numbers[order.account], order.market, order.id)

    def _one(self) -> None:
        wish = self._traffic.next()
        self._clock.advance(self._pauses.randint(5, 15) / 1000)
        before = self._orders
        self._orders += wish.orders
        self._requests += 1
        status, answer = self._ask(self._clients[wish.account], wish.method, wish.path, dict(wish.params))
        self._note(wish, status, answer)
        self._traffic.learn(wish, status, answer)
        self._check_crossed(wish.params["symbol"])
        now = self._exchange.engine.now()
        if now // Pace.TENTH.value != self._told_at:
            self._told_at = now // Pace.TENTH.value
            self._depth.publish(now)
        if self._requests % _AUDITED_EVERY == 0:
            self._audit()
        if self._requests % _COMPARED_EVERY == 0:
            self._compare_depth()
        if before // _TOLD_EVERY != self._orders // _TOLD_EVERY:
            self._tell(self._orders)

    def _ask(self, client: _Client, method: str, path: str, params: dict[str, str]) -> tuple[int, Any]:
        """A signed request, with its answer in the log."""
        params["timestamp"] = str(to_micros(self._clock.now()) // 1000)
        payload = urlencode(params).encode()
        self._log.write(f"request {client.name} {method} {path} ".encode() + payload)
        answer = self._api.answer(client.request(method, path, payload))
        self._log.write(f"answer {answer.status} ".encode() + answer.body)
        return answer.status, orjson.loads(answer.body)

    def _note(self, wish: Wish, status: int, answer: Any) -> None:
        kind = f"{wish.kind}: {'done' if status == 200 else 'refused'}"
        self._kinds[kind] += 1
        self._answers["200" if status == 200 else f"{status} {answer.get('code')} {answer.get('msg')}"] += 1
        if status >= 500:
            self._complain(f"{wish.kind} was answered with {status}: {answer}")

    # --- checks ------------------------------------------------------------------------------------------------------

    def _check_crossed(self, symbol: str) -> None:
        if self._exchange.floor(symbol).book.is_crossed:
            self._complain(f"{symbol}: the book is crossed after request {self._requests}")

    def _audit(self) -> None:
        for problem in (*self._exchange.engine.audit().problems, *self._books.disagreements()):
            self._complain(f"after request {self._requests}: {problem}")

    def _compare_depth(self) -> None:
        self._depth.publish(self._exchange.engine.now())
        for symbol in self._exchange.rules:
            self._depth.compare(symbol, self._snapshot(symbol))

    def _check_orders(self) -> None:
        """Every order as its owner is shown it, beside the trades that the owner is shown."""
        for client in self._clients:
            for symbol in self._exchange.rules:
                sums: dict[int, list[int]] = {}
                for fill in self._pages(client, "/api/v3/myTrades", symbol, "fromId", "id"):
                    added = sums.setdefault(fill["orderId"], [0, 0])
                    added[0] += to_units(fill["qty"])
                    added[1] += to_units(fill["quoteQty"])
                for order in self._pages(client, "/api/v3/allOrders", symbol, "orderId", "orderId"):
                    said = [to_units(order["executedQty"]), to_units(order["cummulativeQuoteQty"])]
                    summed = sums.pop(order["orderId"], [0, 0])
                    if said != summed:
                        self._complain(f"{client.name} {symbol} {order['orderId']}: executed {said}, fills {summed}")
                if sums:
                    self._complain(f"{client.name} {symbol}: trades of orders that are not shown: {sorted(sums)}")

    def _pages(self, client: _Client, path: str, symbol: str, from_name: str, id_name: str) -> Iterator[Any]:
        """All entries. A page begins with the last id of the one before: a trade with oneself has two entries."""
        start, seen = 0, set[tuple[int, int]]()
        while True:
            self._clock.advance(1.0)
            params = {"symbol": symbol, from_name: str(start), "limit": str(_PAGE)}
            status, page = self._ask(client, "GET", path, params)
            if status != 200:
                self._complain(f"{client.name}: {path} was answered with {status}: {page}")
                return
            fresh = [entry for entry in page if (entry[id_name], entry["orderId"]) not in seen]
            yield from fresh
            if len(page) < _PAGE or not fresh:
                return
            seen = {(entry[id_name], entry["orderId"]) for entry in page}
            start = page[-1][id_name]

    def _check_balances(self) -> None:
        """Free and locked as the owners are shown them, and what the fees' account has, sum to what was brought in."""
        shown: Counter[str] = Counter()
        for client in self._clients:
            status, answer = self._ask(client, "GET", "/api/v3/account", {})
            if status != 200:
                self._complain(f"{client.name}: its account was answered with {status}: {answer}")
                return
            for one in answer["balances"]:
                shown[one["asset"]] += to_units(one["free"]) + to_units(one["locked"])
        fees = self._exchange.ledger.fee_account
        for asset, amount in _FUNDS.items():
            total = shown[asset] + fees.free[asset] + fees.locked[asset]
            if total != to_units(amount) * len(self._clients):
                self._complain(f"{asset}: the accounts show {total} in all, {to_units(amount)} each was brought in")

    def _snapshot(self, symbol: str) -> Any:
        request = RawRequest("GET", "/api/v3/depth", f"symbol={symbol}&limit=5000".encode(), b"", {}, "127.0.1.254")
        answer = self._api.answer(request)
        if answer.status != 200:
            raise ConfigurationError(f"the venue does not show its book: {answer.body.decode()}")
        return orjson.loads(answer.body)

    def _complain(self, what: str) -> None:
        if len(self._problems) < _MOST_KEPT:
            self._problems.append(what)
