"""The conformance suite for the example exchange: move this file to tests/adapters/<your exchange>/."""

from yunmin.exchange import Environment
from yunmin.testing import AdapterConformance


class TestTemplateOverCassettes(AdapterConformance):
    adapter = "template"
    cassettes = "cassettes/template"


class TestTemplateAtItsTestnet(AdapterConformance):
    """Skipped without TEMPLATE_API_KEY and TEMPLATE_API_SECRET."""

    adapter = "template"
    environment = Environment.TESTNET
