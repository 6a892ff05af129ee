"""From a decision to orders at an exchange, none lost and none sent twice."""

from yunmin.execution.account import Account
from yunmin.execution.account_events import AccountEvent
from yunmin.execution.executor import Deferred, Executor, Held, Outcome, Placed, Withdrawn
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
from yunmin.execution.order_port import ConnectorPort, OrderPort
from yunmin.execution.policy import AccountPolicy, ExternalOrders, OnClose
from yunmin.execution.risk_manager import Approved, Refused, RiskLimits, RiskManager, RiskRule, RiskVerdict
from yunmin.execution.state_file import StateFile

__all__ = [
    "Account",
    "AccountEvent",
    "AccountPolicy",
    "Adopted",
    "Approved",
    "ConnectorPort",
    "Deferred",
    "Entry",
    "Executor",
    "ExternalOrders",
    "Held",
    "JournalledOrder",
    "Mark",
    "Note",
    "OnClose",
    "OrderJournal",
    "OrderPort",
    "Outcome",
    "PlaceIntent",
    "Placed",
    "Refused",
    "RiskLimits",
    "RiskManager",
    "RiskRule",
    "RiskVerdict",
    "StateFile",
    "Withdrawn",
    "account_of",
    "apply_entry",
    "open_account",
]
