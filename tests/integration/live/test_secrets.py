"""Key, API secret, passphrase and proxy password are in nothing that an engine leaves, whatever went wrong."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.cli.going_live import CONFIRM_NAME, CONFIRM_VALUE
from engine.runtime.account import API_NAMES, FUNDER_NAME, KEY_NAME, derive_credentials
from engine.venue.accounts import known_account
from engine.venue.addresses import checksum_address
from engine.venue.credentials import ApiCredentials
from engine.venue.keys import OwnerKey
from engine.venue.wallets import wallets_of
from tests.integration.live.live_run import LIVE_ROOT, LiveRun
from tests.marked_secrets import (
    API_SECRET,
    MARKED,
    PASSPHRASE,
    PRIVATE_KEY,
    PROXY_PASSWORD,
    Marked,
    found_in,
    search,
    secret_forms,
    word_forms,
)

KEY = OwnerKey.parse(PRIVATE_KEY)
SECONDS = 20
NOWHERE = "192.0.2.1:9"
"""An address of TEST-NET-1, which is nobody's; and the proxy that leads there does not answer."""
CRASH = """
import sys
from engine.cli.main import main
from engine.runtime.shell import Shell
turn, left = Shell.turn, [40]
def failing(shell):
    left[0] -= 1
    if not left[0]:
        raise ValueError(f"a bug in {vars(shell)}, {shell.loop.gateway.wire.writer}, {shell.loop.gateway.signer}")
    return turn(shell)
Shell.turn = failing
sys.argv = ["bucketmm", *sys.argv[1:]]
main()
"""


class MarkedRun(LiveRun):
    """A live run whose account has the marked secrets; everything that is said goes to files of its folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, SECONDS, "shadow", 11)
        values = (PRIVATE_KEY, "marked-api-key", API_SECRET, PASSPHRASE, CONFIRM_VALUE)
        self.environment |= dict(zip((KEY_NAME, *API_NAMES, CONFIRM_NAME), values, strict=True))

    def fund(self) -> ApiCredentials:
        """Open the key's wallet at the exchange, with money; return the credentials that the engine derives, too."""
        control, owner = self.reach()["control_url"], checksum_address(KEY.address)
        wallet = checksum_address(wallets_of(KEY.address).deposit)
        for path, body in (
            ("wallets", {"address": wallet, "owner": owner}),
            ("deposits", {"wallet": wallet, "usd": 1_000}),
        ):
            httpx.post(f"{control}/{path}", json=body).raise_for_status()
        return asyncio.run(derive_credentials(self.reach()["clob_url"], KEY, int(time.time())))

    def fault(self, what: str, **more: Any) -> None:
        """Let something go wrong at the exchange for some seconds."""
        body = {"name": what, "what": what, "for_ms": 4_000, **more}
        httpx.post(f"{self.reach()['control_url']}/faults", json=body).raise_for_status()

    def say(self, name: str, *arguments: str, status: int | None = 0, **environment: str) -> None:
        """Run a command to its end; its output is in a log of its name."""
        with self.having(**environment):
            self.launch(name, *arguments)
        found = self.process(name).wait(60)
        assert status is None or found == status, f"{name}: status {found}\n{self.log()}"

    @contextmanager
    def having(self, **environment: str) -> Iterator[None]:
        """Let what is started inside have other variables, too."""
        kept = self.environment
        self.environment = kept | environment
        try:
            yield
        finally:
            self.environment = kept

    def launch(self, name: str, *arguments: str) -> None:
        """Start one process; one that is to crash is started by the code that lets it."""
        if name != "crash":
            super().launch(name, *arguments)
            return
        self.start_python(name, "-X", "faulthandler", "-c", CRASH, *arguments)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[MarkedRun]:
    made = MarkedRun(tmp_path)
    yield made
    made.close()


def command_lines() -> Iterator[bytes]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes()
        except OSError:
            continue  # it has ended meanwhile


