"""Imported by every Python that has this folder on its path: no socket of it leaves this machine.

What was on its way elsewhere is refused, and written to the file that GUARD_LOG names.
"""

from __future__ import annotations

import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Any

LOCAL_NAMES = {"localhost", "", None}


def _is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in LOCAL_NAMES:
        return True
    try:
        return ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in {"socket.connect", "socket.sendto"} and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if not _is_local(host):
        with Path(os.environ["GUARD_LOG"]).open("a") as log:
            log.write(f"{host}\n")
        raise PermissionError(f"a client may not leave this machine, and was on its way to {host}")


sys.addaudithook(_guard)
