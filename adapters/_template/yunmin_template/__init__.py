"""Example exchange for Yunmin: copy this folder, rename it, and say in it what your exchange does.

Loading `ADAPTER` must import neither ccxt nor the connector: whoever lists the adapters should not pay for that.
"""

from __future__ import annotations

from yunmin.clock import Clock
from yunmin.exchange import AdapterPlugin, ConnectionWish, ConnectorConfig, ExchangeConnector, Traits

__all__ = ["ADAPTER"]


def _traits() -> Traits:
    from yunmin_template.traits import TRAITS

    return TRAITS


def _connector(config: ConnectorConfig, clock: Clock) -> ExchangeConnector:
    from yunmin_template.connector import TemplateSpot

    return TemplateSpot(config, clock=clock)


def _configure(wish: ConnectionWish) -> ConnectorConfig:
    from yunmin_template.settings import resolve_config

    return resolve_config(wish)


ADAPTER = AdapterPlugin(
    name="template",
    title="Example exchange spot",
    traits=_traits,
    connector=_connector,
    configure=_configure,
    environment_variables=("TEMPLATE_API_KEY", "TEMPLATE_API_SECRET", "TEMPLATE_TESTNET"),
)
