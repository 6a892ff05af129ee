"""Trials of the promises: long runs from a seed, each of which can be replayed."""
