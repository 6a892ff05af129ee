"""Takes secrets out of what is written, whoever says them: a strategy's own error may have one in its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from pydantic import SecretStr

__all__ = ["hider"]

_HIDDEN: Final = "(hidden)"
_LOOKS_SECRET: Final = re.compile(
    r"""(signature|api_?key|secret|listen_?key)([\\"']*\s*[=:]\s*[\\"']*)[^\s&"',}\\]+""", re.IGNORECASE
)


def hider(hide: Iterable[SecretStr]) -> Callable[[Any], Any]:
    """Takes `hide`, each line of a key that has several, and whatever looks like a secret out of all texts of a value.

    The value is one of JSON: dicts and lists are gone through, what is no text stays as it is.
    """
    lines = {line for secret in hide for line in secret.get_secret_value().splitlines()}
    known = sorted({line for line in map(str.strip, lines) if line}, key=len, reverse=True)

    def hidden(value: Any) -> Any:
        if type(value) is str:
            for text in known:
                value = value.replace(text, _HIDDEN)
            return _LOOKS_SECRET.sub(rf"\1\2{_HIDDEN}", value) if "=" in value or ":" in value else value
        if isinstance(value, dict):
            return {name: hidden(each) for name, each in value.items()}
        return [hidden(each) for each in value] if isinstance(value, list) else value

    return hidden
