"""What only the exchange can say of an order."""

from __future__ import annotations

from yunmin.core.data_contracts.enums import CancelState, Certainty
from yunmin.core.data_contracts.events import OrderSnapshot
from yunmin.core.data_contracts.money import ZERO
from yunmin.core.in_flight_order import InFlightOrder

__all__ = ["is_in_doubt"]


def is_in_doubt(order: InFlightOrder | OrderSnapshot) -> bool:
    """Whether only the exchange can say: the placement, the order itself, its cancel, or what its fills were."""
    return (
        order.certainty is not Certainty.CONFIRMED
        or order.cancel_state is not CancelState.NONE
        or order.unattributed_qty > ZERO
    )
