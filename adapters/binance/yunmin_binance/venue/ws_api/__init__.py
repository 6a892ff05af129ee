"""Binance's WebSocket API on the local venue, with the events of user data subscriptions."""
