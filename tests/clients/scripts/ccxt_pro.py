"""ccxt.pro: the asynchronous class with sockets."""

from __future__ import annotations

import asyncio
from functools import partial

import ccxt.pro
from ccxt_day import QUANTITY, SYMBOL, CcxtDay, claim, of
from day import PLAN, Saw, live, plain


class Pro(CcxtDay):
    """Streams, user data and orders over the WebSocket API."""

    make = ccxt.pro.binance

    async def market_stream(self) -> Saw:
        trades = asyncio.create_task(self.exchange.watch_trades(SYMBOL))
        await self.until_heard(trades.done, self.public_trade)
        (heard, *_) = trades.result()
        return Saw(
            f"trade {heard['id']}: {heard['amount']} at {heard['price']}",
            trades=[(heard["id"], plain(heard["amount"]), plain(heard["price"]))],
        )

    async def book_stream(self) -> Saw:
        watched = asyncio.create_task(self.exchange.watch_order_book(SYMBOL))
        await self.until_heard(watched.done, self.bid)
        book = watched.result()
        asked = await self.exchange.fetch_order_book(SYMBOL)
        while book["nonce"] < asked["nonce"]:
            book = await self.exchange.watch_order_book(SYMBOL)
        assert book["bids"] == asked["bids"], (book["bids"], asked["bids"])
        (price, quantity) = book["bids"][0]
        return Saw(f"{quantity} bid at {price}, as REST at update {book['nonce']}", book=book["nonce"])

    async def user_data(self) -> Saw:
        seen: list[dict[str, str]] = []
        fills: list[tuple[str, str, str]] = []

        def was_told(number: int) -> bool:
            return len(fills) == number and len(seen) > number

        orders = asyncio.create_task(self._watch_orders(seen))
        trades = asyncio.create_task(self._watch_my_trades(fills))
        try:
            await self.exchange.ensure_user_data_stream_ws_subscribe_signature("spot")
            placed = await self.place("buy", QUANTITY, float(PLAN["limit_price"]))
            await self.wait_for(lambda: len(seen) >= 1, "the report of the new order")
            for number, part in enumerate(PLAN["parts"], start=1):
                self.other("SELL", part, PLAN["limit_price"])
                await self.wait_for(partial(was_told, number), "the report of a fill")
        finally:
            orders.cancel()
            trades.cancel()
            await asyncio.gather(orders, trades, return_exceptions=True)
        balance = self.exchange.balance["spot"]
        last = seen[-1]
        return Saw(
            f"watch_orders: {', '.join(one['status'] for one in seen)}; watch_my_trades: {len(fills)}; "
            f"{balance[PLAN['base']]['free']} {PLAN['base']} free",
            orders={of(placed): (last["status"], last["filled"])},
            fills={of(placed): fills},
            balances={PLAN["base"]: (plain(balance[PLAN["base"]]["free"]), plain(balance[PLAN["base"]]["used"]))},
        )

    async def _watch_orders(self, seen: list[dict[str, str]]) -> None:
        while True:
            for order in await self.exchange.watch_orders(SYMBOL):
                seen.append({"status": order["info"]["X"], "filled": plain(order["filled"])})

    async def _watch_my_trades(self, fills: list[tuple[str, str, str]]) -> None:
        self.exchange.newUpdates = True
        while True:
            for trade in await self.exchange.watch_my_trades(SYMBOL):
                fills.append((trade["id"], plain(trade["amount"]), plain(trade["price"])))

    async def socket_order(self) -> Saw:
        placed = await self.exchange.create_order_ws(SYMBOL, "limit", "buy", QUANTITY, float(PLAN["far_price"]))
        cancelled = await self.exchange.cancel_order_ws(placed["id"], SYMBOL)
        return Saw(f"order.place {placed['status']}, order.cancel {cancelled['status']}", orders=claim(cancelled))


live(Pro())
