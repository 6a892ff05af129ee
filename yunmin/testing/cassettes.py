"""Recorded conversations with an exchange: made with vcrpy, without secrets, and replayed without a server.

A cassette is a YAML file of vcrpy's format with one more entry, `provenance`. Requests are matched by method, path and
parameters, whatever their order, except for those that differ each time (signature, time). On replay the adapter's own
transport runs down to the bytes of HTTP; only the socket is missing (see `replay_wire`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
import vcr
import yaml
from vcr.request import Request

from yunmin.clock import seeded
from yunmin.errors import ConfigurationError
from yunmin.exchange import Credentials
from yunmin.testing.network import no_network
from yunmin.testing.provenance import Provenance
from yunmin.testing.replay_wire import REAL_REQUEST, Replay, replayed_connections

__all__ = ["Scrubbing", "mark_skipped", "provenance_of", "recording", "replaying"]

# At INFO, vcrpy logs every address that it sees, signature included.
logging.getLogger("vcr").setLevel(logging.WARNING)

_HOST: Final = "http://exchange.invalid"
_KEPT_REQUEST_HEADERS: Final = frozenset({"content-type"})
_KEPT_ANSWER_HEADERS: Final = frozenset({"content-type", "retry-after"})
_SECRET_PARAMS: Final = ("apiKey", "api_key", "sign", "signature", "token")
_MOVING_PARAMS: Final = ("nonce", "recvWindow", "timestamp")
_LONGEST_LINE: Final = 10**9


@dataclass(frozen=True, kw_only=True, slots=True)
class Scrubbing:
    """What of a request is never written (`secret_params`), and what differs each time (`moving_params`, written as 0).

    Neither takes part in matching. Headers need no naming: of a request only its content type is written. `trim` makes
    the body of an answer smaller, for those that are too large to keep, such as a list of all markets.
    """

    secret_params: tuple[str, ...] = _SECRET_PARAMS
    moving_params: tuple[str, ...] = _MOVING_PARAMS
    trim: Callable[[bytes], bytes] | None = None

    def scrubbed(self, request: Any) -> Any:
        """The request as it is written: of no host, without secrets, without the time."""
        split = urlsplit(request.uri)
        query = urlencode(self._safe(parse_qsl(split.query, keep_blank_values=True)))
        uri = f"{_HOST}{split.path}{'?' + query if query else ''}"
        headers = {name: value for name, value in request.headers.items() if name.lower() in _KEPT_REQUEST_HEADERS}
        return Request(request.method, uri, self._safe_body(request.body), headers)

    def trimmed(self, answer: dict[str, Any]) -> dict[str, Any]:
        """An answer as it is written: with the headers that mean something on replay, and a body of fair size."""
        kept = {name: values for name, values in answer["headers"].items() if name.lower() in _KEPT_ANSWER_HEADERS}
        body = answer["body"].get("string") or b""
        return {**answer, "headers": kept, "body": {"string": body if self.trim is None else self.trim(body)}}

    def identity(self, request: Any) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """What two requests have in common that are the same one: method, path, parameters."""
        split = urlsplit(request.uri)
        sent = [*parse_qsl(split.query, keep_blank_values=True), *_params_of(request.body)]
        ignored = {*self.secret_params, *self.moving_params}
        return request.method, split.path, tuple(sorted((name, value) for name, value in sent if name not in ignored))

    def _safe(self, params: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        return [
            (name, "0" if name in self.moving_params else value)
            for name, value in params
            if name not in self.secret_params
        ]

    def _safe_body(self, body: bytes | str | None) -> str | None:
        text = _text_of(body)
        if text.startswith("{"):
            return json.dumps(dict(self._safe(list(json.loads(text).items()))))
        return urlencode(self._safe(parse_qsl(text, keep_blank_values=True))) or None


@contextmanager
def recording(
    path: Path, provenance: Provenance, scrubbing: Scrubbing, secrets: tuple[Credentials, ...]
) -> Iterator[None]:
    """Write everything that is said inside to `path`, in the place of what stood there; nothing if it fails.

    Raises ConfigurationError, and keeps no file, when one of `secrets` would stand in it.
    """
    path.unlink(missing_ok=True)
    recorder = _recorder(scrubbing, _Writer(provenance))
    with recorder.use_cassette(str(path), record_mode="all", record_on_exception=False), _fixed_chance(provenance):
        yield
    if not path.is_file():
        _write(path, provenance, [])
    _refuse_secrets(path, secrets)


@contextmanager
def replaying(path: Path, scrubbing: Scrubbing) -> Iterator[Provenance]:
    """Answer from `path` everything that is asked inside, with no network; gives its provenance.

    Raises AssertionError for a request that was not recorded, and for a recorded one that was not made.
    """
    provenance = provenance_of(path)
    with ExitStack() as stack:
        cassette = stack.enter_context(
            _recorder(scrubbing, _Writer(provenance)).use_cassette(str(path), record_mode="none")
        )
        replay = Replay(cassette)
        # vcrpy answers in the place of aiohttp's session; here the session itself runs, on connections without sockets
        stack.enter_context(patch.object(aiohttp.ClientSession, "_request", REAL_REQUEST))
        stack.enter_context(replayed_connections(replay))
        stack.enter_context(no_network())
        stack.enter_context(_fixed_chance(provenance))
        try:
            yield provenance
        except BaseException as error:
            replay.annotate(error, path.name)
            raise
        replay.insist_on_known_requests(path.name)
        replay.insist_on_everything_played(path.name)


def provenance_of(path: Path) -> Provenance:
    """Where a cassette comes from. Raises ConfigurationError when there is none, or it does not say."""
    if not path.is_file():
        raise ConfigurationError(f"{path} is not recorded; run: python -m yunmin.testing.record ADAPTER")
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506  a safe one
    return Provenance.read(content.get("provenance") if isinstance(content, Mapping) else None, where=str(path))


def mark_skipped(path: Path, provenance: Provenance, why: str) -> None:
    """Write a cassette that says why there is nothing in it."""
    _write(path, provenance.model_copy(update={"skipped": why}), [])


_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Writer:
    """vcrpy's YAML, led by where it comes from."""

    def __init__(self, provenance: Provenance) -> None:
        self._provenance = provenance

    def serialize(self, cassette: dict[str, Any]) -> str:
        content = {"provenance": self._provenance.model_dump(exclude_none=True), **cassette}
        return str(yaml.dump(content, Dumper=_DUMPER, sort_keys=False, width=_LONGEST_LINE))

    def deserialize(self, text: str) -> Any:
        return yaml.load(text, Loader=_LOADER)  # noqa: S506  a safe one


