"""How long, as a person writes it."""

from __future__ import annotations

import pytest

from yunmin.cli.lengths_of_time import seconds_of
from yunmin.errors import InvalidValue


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("2h", 7200), ("1.5m", 90), ("7", 7)])
def test_seconds_minutes_and_hours_are_told_by_their_letter(text: str, seconds: float) -> None:
    assert seconds_of("--for", text) == seconds


@pytest.mark.parametrize("text", ["", "s", "five", "5d", "-1s", "nan", "infh"])
def test_what_is_no_length_of_time_is_refused_by_its_option(text: str) -> None:
    with pytest.raises(InvalidValue, match="--history: not a length of time"):
        seconds_of("--history", text)
