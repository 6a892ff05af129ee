"""What the allocators of this process have given out: what is in use, apart from what they keep for later."""

from __future__ import annotations

import ctypes
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Final

__all__ = ["bytes_in_use", "give_back_what_is_free"]

_STDERR: Final = 2
_GIVEN_OUT: Final = re.compile(r"bytes in allocated blocks\s*=\s*([\d,]+)")
_FIELDS: Final = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
"""Of `struct mallinfo2` (glibc 2.33, mallinfo(3)): `uordblks` is given out of the heaps, `hblkhd` mapped by itself."""


class _MallInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in _FIELDS.split()]


def bytes_in_use() -> int | None:
    """Bytes that Python's allocator and the C library's have given out and not got back.

    None where one of them does not say: another Python than CPython, another C library than glibc. Standard error goes
    elsewhere for a moment, for that is where CPython tells it.
    """
    small, large = _given_out_by_python(), _given_out_by_malloc()
    return None if small is None or large is None else small + large


def give_back_what_is_free() -> None:
    """Let the C library give pages that it keeps for later back to the system, where it can (glibc, malloc_trim(3)).

    It hands out other pieces of what is free each time, so that more and more of its heap becomes resident.
    """
    with suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(0))


def _given_out_by_python() -> int | None:
    """What objects of up to 512 bytes take; larger ones are the C library's."""
    tell = getattr(sys, "_debugmallocstats", None)
    if tell is None:
        return None
    with tempfile.TemporaryFile() as told:
        with _standard_error_into(told):
            tell()
        told.seek(0)
        found = _GIVEN_OUT.search(told.read().decode("ascii", "replace"))
    return None if found is None else int(found[1].replace(",", ""))


def _given_out_by_malloc() -> int | None:
    try:
        ask = ctypes.CDLL(None).mallinfo2
    except (OSError, TypeError, AttributeError):
        return None
    ask.restype = _MallInfo
    told = ask()
    return int(told.uordblks) + int(told.hblkhd)


@contextmanager
def _standard_error_into(file: IO[bytes]) -> Iterator[None]:
    sys.stderr.flush()
    kept = os.dup(_STDERR)
    os.dup2(file.fileno(), _STDERR)
    try:
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
