import orjson

from feeder.subscription import Subscription

S = 10**9


def sent(subscription: Subscription, now_ns: int) -> list[tuple[str, list[str]]]:
    frames, _ = subscription.frames_to_send(now_ns)
    decoded = [orjson.loads(frame) for frame in frames]
    return [(frame.get("operation") or frame["type"], frame["assets_ids"]) for frame in decoded]


def test_the_first_frame_is_sent_once_and_later_assets_are_added_to_it() -> None:
    subscription = Subscription()
    assert sent(subscription, 0) == []
    subscription.add(["b", "a"])
    assert sent(subscription, 0) == [("market", ["a", "b"])]
    assert sent(subscription, S) == []
    subscription.add(["a", "c"])
    assert sent(subscription, S) == [("subscribe", ["c"])]


def test_a_removed_asset_is_unsubscribed_once() -> None:
    subscription = Subscription()
    subscription.add(["a", "b"])
    sent(subscription, 0)
    subscription.remove(["a"])
    assert subscription.has_work
    assert sent(subscription, 1) == [("unsubscribe", ["a"])]
    assert sent(subscription, 2) == []


def test_an_asset_is_taken_out_before_it_is_asked_for_again_because_an_active_one_gets_no_snapshot() -> None:
    subscription = Subscription()
    subscription.add(["a", "b"])
    sent(subscription, 0)
    subscription.resync("a", S)
    assert sent(subscription, S) == [("unsubscribe", ["a"]), ("subscribe", ["a"])]


def test_a_book_that_disagrees_again_at_once_is_not_asked_for_more_often_than_every_two_seconds() -> None:
    subscription = Subscription()
    subscription.add(["a"])
    sent(subscription, 0)
    for now_ns in (S, S + 1, S + 2):
        subscription.resync("a", now_ns)
        sent(subscription, now_ns)
    subscription.resync("a", S + 3)
    assert sent(subscription, 3 * S - 1) == []
    assert sent(subscription, 3 * S) == [("unsubscribe", ["a"]), ("subscribe", ["a"])]


def test_a_snapshot_that_does_not_come_is_overdue_after_five_seconds() -> None:
    subscription = Subscription()
    subscription.add(["a", "b"])
    subscription.frames_to_send(0)
    subscription.snapshot_came("a")
    assert subscription.frames_to_send(5 * S - 1) == ([], [])
    assert subscription.frames_to_send(5 * S) == ([], ["b"])


def test_a_new_connection_begins_with_a_first_frame_of_everything_wanted() -> None:
    subscription = Subscription()
    subscription.add(["a", "b"])
    sent(subscription, 0)
    subscription.resync("a", 1)
    subscription.restart()
    assert sent(subscription, 2) == [("market", ["a", "b"])]
    assert subscription.frames_to_send(5 * S) == ([], [])
