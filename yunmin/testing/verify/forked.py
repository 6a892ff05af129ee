"""Work in a process of its own, forked from this one."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable

from yunmin.errors import ConfigurationError

__all__ = ["forked"]


def forked(work: Callable[[], None]) -> int:
    """Do `work` in a forked process that ends with it, and return its process id. Whoever forks also waits for it.

    It ends with 0, or with 1 where `work` raised, which it prints. Ctrl-C goes to all processes of a terminal at once:
    the forked one says nothing of it. Raises ConfigurationError where this system cannot fork.
    """
    if not hasattr(os, "fork"):
        raise ConfigurationError("a trial runs in processes that are forked, and this system cannot fork")
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except KeyboardInterrupt:
        pass
    except BaseException:  # noqa: BLE001  nothing of the process that was forked may go on in this one
        traceback.print_exc()
    finally:
        os._exit(code)