def _write(path: Path, provenance: Provenance, interactions: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _Writer(provenance).serialize({"version": 1, "interactions": interactions})
    path.write_text(text, encoding="utf-8")


def _recorder(scrubbing: Scrubbing, writer: _Writer) -> Any:
    def is_same(asked: Any, recorded: Any) -> None:
        assert scrubbing.identity(asked) == scrubbing.identity(recorded)  # noqa: S101  how vcrpy's matchers say no

    recorder = vcr.VCR(
        before_record_request=scrubbing.scrubbed,
        before_record_response=scrubbing.trimmed,
        decode_compressed_response=True,
    )
    recorder.register_matcher("conversation", is_same)
    recorder.match_on = ("conversation",)
    recorder.register_serializer("with provenance", writer)
    recorder.serializer = "with provenance"
    return recorder


@contextmanager
def _fixed_chance(provenance: Provenance) -> Iterator[None]:
    """Let `yunmin.clock.random_token` give what it gave while recording: made-up ids are part of the conversation."""
    with patch("yunmin.clock.secrets", seeded(f"{provenance.test} {provenance.ids}")):
        yield


def _refuse_secrets(path: Path, secrets: tuple[Credentials, ...]) -> None:
    text = path.read_text(encoding="utf-8")
    for credentials in secrets:
        for secret in (credentials.api_key, credentials.api_secret):
            if secret.get_secret_value() in text:
                path.unlink()
                raise ConfigurationError(
                    f"a key or secret would have stood in {path.name}; nothing was kept. "
                    "Name the parameter that carries it in Scrubbing(secret_params=...)"
                )


def _params_of(body: bytes | str | None) -> list[tuple[str, str]]:
    """The parameters of a body: a form's, or a JSON object's (its values as JSON text)."""
    text = _text_of(body)
    if not text.startswith("{"):
        return parse_qsl(text, keep_blank_values=True)
    return [(name, json.dumps(value, sort_keys=True)) for name, value in json.loads(text).items()]


def _text_of(body: bytes | str | None) -> str:
    return body.decode("utf-8") if isinstance(body, bytes) else body or ""
