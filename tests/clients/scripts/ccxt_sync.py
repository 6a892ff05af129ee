"""ccxt, the synchronous class."""

import ccxt
from ccxt_day import CcxtDay
from day import live


class Sync(CcxtDay):
    """No sockets: the synchronous ccxt has none."""

    make = ccxt.binance


live(Sync())
