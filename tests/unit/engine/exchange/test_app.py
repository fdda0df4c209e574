"""The whole exchange in virtual time: several series and assets, a restart with a saved state, Protocol V2."""

from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from engine.exchange.calendar import SeriesOptions
from engine.exchange.core.audit import audit
from engine.exchange.core.market import Phase
from engine.model.errors import InputError
from engine.model.events import Side
from engine.worlds.counterparties import Counterparties
from engine.worlds.crowd import Crowd
from engine.worlds.crowd_params import styled_crowd
from engine.worlds.params import Style
from tests.unit.engine.exchange.desks import order
from tests.unit.engine.exchange.virtual import START_MS, Virtual

MINUTE = SeriesOptions(length_s=60, ahead=1, hold_ms=0)


def crowd(series: Sequence[SeriesOptions], now_ms: int) -> Counterparties:
    return Crowd(styled_crowd(Style.CALM, 1, series[0].length_s), 1, now_ms)


def place(venue: Virtual, price_e4: int = 4_000, order_id: str = "0x1", market: int = 0) -> None:
    account = venue.accounts[0]
    token_id = venue.market(market).spec.tokens[0]
    new = order(account.wallets[3], token_id, Side.BUY, price_e4, 10, order_id)
    new = type(new)(new.order_id, account.credentials.key, *[getattr(new, name) for name in new.__struct_fields__[2:]])
    assert venue.app.exchange.submit(new, venue.app.desk.now_ms()).refusal is None
    venue.app.desk.pump()


def test_two_series_and_two_assets_run_beside_each_other() -> None:
    five = SeriesOptions(length_s=300, ahead=1)
    venue = Virtual(MINUTE, five, SeriesOptions(asset="eth", length_s=60, ahead=1), source=crowd).begin()
    assert [house.asset for house in venue.app.houses] == ["btc", "eth"]
    assert [len(house.calendars) for house in venue.app.houses] == [2, 1]
    venue.wait(120_000, 250)
    resolved = [m.spec.slug for m in venue.app.exchange.markets.values() if m.phase == Phase.RESOLVED]
    assert sorted({slug.rsplit("-", 1)[0] for slug in resolved}) == ["btc-updown-60s", "eth-updown-60s"]
    assert audit(venue.app.exchange) == []
    about = venue.app.describe()
    assert (about["assets"], about["window_seconds"]) == (["btc", "eth"], [60, 300, 60])
    assert about["trades"]


def test_every_window_names_the_prices_that_it_was_settled_on() -> None:
    venue = Virtual(MINUTE).begin()
    market = venue.market()
    venue.wait(60_000)
    assert market.phase == Phase.RESOLVED
    settled = venue.app._settled_of(market)
    assert settled is not None
    assert market.winner == (0 if settled.final_e8 >= settled.strike_e8 else 1)
    assert venue.app._settled_of(venue.market(1)) is None


def test_a_restart_keeps_what_is_whose(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    venue = Virtual(MINUTE, source=crowd).begin()
    place(venue, 100, "0xmine")
    venue.wait(2_000, 100)
    assert any(order.market.book.version for order in venue.app.exchange.orders.values())
    venue.app.save(path)
    assert path.stat().st_mode & 0o777 == 0o600

    again = Virtual(MINUTE, source=crowd, at_ms=venue.at_ms + 5_000, seed=9)
    assert again.app.restore(path)
    again.begin()
    assert [account.shown() for account in again.accounts] == [account.shown() for account in venue.accounts]
    key = again.accounts[0].credentials.key
    assert [each.order_id for each in again.app.exchange.open_orders(key)] == ["0xmine"]
    background = [
        o for o in again.app.exchange.orders.values() if o.order_id != "0xmine" and o.created_ms < again.at_ms
    ]
    assert background == [], "the counterparties' old orders are gone"
    assert audit(again.app.exchange) == []
    again.wait(120_000, 250)
    assert again.app.exchange.orders["0xmine"].status == "CANCELED_MARKET_RESOLVED"
    assert audit(again.app.exchange) == []


def test_a_restart_long_after_settles_what_ended_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    venue = Virtual(MINUTE).begin()
    slugs = [market.spec.slug for market in venue.app.exchange.markets.values()]
    venue.app.save(path)
    again = Virtual(MINUTE, at_ms=venue.at_ms + 3_600_000)
    again.app.restore(path)
    again.begin()
    again.wait(4_000)
    phases = {m.spec.slug: m.phase for m in again.app.exchange.markets.values()}
    assert [phases[slug] for slug in slugs] == [Phase.RESOLVED, Phase.RESOLVED]


def test_prices_to_beat_do_not_pile_up_over_restarts(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    series = (MINUTE, SeriesOptions(length_s=300, ahead=1))
    at_ms = START_MS
    for _ in range(4):
        venue = Virtual(*series, at_ms=at_ms)
        venue.app.restore(path)
        venue.begin()
        venue.wait(70_000)
        venue.app.save(path)
        at_ms = venue.at_ms + 1_000
    strikes = orjson.loads(path.read_bytes())["server"]["strikes_e8"]
    running = {m.spec.condition_id for m in venue.app.exchange.markets.values() if m.phase != Phase.RESOLVED}
    assert strikes.keys() <= running


def test_without_a_file_nothing_is_restored(tmp_path: Path) -> None:
    assert Virtual().app.restore(tmp_path / "none.json") is False


@pytest.mark.parametrize(
    "server",
    [{}, {"members": {}}, {"members": {"issued": 0, "wallets": [], "members": []}, "strikes_e8": {"a": "b"}},
     {"members": {"issued": 1, "wallets": [], "members": [{"owner": "x", "nonce": 0, "removed": False,
                                                           "apiKey": "k", "secret": "!", "passphrase": ""}]}}],
)  # fmt: skip
def test_a_file_of_something_else_is_named(tmp_path: Path, server: object) -> None:
    path = tmp_path / "state.json"
    Virtual().begin().app.save(path)
    content = orjson.loads(path.read_bytes())
    path.write_bytes(orjson.dumps({**content, "server": server}))
    with pytest.raises(InputError, match=f"{path}: expected the exchange's saved state"):
        Virtual().app.restore(path)


def test_windows_of_protocol_v2_have_its_ids() -> None:
    venue = Virtual(SeriesOptions(length_s=60, ahead=0, version="v2")).begin()
    spec = venue.market().spec
    assert (spec.version, len(spec.condition_id)) == ("v2", 64)


def test_it_wants_to_be_woken_for_a_price_at_the_latest() -> None:
    venue = Virtual().begin()
    at_ms = venue.app.wake_at_ms()
    assert at_ms is not None
    assert START_MS < at_ms <= START_MS + 1_000
