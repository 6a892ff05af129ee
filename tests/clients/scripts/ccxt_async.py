"""ccxt, the asynchronous class."""

import ccxt.async_support
from ccxt_day import CcxtDay
from day import live


class Async(CcxtDay):
    """No sockets: those are ccxt.pro's."""

    make = ccxt.async_support.binance


live(Async())
