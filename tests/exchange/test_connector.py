"""The port."""

from __future__ import annotations

import pytest

from yunmin.errors import NotSupported
from yunmin.exchange import Capability, ConnectorConfig, ExchangeConnector, Support
from yunmin_binance.connector import BinanceSpot


def test_the_port_fits_on_one_screen() -> None:
    assert len(ExchangeConnector.__abstractmethods__) <= 12


def test_a_capability_that_is_there_is_not_refused() -> None:
    BinanceSpot(ConnectorConfig()).require(Capability.LIMIT_ORDER)


def test_a_capability_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(NotSupported, match="STOP_ORDER is NOT_YET"):
        BinanceSpot(ConnectorConfig()).require(Capability.STOP_ORDER)


def test_what_is_not_listed_is_not_written_yet() -> None:
    traits = BinanceSpot(ConnectorConfig()).traits.model_copy(update={"support": {}})
    assert traits.support_of(Capability.LIMIT_ORDER) is Support.NOT_YET


def test_every_capability_has_its_word_in_the_traits() -> None:
    assert set(BinanceSpot(ConnectorConfig()).traits.support) == set(Capability)