def refuse_to_start(run: MarkedRun) -> None:
    """Start engines that cannot be, each for another reason that has a secret in it."""
    live = ("run", "--mode", "live", "--config", "config.json")
    run.say("bad-key", *live, status=2, POLYMARKET_PK=f"{PRIVATE_KEY}zz")
    other = checksum_address(known_account(0).address)
    run.say("bad-wallet", *live, status=2, **{FUNDER_NAME: other})
    config = json.loads((run.folder / "config.json").read_text())
    config["runtime"]["mode"] = "live"
    config["feed"]["source"] = "polymarket"  # the ring is there already: no feeder is started
    for name in config["venue"]:
        if name.endswith("_url"):
            config["venue"][name] = f"{'ws' if '_ws_' in name else 'http'}://{NOWHERE}/{name}"
    config["venue"]["proxy"] = f"socks5://ada:{PROXY_PASSWORD}@127.0.0.1:1"
    nowhere = run.folder / "nowhere"  # written by a person, with the password in it: not searched
    nowhere.mkdir()
    nowhere.joinpath("config.json").write_text(json.dumps(config))
    away = ("run", "--mode", "live", "--config", "nowhere/config.json", "--run-dir", "run-away")
    run.say("bad-secret", *away, status=2, **{API_NAMES[1]: f"{API_SECRET}!"})
    run.say("no-credentials", *away, status=3, **dict.fromkeys(API_NAMES, ""))
    run.say("config-shown", "config", "show", "nowhere/config.json")
    run.say(
        "looked", "preflight", "--source", "polymarket", "--config", "nowhere/config.json", "--show-config", status=1
    )
    with run.having(XDG_STATE_HOME=str(run.folder / "xdg-away")):  # a wallet has one engine
        run.launch("nobody-answers", *away, "--state", "state-away")


def trade_with_trouble(run: MarkedRun) -> None:
    """Trade while the venue refuses, loses and delays, and look at everything meanwhile."""
    for what in ("order_timed_out", "too_many_requests", "post_only", "drop_after"):
        run.fault(what)
        time.sleep(3)
    run.fault("ws_close")
    for name, arguments in (
        ("status", ("status", "--json")),
        ("safety", ("status", "--safety")),
        ("preflight", ("preflight", "--source", "local", "--config", "config.json", "--show-config")),
        ("balance", ("wallet", "--source", "local", "--config", "config.json", "balance")),
        ("keys", ("wallet", "--source", "local", "--config", "config.json", "derive-keys")),
    ):
        run.say(name, *arguments, status=None)
    given_away = [line for line in command_lines() if found_in(line)]
    assert given_away == []


def test_no_secret_is_left_anywhere_and_a_planted_one_is_found(run: MarkedRun) -> None:
    run.start_exchange()
    derived = run.fund()
    marked = (
        *MARKED,
        Marked("derived API secret", secret_forms(derived.secret)),
        Marked("derived passphrase", word_forms(derived.passphrase)),
    )
    run.start_feeder()
    refuse_to_start(run)
    run.start_engine()
    trade_with_trouble(run)
    assert run.stop("engine") == 0, run.log()
    run.say("crash", "run", "--mode", "live", "--config", "config.json", "--window-seconds", str(SECONDS), status=None)
    assert "a bug in" in (run.folder / "crash.log").read_text()
    state = f"state/{LIVE_ROOT}"
    run.say("store", "store", "rebuild", "--state", state)
    run.say("replay", "replay", state, "--json")
    run.say("compare", "compare", state, f"{state}-twin", "--json", "--html", "compare.html")
    assert run.process("nobody-answers").wait(60) == 3
    assert "to answer and to take our API credentials" in (run.folder / "nobody-answers.log").read_text()
    left = list(searched(run.folder, marked))
    assert left == []
    for number, form in enumerate(form for one in marked for form in one.forms):
        planted = run.folder / state / f"planted-{number}"
        planted.write_bytes(b"x" * number + form + b"y")
        assert any(str(planted) in line for line in searched(run.folder, marked)), form
        planted.unlink()


def searched(folder: Path, marked: tuple[Marked, ...]) -> Iterator[str]:
    """Search everything but the config that has the proxy's password in it."""
    return (line for line in search([folder], marked) if f"{folder}/nowhere/config.json" not in line)
