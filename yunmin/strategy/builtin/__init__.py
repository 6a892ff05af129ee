"""Strategies that come with Yunmin: examples that trade, not advice."""
