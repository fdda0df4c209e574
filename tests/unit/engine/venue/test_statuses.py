"""The venue's words for orders and trades, as they were written down from its user channel (2026-11-21)."""

from engine.venue.statuses import FINAL_TRADE_STATUSES, OrderEventType, OrderStatus, TradeStatus

ORDER_WORDS = """LIVE MATCHED DELAYED UNMATCHED CANCELED CANCELED_MARKET_RESOLVED CANCELED_NOT_ENOUGH_BALANCE
CANCELED_MARKET_NOT_FOUND CANCELED_EXPIRED_ORDER CANCELED_ORDER_TIMED_OUT INVALID"""


def test_each_status_is_the_venues_word() -> None:
    assert [status.value for status in OrderStatus] == ORDER_WORDS.split()
    assert [kind.value for kind in OrderEventType] == ["PLACEMENT", "UPDATE", "CANCELLATION"]
    words = ["MATCHED", "MATCHED_NOT_BROADCASTED", "MINED", "CONFIRMED", "RETRYING", "FAILED"]
    assert [status.value for status in TradeStatus] == words
    assert all(status.name == status.value for kind in (OrderStatus, OrderEventType, TradeStatus) for status in kind)


def test_a_status_is_written_as_its_word() -> None:
    assert (str(OrderStatus.CANCELED), f"{TradeStatus.MINED}") == ("CANCELED", "MINED")
    assert OrderStatus("CANCELED_EXPIRED_ORDER") is OrderStatus.CANCELED_EXPIRED_ORDER


def test_a_trade_that_is_confirmed_or_failed_goes_no_further() -> None:
    assert {TradeStatus.CONFIRMED, TradeStatus.FAILED} == FINAL_TRADE_STATUSES
