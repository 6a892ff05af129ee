"""Whether every numbered row of the docs has a test that carries its number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from yunmin.errors import ConfigurationError

__all__ = ["Coverage", "numbered_rows", "tested_numbers", "verify_coverage"]

_FAULTS: Final = "docs/faults.md"
_CASES: Final = "docs/order-lifecycle.md"

_FAULT_ROW: Final = re.compile(r"^\| ([A-Z]\d+) \|", re.MULTILINE)
_CASE_ROW: Final = re.compile(r"^\*\*(\d+)\. ", re.MULTILINE)
_TESTED: Final = re.compile(r"(?:def test_|\")([A-Z])(\d+)(?:_to_[A-Z](\d+))?_")
_CASE_TESTED: Final = re.compile(r"def test_case_(\d+)_")


class Coverage(NamedTuple):
    """The rows in the order of the docs, and those that no test names."""

    rows: tuple[str, ...]
    untested: tuple[str, ...]


def verify_coverage(root: Path) -> Coverage:
    """Compare the docs of the checkout at `root` with its tests. Raises ConfigurationError where that is none."""
    rows = numbered_rows(root)
    tested = set(tested_numbers(root / "tests"))
    return Coverage(rows, tuple(row for row in rows if row not in tested))


def numbered_rows(root: Path) -> tuple[str, ...]:
    """N1, P3, … of the faults, and "case 12" of the orders' lives."""
    faults, cases = root / _FAULTS, root / _CASES
    if not faults.exists() or not cases.exists():
        raise ConfigurationError(
            f"{root} has no {_FAULTS}: this is for a checkout of the sources. Nothing was done; run it there"
        )
    return (
        *_FAULT_ROW.findall(faults.read_text(encoding="utf-8")),
        *(f"case {int(number)}" for number in _CASE_ROW.findall(cases.read_text(encoding="utf-8"))),
    )


def tested_numbers(folder: Path) -> Iterator[str]:
    """The numbers that the tests below `folder` carry, in a test's name or in the id of a parameter."""
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for letter, first, last in _TESTED.findall(text):
            yield from (f"{letter}{number}" for number in _range(first, last))
        yield from (f"case {int(number)}" for number in _CASE_TESTED.findall(text))


def _range(first: str, last: str) -> Iterable[int]:
    return range(int(first), int(last or first) + 1)
