"""What an order tracker takes: what the exchange says of an order, and the outcome of what was asked of it."""

from __future__ import annotations

from typing import Final

from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.order import OrderUpdate
from yunmin.core.data_contracts.verdicts import CancelRequest, CancelResult, FillVoided, OrderSearched, SubmitResult

__all__ = ["ANY_SYMBOL", "Description", "News", "Verdict"]

Description = OrderUpdate | Fill | FillVoided
"""It names its order by either id, and says on which symbol and side it is."""

Verdict = SubmitResult | CancelRequest | CancelResult | OrderSearched
"""It is on a command of ours, and names its order by our own id."""

News = OrderUpdate | Fill | SubmitResult | CancelRequest | CancelResult | OrderSearched | FillVoided

ANY_SYMBOL: Final = "?"
"""Stands for the symbol in news that was written down here, for an order that is not known yet."""
