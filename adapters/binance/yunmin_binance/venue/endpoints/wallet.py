"""The few endpoints beside spot trading that unmodified spot clients call: what a key may do, system
status, fees, coins, margin pairs.

They belong to the exchange's wallet API, which the spot docs do not describe; the fields are those that ccxt 4.5.90
reads. Nothing can be withdrawn or deposited through them, and there is no margin here.
"""

from __future__ import annotations

from typing import Final

from yunmin.core.data_contracts.money import plain
from yunmin.simulation.units import from_units
from yunmin_binance.venue.config import KeyRight
from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint, Security
from yunmin_binance.venue.wire import amount

__all__ = ["WALLET"]

_ONE_UNIT: Final = 1
_NO_AMOUNT: Final = "0"
_NOT_HERE: Final = (
    "enableInternalTransfer",
    "enableMargin",
    "enableFutures",
    "permitsUniversalTransfer",
    "enableVanillaOptions",
    "enableFixApiTrade",
    "enableFixReadOnly",
    "enablePortfolioMarginTrading",
)


def _system_status(_: Call) -> Answer:
    return {"status": 0, "msg": "normal"}


def _trade_fees(call: Call) -> Answer:
    symbol = call.params.symbol()
    names = list(call.exchange.rules) if symbol is None else [call.exchange.floor(symbol).market.symbol]
    fees = call.member.account.fees
    rates = {"makerCommission": plain(from_units(fees.maker)), "takerCommission": plain(from_units(fees.taker))}
    return [{"symbol": name, **rates} for name in names]


def _coins(call: Call) -> Answer:
    return [_coin(call, asset) for asset in dict.fromkeys((*call.exchange.assets, *call.member.account.assets()))]


def _coin(call: Call, asset: str) -> dict[str, object]:
    account = call.member.account
    return {
        "coin": asset,
        "depositAllEnable": False,
        "withdrawAllEnable": False,
        "name": asset,
        "free": amount(account.free[asset]),
        "locked": amount(account.locked[asset]),
        **dict.fromkeys(("freeze", "withdrawing", "ipoing", "ipoable", "storage"), _NO_AMOUNT),
        "isLegalMoney": False,
        "trading": True,
        "networkList": [_network(asset)],
    }


def _network(asset: str) -> dict[str, object]:
    return {
        "network": asset,
        "coin": asset,
        "withdrawIntegerMultiple": amount(_ONE_UNIT),
        "isDefault": True,
        "depositEnable": False,
        "withdrawEnable": False,
        "name": asset,
        "withdrawFee": _NO_AMOUNT,
        "withdrawMin": _NO_AMOUNT,
        "withdrawMax": _NO_AMOUNT,
        "minConfirm": 1,
        "unLockConfirm": 0,
        "busy": False,
    }


def _key_rights(call: Call) -> Answer:
    rights = call.member.rights
    return {
        "ipRestrict": call.member.is_bound_to_address,
        "createTime": call.time_of(0),
        "enableReading": KeyRight.USER_DATA in rights,
        "enableWithdrawals": KeyRight.WITHDRAW in rights,
        **dict.fromkeys(_NOT_HERE, False),
        "enableSpotAndMarginTrading": KeyRight.TRADE in rights,
    }


def _nothing(_: Call) -> Answer:
    return []


WALLET: Final = (
    Endpoint("GET", "/sapi/v1/system/status", _system_status, 1),
    Endpoint("GET", "/sapi/v1/account/apiRestrictions", _key_rights, 1, Security.SIGNED),
    Endpoint("GET", "/sapi/v1/asset/tradeFee", _trade_fees, 1, Security.SIGNED),
    Endpoint("GET", "/sapi/v1/capital/config/getall", _coins, 10, Security.SIGNED),
    Endpoint("GET", "/sapi/v1/margin/allPairs", _nothing, 1, Security.SIGNED),
    Endpoint("GET", "/sapi/v1/margin/isolated/allPairs", _nothing, 1, Security.SIGNED),
)
