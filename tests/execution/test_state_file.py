from __future__ import annotations

import os
from pathlib import Path

import pytest

from yunmin.errors import ConfigurationError
from yunmin.execution.state_file import StateFile


def test_what_was_saved_last_is_there_and_nothing_beside_it(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "deep" / "state.json")
    assert file.load() is None
    for state in ({"a": "1"}, {"a": "2", "b": [None, True]}):
        file.save(state)
        assert file.load() == state
    assert [path.name for path in file.path.parent.iterdir()] == ["state.json"]


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    file.save({})
    assert file.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("call", ["fsync", "open"])
def test_a_save_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    file = StateFile(tmp_path / "state.json")
    file.save({"a": "1"})

    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(os, call, full)
        with pytest.raises(OSError, match="no space"):
            file.save({"a": "2"})
    assert file.load() == {"a": "1"}


def test_a_half_written_file_beside_it_is_no_state(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    file.save({"a": "1"})
    (tmp_path / "state.json.new").write_text('{"a": ')
    assert file.load() == {"a": "1"}
    file.save({"a": "2"})
    assert file.load() == {"a": "2"}


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "\x00"])
def test_what_cannot_be_read_is_told_and_never_taken_for_nothing(tmp_path: Path, text: str) -> None:
    file = StateFile(tmp_path / "state.json")
    file.path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"state\.json cannot be read"):
        file.load()
