"""`bucketmm feed` as a process of its own: ready line, ring, health file, signals and exit statuses."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.model.rounds import bucket_start_s
from shm.layout import RECORD_DTYPE, FeedChange, Kind
from shm.objects import unlink
from shm.ring import RingReader
from tests import support_feed as feed
from tests.unit.feeder import gamma
from tests.venue_server import VenueServer

RECORDING = Path(__file__).parents[2] / "fixtures" / "recordings" / "lively-seed-10"


@pytest.fixture
def ring_name() -> Iterator[str]:
    name = f"bucketmm_test_{uuid.uuid4().hex[:12]}"
    yield name
    unlink(name)


def start(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "engine", "feed", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=30)
    return process.returncode, output, errors


def play(ring_name: str, run_dir: Path, *more: object) -> "subprocess.Popen[str]":
    return start("--source", "recording", "--path", RECORDING, "--ring", ring_name, "--run-dir", run_dir, *more)


def test_a_recording_is_played_into_the_ring_to_its_end(ring_name: str, tmp_path: Path) -> None:
    status, output, errors = finish(play(ring_name, tmp_path, "--pace", "max"))
    assert (status, errors) == (0, "")
    assert output.startswith(f"feeder ready: ring {ring_name}, source recording, pid ")
    health = json.loads((tmp_path / "feeder.json").read_text())
    assert health["state"] == "ended"
    with RingReader(ring_name, start="oldest") as reader:
        rows = np.zeros(65_536, RECORD_DTYPE)
        kinds = [(int(row["kind"]), int(row["aux"])) for row in rows[: reader.drain(rows)]]
    assert kinds.count((Kind.FEED, FeedChange.ENDED)) == 1
    assert sum(kind == Kind.TOB for kind, _ in kinds) > 100
    assert health["cursor"] == len(kinds)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_cleanly(ring_name: str, tmp_path: Path, number: signal.Signals, status: int) -> None:
    process = play(ring_name, tmp_path, "--unlink")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("feeder ready")
    os.kill(process.pid, number)
    assert finish(process) == (status, "", "")
    assert json.loads((tmp_path / "feeder.json").read_text())["state"] == "stopped"
    assert not unlink(ring_name)


def test_a_ring_has_one_feeder(ring_name: str, tmp_path: Path) -> None:
    first = play(ring_name, tmp_path / "1")
    assert first.stdout is not None
    first.stdout.readline()
    status, output, errors = finish(play(ring_name, tmp_path / "2"))
    first.terminate()
    finish(first)
    assert (status, output) == (3, "")
    assert "already has a writer" in errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--source", "recording"], "expected --path with --source recording"),
        (["--source", "polymarket", "--path", RECORDING], "expected --path with --source recording"),
        (["--source", "recording", "--path", RECORDING, "--pace", "fast"], "--pace: expected a pace"),
        (["--source", "recording", "--path", RECORDING, "--capacity", 1000], "capacity"),
        (["--source", "polymarket", "--slug", "who-wins"], "--slug: expected a slug"),
        (
            ["--source", "polymarket", "--polybolt-url", "ws://127.0.0.1:9"],
            "environment to have POLY_API_KEY, POLY_API_",
        ),
        (["--source", "elsewhere"], "elsewhere"),
    ],
)
def test_bad_arguments_are_a_message_and_status_2(
    ring_name: str, tmp_path: Path, arguments: list[object], message: str
) -> None:
    status, _, errors = finish(start(*arguments, "--ring", ring_name, "--run-dir", tmp_path))
    assert status == 2
    assert message in errors
    assert "Traceback" not in errors


def test_the_bench_prints_what_a_program_may_read(tmp_path: Path) -> None:
    path = sorted((feed.data_folder() / "btc5m_ws_book" / "frames").glob("*.jsonl.gz"))[0]
    status, output, _ = finish(start("bench", path, "--json"))
    assert status == 0
    result = json.loads(output)
    for key in ("frame_to_ring_us_p50", "frame_to_ring_us_p99", "price_change_us_p50", "frames_per_s"):
        assert result[key] > 0
    assert "derived" in result["price_changes_are"]
    assert result["kinds"]["book"]["frames"] == 2941
    assert set(result["transports"]) == {"picows", "websockets"}


def test_a_bench_of_nothing_is_status_2(tmp_path: Path) -> None:
    status, _, errors = finish(start("bench", tmp_path))
    assert (status, "expected recorded frames" in errors) == (2, True)


def test_the_venue_is_followed_into_the_ring_from_the_hosts_of_the_config(ring_name: str, tmp_path: Path) -> None:
    async def scene() -> None:
        async with VenueServer() as venue:
            start_s = bucket_start_s(int(time.time()), 900)
            for slug in (f"btc-updown-15m-{start_s}", f"btc-updown-15m-{start_s + 900}"):
                venue.markets[slug] = gamma.market(slug)
            for token in (feed.UP, feed.DOWN):
                venue.books[token] = feed.book(token, [("0.4", "5")], [("0.6", "5")], 0)
            hosts = {"clob_url": f"http://{venue.address}", "gamma_url": f"http://{venue.address}"}
            config = tmp_path / "config.json"
            config.write_text(json.dumps({"venue": hosts | {"market_ws_url": f"ws://{venue.address}/ws/market"}}))
            process = start(
                "--source", "polymarket", "--config", config, "--ring", ring_name, "--run-dir", tmp_path, "--ahead", 0
            )
            try:
                await venue.until(lambda: len(venue.live) == 2 and all(client.active for client in venue.live), 20)
                with RingReader(ring_name, start="oldest") as reader:
                    rows, kinds = np.zeros(1024, RECORD_DTYPE), []
                    async with asyncio.timeout(10):
                        while kinds.count(Kind.TOB) < 2:
                            kinds += [int(row["kind"]) for row in rows[: reader.drain(rows)]]
                            await asyncio.sleep(0.01)
                assert kinds.count(Kind.MARKET) == 2
            finally:
                process.terminate()
                status, _, errors = await asyncio.to_thread(finish, process)
            assert (status, "Traceback" in errors) == (0, False)

    asyncio.run(scene())
