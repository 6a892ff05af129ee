"""What SQLite's write-ahead log holds, read without SQLite: to notice when it believes less than what is there.

SQLite stops at the first frame of the log whose checksum is wrong and says nothing of what follows. Whether a
transaction was lost that way shows in the frames' own marks. Format: https://sqlite.org/fileformat2.html#walformat.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

__all__ = ["WAL_SUFFIX", "committed_frames"]

WAL_SUFFIX: Final = "-wal"

_HEADER: Final = struct.Struct(">8I")  # magic, version, page size, checkpoint number, two salts, two checksums
_FRAME: Final = struct.Struct(">6I")  # page number, pages after a commit (else 0), two salts, two checksums
_MAGIC: Final = (0x377F0682, 0x377F0683)
_PAGE_SIZES: Final = frozenset(1 << power for power in range(9, 17))
_DEFAULT_PAGE: Final = 4096


def committed_frames(path: Path) -> int:
    """How many frames there are up to the last one that ends a transaction, by what the frames say themselves."""
    log = path.read_bytes() if path.exists() else b""
    if len(log) < _HEADER.size + _FRAME.size:
        return 0
    magic, _, page_size, _, *salts, one, two = _HEADER.unpack_from(log)
    header_is_sound = magic in _MAGIC and (one, two) == _checksum(log[:24], ">" if magic & 1 else "<")
    if page_size not in _PAGE_SIZES:
        page_size = _DEFAULT_PAGE
    step = _FRAME.size + page_size
    if not header_is_sound:  # then the frames tell whose they are
        salts = list(_FRAME.unpack_from(log, _HEADER.size)[2:4])
    committed = 0
    for number, offset in enumerate(range(_HEADER.size, len(log) - _FRAME.size + 1, step), start=1):
        _, pages_after_commit, *found, _, _ = _FRAME.unpack_from(log, offset)
        if found != salts:
            # a frame of an earlier round of the log ends this one; one that is spoilt does not
            if not _is_of_this_round_later(log, offset + step, step, salts):
                break
            continue
        if pages_after_commit:
            committed = number
    return committed


def _is_of_this_round_later(log: bytes, offset: int, step: int, salts: list[int]) -> bool:
    last = len(log) - _FRAME.size + 1
    return any(list(_FRAME.unpack_from(log, at)[2:4]) == salts for at in range(offset, last, step))


def _checksum(data: bytes, order: str) -> tuple[int, int]:
    one = two = 0
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two
