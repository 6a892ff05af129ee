"""The ports of a venue: opened, shut in everybody's face, and opened again at the same numbers."""

from __future__ import annotations

import ssl

from aiohttp import web

from yunmin.errors import ConfigurationError
from yunmin_binance.venue.chaos.hanging_up import reset

__all__ = ["Port"]


class Port:
    """Where a runner is listened to, and where with TLS if there is a `context`. Number 0 takes any free one, and keeps
    it."""

    def __init__(
        self,
        runner: web.AppRunner,
        host: str,
        number: int,
        *,
        context: ssl.SSLContext | None = None,
        tls_number: int = 0,
    ) -> None:
        self._runner = runner
        self._context = context
        self._sites: list[web.TCPSite] = []
        self.host = host
        self.number = number
        self.tls_number = tls_number

    @property
    def is_open(self) -> bool:
        return bool(self._sites)

    @property
    def url(self) -> str:
        """Scheme, host and port, without a path; the same while it is shut."""
        return f"http://{self._named_host}:{self.number}"

    @property
    def tls_url(self) -> str | None:
        """The same over TLS; None where there is none."""
        return None if self._context is None else f"https://{self._named_host}:{self.tls_number}"

    @property
    def _named_host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    async def open(self) -> None:
        """Listen. ConfigurationError where a port is taken."""
        host, self.number = await self._listen(self.number, None)
        if self._context is not None:
            _, self.tls_number = await self._listen(self.tls_number, self._context)
        self.host = host

    async def shut(self) -> None:
        """Refuse new connections and reset those that are open."""
        sites, self._sites = self._sites, []
        for site in sites:
            await site.stop()
        server = self._runner.server
        for handler in () if server is None else tuple(server.connections):
            if handler.transport is not None:
                reset(handler.transport)

    async def _listen(self, number: int, context: ssl.SSLContext | None) -> tuple[str, int]:
        """(host, port) that is listened to then."""
        before = len(self._runner.addresses)
        site = web.TCPSite(self._runner, self.host, number, ssl_context=context)
        try:
            await site.start()
        except OSError as error:
            raise ConfigurationError(f"cannot serve on {self.host}:{number}: {error}") from error
        self._sites.append(site)
        host, port = self._runner.addresses[before][:2]
        return host, port
