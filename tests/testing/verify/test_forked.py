"""What a forked process says, and what its end tells the one that forked it."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from yunmin.testing.verify.forked import forked

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="this system cannot fork"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def end_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_work_that_is_done_ends_with_nought_and_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert end_of(forked(lambda: None)) == 0
    assert capfd.readouterr() == ("", "")


def test_work_that_raises_ends_with_one_and_says_why(capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        raise ValueError("no such weather")

    assert end_of(forked(work)) == 1
    assert "ValueError: no such weather" in capfd.readouterr().err


def test_ctrl_c_ends_it_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # also where all of this runs in the background
        os.kill(os.getpid(), signal.SIGINT)

    assert end_of(forked(work)) == 1
    assert capfd.readouterr() == ("", "")


def test_a_system_that_cannot_fork_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    with pytest.raises(Exception, match="cannot fork"):
        forked(lambda: None)
