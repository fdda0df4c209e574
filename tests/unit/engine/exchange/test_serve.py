"""How an exchange is served and stopped: addresses, heartbeat, signals, and when its state is kept."""

import asyncio
import signal
import socket
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from engine.exchange.accounts import TestAccount
from engine.exchange.app import App, AppOptions
from engine.exchange.calendar import SeriesOptions
from engine.exchange.scenario import Incident, Scenario, What
from engine.exchange.serve import INTERRUPTED, Reach, ServeOptions, serve
from engine.model.errors import InputError, ResourceError
from tests.unit.engine.exchange.virtual import nobody


class Served:
    """One run of `serve`, ended by a signal as soon as `look` has seen what it wants."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        self.app = App(AppOptions(series=(SeriesOptions(length_s=3_600, ahead=1),)), nobody)
        self.beats: list[dict[str, object]] = []
        self.found: dict[str, Any] = {}
        self.accounts: list[TestAccount] = []
        self._number = number
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self, state: Path | None = None, scenario: Scenario | None = None, **options: Any) -> int:
        def ready(reach: Reach, accounts: list[TestAccount]) -> None:
            self.accounts = accounts
            self._tasks.append(asyncio.create_task(self.look(reach)))

        def beat(_: Reach, about: dict[str, object]) -> None:
            self.beats.append(about)

        return await serve(self.app, ServeOptions(accounts=1, **options), scenario, state, ready, beat)

    async def look(self, reach: Reach) -> None:
        try:
            async with httpx.AsyncClient() as client:
                for name, url in (
                    ("ok", f"{reach.clob_url}/ok"),
                    ("markets", f"{reach.gamma_url}/markets"),
                    ("audit", f"{reach.control_url}/audit"),
                    ("faults", f"{reach.control_url}/faults"),
                ):
                    self.found[name] = (await client.get(url)).json()
                self.found["control on the other port"] = (await client.get(f"{reach.clob_url}/audit")).status_code
        finally:
            self.found["reach"] = reach
            signal.raise_signal(self._number)


def test_it_serves_until_it_is_told_to_stop() -> None:
    served = Served()
    assert asyncio.run(served.run()) == 0
    assert (served.found["ok"], served.found["audit"]) == ("OK", {"wrong": []})
    assert len(served.found["markets"]) == 2
    assert served.found["control on the other port"] == 404
    reach: Reach = served.found["reach"]
    for name in ("clob_url", "gamma_url", "data_url", "relayer_url", "rpc_url", "control_url"):
        assert getattr(reach, name).startswith("http://127.0.0.1:"), name
    for name in ("market_ws_url", "user_ws_url", "polybolt_ws_url", "rtds_ws_url"):
        assert getattr(reach, name).startswith("ws://127.0.0.1:"), name
    assert (reach.tls_url, reach.environment) == ("", {})
    assert served.beats[0]["assets"] == ["btc"]
    assert len(served.accounts) == 1


def test_ctrl_c_ends_as_cleanly_with_its_own_status(tmp_path: Path) -> None:
    served = Served(signal.SIGINT)
    assert asyncio.run(served.run(tmp_path / "state.json")) == INTERRUPTED == 130
    assert (tmp_path / "state.json").exists()


def test_the_state_is_kept_and_taken_up_again(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    first, second = Served(), Served()
    assert asyncio.run(first.run(path)) == 0
    assert asyncio.run(second.run(path)) == 0
    assert [each.shown() for each in second.accounts] == [each.shown() for each in first.accounts]
    assert second.app.exchange.markets.keys() >= first.app.exchange.markets.keys()


def test_a_scenario_is_played_from_the_start() -> None:
    served = Served()
    fault = Incident(name="slow", what=What.CLOCK_SKEW, delay_ms=5)
    assert asyncio.run(served.run(scenario=Scenario(1, (fault,)))) == 0
    assert served.found["faults"]["faults"]["slow"]["active"] is True


def test_with_tls_there_is_a_proxy_and_a_bundle(tmp_path: Path) -> None:
    served = Served()
    assert asyncio.run(served.run(tls=True, tls_dir=tmp_path)) == 0
    reach: Reach = served.found["reach"]
    assert reach.tls_url.startswith("https://127.0.0.1:")
    assert reach.environment["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    assert Path(reach.environment["SSL_CERT_FILE"]).parent == tmp_path


def test_another_address_than_the_loopback_is_refused() -> None:
    with pytest.raises(InputError, match=r"0\.0\.0\.0"):
        asyncio.run(Served().run(host="0.0.0.0"))  # that it is refused is the test


def test_an_exchange_that_nobody_could_reach_keeps_no_state(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ResourceError, match=str(taken.getsockname()[1])):
            asyncio.run(Served().run(path, port=taken.getsockname()[1]))
    assert not path.exists()


def test_a_state_file_that_is_no_good_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(orjson.dumps({"format": "something", "version": 1}))
    with pytest.raises(InputError, match=str(path)):
        asyncio.run(Served().run(path))
    assert orjson.loads(path.read_bytes())["format"] == "something"
