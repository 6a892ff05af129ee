"""The port."""

from __future__ import annotations

import pytest

from yunmin.errors import NotSupported
from yunmin.exchange import Capability, ConnectorConfig, ExchangeConnector, Support, Traits
from yunmin.simulation.paper_connector import PAPER_TRAITS
from yunmin_binance.connector import BinanceSpot


def test_the_port_fits_on_one_screen() -> None:
    assert len(ExchangeConnector.__abstractmethods__) <= 12


def test_a_capability_that_is_there_is_not_refused() -> None:
    BinanceSpot(ConnectorConfig()).require(Capability.LIMIT_ORDER)


def test_a_capability_that_is_not_there_is_refused_by_name() -> None:
    spot = BinanceSpot(ConnectorConfig())
    support = {**spot.traits.support, Capability.STOP_ORDER: Support.NOT_YET}
    spot.traits = spot.traits.model_copy(update={"support": support})
    with pytest.raises(NotSupported, match="STOP_ORDER is NOT_YET"):
        spot.require(Capability.STOP_ORDER)


def test_what_is_not_listed_is_not_written_yet() -> None:
    traits = BinanceSpot(ConnectorConfig()).traits.model_copy(update={"support": {}})
    assert traits.support_of(Capability.LIMIT_ORDER) is Support.NOT_YET


def test_every_capability_has_its_word_in_the_traits() -> None:
    assert set(BinanceSpot(ConnectorConfig()).traits.support) == set(Capability)


@pytest.mark.parametrize(
    "traits", [BinanceSpot(ConnectorConfig()).traits, PAPER_TRAITS], ids=lambda traits: traits.name
)
def test_M5_an_exchange_without_a_dead_man_switch_says_never_and_lends_itself_to_none(traits: Traits) -> None:
    assert traits.support_of(Capability.DEAD_MAN_SWITCH) is Support.NEVER
    spot = BinanceSpot(ConnectorConfig())
    spot.traits = traits
    with pytest.raises(NotSupported, match="DEAD_MAN_SWITCH is NEVER"):
        spot.require(Capability.DEAD_MAN_SWITCH)
