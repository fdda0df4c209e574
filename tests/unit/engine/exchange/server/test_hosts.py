import pytest

from engine.exchange.server.hosts import LOOPBACK_PREFIXES, VENUE_HOSTS, Service, host_of, is_local


def test_every_service_has_a_host_and_a_place_on_the_loopback() -> None:
    assert set(VENUE_HOSTS.values()) == set(LOOPBACK_PREFIXES) == set(Service)


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("clob.polymarket.com", "clob.polymarket.com"),
        ("CLOB.Polymarket.com:443", "clob.polymarket.com"),
        ("127.0.0.1:8080", "127.0.0.1"),
        ("[::1]:8080", "::1"),
        ("[::1]", "::1"),
        ("", ""),
    ],
)
def test_the_host_is_without_port_and_case(authority: str, host: str) -> None:
    assert host_of(authority) == host


@pytest.mark.parametrize(
    ("host", "local"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("192.168.1.2", True), ("", False), ("evil.com", False)],
)
def test_a_name_that_somebodys_dns_resolves_is_not_local(host: str, local: bool) -> None:
    assert is_local(host) is local
