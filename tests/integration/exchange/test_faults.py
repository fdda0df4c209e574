"""Each fault by its name, and what a client sees of it, over real sockets."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import websockets

from engine.exchange.scenario import What
from engine.model.events import Side
from engine.model.units import U6
from tests.integration.exchange.stage import Stage, staged

LONG_MS = 60_000
Check = Callable[[Stage], Awaitable[None]]
CHECKS: dict[What, Check] = {}


def seen(what: What) -> Callable[[Check], Check]:
    """Register what a client sees of a fault."""

    def register(check: Check) -> Check:
        CHECKS[what] = check
        return check

    return register


@pytest.mark.parametrize("what", list(What))
def test_a_client_sees_the_fault(what: What) -> None:
    async def main() -> None:
        async with staged() as stage:
            await CHECKS[what](stage)

    asyncio.run(main())


def test_a_fault_that_is_over_leaves_the_exchange_as_it_was() -> None:
    async def main() -> None:
        async with staged() as stage:
            for what in What:
                if what not in (What.RESTART, What.WS_CLOSE, What.WS_RESET, What.POLYBOLT_DRAIN):
                    stage.fault(what, for_ms=LONG_MS)
            for what in What:
                stage.control.incidents.remove(what)
            assert (await stage.place(4_000)).json()["status"] == "live"
            assert (await stage.place(4_000, account=1, side=Side.BUY, token=1)).json()["status"] == "live"
            async with stage.market_stream() as frames:
                assert (await frames.next())["event_type"] == "book"
            assert stage.app.exchange.settlement.lag_ms == 0
            assert stage.app.desk.skew_ms == 0

    asyncio.run(main())


async def trade(stage: Stage) -> str:
    """Let account 1 take what account 0 offers: a mint of both tokens; return the trade's id."""
    assert (await stage.place(4_000, account=0)).json()["status"] == "live"
    answer = (await stage.place(6_000, account=1, token=1)).json()
    assert answer["status"] == "matched"
    trade_id: str = answer["tradeIDs"][0]
    return trade_id


async def statuses(stage: Stage, count: int, trade_first: bool = True) -> list[str]:
    """Return the next statuses of a trade as the user channel tells them."""
    async with stage.user_stream() as frames:
        await asyncio.sleep(0.05)
        if trade_first:
            await trade(stage)
        return [(await frames.next("trade"))["status"] for _ in range(count)]


@seen(What.SLOW)
async def _slow(stage: Stage) -> None:
    stage.fault(What.SLOW, delay_ms=300)
    begun = time.monotonic()
    assert (await stage.place(4_000)).status_code == 200
    assert time.monotonic() - begun >= 0.3


@seen(What.TIMEOUT_BEFORE)
async def _timeout_before(stage: Stage) -> None:
    stage.fault(What.TIMEOUT_BEFORE, count=1)
    with pytest.raises(httpx.TransportError):
        await stage.place(4_000)
    assert (await stage.get("/data/orders", 0)).json()["data"] == []


@seen(What.TIMEOUT_AFTER)
async def _timeout_after(stage: Stage) -> None:
    stage.fault(What.TIMEOUT_AFTER, count=1)
    stage.client.timeout = httpx.Timeout(0.5)
    with pytest.raises(httpx.ReadTimeout):
        await stage.place(4_000)
    assert len((await stage.get("/data/orders", 0)).json()["data"]) == 1


@seen(What.DROP_AFTER)
async def _drop_after(stage: Stage) -> None:
    stage.fault(What.DROP_AFTER, count=1)
    with pytest.raises(httpx.TransportError):
        await stage.place(4_000)
    assert len((await stage.get("/data/orders", 0)).json()["data"]) == 1


@seen(What.ORDER_TIMED_OUT)
async def _order_timed_out(stage: Stage) -> None:
    stage.fault(What.ORDER_TIMED_OUT, count=1)
    answer = await stage.place(4_000)
    assert (answer.status_code, answer.json()) == (500, {"error": "order timed out"})
    assert (await stage.get("/data/orders", 0)).json()["data"] == []


