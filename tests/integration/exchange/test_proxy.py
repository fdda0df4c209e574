import asyncio
import json
import os
import ssl
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvloop

from engine.exchange.server.certificates import ensure_certificates, server_context
from engine.exchange.server.hosts import Service
from engine.exchange.server.messages import Response, json_response
from engine.exchange.server.proxy import listen_as_proxy
from engine.exchange.server.routes import Routes
from engine.exchange.server.server import Server
from tests.unit.engine.exchange.server.handlers import Echo

CLIENT = Path(__file__).with_name("proxied_client.py")
LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
Run = Callable[[Any], Any]


def routes() -> Routes:
    made = Routes()
    made.add(Service.CLOB, "GET", "/time", lambda request: json_response(1763683200))
    made.add(Service.CLOB, "POST", "/order", lambda request: Response(200, request.body))
    made.add(Service.GAMMA, "GET", "/markets", lambda request: json_response(request.host))
    made.add_stream(Service.CLOB_STREAMS, "/ws/market", Echo(), "/ws/market")
    return made


@LOOPS
def test_unmodified_clients_are_led_here_by_their_environment(run: Run, tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path, datetime.now(UTC))

    async def main() -> dict[str, object]:
        async with asyncio.timeout(60), Server(routes()) as server:
            port = await listen_as_proxy(server, server_context(certificates))
            proxy = f"http://127.0.0.1:{port}"
            kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
            child = await asyncio.create_subprocess_exec(
                sys.executable, str(CLIENT), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                env=kept | {"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "SSL_CERT_FILE": str(certificates.bundle)},
            )  # fmt: skip
            out, err = await child.communicate()
            assert child.returncode == 0, err.decode()
            found: dict[str, object] = json.loads(out)
            return found

    assert run(main()) == {
        "time": 1763683200,
        "version": "HTTP/1.1",
        "order": {"a": 1},
        "gamma": "gamma-api.polymarket.com",
        "elsewhere": "403 Forbidden",
        "plain": 1763683200,
        "plain elsewhere": 403,
        "said": "PING",
        "stream elsewhere": 403,
    }


@LOOPS
def test_a_port_of_its_own_serves_tls(run: Run, tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path, datetime.now(UTC))
    context = ssl.create_default_context(cafile=str(certificates.bundle))
    context.set_alpn_protocols(["h2", "http/1.1"])

    async def main() -> bytes:
        async with asyncio.timeout(20), Server(routes()) as server:
            port = await server.listen(tls=server_context(certificates))
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            writer.write(b"GET /time HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer

    assert run(main()).endswith(b"1763683200")


@LOOPS
def test_a_client_that_does_not_trust_us_leaves_nothing_behind(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificates = ensure_certificates(tmp_path, datetime.now(UTC))

    async def main() -> None:
        async with asyncio.timeout(20), Server(routes()) as server:
            port = await listen_as_proxy(server, server_context(certificates))
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"CONNECT clob.polymarket.com:443 HTTP/1.1\r\nHost: clob.polymarket.com:443\r\n\r\n")
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            writer.write(b"this is no TLS\r\n\r\n")
            await reader.read()
            writer.close()
            while server.context.transports:
                await asyncio.sleep(0.001)

    run(main())
    assert "no TLS with a client of clob.polymarket.com" in caplog.text
