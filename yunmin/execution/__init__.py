"""From a decision to orders at an exchange, none lost and none sent twice."""

from yunmin.execution.account import Account
from yunmin.execution.account_events import AccountEvent
from yunmin.execution.opening import account_of, open_account
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
from yunmin.execution.policy import AccountPolicy, ExternalOrders, OnClose
from yunmin.execution.risk_manager import Approved, Refused, RiskLimits, RiskManager, RiskRule, RiskVerdict
from yunmin.execution.state_file import StateFile

__all__ = [
    "Account",
    "AccountEvent",
    "AccountPolicy",
    "Adopted",
    "Approved",
    "Entry",
    "ExternalOrders",
    "JournalledOrder",
    "Mark",
    "Note",
    "OnClose",
    "OrderJournal",
    "PlaceIntent",
    "Refused",
    "RiskLimits",
    "RiskManager",
    "RiskRule",
    "RiskVerdict",
    "StateFile",
    "account_of",
    "apply_entry",
    "open_account",
]
