"""The port of a venue: opened, shut in everybody's face, and opened again at the same number."""

from __future__ import annotations

from aiohttp import web

from yunmin.errors import ConfigurationError
from yunmin_binance.venue.chaos.hanging_up import reset

__all__ = ["Port"]


class Port:
    """Where a runner is listened to. Number 0 takes any free one, and keeps it."""

    def __init__(self, runner: web.AppRunner, host: str, number: int) -> None:
        self._runner = runner
        self._site: web.TCPSite | None = None
        self.host = host
        self.number = number

    @property
    def is_open(self) -> bool:
        return self._site is not None

    @property
    def url(self) -> str:
        """Scheme, host and port, without a path; the same while it is shut."""
        return f"http://[{self.host}]:{self.number}" if ":" in self.host else f"http://{self.host}:{self.number}"

    async def open(self) -> None:
        """Listen. ConfigurationError where the port is taken."""
        site = web.TCPSite(self._runner, self.host, self.number)
        try:
            await site.start()
        except OSError as error:
            raise ConfigurationError(f"cannot serve on {self.host}:{self.number}: {error}") from error
        self._site = site
        self.host, self.number = self._runner.addresses[0][:2]

    async def shut(self) -> None:
        """Refuse new connections and reset those that are open."""
        site, self._site = self._site, None
        if site is not None:
            await site.stop()
        server = self._runner.server
        for handler in () if server is None else tuple(server.connections):
            if handler.transport is not None:
                reset(handler.transport)
