import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from engine.exchange.server.certificates import LIFETIME, NAMES, RENEWED_BEFORE, ensure_certificates, server_context
from engine.exchange.server.hosts import VENUE_HOSTS
from engine.model.errors import ResourceError

NOW = datetime.now(UTC)  # TLS looks at the wall clock, too


def handshake(directory: Path, name: str, offered: list[str]) -> str | None:
    """Let a client that trusts the bundle alone connect in memory; return the protocol that was agreed on."""
    certificates = ensure_certificates(directory, NOW)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client_context = ssl.create_default_context(cafile=str(certificates.bundle))
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    client_context.set_alpn_protocols(offered)
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    server = server_context(certificates).wrap_bio(to_server, to_client, server_side=True)
    waiting = [client, server]
    while waiting:
        for side in tuple(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)
    return client.selected_alpn_protocol()


@pytest.mark.parametrize("name", [*VENUE_HOSTS, "localhost", "127.0.0.1", "::1"])
def test_a_client_with_the_bundle_trusts_every_name_of_the_venue(tmp_path: Path, name: str) -> None:
    assert handshake(tmp_path, name, ["h2", "http/1.1"]) == "http/1.1"


def test_no_other_name_is_vouched_for(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        handshake(tmp_path, "www.polymarket.com", [])


def test_the_authority_may_vouch_for_the_venues_names_alone(tmp_path: Path) -> None:
    authority = x509.load_pem_x509_certificate(ensure_certificates(tmp_path, NOW).bundle.read_bytes())
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    permitted = [str(name.value) for name in limits.value.permitted_subtrees or ()]
    assert permitted == ["polymarket.com", "polygon.drpc.org", "localhost", "127.0.0.0/8", "::1/128"]
    assert all(name.endswith(tuple(permitted)) for name in NAMES)


def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "tls"
    ensure_certificates(directory, NOW)
    assert directory.stat().st_mode & 0o777 == 0o700
    for name in ("ca.key", "server.key"):
        assert (directory / name).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in directory.iterdir()) == ["ca.key", "ca.pem", "server.key", "server.pem"]


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def changed(directory: Path, now: datetime) -> set[str]:
    """Return which files another start makes anew."""
    before = contents(directory)
    ensure_certificates(directory, now)
    return {name for name, content in contents(directory).items() if content != before.get(name)}


def test_valid_certificates_are_used_again(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    assert changed(tmp_path, NOW + LIFETIME - RENEWED_BEFORE - timedelta(days=1)) == set()


def test_expiring_certificates_are_made_anew(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    everything = {"ca.key", "ca.pem", "server.key", "server.pem"}
    assert changed(tmp_path, NOW + LIFETIME - RENEWED_BEFORE + timedelta(days=1)) == everything


@pytest.mark.parametrize("broken", ["server.pem", "server.key"])
@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_broken_certificate_is_made_anew_with_the_same_authority(
    tmp_path: Path, broken: str, content: bytes | None
) -> None:
    ensure_certificates(tmp_path, NOW)
    if content is None:
        (tmp_path / broken).unlink()
    else:
        (tmp_path / broken).write_bytes(content)
    assert changed(tmp_path, NOW) == {"server.key", "server.pem"}


def test_a_new_authority_means_a_new_certificate(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    (tmp_path / "ca.key").unlink()
    assert changed(tmp_path, NOW) == {"ca.key", "ca.pem", "server.key", "server.pem"}


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ResourceError, match="cannot keep certificates in"):
        ensure_certificates(tmp_path / "file", NOW)
