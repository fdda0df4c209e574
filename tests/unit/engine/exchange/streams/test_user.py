from typing import Any

import pytest

from engine.exchange.streams.user import UserChannel
from tests.unit.engine.exchange.streams.fakes import BAD, GOOD, OneOwner, Written, text

A, B = "0x" + "Ab" * 32, "0x" + "cd" * 32


@pytest.fixture
def channel() -> UserChannel:
    return UserChannel(OneOwner(), lambda: 0)


def joined(channel: UserChannel, **frame: Any) -> Written:
    connection = Written()
    channel.on_open(connection)
    channel.on_text(connection, text(type="user", **frame))
    return connection


def heard(channel: UserChannel, connection: Written) -> str:
    """Return of which markets the connection hears."""
    channel.publish("owner-a", A, b"A")
    channel.publish("owner-a", B.upper().replace("X", "x"), b"B")
    channel.publish("owner-b", A, b"other")
    return "".join(connection.texts())


def test_good_credentials_are_answered_with_nothing(channel: UserChannel) -> None:
    connection = joined(channel, auth=GOOD)
    assert (connection.texts(), connection.done) == ([], [])
    assert heard(channel, connection) == "AB"


@pytest.mark.parametrize("auth", [BAD, {}, None, "key-a", GOOD | {"secret": 1}])
def test_bad_credentials_close(channel: UserChannel, auth: object) -> None:
    connection = joined(channel, auth=auth)
    assert connection.done == [(1008, "authentication failed")]
    assert heard(channel, connection) == ""


def test_events_can_be_those_of_some_markets(channel: UserChannel) -> None:
    assert heard(channel, joined(channel, auth=GOOD, markets=[A.lower()])) == "A"
    assert heard(channel, joined(channel, auth=GOOD, markets=[])) == "AB"


def test_markets_are_added_and_taken_back(channel: UserChannel) -> None:
    connection = joined(channel, auth=GOOD, markets=[A])
    channel.on_text(connection, text(operation="subscribe", markets=[B]))
    assert heard(channel, connection) == "AB"
    channel.on_text(connection, text(operation="unsubscribe", markets=[A]))
    assert heard(channel, connection) == "B"
    channel.on_text(connection, text(operation="unsubscribe", markets=[B]))
    assert heard(channel, connection) == "AB", "expected all markets when none is named"


@pytest.mark.parametrize("frame", [{"operation": "subscribe"}, {"operation": "x", "markets": []}])
def test_a_bad_operation_is_invalid(channel: UserChannel, frame: dict[str, Any]) -> None:
    connection = joined(channel, auth=GOOD)
    channel.on_text(connection, text(**frame))
    assert connection.texts() == ["INVALID OPERATION"]


def test_a_bad_filter_is_invalid_and_nothing_is_opened(channel: UserChannel) -> None:
    connection = joined(channel, auth=GOOD, markets=A)
    assert connection.texts() == ["INVALID OPERATION"]
    assert heard(channel, connection) == ""


def test_a_gone_connection_is_sent_nothing(channel: UserChannel) -> None:
    opened, refused = joined(channel, auth=GOOD), joined(channel, auth=BAD)
    for connection in (opened, refused):
        channel.on_close(connection)
    assert heard(channel, opened) == ""
