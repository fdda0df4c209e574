"""A crowd in a small market: deterministic, legal, and a market that somebody could trade in."""

from collections import Counter

import pytest

from engine.worlds.crowd import Crowd
from engine.worlds.crowd_params import styled_crowd
from engine.worlds.params import Style
from engine.worlds.participants.actions import AnyAction
from engine.worlds.participants.view import Window
from tests.unit.engine.worlds.small_market import SmallMarket, play_turn

LENGTH_MS = 20_000
START_MS = 1_800_000_000_000
TWAP_MS = 1_333


def window(number: int = 0) -> Window:
    start_ms = START_MS + number * LENGTH_MS
    return Window(f"w{number}", start_ms, start_ms + LENGTH_MS, TWAP_MS, 5_000_000)


def crowd(style: Style = Style.LIVELY, seed: int = 1) -> Crowd:
    return Crowd(styled_crowd(style, seed, LENGTH_MS // 1_000), seed, START_MS - LENGTH_MS)


Log = list[tuple[str, int, list[AnyAction]]]


def play(crowd: Crowd, until_ms: int, step_ms: int = 1_000_000) -> tuple[dict[str, SmallMarket], Log]:
    """Play every turn up to a time; return each window's market and who did what when in it."""
    markets = {window.name: SmallMarket() for window in crowd.windows}
    log: Log = []
    for now_ms in [*range(START_MS - LENGTH_MS, until_ms, step_ms), until_ms]:
        for turn in crowd.turns(now_ms):
            assert turn.at_ms <= now_ms
            actions = play_turn(crowd, markets[turn.window.name], turn)
            log.append((f"{turn.account} {turn.window.name}", turn.at_ms, actions))
    return markets, log


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("seed", [1, 2])
def test_nobody_asks_for_what_a_venue_would_refuse_but_for_quotes_that_cross(style: Style, seed: int) -> None:
    one = crowd(style, seed)
    one.open_window(window())
    markets, _ = play(one, START_MS + LENGTH_MS)
    (market,) = markets.values()
    assert market.problems == []
    assert market.counts["PlaceOrder"] > 500
    assert market.counts["post-only refused"] < market.counts["PlaceOrder"] // 10
    assert len(market.trades) > 15


def test_the_same_seed_gives_the_same_actions_however_it_is_stepped() -> None:
    logs = []
    for step_ms in (1_000_000, 333):
        one = crowd()
        one.open_window(window())
        logs.append(play(one, START_MS + LENGTH_MS, step_ms)[1])
    assert logs[0] == logs[1]
    other = crowd(seed=2)
    other.open_window(window())
    assert play(other, START_MS + LENGTH_MS)[1] != logs[0]


def test_another_window_changes_nothing_of_what_is_done_in_this_one() -> None:
    alone, both = crowd(), crowd()
    alone.open_window(window())
    both.open_window(window(1))
    both.open_window(window(0))
    until_ms = START_MS + LENGTH_MS
    of_w0 = [row for row in play(both, until_ms)[1] if row[0].endswith("w0")]
    assert of_w0 == play(alone, until_ms)[1]


def test_makers_come_before_the_start_and_are_gone_after_the_end() -> None:
    one = crowd()
    one.open_window(window())
    markets, log = play(one, START_MS)
    assert min(at_ms for _, at_ms, _ in log) >= START_MS - LENGTH_MS // 5
    book = markets["w0"].book()
    assert len(book.bids) >= 3
    assert len(book.asks) >= 3
    for turn in one.turns(START_MS + LENGTH_MS + 10_000):
        play_turn(one, markets["w0"], turn)
    assert markets["w0"].book()[1:] == ((), ())
    assert one.next_turn_ms() is None


def test_nobody_acts_in_a_window_that_was_closed() -> None:
    one = crowd()
    one.open_window(window())
    markets, _ = play(one, START_MS + 5_000)
    one.close_window("w0")
    assert list(one.turns(START_MS + LENGTH_MS)) == []
    assert markets["w0"].book().bids != ()


def test_somebody_whose_turn_was_passed_over_is_asked_again_a_second_later() -> None:
    one = crowd()
    one.open_window(window())
    turns = Counter(turn.account for turn in one.turns(START_MS + 10_000))
    assert set(turns) == set(one.params.accounts)
    assert max(turns.values()) <= 15


def test_what_is_known_before_the_start_of_the_strike_makes_the_opening_price() -> None:
    one = crowd()
    one.open_window(window())
    markets, _ = play(one, START_MS)
    bids, asks = markets["w0"].book()[1:]
    assert 2_000 < bids[0][0] < asks[0][0] < 8_000
    assert one.strike_e8(window()) == one.tape.twap_e8(START_MS, TWAP_MS)


def test_a_window_that_began_too_long_ago_needs_its_strike() -> None:
    late = Crowd(styled_crowd(Style.CALM, 1, 900), 1, START_MS + 400_000)
    old = Window("old", START_MS, START_MS + 900_000, 60_000, 5_000_000)
    late.open_window(old, strike_e8=65_000 * 10**8)
    market = SmallMarket()
    for turn in late.turns(START_MS + 410_000):
        play_turn(late, market, turn)
    assert late.strike_e8(old) == 65_000 * 10**8
    assert market.problems == []
    assert market.book().bids != ()


def test_a_window_cannot_be_opened_twice() -> None:
    one = crowd()
    one.open_window(window())
    with pytest.raises(AssertionError, match="open already"):
        one.open_window(window())


@pytest.mark.parametrize("jump_ms", [30_000, 700_000, 5_000_000])
def test_a_jump_of_time_leaves_out_what_nobody_remembers(jump_ms: int) -> None:
    one = crowd()
    one.open_window(window())
    markets, _ = play(one, START_MS - 1_000)
    one.advance(START_MS + jump_ms)
    for turn in one.turns(START_MS + jump_ms):
        play_turn(one, markets["w0"], turn)
    assert markets["w0"].book()[1:] == ((), ())
    assert one.next_turn_ms() is None
    assert markets["w0"].problems == []
