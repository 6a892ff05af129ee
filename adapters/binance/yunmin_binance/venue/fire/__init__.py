"""A trial of the venue by random orders from a seed, and the witness that says whether its books still agree."""

from yunmin_binance.venue.fire.trial import run_trial

__all__ = ["run_trial"]
