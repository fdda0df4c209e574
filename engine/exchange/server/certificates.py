"""A certificate authority of this machine alone, and a certificate of it for the venue's host names and the loopback.

The authority is trusted by nobody but the processes that are given its bundle (SSL_CERT_FILE), and may vouch for these
names only. Such a process trusts nothing else: it cannot reach the real venue over TLS by mistake.
"""

import ipaddress
import os
import ssl
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.exchange.server.hosts import VENUE_HOSTS
from engine.model.errors import ResourceError

LIFETIME: Final = timedelta(days=365)
RENEWED_BEFORE: Final = timedelta(days=7)
"""What is left of a certificate that is still used, so that none expires during a run."""
BACKDATED: Final = timedelta(days=1)
"""For clients whose clock is behind, or set behind as a fault."""
NAMES: Final = (*VENUE_HOSTS, "localhost")
ADDRESSES: Final = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))
_PERMITTED: Final = (
    x509.DNSName("polymarket.com"),
    x509.DNSName("polygon.drpc.org"),
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_network("127.0.0.0/8")),
    x509.IPAddress(ipaddress.ip_network("::1/128")),
)


class Certificates(msgspec.Struct, frozen=True):
    """Where the files are; the keys are readable by their owner alone."""

    bundle: Path
    """The authority's certificate: what SSL_CERT_FILE is set to."""
    certificate: Path
    key: Path


class _Pair(msgspec.Struct, frozen=True):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure_certificates(directory: Path, now: datetime) -> Certificates:
    """Return the certificates in a directory; what is missing, unreadable or about to expire is made.

    Raises:
        ResourceError: The directory cannot be made, kept to its owner, or written.
    """
    assert now.tzinfo is not None, "expected a time with its zone"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        authority = _authority(directory, now)
        _leaf(directory, authority, now)
    except OSError as error:
        raise ResourceError(f"cannot keep certificates in {directory}: {error.strerror or error}") from error
    return Certificates(directory / "ca.pem", directory / "server.pem", directory / "server.key")


def server_context(certificates: Certificates) -> ssl.SSLContext:
    """Return the TLS of a port; HTTP/1.1 is all that is agreed on, whatever else a client offers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificates.certificate, certificates.key)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _authority(directory: Path, now: datetime) -> _Pair:
    found = _read(directory / "ca.pem", directory / "ca.key")
    if found is not None and _is_current(found, now):
        return found
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("bucketmm local exchange: authority")
    usage = x509.KeyUsage(
        key_cert_sign=True, crl_sign=True, digital_signature=False, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        _builder(name, name, key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=list(_PERMITTED), excluded_subtrees=None), critical=True)
    )
    made = _Pair(builder.sign(key, hashes.SHA256()), key)
    _write(made, directory / "ca.pem", directory / "ca.key")
    return made


def _leaf(directory: Path, authority: _Pair, now: datetime) -> None:
    found = _read(directory / "server.pem", directory / "server.key")
    if found is not None and _is_current(found, now) and _is_ours(found, authority):
        return
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        key_cert_sign=False, crl_sign=False, digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = (
        _builder(_name("bucketmm local exchange"), authority.certificate.subject, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_alternative_names(), critical=False)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
    )
    made = _Pair(builder.sign(authority.key, hashes.SHA256()), key)
    _write(made, directory / "server.pem", directory / "server.key")


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _alternative_names() -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([*map(x509.DNSName, NAMES), *map(x509.IPAddress, ADDRESSES)])


def _is_current(pair: _Pair, now: datetime) -> bool:
    certificate = pair.certificate
    if certificate.public_key() != pair.key.public_key():
        return False
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc - RENEWED_BEFORE


def _is_ours(leaf: _Pair, authority: _Pair) -> bool:
    """Tell whether a certificate is the authority's and vouches for every name."""
    try:
        leaf.certificate.verify_directly_issued_by(authority.certificate)
        names = leaf.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return names == _alternative_names()


def _read(certificate_path: Path, key_path: Path) -> _Pair | None:
    """Return what is in two files, None when it is not there or not what we write."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return _Pair(certificate, key) if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _write(pair: _Pair, certificate_path: Path, key_path: Path) -> None:
    """Write the key before its certificate: a start that dies in between finds a pair that does not fit."""
    key = pair.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _replace(key_path, key, 0o600)
    _replace(certificate_path, pair.certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _replace(path: Path, content: bytes, mode: int) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    beside.replace(path)
