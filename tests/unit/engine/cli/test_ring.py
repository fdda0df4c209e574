"""`bucketmm ring stat` and `dump` over a small ring: what they print, as text and as JSON, and their exit statuses."""

import json
import uuid

import pytest
from click.testing import CliRunner

from engine.cli.main import main
from shm import objects
from shm.layout import ALL_INSTRUMENTS, FeedChange, Flag, Kind, MarketChange, pack_level, pack_market_words
from shm.ring import RingReader, RingWriter
from shm.sink import Instrument


@pytest.fixture
def writer():
    name = f"bucketmm_test_{uuid.uuid4().hex[:12]}"
    writer = RingWriter(name, capacity=16, instruments=4)
    writer.add_instrument(Instrument("1", "0x1", "btc-updown-15m-900", 900, 900, 1, 100, 5_000_000, 70_000))
    yield writer
    writer.close()
    objects.unlink(name)


def run(*arguments):
    return CliRunner().invoke(main, ["ring", *arguments])


def test_dump_prints_every_record_that_is_still_there(writer):
    writer.publish_tob(0, Flag.CROSSED, pack_level(4800, 12_000_000), 0, 0, 0, 1, 2, 100)
    writer.publish(Kind.TRADE, 0, 0, 0, pack_level(4900, 5_000_000), 2, 0, 0, 3, 4)
    writer.publish(Kind.FEED, 0, ALL_INSTRUMENTS, FeedChange.GAP, 7, 0, 0, 0, 0, 5)
    done = run("dump", writer.name)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1:] == [
        "seq=2 kind=TOB flags=CROSSED instrument=0 bid1=12@0.48 tick_e4=100 venue_ts_ns=1 recv_ts_ns=2",
        "seq=3 kind=TRADE instrument=0 level=5@0.49 taker=SELL venue_ts_ns=3 recv_ts_ns=4",
        "seq=4 kind=FEED change=GAP detail=7 venue_ts_ns=0 recv_ts_ns=5",
    ]


def test_dump_json_names_the_fields_of_a_market_record(writer):
    words = pack_market_words(
        tick_e4=100,
        min_size_u6=5_000_000,
        fee_rate_e6=70_000,
        fee_exponent=1,
        taker_only=True,
        window_start_s=1_700_000_100,
        window_length_s=900,
        peer=1,
        outcome=1,
    )
    writer.publish(Kind.MARKET, Flag.INFERRED, 0, MarketChange.OPENED, *words, 0, 9)
    records = [json.loads(line) for line in run("dump", writer.name, "--json").stdout.splitlines()]
    assert [record["kind"] for record in records] == ["RESET", "MARKET"]
    assert records[1] == {
        "seq": 2,
        "kind": "MARKET",
        "flags": ["INFERRED"],
        "instrument": 0,
        "change": "OPENED",
        "tick_e4": 100,
        "min_size_u6": 5_000_000,
        "fee_rate_e6": 70_000,
        "fee_exponent": 1,
        "taker_only": True,
        "window_start_s": 1_700_000_100,
        "window_length_s": 900,
        "peer": 1,
        "outcome": "UP",
        "result": "UNKNOWN",
        "venue_ts_ns": 0,
        "recv_ts_ns": 9,
    }


def test_dump_shows_an_unknown_kind_as_it_is(writer):
    writer.publish(99, 0, 3, 4, 5, 6, 7, 8, 0, 0)
    record = json.loads(run("dump", writer.name, "--json").stdout.splitlines()[-1])
    assert (record["kind"], record["aux"], record["words"]) == (99, 4, [5, 6, 7, 8])


def test_stat_tells_writer_readers_and_lag(writer):
    with RingReader(writer.name, gating=True):
        for number in range(3):
            writer.publish(Kind.HEARTBEAT, 0, ALL_INSTRUMENTS, 0, number, 0, 0, 0, 0, 0)
        found = json.loads(run("stat", writer.name, "--json").stdout)
        text = run("stat", writer.name).stdout
    assert (found["cursor"], found["epoch"], found["writer_alive"], found["instruments_count"]) == (
        4,
        1,
        True,
        1,
    )
    assert [(reader["lag"], reader["lost"], reader["gating"]) for reader in found["readers"]] == [(3, 0, True)]
    assert "alive" in text
    assert "3 behind, 0 lost, gating" in text


def test_stat_says_that_the_writer_is_dead(writer):
    writer.close()
    assert "DEAD" in run("stat", writer.name).stdout


@pytest.mark.parametrize("verb", ["stat", "dump"])
def test_a_missing_ring_is_one_line_and_exit_status_3(verb):
    done = run(verb, "bucketmm_no_such_ring")
    assert done.exit_code == 3
    assert done.stderr == "bucketmm ring: there is no ring bucketmm_no_such_ring: is the feeder running?\n"


def test_a_bad_name_is_exit_status_2():
    done = run("stat", "a/b")
    assert done.exit_code == 2
    assert "was 'a/b'" in done.stderr
