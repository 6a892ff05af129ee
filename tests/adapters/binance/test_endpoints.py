"""Where the adapter goes, environment by environment: TLS to Binance's own hosts, or this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from yunmin.exchange import ConnectorConfig, Environment
from yunmin_binance.endpoints import account_stream_url_of, endpoint_for, market_stream_url_of

OWN = {
    Environment.LIVE: ("ws-api.binance.com", "stream.binance.com"),
    Environment.TESTNET: ("ws-api.testnet.binance.vision", "stream.testnet.binance.vision"),
    Environment.DEMO: ("demo-ws-api.binance.com", "demo-stream.binance.com"),
}


@pytest.mark.parametrize("environment", OWN)
def test_each_environment_streams_from_its_own_hosts_by_tls(environment: Environment) -> None:
    config = ConnectorConfig(environment=environment)
    urls = urlsplit(account_stream_url_of(config)), urlsplit(market_stream_url_of(config))
    assert tuple(url.hostname for url in urls) == OWN[environment]
    assert {url.scheme for url in urls} == {"wss"}
    assert endpoint_for(config).stream_hosts == frozenset(OWN[environment])


@pytest.mark.parametrize("environment", [Environment.LOCAL, Environment.TESTNET, Environment.DEMO])
@pytest.mark.parametrize(("base", "scheme"), [("http://127.0.0.1:8", "ws"), ("https://localhost:8", "wss")])
def test_an_address_on_this_machine_serves_streams_too(environment: Environment, base: str, scheme: str) -> None:
    config = ConnectorConfig(environment=environment, base_url=base)
    host = urlsplit(base).netloc
    assert account_stream_url_of(config) == f"{scheme}://{host}/ws-api/v3"
    assert market_stream_url_of(config) == f"{scheme}://{host}/ws"
    assert endpoint_for(config).stream_hosts == {urlsplit(base).hostname}
