"""The engine's process of the latency benchmark: a live session as it is, with its stages timed.

`python -m engine.runtime.latency_engine FOLDER RING SPIN` trades until it is told to stop and writes what it took to
FOLDER/samples.json.
"""

import asyncio
import signal
import sys
import time
from pathlib import Path

import msgspec
import orjson

from engine.config.load import load_config
from engine.kernel.kernel import Kernel
from engine.model.commands import Command
from engine.model.events import Event, Market
from engine.runtime.account import derive_credentials, owner_of
from engine.runtime.latency_marks import Marks
from engine.runtime.live import Account, LiveEngine, hosts_of
from engine.runtime.live_session import LivePlan, run_live_session
from engine.runtime.session import Session
from engine.runtime.shell import Shell

SAMPLES: str = "samples.json"
REACH: str = "reach.json"


def main(folder: Path, ring: str, *, spin: bool) -> None:
    """Run until SIGTERM."""
    config = load_config(folder / "config.json")
    reach = orjson.loads((folder / REACH).read_bytes())
    hosts = hosts_of(reach["clob_url"], reach["user_ws_url"], reach["data_url"])
    owner = owner_of(config, {}, local=True)
    credentials = asyncio.run(derive_credentials(reach["plain_url"], owner.key, int(time.time())))
    account = Account(owner.key, owner.wallet, owner.signature_type, credentials)
    marks = Marks()

    def watch(engine: LiveEngine, session: Session) -> None:
        marks.watch_writes()
        marks.watch_kernel(session.kernel)
        marks.watch_gateway(engine.gateway)
        marks.watch_stream(engine.stream)
        engine.on_driver = marks.watch_driver
        forget_rounds(session.kernel)

    def stop_on_term(shell: Shell) -> None:
        signal.signal(signal.SIGTERM, lambda number, frame: shell.request_stop())

    run_live_session(
        config,
        folder / "state",
        ring,
        LivePlan(account, hosts, spin=spin),
        run_dir=folder / "run",
        on_shell=stop_on_term,
        on_alert=lambda text: print(text, file=sys.stderr),
        on_engine=watch,
    )
    (folder / SAMPLES).write_bytes(orjson.dumps(msgspec.to_builtins(marks.taken)))


def forget_rounds(kernel: Kernel) -> None:
    """Let the kernel have two windows at a time, as it has when it trades: the benchmark opens hundreds."""
    receive = kernel.receive

    def received(event: Event) -> list[Command]:
        state = kernel.state
        for slug in list(state.rounds)[:-2] if isinstance(event, Market) else ():
            old = state.rounds.pop(slug)
            for view in (old.up, old.down):
                state.slug_of_asset.pop(view.asset, None)
            state.placed = {order: place for order, place in state.placed.items() if not order.startswith(f"{slug}/")}
        return receive(event)

    kernel.receive = received  # type: ignore[method-assign]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], spin=sys.argv[3] == "spin")
