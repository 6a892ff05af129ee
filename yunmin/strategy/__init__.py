"""Strategies: those that come with Yunmin, and the ways to find one's own."""

from yunmin.strategy.loading import installed_strategies, load_strategy

__all__ = ["installed_strategies", "load_strategy"]
