"""Random orders of many accounts: every kind that the exchange takes, from a seed, as the requests a client would send.

The traffic knows what a client knows: its own answers. So some of what it sends is out of date (a cancel of an order
that has been filled), some is too dear, and some is refused by a rule; refusals are part of the trial.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from yunmin.clock import seeded
from yunmin.simulation.units import SCALE, align, to_units
from yunmin_binance.venue.endpoints import endpoint_of
from yunmin_binance.venue.symbols import SymbolRules
from yunmin_binance.venue.wire import amount

__all__ = ["Traffic", "Wish"]

_MILLION: Final = 1_000_000
_CROWDED: Final = 60
"""With so many open orders an account cancels rather than places."""

_DEAF: Final = 0.2
_SPREADS: Final = (1000, 3000, 3000, 20_000)
"""How far prices lie around the last one, in millionths."""

_MODES: Final = ("NONE", "NONE", "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "DECREMENT", *("TRANSFER",) * 6)
_RESPONSES: Final = ("RESULT", "FULL")


@dataclass(frozen=True, slots=True)
class Wish:
    """One request: who sends what. `orders` is how many orders it asks for; zero where it cancels or changes."""

    account: int
    kind: str
    method: str
    path: str
    params: Mapping[str, str]
    orders: int


@dataclass(slots=True)
class _Known:
    """An order that its owner believes to be open."""

    symbol: str
    id: int
    client_id: str
    qty: int
    list_id: int


class Traffic:
    """Makes one wish after the other, and learns from the answers."""

    def __init__(self, rules: Mapping[str, SymbolRules], *, accounts: int, seed: int) -> None:
        self._random = seeded(f"traffic-{seed}")
        self._rules = rules
        self._symbols = list(rules)
        self._prices = {name: to_units(one.start_price) for name, one in rules.items()}
        self._anchors = dict(self._prices)
        self._open: list[dict[tuple[str, int], _Known]] = [{} for _ in range(accounts)]
        self._sent = 0
        self._makers = [
            (weight, make) for weight, path, make in self._table() if endpoint_of(path) or path == "/api/v3/order"
        ]
        self._weights = [weight for weight, _ in self._makers]

    def next(self) -> Wish:
        """The next request of somebody."""
        self._sent += 1
        account = self._random.randrange(len(self._open))
        if len(self._open[account]) > _CROWDED:
            return self._cancel(account)
        (_, make) = self._random.choices(self._makers, self._weights)[0]
        return make(account)

    def learn(self, wish: Wish, status: int, answer: Any) -> None:
        """What became of `wish`."""
        if wish.method == "DELETE" or wish.kind == "amend":
            self._forget(wish, status, answer)
            return
        if wish.kind == "replace":
            self._forget_replaced(wish)
            answer = answer.get("newOrderResponse") or answer.get("data", {}).get("newOrderResponse") or {}
        for report in answer.get("orderReports", [answer]):
            self._note(wish, report)

    def ended(self, account: int, symbol: str, order_id: int) -> None:
        """What a user data stream tells: this order is no longer open. One time in five nobody was listening."""
        if self._random.random() >= _DEAF:
            self._open[account].pop((symbol, order_id), None)

    def _note(self, wish: Wish, report: Mapping[str, Any]) -> None:
        if "orderId" not in report:
            return
        symbol, number = report["symbol"], report["orderId"]
        for fill in report.get("fills", ()):
            self._prices[symbol] = self._held(symbol, to_units(fill["price"]))
        if report.get("status", "NEW") not in {"NEW", "PARTIALLY_FILLED", "PENDING_NEW"}:
            self._open[wish.account].pop((symbol, number), None)
            return
        qty = to_units(report["origQty"]) if "origQty" in report else 0
        known = _Known(symbol, number, report["clientOrderId"], qty, report["orderListId"])
        self._open[wish.account][(symbol, number)] = known

    def _forget(self, wish: Wish, status: int, answer: Any) -> None:
        mine = self._open[wish.account]
        if wish.kind == "amend":
            amended = answer.get("amendedOrder")
            known = mine.get((wish.params["symbol"], int(wish.params["orderId"])))
            if amended is not None and known is not None:
                known.qty, known.client_id = to_units(amended["qty"]), amended["clientOrderId"]
            elif known is not None:
                del mine[(known.symbol, known.id)]
            return
        if wish.kind == "cancel all":
            for key in [key for key in mine if key[0] == wish.params["symbol"]]:
                del mine[key]
            return
        gone = answer.get("orderReports", [answer]) if status == 200 else ()
        for report in gone:
            mine.pop((report["symbol"], report["orderId"]), None)
        mine.pop((wish.params["symbol"], int(wish.params.get("orderId", -1))), None)

    def _forget_replaced(self, wish: Wish) -> None:
        self._open[wish.account].pop((wish.params["symbol"], int(wish.params["cancelOrderId"])), None)

    # --- kinds -------------------------------------------------------------------------------------------------------

    def _table(self) -> tuple[tuple[int, str, Callable[[int], Wish]], ...]:
        """(weight, the path without which there is no such kind, what makes it)."""
        order, lists = "/api/v3/order", "/api/v3/orderList"
        return (
            (30, order, self._limit),
            (6, order, self._maker_only),
            (12, order, self._market),
            (4, order, self._market_by_quote),
            (8, order, self._stop),
            (3, order, self._trailing_stop),
            (4, order, self._iceberg),
            (4, f"{lists}/oco", self._oco),
            (2, "/api/v3/order/oco", self._old_oco),
            (2, order, self._pegged),
            (3, f"{lists}/oto", self._oto),
            (3, f"{lists}/otoco", self._otoco),
            (2, f"{lists}/opo", self._opo),
            (2, f"{lists}/opoco", self._opoco),
            (18, order, self._cancel),
            (1, "/api/v3/openOrders", self._cancel_all),
            (6, "/api/v3/order/cancelReplace", self._replace),
            (4, "/api/v3/order/amend/keepPriority", self._amend),
        )

    def _limit(self, account: int) -> Wish:
        return self._order(account, "limit", **self._limit_terms(self._symbol()))

    def _maker_only(self, account: int) -> Wish:
        symbol, side = self._symbol(), self._side()
        price = self._price(symbol, away=-3000 if side == "BUY" else 3000)
        return self._order(
            account,
            "limit maker",
            symbol=symbol,
            side=side,
            type="LIMIT_MAKER",
            price=price,
            quantity=self._qty(symbol),
        )

    def _market(self, account: int) -> Wish:
        symbol = self._symbol()
        return self._order(
            account, "market", symbol=symbol, side=self._side(), type="MARKET", quantity=self._qty(symbol)
        )

    def _market_by_quote(self, account: int) -> Wish:
        symbol = self._symbol()
        least = to_units(self._rules[symbol].min_notional)
        spent = amount(self._random.randint(least, least * 100))
        return self._order(
            account, "market by quote", symbol=symbol, side=self._side(), type="MARKET", quoteOrderQty=spent
        )

    def _stop(self, account: int) -> Wish:
        symbol, side = self._symbol(), self._side()
        kind = self._random.choice(("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"))
        rises = (side == "BUY") is kind.startswith("STOP_LOSS")
        stop = self._price(symbol, away=4000 if rises else -4000)
        terms = {"symbol": symbol, "side": side, "type": kind, "quantity": self._qty(symbol), "stopPrice": stop}
        if kind.endswith("LIMIT"):
            terms |= {"price": self._price(symbol), "timeInForce": self._in_force()}
        return self._order(account, kind.lower().replace("_", " "), **terms)

    def _trailing_stop(self, account: int) -> Wish:
        symbol = self._symbol()
        kind = self._random.choice(("STOP_LOSS", "TAKE_PROFIT"))
        delta = str(self._random.randint(10, 100))
        return self._order(
            account,
            "trailing stop",
            symbol=symbol,
            side=self._side(),
            type=kind,
            quantity=self._qty(symbol),
            trailingDelta=delta,
        )

    def _iceberg(self, account: int) -> Wish:
        symbol = self._symbol()
        terms = self._limit_terms(symbol)
        shown = align(to_units(terms["quantity"]) // 4, to_units(self._rules[symbol].step_size))
        return self._order(account, "iceberg", **{**terms, "timeInForce": "GTC", "icebergQty": amount(shown)})

    def _pegged(self, account: int) -> Wish:
        terms = self._limit_terms(self._symbol())
        del terms["price"]
        own = self._random.random() < 0.7
        peg = {"pegPriceType": "PRIMARY_PEG" if own else "MARKET_PEG"}
        if self._random.random() < 0.5:
            peg |= {"pegOffsetType": "PRICE_LEVEL", "pegOffsetValue": str(self._random.randint(1, 5))}
        return self._order(account, "pegged", **{**terms, "timeInForce": "GTC", **peg})

    def _oco(self, account: int) -> Wish:
        symbol, side = self._symbol(), self._side()
        legs = self._bracket(symbol, side, above="above", below="below")
        return self._list(account, "oco", "oco", 2, symbol=symbol, side=side, quantity=self._qty(symbol), **legs)

    def _old_oco(self, account: int) -> Wish:
        symbol, side = self._symbol(), self._side()
        sign = 1 if side == "SELL" else -1
        price, stop = self._price(symbol, away=3000 * sign), self._price(symbol, away=-3000 * sign)
        params = {"symbol": symbol, "side": side, "quantity": self._qty(symbol), "price": price, "stopPrice": stop}
        return Wish(account, "old oco", "POST", "/api/v3/order/oco", params, 2)

    def _oto(self, account: int) -> Wish:
        symbol = self._symbol()
        working, qty = self._working(symbol)
        pending = {
            "pendingType": "LIMIT",
            "pendingSide": self._side(),
            "pendingQuantity": qty,
            "pendingPrice": self._price(symbol),
            "pendingTimeInForce": "GTC",
        }
        return self._list(account, "oto", "oto", 2, symbol=symbol, **working, **pending)

    def _otoco(self, account: int) -> Wish:
        symbol = self._symbol()
        working, qty = self._working(symbol)
        side = "SELL" if working["workingSide"] == "BUY" else "BUY"
        legs = self._bracket(symbol, side, above="pendingAbove", below="pendingBelow")
        return self._list(
            account, "otoco", "otoco", 3, symbol=symbol, **working, pendingSide=side, pendingQuantity=qty, **legs
        )

    def _opo(self, account: int) -> Wish:
        symbol = self._symbol()
        working, _ = self._working(symbol)
        pending = {
            "pendingType": "LIMIT",
            "pendingSide": "SELL",
            "pendingPrice": self._price(symbol),
            "pendingTimeInForce": "GTC",
        }
        return self._list(account, "opo", "opo", 2, **{"symbol": symbol, **working, "workingSide": "BUY", **pending})

    def _opoco(self, account: int) -> Wish:
        symbol = self._symbol()
        working, _ = self._working(symbol)
        legs = self._bracket(symbol, "SELL", above="pendingAbove", below="pendingBelow")
        terms = {"symbol": symbol, **working, "workingSide": "BUY", "pendingSide": "SELL", **legs}
        return self._list(account, "opoco", "opoco", 3, **terms)

    def _cancel(self, account: int) -> Wish:
        known = self._pick(account)
        if known is None:
            return self._limit(account)
        if known.list_id >= 0 and self._random.random() < 0.5:
            params = {"symbol": known.symbol, "orderListId": str(known.list_id)}
            return Wish(account, "cancel list", "DELETE", "/api/v3/orderList", params, 0)
        params = {"symbol": known.symbol, "orderId": str(known.id)}
        return Wish(account, "cancel", "DELETE", "/api/v3/order", params, 0)

    def _cancel_all(self, account: int) -> Wish:
        return Wish(account, "cancel all", "DELETE", "/api/v3/openOrders", {"symbol": self._symbol()}, 0)

    def _replace(self, account: int) -> Wish:
        known = self._pick(account)
        if known is None:
            return self._limit(account)
        mode = self._random.choice(("STOP_ON_FAILURE", "ALLOW_FAILURE"))
        changes = {"cancelReplaceMode": mode, "cancelOrderId": str(known.id)}
        params = {**self._limit_terms(known.symbol), **changes, "newOrderRespType": "FULL"}
        return Wish(account, "replace", "POST", "/api/v3/order/cancelReplace", params, 1)

    def _amend(self, account: int) -> Wish:
        known = self._pick(account)
        step = to_units(self._rules[known.symbol].step_size) if known is not None else 1
        if known is None or known.qty < 2 * step:
            return self._limit(account)
        smaller = align(self._random.randint(known.qty // 2, known.qty), step)
        params = {"symbol": known.symbol, "orderId": str(known.id), "newQty": amount(smaller)}
        return Wish(account, "amend", "PUT", "/api/v3/order/amend/keepPriority", params, 0)

    # --- parts -------------------------------------------------------------------------------------------------------

    def _order(self, account: int, kind: str, **terms: str) -> Wish:
        params = {**terms, "newOrderRespType": self._random.choice(_RESPONSES)}
        if self._random.random() < 0.4:
            params["selfTradePreventionMode"] = self._random.choice(_MODES)
        if self._random.random() < 0.5:
            params["newClientOrderId"] = f"a{account}-{self._sent}"
        return Wish(account, kind, "POST", "/api/v3/order", params, 1)

    def _list(self, account: int, kind: str, name: str, orders: int, **params: str) -> Wish:
        return Wish(account, kind, "POST", f"/api/v3/orderList/{name}", params, orders)

    def _limit_terms(self, symbol: str) -> dict[str, str]:
        return {
            "symbol": symbol,
            "side": self._side(),
            "type": "LIMIT",
            "timeInForce": self._in_force(),
            "quantity": self._qty(symbol),
            "price": self._price(symbol),
        }

    def _working(self, symbol: str) -> tuple[dict[str, str], str]:
        qty = self._qty(symbol)
        terms = {
            "workingType": "LIMIT",
            "workingSide": self._side(),
            "workingPrice": self._price(symbol),
            "workingQuantity": qty,
            "workingTimeInForce": "GTC",
        }
        return terms, qty

    def _bracket(self, symbol: str, side: str, *, above: str, below: str) -> dict[str, str]:
        """A limit on the better side of the price and a stop on the other."""
        limit, stop = (above, below) if side == "SELL" else (below, above)
        up, down = self._price(symbol, away=3000), self._price(symbol, away=-3000)
        return {
            f"{limit}Type": "LIMIT_MAKER",
            f"{limit}Price": up if limit == above else down,
            f"{stop}Type": "STOP_LOSS",
            f"{stop}StopPrice": up if stop == above else down,
        }

    def _pick(self, account: int) -> _Known | None:
        mine = self._open[account]
        return self._random.choice(list(mine.values())) if mine else None

    def _symbol(self) -> str:
        return self._random.choice(self._symbols)

    def _side(self) -> str:
        return self._random.choice(("BUY", "SELL"))

    def _in_force(self) -> str:
        return self._random.choice(("GTC", "GTC", "GTC", "GTC", "IOC", "FOK"))

    def _price(self, symbol: str, *, away: int = 0) -> str:
        """Around the last price seen, moved by `away` millionths; some near it, some so far that they rest a while."""
        around = self._prices[symbol]
        spread = self._random.choice(_SPREADS)
        moved = around + around * (away + self._random.randint(-spread, spread)) // _MILLION
        return amount(align(moved, to_units(self._rules[symbol].tick_size)))

    def _held(self, symbol: str, price: int) -> int:
        """`price`, kept within a fifth of where the market began, so that a long trial stays in sane figures."""
        anchor = self._anchors[symbol]
        return min(max(price, anchor * 4 // 5), anchor * 6 // 5)

    def _qty(self, symbol: str) -> str:
        """From a little too small to four hundred times the least that a market takes."""
        rules = self._rules[symbol]
        least = to_units(rules.min_notional) * SCALE // self._prices[symbol]
        times = self._random.choice((1, 1, 4, 40))
        wanted = self._random.randint(least * 9 // 10, least * 10) * times
        return amount(align(wanted, to_units(rules.step_size)))
