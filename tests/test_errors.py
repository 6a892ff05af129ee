"""The tree of errors, as its module draws it."""

from __future__ import annotations

import inspect
import re

import pytest

from yunmin import errors
from yunmin.errors import (
    ConnectivityError,
    ExchangeError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RejectReason,
    YunminError,
)

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, YunminError)]


def test_the_picture_in_the_docstring_is_the_tree_in_the_code() -> None:
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"([│ ├└─]*)([A-Z]\w+)", line)
        if found is None:
            continue
        depth = len(found[1]) // 4
        above[depth:] = [found[2]]
        if depth:
            drawn[found[2]] = above[depth - 1]
    assert drawn == {kind.__name__: kind.__bases__[0].__name__ for kind in CLASSES if kind is not YunminError}


@pytest.mark.parametrize("kind", [k for k in CLASSES if issubclass(k, Rejected)], ids=lambda k: k.__name__)
def test_a_refusal_is_never_also_a_doubt(kind: type[Rejected]) -> None:
    assert not issubclass(kind, ConnectivityError)
    assert isinstance(kind("no").reason, RejectReason)


def test_an_unknown_outcome_is_a_doubt_and_names_its_order() -> None:
    error = OutcomeUnknown("?", client_order_id="ym-1", code=-1007, http_status=504)
    assert isinstance(error, ConnectivityError)
    assert (error.client_order_id, error.code, error.http_status) == ("ym-1", -1007, 504)


def test_a_rate_limit_says_how_long_to_wait() -> None:
    assert RateLimited("slow down", retry_after=3.0).retry_after == 3.0


def test_everything_about_an_exchange_carries_its_code() -> None:
    assert ExchangeError("x", code="E7").code == "E7"
