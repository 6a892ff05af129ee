"""The day as ccxt lives it; sync, async and pro differ in the class that is made, and in what it can do."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

import ccxt
from day import PLAN, Day, Saw, plain

__all__ = ["CcxtDay"]

SYMBOL = f"{PLAN['base']}/{PLAN['quote']}"
QUANTITY = float(PLAN["quantity"])


class CcxtDay(Day):
    """Base addresses, options and the table of errors are set as docs/local-venue.md says; nothing else is changed."""

    make: Any

    async def open(self) -> None:
        self.exchange = self.client()

    async def close(self) -> None:
        await self.ask(self.exchange, "close")

    def client(self, **changed: Any) -> Any:
        rest, streams = f"{self.url}/api/v3", f"ws://stream@{self.host}/ws"
        sockets = {"spot": streams, "margin": streams, "ws-api": {"spot": f"{self.sockets}/ws-api/v3"}}
        return self.make(
            {
                "apiKey": self.key,
                "secret": self.secret,
                "enableRateLimit": False,
                "urls": {"api": {"public": rest, "private": rest, "ws": sockets}},
                "options": {
                    "defaultType": "spot",
                    "fetchMarkets": {"types": ["spot"]},
                    "fetchCurrencies": False,
                    "fetchMargins": False,
                },
                "exceptions": {"exact": ccxt.binance().exceptions["spot"]["exact"]},
                **changed,
            }
        )

    async def ask(self, exchange: Any, name: str, *arguments: Any) -> Any:
        """A call that is made the same way in sync and async."""
        self.asked = exchange
        method = getattr(exchange, name, None)
        if method is None:  # the sync class has nothing to close
            return None
        answer = method(*arguments)
        return await answer if inspect.isawaitable(answer) else answer

    async def do(self, name: str, *arguments: Any) -> Any:
        return await self.ask(self.exchange, name, *arguments)

    async def place(self, side: str, quantity: float, price: float, extra: Mapping[str, Any] | None = None) -> Any:
        return await self.do("create_order", SYMBOL, "limit", side, quantity, price, dict(extra or {}))

    async def order(self, order_id: str) -> Any:
        return await self.do("fetch_order", order_id, SYMBOL)

    async def markets(self) -> Saw:
        markets = await self.do("load_markets")
        rules = markets[SYMBOL]
        return Saw(
            f"{len(markets)} markets; {SYMBOL} price step {rules['precision']['price']}, "
            f"amount step {rules['precision']['amount']}",
            markets=[one["id"] for one in markets.values()],
        )

    async def balance(self) -> Saw:
        balance = await self.do("fetch_balance")
        return Saw(
            f"{balance[PLAN['quote']]['free']} {PLAN['quote']} free",
            balances={
                asset: (plain(balance[asset]["free"]), plain(balance[asset]["used"]))
                for asset in (PLAN["base"], PLAN["quote"])
            },
        )

    async def limit_in_parts(self) -> Saw:
        placed = await self.place("buy", QUANTITY, float(PLAN["limit_price"]))
        first, second = PLAN["parts"]
        self.other("SELL", first, PLAN["limit_price"])
        partly = await self.order(placed["id"])
        assert partly["info"]["status"] == "PARTIALLY_FILLED", partly["info"]
        assert plain(partly["filled"]) == first
        self.other("SELL", second, PLAN["limit_price"])
        done = await self.order(placed["id"])
        trades = await self.do("fetch_my_trades", SYMBOL)
        fills = [one for one in trades if one["order"] == placed["id"]]
        return Saw(
            f"open, {partly['filled']} filled, then {done['status']} in {len(fills)} fills",
            orders=claim(done),
            fills={of(done): [(one["id"], plain(one["amount"]), plain(one["price"])) for one in fills]},
        )

    async def cancel(self) -> Saw:
        placed = await self.place("buy", QUANTITY, float(PLAN["far_price"]))
        cancelled = await self.do("cancel_order", placed["id"], SYMBOL)
        return Saw(f"{placed['status']}, then {cancelled['status']}", orders=claim(cancelled))

    async def replace(self) -> Saw:
        first = await self.place("buy", QUANTITY, float(PLAN["far_price"]))
        new_price = float(PLAN["other_far_price"])
        second = await self.do("edit_order", first["id"], SYMBOL, "limit", "buy", QUANTITY, new_price)
        old, new = await self.order(first["id"]), await self.order(second["id"])
        assert new["price"] == new_price
        gone = await self.do("cancel_order", second["id"], SYMBOL)
        return Saw(
            f"edit_order: the old {old['status']}, the new {new['status']} at {new['price']}",
            orders=claim(old) | claim(gone),
        )

    async def stop(self) -> Saw:
        stop = PLAN["stop"]
        placed = await self.place("sell", QUANTITY, float(stop["price"]), {"stopLossPrice": float(stop["stop_price"])})
        waiting = await self.order(placed["id"])
        self.reach_the_stop()
        done = await self.order(placed["id"])
        return Saw(
            f"{waiting['status']} until {waiting['stopPrice']}, then {done['status']} at {done['average']}",
            orders=claim(done),
        )

    async def oco(self) -> Saw:
        oco = PLAN["oco"]
        answer = await self.do(
            "private_post_orderlist_oco",
            {
                "symbol": PLAN["symbol"],
                "side": "SELL",
                "quantity": PLAN["quantity"],
                "aboveType": "LIMIT_MAKER",
                "abovePrice": oco["above_price"],
                "belowType": "STOP_LOSS_LIMIT",
                "belowStopPrice": oco["below_stop_price"],
                "belowPrice": oco["below_price"],
                "belowTimeInForce": "GTC",
            },
        )
        self.other("BUY", PLAN["quantity"], oco["above_price"])
        legs = {one["type"]: await self.order(str(one["orderId"])) for one in answer["orderReports"]}
        above, below = legs["LIMIT_MAKER"], legs["STOP_LOSS_LIMIT"]
        return Saw(
            f"two legs, then above {above['status']}, below {below['status']} (private_post_orderlist_oco)",
            orders=claim(above) | claim(below),
        )

    async def error_filter(self) -> Saw:
        small = PLAN["too_small"]
        return await self.refusal(lambda: self.place("buy", float(small["quantity"]), float(small["price"])))

    async def error_funds(self) -> Saw:
        dear = PLAN["too_dear"]
        return await self.refusal(lambda: self.place("buy", float(dear["quantity"]), float(dear["price"])))

    async def error_unknown_order(self) -> Saw:
        return await self.refusal(lambda: self.do("cancel_order", str(PLAN["unknown_order"]), SYMBOL))

    async def error_signature(self) -> Saw:
        return await self._of_another_client(self.client(secret="wrong"))

    async def error_clock(self) -> Saw:
        late = self.client()
        late.options["timeDifference"] = PLAN["late_by_ms"]
        return await self._of_another_client(late)

    async def _of_another_client(self, other: Any) -> Saw:
        try:
            return await self.refusal(lambda: self.ask(other, "fetch_balance"))
        finally:
            await self.ask(other, "close")

    async def error_symbol(self) -> Saw:
        unknown = {"symbol": PLAN["unknown_symbol"]}
        return await self.refusal(lambda: self.do("public_get_ticker_price", unknown))

    async def rate_limit(self) -> Saw:
        heavy = {"symbol": PLAN["symbol"], "limit": PLAN["heavy_limit"]}
        return await self.refusal_in_the_end(lambda: self.do("public_get_depth", heavy))

    def read_error(self, error: Exception) -> tuple[int, str]:
        assert isinstance(error, ccxt.BaseError), repr(error)
        said = json.loads(self.asked.last_http_response)
        assert said["msg"] in str(error)
        return said["code"], said["msg"]


def of(order: Mapping[str, Any]) -> str:
    return f"{PLAN['symbol']}:{order['id']}"


def claim(order: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """An order as ccxt shows it: the exchange's own status, and ccxt's filled quantity."""
    return {of(order): (order["info"]["status"], plain(order["filled"]))}
