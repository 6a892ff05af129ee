"""TLS for the venue: a certificate authority of one's own, and a certificate for this machine's loopback names.

The authority may vouch for loopback names and addresses only (its name constraints are critical), so whoever trusts it
trusts nothing else by that. Keys stay in the folder, readable by their owner alone.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from yunmin.errors import ConfigurationError

__all__ = ["Certificates", "certificates_in"]

_NAMES: Final = ("localhost",)
_ADDRESSES: Final = ("127.0.0.1", "::1")
_AUTHORITY_LASTS: Final = timedelta(days=3650)
_SERVER_LASTS: Final = timedelta(days=365)
_RENEWED_BEFORE: Final = timedelta(days=7)
_EARLIER: Final = timedelta(minutes=5)
"""How long before now a certificate begins: clocks of one machine and its containers differ a little."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files of one folder."""

    authority: Path
    server: Path
    server_key: Path

    def context(self) -> ssl.SSLContext:
        """What a server needs to speak TLS with them."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.server, self.server_key)
        return made


def certificates_in(folder: Path, now: datetime) -> Certificates:
    """Those that are there and good for another week; what is missing or too old is made.

    Raises ConfigurationError where the folder cannot be used, or holds something else under these names.
    """
    files = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server-key.pem")
    key_file = folder / "ca-key.pem"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _is_good(files.authority, now) or not key_file.exists():
            _make_authority(files.authority, key_file, now)
            files.server.unlink(missing_ok=True)
        if not _is_good(files.server, now) or not files.server_key.exists():
            _make_server(files, key_file, now)
        files.context()
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"cannot use the certificates in {folder} ({type(error).__name__}); empty the folder, or name another"
        ) from None
    return files


def _is_good(path: Path, now: datetime) -> bool:
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - _RENEWED_BEFORE


def _make_authority(path: Path, key_file: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Yunmin local venue, loopback only")])
    allowed = [
        *(x509.DNSName(one) for one in _NAMES),
        x509.IPAddress(ip_network("127.0.0.0/8")),
        x509.IPAddress(ip_network("::1/128")),
    ]
    certificate = (
        _begun(name, name, key.public_key(), now, _AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(allowed, None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_file, key)
    path.write_bytes(certificate.public_bytes(Encoding.PEM))


def _make_server(files: Certificates, key_file: Path, now: datetime) -> None:
    authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
    authority_key = load_pem_private_key(key_file.read_bytes(), None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is not one that was made here")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [
        *(x509.DNSName(one) for one in _NAMES),
        *(x509.IPAddress(ip_address(one)) for one in _ADDRESSES),
    ]
    certificate = (
        _begun(name, authority.subject, key.public_key(), now, _SERVER_LASTS)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write_key(files.server_key, key)
    files.server.write_bytes(certificate.public_bytes(Encoding.PEM))


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Never readable by others, not even for a moment."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
