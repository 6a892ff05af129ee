"""One entry, written into the tables: its record, whose order it is about, and what it makes known of that order."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from yunmin.core.data_contracts import Fill, FillVoided, OrderUpdate
from yunmin.errors import LifecycleError
from yunmin.execution.journal_file import JournalFile
from yunmin.execution.journal_records import Adopted, Entry, Mark, Note, PlaceIntent, Record

__all__ = ["RowWriter"]

_LINKS_REMEMBERED: Final = 10_000


class RowWriter:
    """Writes entries into one file, always inside a transaction; call `commit` or `roll_back` after it."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        self._links: OrderedDict[str, str] = OrderedDict()  # client order id -> exchange order id, as the table has it
        self._new_links: dict[str, str] = {}

    def commit(self) -> None:
        """The transaction is done: what it taught may be relied on."""
        self._links.update(self._new_links)
        self._new_links.clear()
        while len(self._links) > _LINKS_REMEMBERED:
            self._links.popitem(last=False)

    def roll_back(self) -> None:
        """The transaction came to nothing."""
        self._new_links.clear()

    def write(self, record: Record, entry: Entry) -> None:
        """Raises LifecycleError for an intent under a client order id that was used before."""
        ref = self._begin_order(entry, record.seq) if isinstance(entry, PlaceIntent | Adopted) else self._about(entry)
        self._file.add_record(record, ref)
        if isinstance(entry, Mark):
            self._file.set_mark(entry.name, entry.value, record.seq)

    def _begin_order(self, entry: PlaceIntent | Adopted, seq: int) -> str:
        if isinstance(entry, PlaceIntent):
            known = self._file.order(entry.client_order_id)
            if known is not None:
                raise LifecycleError(
                    f"{entry.client_order_id} is the id of the order of record {known[3]}. Nothing was sent; "
                    "give the new order a new id"
                )
            self._file.add_order(entry.client_order_id, entry.request.symbol, None, seq)
            return entry.client_order_id
        update = entry.update
        name = self._name_of(update.symbol, update.client_order_id, update.exchange_order_id)
        if self._file.order(name) is None:
            self._file.add_order(name, update.symbol, update.exchange_order_id, seq)
        return name

    def _about(self, entry: Entry) -> str | None:
        """Our id of the order that it is about; what it says of the exchange's id is learned."""
        if isinstance(entry, Mark | Note | PlaceIntent | Adopted):
            return None
        described = entry if isinstance(entry, OrderUpdate | Fill | FillVoided) else getattr(entry, "update", None)
        client_order_id = entry.client_order_id
        if described is None:
            return client_order_id
        symbol, exchange_order_id = described.symbol, described.exchange_order_id
        if client_order_id is None:
            return self._name_of(symbol, None, exchange_order_id)
        if exchange_order_id is None or self._links.get(client_order_id) == exchange_order_id:
            return client_order_id
        name = self._name_of(symbol, client_order_id, exchange_order_id)
        if name == client_order_id:
            self._file.learn_exchange_id(name, exchange_order_id)
            self._new_links[name] = exchange_order_id
        return name

    def _name_of(self, symbol: str, client_order_id: str | None, exchange_order_id: str | None) -> str:
        """The id that we keep the order under: ours where it is known, else that of the exchange's id."""
        if client_order_id is not None and self._file.order(client_order_id) is not None:
            return client_order_id
        known = None
        if exchange_order_id is not None:
            known = self._file.order_by_exchange_id(symbol, exchange_order_id)
        return known or client_order_id or f"external:{symbol}:{exchange_order_id}"