@seen(What.TOO_MANY_REQUESTS)
async def _too_many_requests(stage: Stage) -> None:
    stage.fault(What.TOO_MANY_REQUESTS, count=1)
    answer = await stage.place(4_000)
    assert (answer.status_code, answer.json()) == (429, {"error": "Too Many Requests"})
    assert answer.headers["Poly-RateLimit-Remaining"] == "0"
    assert answer.headers["Retry-After"] == "1"


@seen(What.WS_STALL)
async def _ws_stall(stage: Stage) -> None:
    async with stage.market_stream() as frames:
        await frames.next("book")
        await frames.next("book")
        stage.fault(What.WS_STALL, for_ms=LONG_MS)
        await stage.place(4_000)
        await frames.connection.send("PING")
        assert [frame["event_type"] for frame in await frames.collect(0.3)] == ["PONG"]
        stage.control.incidents.remove(What.WS_STALL)
        await stage.place(4_100)
        assert (await frames.next("price_change"))["price_changes"][0]["price"] == "0.41"


@seen(What.WS_BACKLOG)
async def _ws_backlog(stage: Stage) -> None:
    async with stage.market_stream() as frames:
        await frames.collect(0.2)
        stage.fault(What.WS_BACKLOG, for_ms=LONG_MS)
        await stage.place(4_000)
        assert await frames.collect(0.2) == []
        stage.control.incidents.remove(What.WS_BACKLOG)
        assert (await frames.next("price_change"))["price_changes"][0]["price"] == "0.4"


@seen(What.WS_LOSE)
async def _ws_lose(stage: Stage) -> None:
    assert await prices_after(stage, What.WS_LOSE, count=1) == ["0.41", "0.42"]


@seen(What.WS_DUPLICATE)
async def _ws_duplicate(stage: Stage) -> None:
    assert await prices_after(stage, What.WS_DUPLICATE, count=1) == ["0.4", "0.4", "0.41", "0.42"]


@seen(What.WS_REORDER)
async def _ws_reorder(stage: Stage) -> None:
    assert await prices_after(stage, What.WS_REORDER, count=1) == ["0.41", "0.4", "0.42"]


async def prices_after(stage: Stage, what: What, **more: Any) -> list[str]:
    """Return the prices of the price changes of three orders, with a fault on."""
    async with stage.market_stream() as frames:
        await frames.collect(0.2)
        stage.fault(what, **more)
        for price_e4 in (4_000, 4_100, 4_200):
            assert (await stage.place(price_e4)).status_code == 200
        return [frame["price_changes"][0]["price"] for frame in await frames.collect(0.3)]


@seen(What.WS_LATE_SNAPSHOT)
async def _ws_late_snapshot(stage: Stage) -> None:
    stage.fault(What.WS_LATE_SNAPSHOT, after_frames=1, delay_ms=LONG_MS)
    async with stage.market_stream() as frames:
        await asyncio.sleep(0.1)
        await stage.place(4_000)
        kinds = [frame["event_type"] for frame in await frames.collect(0.3)]
        assert kinds[0] == "price_change"
        assert "book" in kinds[1:]


@seen(What.WS_CLOSE)
async def _ws_close(stage: Stage) -> None:
    async with stage.market_stream() as frames:
        await frames.collect(0.1)
        stage.fault(What.WS_CLOSE, code=1011)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await frames.next("price_change")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1011


@seen(What.WS_RESET)
async def _ws_reset(stage: Stage) -> None:
    async with stage.market_stream() as frames:
        await frames.collect(0.1)
        stage.fault(What.WS_RESET)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await frames.next("price_change")
        assert closed.value.rcvd is None


