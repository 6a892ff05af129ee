"""What a request is about: its method and path, and the symbols, accounts and client order ids that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from yunmin_binance.venue.api import RawRequest
from yunmin_binance.venue.chaos.subject import Door, Subject
from yunmin_binance.venue.exchange import Exchange, Member
from yunmin_binance.venue.security import API_KEY_HEADER

__all__ = ["subject_of_call", "subject_of_request"]

_CLIENT_ID_ENDING: Final = "clientorderid"


def subject_of_request(request: RawRequest, exchange: Exchange) -> Subject:
    """A REST request. What cannot be read of it is left out: it is the exchange's business to refuse it."""
    sent = {**_read(request.body), **_read(request.query)}
    member = exchange.members.get(request.headers.get(API_KEY_HEADER, ""))
    return _subject(Door.REST, f"{request.method} {request.path}", sent, member, exchange)


def subject_of_call(method: str, sent: Mapping[str, str], logged_on: Member | None, exchange: Exchange) -> Subject:
    """A request of the WebSocket API."""
    member = exchange.members.get(sent.get("apiKey", "")) or logged_on
    return _subject(Door.CALL, method, sent, member, exchange)


def _subject(door: Door, name: str, sent: Mapping[str, str], member: Member | None, exchange: Exchange) -> Subject:
    symbol, account = sent.get("symbol"), None if member is None else member.account.name
    client_ids = [value for key, value in sent.items() if key.lower().endswith(_CLIENT_ID_ENDING)]
    if account is not None and symbol is not None and sent.get("orderId", "").isdecimal():
        order = exchange.engine.orders_of(account).by_id(symbol, int(sent["orderId"]))
        client_ids += [] if order is None else [order.client_order_id]
    return Subject(
        door=door,
        names=(name,),
        symbols=() if symbol is None else (symbol,),
        accounts=() if account is None else (account,),
        client_order_ids=tuple(client_ids),
    )


def _read(part: bytes) -> dict[str, str]:
    return dict(parse_qsl(part.decode("utf-8", "replace"), keep_blank_values=True))
