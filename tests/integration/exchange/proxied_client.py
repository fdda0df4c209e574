"""A client that knows nothing of the local exchange but what is in its environment; prints what it met as JSON."""

import asyncio
import json
import sys

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidProxyStatus


async def main() -> dict[str, object]:
    met: dict[str, object] = {}
    async with httpx.AsyncClient(http2=True) as client:
        response = await client.get("https://clob.polymarket.com/time")
        met["time"], met["version"] = response.json(), response.http_version
        met["order"] = (await client.post("https://clob.polymarket.com/order", json={"a": 1})).json()
        met["gamma"] = (await client.get("https://gamma-api.polymarket.com/markets")).json()
        try:
            await client.get("https://example.com/")
        except httpx.ProxyError as error:
            met["elsewhere"] = str(error)
        met["plain"] = (await client.get("http://clob.polymarket.com/time")).json()
        met["plain elsewhere"] = (await client.get("http://example.com/")).status_code
    async with connect("wss://ws-subscriptions-clob.polymarket.com/ws/market") as link:
        await link.send("PING")
        met["said"] = await link.recv()
    try:
        await connect("wss://example.com/ws/market")
    except InvalidProxyStatus as error:
        met["stream elsewhere"] = error.response.status_code
    return met


if __name__ == "__main__":
    json.dump(asyncio.run(main()), sys.stdout)