@seen(What.RESTART)
async def _restart(stage: Stage) -> None:
    stage.fault(What.RESTART, for_ms=300, delay_ms=300)
    assert (await stage.place(4_000)).status_code == 425
    assert (await stage.delete("/cancel-all", None)).status_code == 425
    await asyncio.sleep(0.35)
    answer = await stage.place(4_000)
    assert answer.status_code == 503
    assert answer.json()["code"] == "post_only_mode"
    assert (await stage.place(4_000, post_only=True)).json()["status"] == "live"
    await asyncio.sleep(0.35)
    assert (await stage.place(4_100)).json()["status"] == "live"


@seen(What.POST_ONLY)
async def _post_only(stage: Stage) -> None:
    stage.fault(What.POST_ONLY, for_ms=LONG_MS)
    answer = await stage.place(4_000)
    assert answer.status_code == 503
    assert answer.json()["error"] == "post-only mode: only post-only orders and cancels are allowed"
    assert int(answer.headers["Retry-After"]) == answer.json()["retry_after_seconds"] > 0
    assert (await stage.delete("/cancel-all", None)).status_code == 200


@seen(What.CANCEL_ONLY)
async def _cancel_only(stage: Stage) -> None:
    stage.fault(What.CANCEL_ONLY, for_ms=LONG_MS)
    answer = await stage.place(4_000, post_only=True)
    assert answer.status_code == 503
    assert "cancel-only" in answer.json()["error"]
    assert (await stage.delete("/cancel-all", None)).status_code == 200


@seen(What.DISABLED)
async def _disabled(stage: Stage) -> None:
    stage.fault(What.DISABLED, for_ms=LONG_MS)
    assert "disabled" in (await stage.place(4_000)).json()["error"]
    assert (await stage.delete("/cancel-all", None)).status_code == 503


@seen(What.RATE_LIMITS)
async def _rate_limits(stage: Stage) -> None:
    stage.fault(What.RATE_LIMITS, for_ms=LONG_MS)
    answers = [await stage.place(4_000) for _ in range(75)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].headers["Poly-RateLimit-Tier"] == "standard"
    assert int(refused[0].headers["Retry-After"]) >= 1


@seen(What.BALANCE_LAG)
async def _balance_lag(stage: Stage) -> None:
    stage.fault(What.BALANCE_LAG, delay_ms=LONG_MS)
    await trade(stage)
    await asyncio.sleep(0.2)
    token_id = stage.market.spec.tokens[0]
    asked = {"asset_type": "CONDITIONAL", "signature_type": "3", "token_id": token_id}
    assert (await stage.get("/balance-allowance", 0, **asked)).json()["balance"] == "0"
    refused = await stage.place(5_000, side=Side.SELL)
    assert "the balance is not enough -> balance: 0, order amount: 10000000" in refused.json()["error"]
    await stage.get("/balance-allowance/update", 0, **asked)
    assert (await stage.get("/balance-allowance", 0, **asked)).json()["balance"] == str(10 * U6)
    assert (await stage.place(5_000, side=Side.SELL)).json()["status"] == "live"


@seen(What.TRADE_FAILED)
async def _trade_failed(stage: Stage) -> None:
    stage.fault(What.TRADE_FAILED, delay_ms=50)
    assert await statuses(stage, 3) == ["MATCHED", "RETRYING", "FAILED"]
    token_id = stage.market.spec.tokens[0]
    asked = {"asset_type": "CONDITIONAL", "signature_type": "3", "token_id": token_id}
    assert (await stage.get("/balance-allowance", 0, **asked)).json()["balance"] == "0"


@seen(What.TRADE_RETRYING)
async def _trade_retrying(stage: Stage) -> None:
    stage.fault(What.TRADE_RETRYING, delay_ms=50)
    assert await statuses(stage, 4) == ["MATCHED", "RETRYING", "MINED", "CONFIRMED"]


@seen(What.SETTLEMENT_SLOW)
async def _settlement_slow(stage: Stage) -> None:
    stage.fault(What.SETTLEMENT_SLOW, delay_ms=LONG_MS)
    await trade(stage)
    await asyncio.sleep(0.3)
    assert (await stage.get("/data/trades", 0)).json()["data"][0]["status"] == "MATCHED"


