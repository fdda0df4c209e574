"""Both kinds of limits, as a client meets them when they are enforced."""

import asyncio
import time

from engine.exchange.server.limits import Mode
from tests.integration.exchange.stage import staged

UPDATES_IN_10_S = 50


def seconds_of_updates(limits: Mode, count: int) -> float:
    """Return how long so many refreshes of a balance take."""

    async def main() -> float:
        async with staged(limits=limits) as stage:
            begun = time.monotonic()
            for _ in range(count):
                answer = await stage.get("/balance-allowance/update", 0, asset_type="COLLATERAL", signature_type="3")
                assert answer.status_code == 200
            return time.monotonic() - begun

    return asyncio.run(main())


def test_an_address_that_asks_too_often_waits_and_is_not_refused() -> None:
    assert seconds_of_updates(Mode.ENFORCE, UPDATES_IN_10_S + 5) >= 0.9, "one place comes free every 200 ms"


def test_a_signer_that_orders_too_often_is_refused_until_its_bucket_fills() -> None:
    async def main() -> None:
        async with staged(limits=Mode.ENFORCE) as stage:
            answers = [await stage.place(4_000) for _ in range(70)]
            refused = [answer for answer in answers if answer.status_code == 429]
            assert refused
            assert {answer.headers["Poly-RateLimit-Tier"] for answer in refused} == {"standard"}

    asyncio.run(main())
