"""TLS: a certificate authority that vouches for loopback only, and a venue that speaks https and wss by it."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import ccxt
import ccxt.async_support as ccxt_async
import pytest
from cryptography import x509

from yunmin.clock import SystemClock
from yunmin.errors import ConfigurationError
from yunmin_binance.venue import LOCAL_API_KEY, LOCAL_API_SECRET, Liquidity, LocalVenue, VenueConfig
from yunmin_binance.venue.tls import certificates_in

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def a_config(folder: Path) -> VenueConfig:
    return VenueConfig(liquidity=Liquidity.NONE, tls_folder=folder / "tls")


async def test_https_and_wss_are_served_beside_http_to_whoever_trusts_the_authority(tmp_path: Path) -> None:
    async with LocalVenue(a_config(tmp_path)) as venue, aiohttp.ClientSession() as session:
        assert venue.tls_url is not None
        trusting = ssl.create_default_context(cafile=str(venue.ca_file))
        async with session.get(f"{venue.tls_url}/api/v3/ping", ssl=trusting) as answer:
            assert await answer.read() == b"{}"
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{venue.tls_url}/api/v3/ping")
        async with session.ws_connect(f"{venue.tls_url}/ws-api/v3", ssl=trusting) as socket:
            await socket.send_str('{"id": 1, "method": "ping"}')
            assert (await socket.receive_json())["status"] == 200
        async with session.get(f"{venue.url}/api/v3/ping") as answer:
            assert answer.status == 200


async def test_an_unmodified_ccxt_trades_over_https_with_its_option_cafile(tmp_path: Path) -> None:
    async with LocalVenue(a_config(tmp_path)) as venue:
        base = f"{venue.tls_url}/api/v3"
        exchange = ccxt_async.binance(
            {
                "apiKey": LOCAL_API_KEY,
                "secret": LOCAL_API_SECRET,
                "cafile": str(venue.ca_file),
                "urls": {"api": {"public": base, "private": base}},
                "options": {
                    "defaultType": "spot",
                    "fetchMarkets": {"types": ["spot"]},
                    "fetchCurrencies": False,
                    "fetchMargins": False,
                },
                "exceptions": {"exact": ccxt.binance().exceptions["spot"]["exact"]},
            }
        )
        try:
            order = await exchange.create_order("BTC/USDT", "limit", "buy", 0.01, 30_000)
            assert order["status"] == "open"
        finally:
            await exchange.close()


async def test_without_a_folder_there_is_no_tls() -> None:
    async with LocalVenue(VenueConfig(liquidity=Liquidity.NONE)) as venue:
        assert (venue.tls_url, venue.ca_file) == (None, None)


async def test_after_a_restart_both_ports_are_where_they_were(tmp_path: Path) -> None:
    async with LocalVenue(a_config(tmp_path)) as venue:
        before = venue.url, venue.tls_url
        await venue.restart()
        assert (venue.url, venue.tls_url) == before


def test_certificates_are_kept_and_only_the_servers_is_made_anew_when_it_grows_old(tmp_path: Path) -> None:
    made = certificates_in(tmp_path, NOW)
    files = (made.authority, made.server)
    first = [file.read_bytes() for file in files]
    certificates_in(tmp_path, NOW + timedelta(days=300))
    assert [file.read_bytes() for file in files] == first
    certificates_in(tmp_path, NOW + timedelta(days=359))
    assert made.authority.read_bytes() == first[0]
    assert made.server.read_bytes() != first[1]


def test_the_authority_may_vouch_for_loopback_only_and_keys_are_their_owners_alone(tmp_path: Path) -> None:
    made = certificates_in(tmp_path / "new", NOW)
    authority = x509.load_pem_x509_certificate(made.authority.read_bytes())
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert {str(one.value) for one in constraints.value.permitted_subtrees or ()} == {
        "localhost",
        "127.0.0.0/8",
        "::1/128",
    }
    for key in (made.server_key, tmp_path / "new" / "ca-key.pem"):
        assert key.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_used_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigurationError, match="cannot use the certificates"):
        certificates_in(tmp_path / "file", NOW)
    certificates_in(tmp_path / "tls", SystemClock().now())
    (tmp_path / "tls" / "ca.pem").write_text("no certificate")
    with pytest.raises(ConfigurationError, match="empty the folder, or name another"):
        certificates_in(tmp_path / "tls", NOW)