@seen(What.BLANK_KILLED)
async def _blank_killed(stage: Stage) -> None:
    stage.fault(What.BLANK_KILLED)
    async with stage.user_stream() as frames:
        await asyncio.sleep(0.05)
        assert (await stage.place(4_000, tif="FOK")).status_code == 400
        killed = await frames.next("order")
        assert (killed["type"], killed["size_matched"], killed["created_at"]) == ("CANCELLATION", "", "")
        assert killed["status"].startswith("CANCELED_order couldn't be fully filled")


@seen(What.TICK_FLIP)
async def _tick_flip(stage: Stage) -> None:
    async with stage.market_stream() as frames:
        await frames.collect(0.1)
        stage.fault(What.TICK_FLIP, for_ms=LONG_MS)
        flip, _ = [await frames.next("tick_size_change") for _ in range(2)]
        assert (flip["old_tick_size"], flip["new_tick_size"]) == ("0.01", "0.001")
        assert (await stage.place(4_005)).status_code == 400
        assert (await stage.place(4_010)).json()["status"] == "live"
        stage.control.incidents.remove(What.TICK_FLIP)
        assert (await frames.next("tick_size_change"))["new_tick_size"] == "0.01"


@seen(What.MARKET_HALTED)
async def _market_halted(stage: Stage) -> None:
    slug = stage.market.spec.slug
    body = stage.order_body(4_000, 0, Side.BUY, "GTC", 10 * U6, 0, post_only=False)
    stage.fault(What.MARKET_HALTED, for_ms=LONG_MS)
    answer = await stage.client.post("/order", content=body, headers=stage._proof(0, "POST", "/order", body))
    assert answer.json() == {"error": "the market is not yet ready to process new orders"}
    assert (await stage.get(f"/gamma/markets/slug/{slug}")).json()["acceptingOrders"] is False


@seen(What.HYDRATION_DELAY)
async def _hydration_delay(stage: Stage) -> None:
    stage.fault(What.HYDRATION_DELAY, delay_ms=LONG_MS)
    calendar = stage.app.calendars[0]
    now_ms = stage.app.desk.now_ms()
    start_s = max(market.spec.end_ms for market in stage.app.exchange.markets.values()) // 1_000
    calendar._list(start_s, now_ms, calendar.options.hydrate_ms + calendar.hydration_extra_ms)
    spec = next(m.spec for m in stage.app.exchange.markets.values() if m.spec.start_ms == start_s * 1_000)
    listed = (await stage.get(f"/gamma/markets/slug/{spec.slug}")).json()
    assert (listed["clobTokenIds"], listed["acceptingOrders"]) == ('["", ""]', False)
    assert (await stage.get("/book", token_id=spec.tokens[0])).status_code == 404


@seen(What.CLOCK_SKEW)
async def _clock_skew(stage: Stage) -> None:
    stage.fault(What.CLOCK_SKEW, delay_ms=-400_000)
    assert abs((await stage.get("/time")).json() - (time.time() - 400)) < 3
    answer = await stage.place(4_000)
    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized/Invalid api key"})


@seen(What.RTDS_STALL)
async def _rtds_stall(stage: Stage) -> None:
    subscription = {"topic": "crypto_prices_chainlink", "type": "*", "filters": '{"symbol":"btc/usd"}'}
    async with stage.stream("/rtds", {"action": "subscribe", "subscriptions": [subscription]}) as frames:
        assert (await frames.next())["topic"].startswith("crypto_prices")
        stage.fault(What.RTDS_STALL)
        await frames.collect(0.1)
        assert await frames.collect(0.5) == []
        stage.control.incidents.remove(What.RTDS_STALL)
        assert (await frames.next())["topic"] == "crypto_prices_chainlink"


@seen(What.POLYBOLT_DRAIN)
async def _polybolt_drain(stage: Stage) -> None:
    async with stage.stream("/polybolt", {"op": "ping"}) as frames:
        assert (await frames.next())["op"] == "pong"
        stage.fault(What.POLYBOLT_DRAIN)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await frames.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4003
