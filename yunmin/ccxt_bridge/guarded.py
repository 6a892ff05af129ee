"""A ccxt exchange object whose failures say what the wire really answered.

ccxt turns an answer into an exception class and forgets the rest; what may be concluded of an order needs the HTTP
status, the parsed body and the headers. The subclass made here hangs them on every exception it lets through.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yunmin.ccxt_bridge.loading import exchange_class
from yunmin.ccxt_bridge.transport import GuardedSession

__all__ = ["Answer", "UnexpectedStatus", "answer_of", "make_exchange"]

# Not under "ccxt": whatever level anybody gives to that logger, nothing below WARNING comes from our exchanges.
_logger = logging.getLogger("yunmin.ccxt_bridge.exchange")
_logger.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer that was read to its end. `body` is the parsed JSON, or None where it was none."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, from the Retry-After header, where it is a number."""
        for name, value in self.headers.items():
            if name.lower() == "retry-after" and value.isascii() and value.isdigit():
                return float(value)
        return None


class UnexpectedStatus(Exception):
    """An answer that is neither a success nor an error that ccxt knows: a redirect, for one."""


def answer_of(error: BaseException) -> Answer | None:
    """The answer that led to `error`, None where none was read to its end."""
    found = getattr(error, "yunmin_answer", None)
    return found if isinstance(found, Answer) else None


class _Guard:
    """Put before a ccxt exchange class, it records answers and keeps quiet."""

    logger = _logger

    def handle_errors(
        self, code: int, reason: str, url: str, method: str, headers: Any, body: str, response: Any, *request: Any
    ) -> None:
        answer = Answer(code, response, headers)
        try:
            super().handle_errors(code, reason, url, method, headers, body, response, *request)  # type: ignore[misc]  # ccxt's class comes next
            self.handle_http_status_code(code, reason, url, method, body)  # type: ignore[attr-defined]  # ccxt's class has it
        except Exception as error:
            error.yunmin_answer = answer  # type: ignore[attr-defined]  # how answer_of finds it
            raise
        if not 200 <= code < 300:
            unexpected = UnexpectedStatus(f"HTTP {code}")
            unexpected.yunmin_answer = answer  # type: ignore[attr-defined]  # how answer_of finds it
            raise unexpected


def make_exchange(exchange_id: str, settings: Mapping[str, Any], session: GuardedSession) -> Any:
    """A ccxt exchange that sends through `session`, gives numbers as the wire's own text, and never retries."""
    guarded = type("GuardedExchange", (_Guard, exchange_class(exchange_id)), {})
    exchange = guarded({**settings, "session": session})
    exchange.number = str
    exchange.timeout_on_exit = 0  # the session is ours to close
    exchange.options = {**exchange.options, "maxRetriesOnFailure": 0}
    exchange.logger = _logger
    return exchange
