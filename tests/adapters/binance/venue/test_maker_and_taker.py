"""Who rests pays the maker's rate, who takes the taker's."""

from __future__ import annotations

from decimal import Decimal

from yunmin.core.data_contracts.enums import Liquidity as Role
from yunmin_binance.venue import AccountConfig, Liquidity, LocalVenue, VenueConfig

RATES = {"maker_rate": "0.001", "taker_rate": "0.004"}
FUNDS = {"BTC": "10", "USDT": "1000000"}


def test_each_side_pays_its_own_rate_out_of_what_it_receives() -> None:
    accounts = tuple(AccountConfig(name=name, balances=FUNDS, **RATES) for name in ("rests", "takes"))
    venue = LocalVenue(VenueConfig(accounts=accounts, liquidity=Liquidity.NONE))
    venue.place_as("rests", "BTCUSDT", "BUY", "LIMIT", quantity="1", price="50000")
    venue.place_as("takes", "BTCUSDT", "SELL", "LIMIT", quantity="1", price="50000")
    (maker,), (taker,) = (venue.ledger_report(name).fills for name in ("rests", "takes"))
    assert (maker.liquidity, maker.fee, maker.fee_asset) == (Role.MAKER, Decimal("0.001"), "BTC")
    assert (taker.liquidity, taker.fee, taker.fee_asset) == (Role.TAKER, Decimal("200"), "USDT")
    assert venue.audit().ok
