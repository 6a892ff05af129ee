"""What stands between a strategy and an exchange: the order journal, and what is built on it."""

from yunmin.execution.order_journal import (
    Adopted,
    Entry,
    JournalledOrder,
    Mark,
    Note,
    OrderJournal,
    PlaceIntent,
    apply_entry,
)

__all__ = [
    "Adopted",
    "Entry",
    "JournalledOrder",
    "Mark",
    "Note",
    "OrderJournal",
    "PlaceIntent",
    "apply_entry",
]
