"""Runs an exchange until it is told to stop: ports, TLS, proxy, control, and what a user has to know to reach it."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from engine.exchange.accounts import TestAccount, open_accounts
from engine.exchange.app import App
from engine.exchange.control import Control
from engine.exchange.scenario import Scenario
from engine.exchange.server.bind import LOOPBACK
from engine.exchange.server.certificates import ensure_certificates, server_context
from engine.exchange.server.proxy import listen_as_proxy
from engine.exchange.server.routes import Routes
from engine.exchange.server.server import Server

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
INTERRUPTED: Final = 130
"""The exit status after Ctrl-C."""


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where an exchange listens; port 0 is any free one. `tls_dir` is where the local authority is kept."""

    host: str = LOOPBACK
    port: int = 0
    control_port: int = 0
    tls: bool = False
    tls_dir: Path = Path("run/tls")
    allow_public: bool = False
    accounts: int = 10
    balance_usd: int = 1_000


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """How clients reach a running exchange. `tls_url` and `environment` are there with TLS only."""

    clob_url: str
    gamma_url: str
    data_url: str
    relayer_url: str
    rpc_url: str
    market_ws_url: str
    user_ws_url: str
    polybolt_ws_url: str
    rtds_ws_url: str
    control_url: str
    tls_url: str = ""
    environment: dict[str, str] = {}


Ready = Callable[[Reach, list[TestAccount]], None]
Beat = Callable[[Reach, dict[str, object]], None]
BEAT_S: Final = 1.0


async def serve(
    app: App, options: ServeOptions, scenario: Scenario | None, state: Path | None, ready: Ready, beat: Beat
) -> int:
    """Serve until SIGTERM or Ctrl-C; return the exit status of the command, 0 or 130. `ready` hears once how to reach
    it, `beat` about every second how it is. The state is kept however it ends, if ever it was reachable.

    Raises:
        InputError: The address is not the loopback's.
        InputError: The state file is no good, or cannot be written.
        ResourceError: A port is taken, or the TLS directory cannot be used.
    """
    if state is not None:
        app.restore(state)
    accounts = open_accounts(app.desk, options.accounts, options.balance_usd)
    server = app.open_server()
    control = Control(app)
    control_routes = Routes()
    control.add_to(control_routes)
    if scenario is not None:
        control.play(scenario)
    controls = Server(control_routes, compression=False)
    stopped = asyncio.Event()
    received: list[int] = []
    is_reachable = False

    def stop(number: int) -> None:
        received.append(number)
        stopped.set()

    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        reach = await _listen(server, controls, options)
        is_reachable = True
        beat(reach, app.describe())
        ready(reach, accounts)
        while not stopped.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), BEAT_S)
            beat(reach, app.describe())
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)
        await server.stop()
        await controls.stop()
        if state is not None and is_reachable:
            app.save(state)
    return INTERRUPTED if received[0] == signal.SIGINT else 0


async def _listen(server: Server, controls: Server, options: ServeOptions) -> Reach:
    port = await server.listen(options.host, options.port, allow_public=options.allow_public)
    control_port = await controls.listen(LOOPBACK, options.control_port)
    tls_url, environment = "", {}
    if options.tls:
        certificates = ensure_certificates(options.tls_dir, datetime.now(UTC))
        context = server_context(certificates)
        tls_url = f"https://{LOOPBACK}:{await server.listen(LOOPBACK, 0, tls=context)}"
        proxy_port = await listen_as_proxy(server, context)
        environment = {
            "HTTPS_PROXY": f"http://{LOOPBACK}:{proxy_port}",
            "SSL_CERT_FILE": str(certificates.bundle.resolve()),
        }
    host = f"[{options.host}]" if ":" in options.host else options.host
    http, ws = f"http://{host}:{port}", f"ws://{host}:{port}"
    return Reach(
        clob_url=http,
        gamma_url=f"{http}/gamma",
        data_url=f"{http}/data",
        relayer_url=f"{http}/relayer",
        rpc_url=f"{http}/rpc",
        market_ws_url=f"{ws}/ws/market",
        user_ws_url=f"{ws}/ws/user",
        polybolt_ws_url=f"{ws}/polybolt",
        rtds_ws_url=f"{ws}/rtds",
        control_url=f"http://{LOOPBACK}:{control_port}",
        tls_url=tls_url,
        environment=environment,
    )
