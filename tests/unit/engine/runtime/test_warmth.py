"""A rehearsal goes the whole way of an order, and touches nothing of the real engine."""

from contextlib import closing
from pathlib import Path

import pytest

from engine.config.build import scaled
from engine.config.load import Config, load_config
from engine.runtime.own_line import OwnLine
from engine.runtime.warmth import TOKENS, Warmth
from shm.objects import SHM_DIRECTORY
from tests.unit.engine.execution.polymarket.scripted import Bench


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is sent to ourselves."""
    requests: list[bytes] = []
    send = OwnLine.send
    monkeypatch.setattr(OwnLine, "send", lambda line, request: (requests.append(request), send(line, request)))
    return requests


def test_what_comes_next_is_rehearsed_and_only_we_get_what_it_writes(sent: list[bytes], tmp_path: Path) -> None:
    bench = Bench()
    with closing(Warmth(load_config(None), bench.gateway, tmp_path)) as warmth:
        sent.clear()  # setting the second act up takes an entry, too
        acts = [warmth.rehearse(engaged=engaged) for engaged in (False, True, False, True)]
    assert acts[:2] == acts[2:]
    (entry,), (cancel, stop) = acts[:2]
    assert sent == [entry, cancel, stop] * 2
    for order in (entry, stop):
        assert order.startswith(b"POST /order HTTP/1.1\r\n")
        assert TOKENS[0].encode() in order
    assert b'"side":"BUY"' in entry
    assert b'"side":"SELL"' in stop
    assert b'"orderType":"FAK"' in stop
    assert cancel.startswith(b"DELETE /order HTTP/1.1\r\n")
    assert (bench.wire.calls, bench.told(), bench.gateway.orders.unended()) == ([], [], [])


def test_it_leaves_no_ring_no_file_and_no_descriptor_and_the_folder_as_it_was(tmp_path: Path) -> None:
    def things() -> tuple[set[str], int]:
        rings = {path.name for path in SHM_DIRECTORY.iterdir() if "rehearsal" in path.name}
        return rings, len(list(Path("/proc/self/fd").iterdir()))

    config = load_config(None)
    with closing(Warmth(config, Bench().gateway, tmp_path)) as warmth:  # imports open files of their own
        warmth.rehearse(engaged=False)
    before = things()
    with closing(Warmth(config, Bench().gateway, tmp_path)) as warmth:
        assert warmth.rehearse(engaged=False)
        assert things()[0] == before[0], "its ring has no name that another engine could find"
        assert list(tmp_path.iterdir()) == []
    assert things() == before


def every_length() -> list[Config]:
    return [scaled(load_config(None), length_s) for length_s in (20, 300)]


@pytest.mark.parametrize("config", every_length(), ids=["20 s", "300 s"])
def test_every_length_of_window_has_a_rehearsal(config: Config) -> None:
    with closing(Warmth(config, Bench().gateway)) as warmth:
        assert [len(warmth.rehearse(engaged=engaged)) for engaged in (False, True)] == [1, 2]


@pytest.mark.parametrize("threshold_e4", [5_010, 6_001, 9_700, 9_800])
def test_no_threshold_of_entry_stands_in_the_way_of_a_start(threshold_e4: int) -> None:
    config = load_config(None).replaced({"entry_exit": {"ENTRY_BID_THRESHOLD": threshold_e4}})
    with closing(Warmth(config, Bench().gateway)) as warmth:
        requests = [*warmth.rehearse(engaged=False), *warmth.rehearse(engaged=True)]
    assert all(request.split(b" ")[1] == b"/order" for request in requests)
