"""A ccxt exchange object whose failures say what the wire really answered.

ccxt turns an answer into an exception class and forgets the rest; what may be concluded of an order needs the HTTP
status, the parsed body and the headers. The subclass made here hangs them on every exception it lets through, reads
JSON strictly, and repeats nothing.
"""

from __future__ import annotations

import functools
import json
import logging
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import orjson

from yunmin.ccxt_bridge.loading import exchange_class
from yunmin.ccxt_bridge.transport import GuardedSession, is_commanding
from yunmin.core.data_contracts.money import to_decimal
from yunmin.exchange.config import Credentials

__all__ = ["NO_MANNERS", "Answer", "Manners", "UnexpectedStatus", "UnreadableAnswer", "answer_of", "make_exchange"]


# Not under "ccxt": whatever level anybody gives to that logger, nothing below WARNING comes from our exchanges.
class _QuietLogger(logging.Logger):
    """Says nothing below WARNING, whatever level is set on it or on all others: there ccxt writes keys."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  logging's own name
        return level >= logging.WARNING and super().isEnabledFor(level)


_logger = _QuietLogger("yunmin.ccxt_bridge.exchange", logging.WARNING)
_logger.parent = logging.getLogger("yunmin")
_logger.manager = logging.Logger.manager


_FARTHEST_EXPONENT = 100
_RETRY_OPTIONS: Final = frozenset({"maxRetriesOnFailure", "maxRetriesOnFailureDelay"})
_SPACE_BEFORE_COLON = re.compile(r"\s:").search
_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer that was read to its end. `body` is the parsed JSON, or None where it was none."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, from the Retry-After header, where it is a sane number."""
        for name, value in self.headers.items():
            if name.lower() == "retry-after" and _SECONDS(value) is not None:
                return float(value)
        return None


class UnexpectedStatus(Exception):  # noqa: N818  named for what came, like its neighbours
    """An answer that is neither a success nor an error that ccxt knows: a redirect, for one."""


class UnreadableAnswer(Exception):  # noqa: N818  named for what came, like its neighbours
    """A success whose body is no JSON object or list: ccxt's parsers would make an empty order or account of it."""


def answer_of(error: BaseException) -> Answer | None:
    """The answer that led to `error`, None where none was read to its end."""
    found = getattr(error, "yunmin_answer", None)
    return found if isinstance(found, Answer) else None


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys all differ: one that says two things of the same name says nothing."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one JSON object")
    return found


def _names_each_key_once(text: str, found: Any) -> bool:
    """Whether `text` has no more keys than `found`, its JSON. When in doubt (odd spaces, quotes in a text), no."""
    return _SPACE_BEFORE_COLON(text) is None and text.count('":') == _count_keys(found)


def _count_keys(found: Any) -> int:
    if isinstance(found, dict):
        return len(found) + sum(_count_keys(value) for value in found.values() if isinstance(value, (dict, list)))
    return sum(map(_count_keys, found)) if isinstance(found, list) else 0


def _plain_text(number: str) -> str:
    """A JSON number with a point or an exponent, digit by digit, without the exponent."""
    if "e" not in number and "E" not in number:
        return number
    value = Decimal(number)
    if abs(value.adjusted()) > _FARTHEST_EXPONENT:
        raise ValueError("a number out of all bounds")
    return format(value, "f")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


@dataclass(frozen=True, slots=True)
class Manners:
    """What an exchange's answers can be relied on for, which spares the slower way.

    `decimals_are_text`: every figure with a point is a JSON string. `errors_have_status`: no error comes with a 2xx.
    """

    decimals_are_text: bool = False
    errors_have_status: bool = False


NO_MANNERS: Final = Manners()
"""Nothing is relied on."""


class _Guard:
    """Put before a ccxt exchange class, it records answers, reads JSON strictly, repeats nothing and keeps quiet."""

    logger = _logger
    manners = NO_MANNERS

    def on_json_response(self, text: str) -> Any:
        """Numbers with a point stay the wire's own text, as in ccxt's JavaScript; a doubtful text is no JSON.

        The answer to a command is always read the strict way, which also refuses a key that stands twice.
        """
        if self.manners.decimals_are_text:
            found = orjson.loads(text)
            if not is_commanding() or _names_each_key_once(text, found):
                return found
        return json.loads(text, object_pairs_hook=_once_each, parse_float=_plain_text, parse_constant=_no_constant)

    def handle_option_integer_and_params(self, params: Any, method: str, option: str, default: Any = None) -> Any:
        """ccxt would sign and send a failed request again when it finds this option, at any of several places."""
        if option not in _RETRY_OPTIONS:
            return super().handle_option_integer_and_params(params, method, option, default)  # type: ignore[misc]  # ccxt's class comes next
        return [0, {key: value for key, value in params.items() if key != option} if option in params else params]

    def parse_order_book_bid_ask(self, level: Any, price: Any = 0, amount: Any = 1, _count: Any = 2) -> list[Decimal]:
        """Exact numbers: ccxt makes floats here, and sorts the book by them."""
        return [to_decimal(self.safe_string(level, key)) for key in (price, amount)]  # type: ignore[attr-defined]  # ccxt's class has it

    def handle_errors(
        self, code: int, reason: str, url: str, method: str, headers: Any, body: str, response: Any, *request: Any
    ) -> None:
        if 200 <= code < 300 and self.manners.errors_have_status and isinstance(response, (dict, list)):
            return
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
        if not isinstance(response, (dict, list)):
            raise UnreadableAnswer(f"HTTP {code} without a JSON object or list")


@functools.cache
def _tls_context(authorities: str) -> ssl.SSLContext:
    """What ccxt would make anew, in 25 ms, for each exchange object."""
    return ssl.create_default_context(cafile=authorities)


def make_exchange(
    exchange_id: str,
    settings: Mapping[str, Any],
    session: GuardedSession,
    *,
    credentials: Credentials | None = None,
    manners: Manners = NO_MANNERS,
) -> Any:
    """A ccxt exchange that sends through `session`, gives numbers as the wire's own text, and never retries.

    The credentials come apart from the settings, so that no frame here ever holds them in the clear.
    """
    guarded = type("GuardedExchange", (_Guard, exchange_class(exchange_id)), {"manners": manners})
    exchange = guarded({**settings, "session": session, "verbose": False})
    exchange.number = str
    exchange.timeout_on_exit = 0  # the session is ours to close
    exchange.options = {**exchange.options, "maxRetriesOnFailure": 0}
    exchange.logger = _logger
    exchange.ssl_context = _tls_context(exchange.cafile)
    if credentials is not None:
        exchange.apiKey = credentials.api_key.get_secret_value()
        exchange.secret = credentials.api_secret.get_secret_value()
    return exchange
