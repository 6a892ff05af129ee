"""A run: strategies, an account and a market, put together and kept going."""

from .assembly import Mode as Mode
from .assembly import assemble as assemble
from .running import Run as Run
from .running import open_run as open_run
from .session import Session as Session
from .session import SessionReport as SessionReport
from .worlds.world import World as World
