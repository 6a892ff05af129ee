"""Binance's market streams on the local venue, and the connections that they share with the WebSocket API."""
