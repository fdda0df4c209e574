"""The official SDK, unmodified, led to the local exchange by its private environment object."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from polymarket import AsyncSecureClient, RelayerApiKey
from polymarket._internal.environment import PRODUCTION_CONFIG, create_environment
from polymarket.environments import Environment

from tests.conformance.venue import Account, Venue

PATIENCE_S = 60
Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a test's coroutine, with an end."""
    return asyncio.run(asyncio.wait_for(work, PATIENCE_S))


def environment(venue: Venue) -> Environment:
    """Return the SDK's environment with the exchange's addresses."""
    reach = venue.reach
    config = dataclasses.replace(
        PRODUCTION_CONFIG,
        clob_url=reach["clob_url"],
        gamma_url=reach["gamma_url"],
        data_url=reach["data_url"],
        relayer_url=reach["relayer_url"],
        rpc_url=reach["rpc_url"],
        rfq_url=reach["clob_url"],
        clob_market_ws_url=reach["market_ws_url"],
        clob_user_ws_url=reach["user_ws_url"],
        rtds_ws_url=reach["rtds_ws_url"],
        realtime_ws_url=reach["polybolt_ws_url"],
        relayer_poll_frequency_ms=60,  # it tries 10 times to get a wallet that is busy for 300 ms
    )
    return create_environment(name="local", config=config)


@asynccontextmanager
async def connected(venue: Venue, account: Account, kind: int = 3, **options: Any) -> AsyncIterator[AsyncSecureClient]:
    """Yield a client of one of an account's wallets."""
    options = {"wallet": account.wallets[kind], **options}
    client = await AsyncSecureClient.create(
        private_key=account.private_key,
        environment=environment(venue),
        api_key=RelayerApiKey(key="any", address=account.eoa),
        **options,
    )
    try:
        yield client
    finally:
        await client.close()
