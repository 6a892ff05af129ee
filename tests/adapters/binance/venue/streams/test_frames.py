"""Frames: what RFC 6455 and RFC 7692 ask for, read by a reader of its own."""

from __future__ import annotations

import zlib

import pytest

from yunmin_binance.venue.streams.frames import framed, framed_and_deflated


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_tells_its_length_in_the_shortest_way(length: int) -> None:
    payload = b"x" * length
    frame = framed(payload)
    head = {length < 126: 2, 126 <= length < 65_536: 4, length >= 65_536: 10}[True]
    assert len(frame) == head + length
    assert (frame[0], frame[head:]) == (0x81, payload)
    told = frame[1] if head == 2 else int.from_bytes(frame[2:head])
    assert told == length


def test_a_client_that_keeps_its_window_and_one_that_does_not_read_the_same() -> None:
    payloads = [b'{"e":"trade","s":"BTCUSDT","p":"5000%d.00000000","q":"0.10000000"}' % number for number in range(9)]
    keeps = zlib.decompressobj(wbits=-15)
    for payload in payloads:
        frame = framed_and_deflated(payload)
        assert frame[0] == 0xC1
        packed = frame[2:] + b"\x00\x00\xff\xff"
        assert keeps.decompress(packed) == payload
        assert zlib.decompressobj(wbits=-15).decompress(packed) == payload


def test_what_is_small_is_not_packed() -> None:
    assert framed_and_deflated(b"{}") == framed(b"{}")
