"""Environments: one that cannot be made says why; none lets its processes off this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.by_now import by_now
from tests.clients.environments import Environment, NoEnvironmentError, environment

ELSEWHERE = "192.0.2.1"  # an address that is kept for documents: nobody is there (RFC 5737)


def test_what_cannot_be_installed_is_told_in_the_words_of_the_installer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "odd.txt").write_text("no-such-package-of-yunmin==1.0\n")
    odd = Environment("odd", kept=tmp_path, lists=tmp_path / "lists")
    with pytest.raises(NoEnvironmentError, match="no-such-package-of-yunmin"):
        odd.make()
    assert not odd.is_made
    assert "no-such-package-of-yunmin" in odd.why_not_made


def test_an_environment_of_another_list_is_not_this_one(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("something==1.0\n")
    one = Environment("one", kept=tmp_path / "kept", lists=tmp_path)
    assert not by_now(one.is_made)
    one.folder.mkdir(parents=True)
    (one.folder / ".made-of").write_text(one._fingerprint())
    assert by_now(one.is_made)
    (tmp_path / "one.txt").write_text("something==2.0\n")
    assert not by_now(one.is_made)


def test_a_python_client_that_would_leave_this_machine_is_stopped(tmp_path: Path) -> None:
    code = f"import socket; socket.create_connection(('{ELSEWHERE}', 9), timeout=5)"
    assert "may not leave this machine" in words_of(tmp_path, sys.executable, "-c", code)
    named = "import socket; socket.getaddrinfo('an-exchange.example', 443)"
    assert "on its way to an-exchange.example" in words_of(tmp_path, sys.executable, "-c", named)
    assert (tmp_path / "refused.txt").read_text().split() == [ELSEWHERE, "an-exchange.example"]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on this machine")
def test_a_node_client_that_would_leave_this_machine_is_stopped(tmp_path: Path) -> None:
    assert "may not leave this machine" in words_of(tmp_path, "node", "-e", f"require('net').connect(9, '{ELSEWHERE}')")
    named = "require('http').get('http://an-exchange.example')"
    assert "on its way to an-exchange.example" in words_of(tmp_path, "node", "-e", named)
    assert (tmp_path / "refused.txt").read_text().split() == [ELSEWHERE, "an-exchange.example"]


def words_of(folder: Path, *command: str) -> str:
    variables = environment("ccxt").variables(folder / "refused.txt")
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    return done.stderr
