"""Keys and time windows: who is let in, and in which words the others are turned away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from yunmin_binance.venue import Liquidity, VenueConfig

BAD_KEY = (-2014, "API-key format invalid.")
UNKNOWN_KEY = (-2015, "Invalid API-key, IP, or permissions for action.")
OUTSIDE = (-1021, "Timestamp for this request is outside of the recvWindow.")
AHEAD = (-1021, "Timestamp for this request was 1000ms ahead of the server's time.")


@pytest.mark.parametrize(("key", "error"), [(None, BAD_KEY), ("", BAD_KEY), ("a b", BAD_KEY), ("abc", UNKNOWN_KEY)])
def test_a_key_has_to_be_sent_well_formed_and_known(wire: Any, key: str | None, error: tuple[int, str]) -> None:
    said = wire.raw("GET", "account", f"timestamp={wire.now}&signature=x", key=key)
    assert said.error == error
    assert said.status == 401


@pytest.mark.parametrize("missing", ["timestamp", "signature"])
def test_timestamp_and_signature_are_mandatory(wire: Any, missing: str) -> None:
    query = "signature=x" if missing == "timestamp" else f"timestamp={wire.now}"
    text = f"Mandatory parameter '{missing}' was not sent, was empty/null, or malformed."
    assert wire.raw("GET", "account", query).error == (-1102, text)


@pytest.mark.parametrize(
    ("ahead", "window", "error"),
    [
        (999, None, None),
        (1000, None, AHEAD),
        (-5000, None, None),
        (-5001, None, OUTSIDE),
        (-100, 100, None),
        (-101, 100, OUTSIDE),
        (-60_000, 60_000, None),
        (-1, "0.5", OUTSIDE),
        (-6000, "6000.346", None),
    ],
)
def test_a_timestamp_is_good_for_its_window(
    wire: Any, ahead: int, window: object, error: tuple[int, str] | None
) -> None:
    params = {"timestamp": wire.now + ahead} | ({} if window is None else {"recvWindow": window})
    said = wire.signed("GET", "account", **params)
    assert said.status == 200 if error is None else said.error == error


@pytest.mark.parametrize(
    ("late", "window", "error"), [(300_000, None, None), (300_001, None, OUTSIDE), (6001, 100, OUTSIDE)]
)
def test_where_the_clock_goes_sixty_times_as_fast_a_window_is_still_the_walls(
    make_wire: Callable[[VenueConfig], Any], late: int, window: int | None, error: tuple[int, str] | None
) -> None:
    wire = make_wire(VenueConfig(liquidity=Liquidity.NONE, pace=60))
    params = {"timestamp": wire.now - late} | ({} if window is None else {"recvWindow": window})
    said = wire.signed("GET", "account", **params)
    assert said.status == 200 if error is None else said.error == error


def test_a_timestamp_may_be_in_microseconds(wire: Any) -> None:
    assert wire.signed("GET", "account", timestamp=wire.now * 1000 + 999_999).status == 200
    assert wire.signed("GET", "account", timestamp=wire.now * 1000 + 1_000_000).error == AHEAD


@pytest.mark.parametrize(
    ("window", "code"), [("60000.001", -1131), ("60001", -1131), ("1.2345", -1100), ("-1", -1100), ("", -1105)]
)
def test_a_window_has_bounds(wire: Any, window: str, code: int) -> None:
    error = wire.signed("GET", "account", recvWindow=window).error
    assert error[0] == code
    assert code != -1131 or error[1] == "recvWindow must be less than 60000"


def test_the_time_is_checked_before_the_signature(wire: Any, signer: Callable[..., str]) -> None:
    old = f"timestamp={wire.now - 10_000}"
    assert wire.raw("GET", "account", f"{old}&signature={signer('something else')}").error == OUTSIDE
    assert wire.raw("GET", "account", f"timestamp={wire.now}&signature=00").error[0] == -1022


def test_public_endpoints_need_no_key(wire: Any) -> None:
    assert wire.get("ping").ok == {}


def test_times_are_told_in_microseconds_where_the_header_asks(wire: Any) -> None:
    for unit in ("MICROSECOND", "microsecond"):
        said = wire.raw("GET", "time", headers={"x-mbx-time-unit": unit})
        assert said.ok == {"serverTime": wire.now * 1000}
    assert wire.raw("GET", "time", headers={"X-MBX-TIME-UNIT": "NANOSECOND"}).error[0] == -1194
    assert wire.get("time").ok == {"serverTime": wire.now}
