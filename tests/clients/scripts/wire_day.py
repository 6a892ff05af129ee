"""The day as a client lives it whose answers are the exchange's own JSON: a script says how each call is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from itertools import pairwise
from typing import Any

from day import PLAN, Day, Saw, finish, plain

__all__ = ["Json", "WireDay", "claim"]

Json = Mapping[str, Any]

SYMBOL = PLAN["symbol"]


class WireDay(Day, ABC):
    """Calls may answer at once or be awaited. Parameters have the exchange's own names."""

    @abstractmethod
    def exchange_info(self) -> Any: ...

    @abstractmethod
    def account(self) -> Any: ...

    @abstractmethod
    def new_order(self, **order: str) -> Any: ...

    @abstractmethod
    def query_order(self, order_id: int) -> Any: ...

    @abstractmethod
    def cancel_order(self, order_id: int) -> Any: ...

    @abstractmethod
    def replace_order(self, order_id: int, **order: str) -> Any: ...

    @abstractmethod
    def new_oco(self, **order: str) -> Any: ...

    @abstractmethod
    def my_trades(self, order_id: int) -> Any: ...

    @abstractmethod
    def price_of(self, symbol: str) -> Any: ...

    @abstractmethod
    def deep_book(self, limit: int) -> Any: ...

    @abstractmethod
    def ask_with_wrong_secret(self) -> Any: ...

    @abstractmethod
    def ask_with_wrong_clock(self) -> Any:
        """Ask with a timestamp of long ago; where the client gives no way to that, with a window that is too wide."""

    @abstractmethod
    def trades_heard(self) -> AbstractAsyncContextManager[list[Json]]:
        """A list that grows by what the trade stream tells."""

    @abstractmethod
    def book_heard(self) -> AbstractAsyncContextManager[list[Json]]:
        """A list that grows by what the stream of the book's differences tells."""

    @abstractmethod
    def user_events(self) -> AbstractAsyncContextManager[list[Json]]:
        """A list that grows by what the user data stream tells; entered once the exchange has said yes."""

    def buy_at(self, price: str) -> Any:
        return self.new_order(
            symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC", quantity=PLAN["quantity"], price=price
        )

    async def markets(self) -> Saw:
        info = await finish(self.exchange_info())
        (rules,) = [one for one in info["symbols"] if one["symbol"] == SYMBOL]
        filters = {one["filterType"]: one for one in rules["filters"]}
        tick = plain(filters["PRICE_FILTER"]["tickSize"])
        return Saw(
            f"{len(info['symbols'])} markets; {SYMBOL} price step {tick}, {len(filters)} filters",
            markets=[one["symbol"] for one in info["symbols"]],
        )

    async def balance(self) -> Saw:
        account = await finish(self.account())
        held = {one["asset"]: (one["free"], one["locked"]) for one in account["balances"]}
        quote = PLAN["quote"]
        return Saw(
            f"{plain(held[quote][0])} {quote} free", balances={asset: held[asset] for asset in (PLAN["base"], quote)}
        )

    async def market_stream(self) -> Saw:
        async with self.trades_heard() as trades:
            await self.until_heard(lambda: trades, self.public_trade)
        heard = trades[0]
        number = heard["t"] if heard["e"] == "trade" else heard["f"]  # an aggregate names its first trade
        return Saw(
            f"{heard['e']} {number}: {plain(heard['q'])} at {plain(heard['p'])}",
            trades=[(str(number), heard["q"], heard["p"])],
        )

    async def book_stream(self) -> Saw:
        async with self.book_heard() as updates:
            await self.until_heard(lambda: updates, self.bid)
            newest = (await finish(self.deep_book(PLAN["shallow_limit"])))["lastUpdateId"]
            await self.wait_for(lambda: updates[-1]["u"] >= newest, f"update {newest} of the book")
        heard = list(updates)
        assert all(one["U"] == before["u"] + 1 for before, one in pairwise(heard)), heard
        return Saw(f"{len(heard)} {heard[-1]['e']} without a gap, up to update {newest} of REST", book=heard[-1]["u"])

    async def limit_in_parts(self) -> Saw:
        placed = await finish(self.buy_at(PLAN["limit_price"]))
        first, second = PLAN["parts"]
        self.other("SELL", first, PLAN["limit_price"])
        partly = await finish(self.query_order(placed["orderId"]))
        assert (partly["status"], plain(partly["executedQty"])) == ("PARTIALLY_FILLED", first), partly
        self.other("SELL", second, PLAN["limit_price"])
        done = await finish(self.query_order(placed["orderId"]))
        trades = await finish(self.my_trades(placed["orderId"]))
        return Saw(
            f"{placed['status']}, {partly['status']} {first}, {done['status']} in {len(trades)} fills",
            orders=claim(done),
            fills={of(done): [(str(one["id"]), one["qty"], one["price"]) for one in trades]},
        )

    async def user_data(self) -> Saw:
        async with self.user_events() as events:
            placed = await finish(self.buy_at(PLAN["limit_price"]))
            for part in PLAN["parts"]:
                self.other("SELL", part, PLAN["limit_price"])
            await self.wait_for(
                lambda: (
                    [one for one in events if one["e"] == "executionReport" and one["X"] == "FILLED"]
                    and events[-1]["e"] == "outboundAccountPosition"
                ),
                "the report of the last fill and the balance after it",
            )
        reports = [one for one in events if one["e"] == "executionReport" and one["i"] == placed["orderId"]]
        positions = [one for one in events if one["e"] == "outboundAccountPosition"]
        last = reports[-1]
        told = ", ".join(f"{one['x']}/{one['X']}" for one in reports)
        return Saw(
            f"{told}; {len(positions)} balance updates",
            orders={f"{last['s']}:{last['i']}": (last["X"], last["z"])},
            fills={of(placed): [(str(one["t"]), one["l"], one["L"]) for one in reports if one["x"] == "TRADE"]},
            balances={one["a"]: (one["f"], one["l"]) for one in positions[-1]["B"]},
        )

    async def cancel(self) -> Saw:
        placed = await finish(self.buy_at(PLAN["far_price"]))
        cancelled = await finish(self.cancel_order(placed["orderId"]))
        return Saw(f"{placed['status']}, then {cancelled['status']}", orders=claim(cancelled))

    async def replace(self) -> Saw:
        first = await finish(self.buy_at(PLAN["far_price"]))
        answer = await finish(
            self.replace_order(
                first["orderId"],
                symbol=SYMBOL,
                side="BUY",
                type="LIMIT",
                cancelReplaceMode="STOP_ON_FAILURE",
                timeInForce="GTC",
                quantity=PLAN["quantity"],
                price=PLAN["other_far_price"],
            )
        )
        old, new = answer["cancelResponse"], answer["newOrderResponse"]
        gone = await finish(self.cancel_order(new["orderId"]))
        return Saw(
            f"cancelReplace: the old {old['status']}, the new {new['status']} at {plain(new['price'])}",
            orders=claim(old) | claim(gone),
        )

    async def stop(self) -> Saw:
        stop = PLAN["stop"]
        placed = await finish(
            self.new_order(
                symbol=SYMBOL,
                side="SELL",
                type="STOP_LOSS_LIMIT",
                timeInForce="GTC",
                quantity=PLAN["quantity"],
                price=stop["price"],
                stopPrice=stop["stop_price"],
            )
        )
        waiting = await finish(self.query_order(placed["orderId"]))
        self.reach_the_stop()
        done = await finish(self.query_order(placed["orderId"]))
        return Saw(
            f"{waiting['status']} until {plain(waiting['stopPrice'])}, then {done['status']}", orders=claim(done)
        )

    async def oco(self) -> Saw:
        oco = PLAN["oco"]
        answer = await finish(
            self.new_oco(
                symbol=SYMBOL,
                side="SELL",
                quantity=PLAN["quantity"],
                aboveType="LIMIT_MAKER",
                abovePrice=oco["above_price"],
                belowType="STOP_LOSS_LIMIT",
                belowStopPrice=oco["below_stop_price"],
                belowPrice=oco["below_price"],
                belowTimeInForce="GTC",
            )
        )
        self.other("BUY", PLAN["quantity"], oco["above_price"])
        legs = {one["type"]: await finish(self.query_order(one["orderId"])) for one in answer["orderReports"]}
        above, below = legs["LIMIT_MAKER"], legs["STOP_LOSS_LIMIT"]
        return Saw(
            f"{answer['listStatusType']}, then above {above['status']}, below {below['status']}",
            orders=claim(above) | claim(below),
        )

    async def error_filter(self) -> Saw:
        return await self._refused_order(**PLAN["too_small"])

    async def error_funds(self) -> Saw:
        return await self._refused_order(**PLAN["too_dear"])

    async def _refused_order(self, quantity: str, price: str) -> Saw:
        return await self.refusal(
            lambda: self.new_order(
                symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC", quantity=quantity, price=price
            )
        )

    async def error_unknown_order(self) -> Saw:
        return await self.refusal(lambda: self.cancel_order(PLAN["unknown_order"]))

    async def error_signature(self) -> Saw:
        return await self.refusal(self.ask_with_wrong_secret)

    async def error_clock(self) -> Saw:
        return await self.refusal(self.ask_with_wrong_clock)

    async def error_symbol(self) -> Saw:
        return await self.refusal(lambda: self.price_of(PLAN["unknown_symbol"]))

    async def rate_limit(self) -> Saw:
        return await self.refusal_in_the_end(lambda: self.deep_book(PLAN["heavy_limit"]))


def of(order: Json) -> str:
    return f"{order['symbol']}:{order['orderId']}"


def claim(order: Json) -> dict[str, tuple[str, str]]:
    """An order as the exchange's JSON shows it: status and filled quantity."""
    return {of(order): (order["status"], order["executedQty"])}
