"""What is in use follows what is held, and not what the allocators keep."""

from __future__ import annotations

import ctypes
import gc
import os
import sys

import pytest

from yunmin.testing.verify.allocators import bytes_in_use, give_back_what_is_free
from yunmin.testing.verify.resources import resident_bytes

MIB = 2**20


def in_use() -> int:
    gc.collect()
    told = bytes_in_use()
    if told is None:
        pytest.skip("the allocators of this system do not say")
    return told


def test_many_small_objects_are_in_use_while_they_are_held_and_not_after() -> None:
    before = in_use()
    held = [f"number {number}" for number in range(200_000)]
    while_held = in_use()
    del held
    assert while_held - before > 8 * MIB
    assert abs(in_use() - before) < MIB


@pytest.mark.parametrize("size", [200_000, 40 * MIB], ids=["out of the heap", "mapped by itself"])
def test_a_large_object_is_in_use_while_it_is_held_and_not_after(size: int) -> None:
    before = in_use()
    held = [bytes(size) for _ in range(max(1, 40 * MIB // size))]
    while_held = in_use()
    del held
    assert while_held - before > 39 * MIB
    assert abs(in_use() - before) < MIB


def test_standard_error_is_itself_again_and_has_heard_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    in_use()
    os.write(2, b"after it")
    assert capfd.readouterr().err == "after it"


def test_a_python_that_does_not_say_is_no_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_debugmallocstats", lambda: sys.stderr.flush())
    assert bytes_in_use() is None
    monkeypatch.delattr(sys, "_debugmallocstats")
    assert bytes_in_use() is None


def test_a_c_library_that_does_not_say_is_no_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert bytes_in_use() is None


def test_what_the_c_library_keeps_for_later_is_given_back() -> None:
    held = [bytes(100_000) for _ in range(400)]  # too small to be mapped one by one
    del held[:-1]  # the last one is above all that is free now, which so stays
    in_use()
    kept = resident_bytes()
    give_back_what_is_free()
    assert kept - resident_bytes() > 20 * MIB
    assert held


def test_a_c_library_that_gives_nothing_back_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    give_back_what_is_free()
