"""A run: strategies, an account and a market, put together and kept going."""

from yunmin.engine.assembly import Mode, assemble
from yunmin.engine.running import Run, open_run
from yunmin.engine.session import Session, SessionReport
from yunmin.engine.worlds.world import World

__all__ = ["Mode", "Run", "Session", "SessionReport", "World", "assemble", "open_run"]
