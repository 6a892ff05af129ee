"""Example exchange spot through ccxt's unified calls. Where they are not exact enough, override one method, not more.

`_ask_*` and `_send_*` say how a call goes out, `_read_*` how its answer is read; `yunmin.ccxt_bridge.CcxtConnector` has
them all. What must never differ (the checks before an order leaves, the proof that it was accepted, what a failure
means) is not meant to be overridden.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from yunmin.ccxt_bridge import CcxtConnector, Endpoint, Refusal, RefusalTable
from yunmin.clock import Clock
from yunmin.core.data_contracts import OrderRequest
from yunmin.core.data_contracts.instrument import Instrument
from yunmin.errors import InsufficientFunds, NotSupported, OrderNotFound
from yunmin.exchange import ConnectorConfig, Environment
from yunmin_template.traits import TRAITS

__all__ = ["TemplateSpot"]

CCXT_ID: Final = "yourexchange"
"""The name of the exchange in ccxt."""

BASE_URLS: Final = {
    Environment.LIVE: "https://api.example.com",
    Environment.TESTNET: "https://testnet.example.com",
    Environment.DEMO: "https://demo.example.com",
    Environment.LOCAL: "http://127.0.0.1:8391",
}


def _read_code(body: Any) -> tuple[int | str, str] | None:
    """(code, text) of an error body of this exchange; None where it is not one."""
    if not isinstance(body, dict) or not isinstance(body.get("code"), (int, str)):
        return None
    return body["code"], str(body.get("message", ""))[:300]


REFUSALS: Final = RefusalTable(
    read_code=_read_code,
    # Only answers after which the order certainly was not placed, the cancel certainly not done. Everything that is
    # not listed is OutcomeUnknown: nobody sends it again, the order is looked up instead.
    codes={
        "insufficient_funds": Refusal(InsufficientFunds),
        "order_not_found": Refusal(OrderNotFound),
    },
)


def endpoint_for(config: ConnectorConfig) -> Endpoint:
    """Where the exchange is, the hosts that may be reached, and what ccxt is told."""
    base = (config.base_url or BASE_URLS[config.environment]).rstrip("/")
    host = urlsplit(base).hostname or ""
    settings: dict[str, Any] = {
        "urls": {"api": {"public": base, "private": base}},
        "options": {"defaultType": "spot"},
    }
    return Endpoint(CCXT_ID, settings=settings, allowed_hosts=frozenset({host}), refusals=REFUSALS)


class TemplateSpot(CcxtConnector):
    """One account at the example exchange."""

    def __init__(self, config: ConnectorConfig, *, clock: Clock | None = None) -> None:
        super().__init__(config, traits=TRAITS, endpoint=endpoint_for(config), clock=clock)

    async def _send_order(self, request: OrderRequest, market: Instrument) -> Any:
        if request.order_type not in TRAITS.order_types:
            raise NotSupported(f"{request.order_type} orders are not written yet for {TRAITS.title}")
        return await super()._send_order(request, market)

    async def _ask_test(self, request: OrderRequest, market: Instrument) -> Any:
        raise NotSupported(f"{TRAITS.title} tests no orders")
