from typing import Any

import pytest

from engine.exchange.streams.market import SNAPSHOT_ASSETS_MAX, MarketChannel
from engine.exchange.streams.out import FrameKind
from engine.venue.market_channel import first_frame, subscribe_frame, unsubscribe_frame
from tests.unit.engine.exchange.streams.fakes import Written, text


class Books:
    """Has a book of every token that is not called unknown."""

    def book_frame(self, token_id: str) -> bytes | None:
        return None if token_id.startswith("unknown") else f'{{"asset_id":"{token_id}"}}'.encode()


@pytest.fixture
def channel() -> MarketChannel:
    return MarketChannel(Books(), lambda: 0)


def joined(channel: MarketChannel, *token_ids: str, custom: bool = False, **more: Any) -> Written:
    """Return a connection that has sent its first frame, and its answers."""
    connection = Written()
    channel.on_open(connection)
    frame = {"assets_ids": list(token_ids), "type": "market", "custom_feature_enabled": custom} | more
    channel.on_text(connection, text(**frame))
    return connection


def book(*token_ids: str) -> list[dict[str, str]]:
    return [{"asset_id": token_id} for token_id in token_ids]


def test_the_first_reply_is_an_array_of_the_books_that_there_are(channel: MarketChannel) -> None:
    connection = joined(channel, "up", "unknown", "down")
    assert connection.frames[0][0] == FrameKind.SNAPSHOT
    assert connection.read() == [book("up", "down")]
    assert joined(channel, "unknown").read() == [[]]
    assert joined(channel).read() == [[]]


def test_the_frames_of_our_own_client_are_understood(channel: MarketChannel) -> None:
    connection = Written()
    channel.on_open(connection)
    channel.on_text(connection, first_frame(["up", "down"]).decode())
    channel.on_text(connection, subscribe_frame(["other"]).decode())
    channel.on_text(connection, unsubscribe_frame(["up"]).decode())
    assert connection.read() == [book("down", "up"), *book("other")]
    assert list(channel.session(connection).token_ids) == ["down", "other"]


def test_books_can_be_left_out(channel: MarketChannel) -> None:
    connection = joined(channel, "up", initial_dump=False, level=3)
    channel.publish(["up"], b"x")
    assert connection.texts() == ["x"]


def test_assets_are_added_with_their_books_alone(channel: MarketChannel) -> None:
    connection = joined(channel, "up")
    connection.texts()
    channel.on_text(connection, text(operation="subscribe", assets_ids=["down", "up", "other"]))
    assert connection.read() == book("down", "other")
    channel.on_text(connection, text(operation="subscribe", assets_ids=["unknown"]))
    assert connection.read() == [[]]


def test_an_active_asset_brings_a_book_only_after_it_was_given_up(channel: MarketChannel) -> None:
    connection = joined(channel, "up")
    connection.texts()
    channel.on_text(connection, text(operation="subscribe", assets_ids=["up"]))
    assert connection.texts() == []
    channel.on_text(connection, text(operation="unsubscribe", assets_ids=["up", "never"]))
    channel.publish(["up"], b"x")
    channel.on_text(connection, text(operation="subscribe", assets_ids=["up"]))
    assert connection.read() == book("up")


def test_an_active_asset_still_sets_the_custom_features(channel: MarketChannel) -> None:
    connection = joined(channel, "up")
    channel.on_text(connection, text(operation="subscribe", assets_ids=["up"], custom_feature_enabled=True))
    connection.texts()
    channel.publish_custom(["up"], b"best")
    channel.on_text(connection, text(operation="subscribe", assets_ids=["up"], custom_feature_enabled=False))
    channel.publish_custom(["up"], b"not any more")
    assert connection.texts() == ["best"]


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "market"},
        {"type": "market", "assets_ids": "up"},
        {"type": "market", "assets_ids": [1]},
        {"type": "market", "assets_ids": [], "level": 4},
        {"type": "market", "assets_ids": [], "level": True},
        {"type": "market", "assets_ids": [], "initial_dump": "yes"},
    ],
)
def test_a_bad_first_frame_is_invalid_and_may_be_sent_again(channel: MarketChannel, frame: dict[str, Any]) -> None:
    connection = Written()
    channel.on_open(connection)
    channel.on_text(connection, text(**frame))
    assert connection.texts() == ["INVALID OPERATION"]
    channel.on_text(connection, text(type="market", assets_ids=["up"]))
    assert connection.read() == [book("up")]


@pytest.mark.parametrize("frame", [{"operation": "x", "assets_ids": []}, {"operation": "subscribe"}])
def test_a_bad_operation_is_invalid(channel: MarketChannel, frame: dict[str, Any]) -> None:
    connection = joined(channel, "up")
    connection.texts()
    channel.on_text(connection, text(**frame))
    assert connection.texts() == ["INVALID OPERATION"]


def test_with_too_many_assets_there_are_no_books(channel: MarketChannel) -> None:
    tokens = [str(number) for number in range(SNAPSHOT_ASSETS_MAX)]
    connection = joined(channel, *tokens)
    assert len(connection.read()[0]) == SNAPSHOT_ASSETS_MAX
    channel.on_text(connection, text(operation="subscribe", assets_ids=["one more"]))
    assert connection.read() == [[]]


def test_a_frame_goes_once_to_who_follows_any_of_its_tokens(channel: MarketChannel) -> None:
    both, up, other = joined(channel, "up", "down"), joined(channel, "up"), joined(channel, "other")
    for connection in (both, up, other):
        connection.texts()
    channel.publish(["up", "down"], b"change")
    assert [connection.frames for connection in (both, up, other)] == [[(FrameKind.DATA, "change")]] * 2 + [[]]


def test_custom_frames_go_to_who_asked_for_them(channel: MarketChannel) -> None:
    plain, custom, elsewhere = joined(channel, "up"), joined(channel, "up", custom=True), joined(channel, custom=True)
    for connection in (plain, custom, elsewhere):
        connection.texts()
    channel.publish_custom(["up"], b"best_bid_ask")
    channel.announce(b"new_market")
    assert [connection.texts() for connection in (plain, custom, elsewhere)] == [
        [],
        ["best_bid_ask", "new_market"],
        ["new_market"],
    ]


def test_a_token_is_followed_before_its_market_is_there(channel: MarketChannel) -> None:
    connection = joined(channel, "unknown yet")
    channel.publish(["unknown yet"], b"x")
    assert connection.texts() == ["[]", "x"]


def test_a_gone_connection_is_sent_nothing(channel: MarketChannel) -> None:
    connection = joined(channel, "up", custom=True)
    connection.texts()
    channel.on_close(connection)
    channel.publish(["up"], b"x")
    channel.publish_custom(["up"], b"x")
    channel.announce(b"x")
    assert connection.texts() == []
