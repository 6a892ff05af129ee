"""YAML without its traps: what is written is what is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from yunmin.config.plain_yaml import read_plain_yaml
from yunmin.errors import ConfigurationError


def read(folder: Path, text: str) -> object:
    path = folder / "some.yaml"
    path.write_text(text)
    return read_plain_yaml(path).content


@pytest.mark.parametrize("text", ["no", "on", "Yes", "012", "0x1F", "0o17", "12:30:45", "1_000", "1e3", "2026-01-01"])
def test_words_and_numbers_stay_the_text_that_they_are(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, f"a: {text}") == {"a": text}


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False), ("null", None), ("~", None), ("", None)])
def test_true_false_and_null_are_more_than_text_unless_quoted(tmp_path: Path, text: str, value: object) -> None:
    assert read(tmp_path, f"a: {text}") == {"a": value}
    assert read(tmp_path, f"a: '{text}'") == {"a": text}


def test_every_place_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_text("a:\n  b: 1\n  c:\n    - x\n    - {y: 2}\n")
    lines = read_plain_yaml(path).lines
    assert lines[("a", "b")] == 2
    assert lines[("a", "c", 0)] == 4
    assert lines[("a", "c", 1, "y")] == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: a is given twice"),
        ("a: {b: 1, b: 2}", "line 1: b is given twice"),
        ("a: &x 1\nb: *x", "references"),
        ("a: [", "line 1"),
        ("a: " + "[" * 3000, "some.yaml"),
        ("--- 1\n--- 2", "line 2"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, text)
    assert words in str(refused.value)
