"""Binance spot for Yunmin."""
