"""News that came before its order."""

from __future__ import annotations

from decimal import Decimal

from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.core.data_contracts.order import OrderUpdate
from yunmin.core.data_contracts.verdicts import CancelRequest
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.orphan_news import OrphanNews, name_of


def news_of(name: str | None, exchange_order_id: str | None = None, symbol: str = "BTC/USDT") -> OrderUpdate:
    return OrderUpdate(symbol=symbol, client_order_id=name, exchange_order_id=exchange_order_id)


def an_order(name: str, exchange_order_id: str | None = None) -> InFlightOrder:
    order = InFlightOrder(name, "BTC/USDT", Side.BUY, OrderType.LIMIT, Decimal(1), Decimal(10), TimeInForce.GTC)
    order._exchange_order_id = exchange_order_id
    return order


def test_the_same_news_waits_once_whatever_raw_answer_it_came_in() -> None:
    orphans = OrphanNews(10)
    assert orphans.keep(news_of("a"))
    assert not orphans.keep(news_of("a").model_copy(update={"raw": {"c": "a"}}))
    assert len(orphans) == 1


def test_an_order_takes_what_waited_under_either_id_in_the_order_in_which_it_came() -> None:
    orphans = OrphanNews(10)
    pieces = [news_of(None, "7"), news_of("a"), news_of("b"), news_of(None, "7", "ETH/USDT"), news_of("a", "7")]
    for piece in pieces:
        orphans.keep(piece)
    assert orphans.release_for(an_order("a", "7")) == [pieces[0], pieces[1], pieces[4]]
    assert orphans.release_for(an_order("a", "7")) == []
    assert list(orphans.numbered.values()) == [pieces[2], pieces[3]]
    assert orphans.keep(pieces[1]), "it waits no more, so it is news again"


def test_what_is_over_the_limit_is_given_up_oldest_first_and_found_no_more() -> None:
    orphans = OrphanNews(2)
    pieces = [news_of(name) for name in "abcd"]
    for piece in pieces:
        orphans.keep(piece)
    assert list(orphans.push_out()) == pieces[:2]
    assert orphans.release_for(an_order("a")) == []
    assert (set(orphans._waiting), len(orphans._marks)) == ({("client order", "c"), ("client order", "d")}, 2)


def test_what_it_is_about_is_said_in_words() -> None:
    assert name_of(news_of("a", "7")) == "client order a"
    assert name_of(news_of(None, "7")) == "exchange order 7 BTC/USDT"
    assert name_of(news_of(None)) == "an order without an id"
    assert name_of(CancelRequest(client_order_id="a", attempt=1)) == "client order a"
