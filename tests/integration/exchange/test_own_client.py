"""What the live gateway is made of, against the exchange: bytes written by hand, ids known beforehand, frames read."""

import asyncio
import time
from typing import Any

from engine.execution.polymarket.answers import Outcome, Placed, Refused, read_cancelling, read_placing
from engine.execution.polymarket.requests import RequestWriter
from engine.execution.polymarket.signing import SignedOrder, Terms, WalletSigner
from engine.execution.polymarket.user_channel import Complaint, OwnFill, OwnOrder, Part, Update, read_frame
from engine.model.codes import Code
from engine.model.commands import TimeInForce
from engine.model.events import Settlement, Side
from engine.model.units import SHARE_U6
from engine.venue.contracts import EXCHANGE_V2
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of
from tests.integration.exchange.stage import Frames, Stage, staged


class Client:
    """One account's own client over one connection of its own."""

    def __init__(self, stage: Stage, account: int) -> None:
        owner = stage.accounts[account]
        self.owner = owner.credentials.key
        self._stage = stage
        self._signer = WalletSigner(owner.key, wallets_of(owner.key.address).deposit, SignatureType.DEPOSIT_WALLET)
        self._writer = RequestWriter("127.0.0.1", owner.key.address, owner.credentials)
        self._salt = 1_000 * (account + 1)

    def sign(self, side: Side, price_e4: int, token: int, tif: TimeInForce = TimeInForce.GTC) -> SignedOrder:
        market = self._stage.market
        self._salt += 1
        terms = Terms(int(market.spec.tokens[token]), side, price_e4, 10 * SHARE_U6, market.tick_e4, tif)
        return self._signer.sign(terms, self._salt, time.time_ns() // 1_000_000, EXCHANGE_V2)

    async def place(self, order: SignedOrder, tif: TimeInForce = TimeInForce.GTC, **more: Any) -> Outcome:
        request = self._writer.place(self._writer.order_body(order, tif, **more), int(time.time()))
        return read_placing(*await self._send(request))

    async def cancel(self, order_id: str) -> Any:
        status, _, body = await self._send(self._writer.cancel(order_id, int(time.time())))
        return read_cancelling(status, body)

    async def _send(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        url = self._stage.client.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")[:-2]
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        writer.close()
        return int(first.split()[1]), headers, body


def test_an_order_is_placed_under_the_id_that_was_known_and_cancelled_by_it() -> None:
    async def main() -> None:
        async with staged() as stage:
            client = Client(stage, 0)
            order = client.sign(Side.BUY, 4_000, 0)
            assert await client.place(order, post_only=True) == Placed(order.order_id, "live", 0, 0, ())
            again = await client.place(order)
            assert isinstance(again, Refused)
            assert again.code == Code.DUPLICATED
            assert await client.cancel(order.order_id) == (frozenset({order.order_id}), {})
            assert await client.cancel(order.order_id) == (frozenset(), {order.order_id: Code.CANCEL_NOT_FOUND})

    asyncio.run(main())


def test_both_sides_of_a_mint_read_their_own_fill_from_the_user_channel() -> None:
    async def main() -> None:
        async with staged() as stage:
            maker, taker = Client(stage, 0), Client(stage, 1)
            async with stage.user_stream(0) as makers, stage.user_stream(1) as takers:
                await asyncio.sleep(0.05)
                resting, taking = maker.sign(Side.BUY, 4_000, 0), taker.sign(Side.BUY, 6_500, 1)
                await maker.place(resting)
                filled = await taker.place(taking)
                assert isinstance(filled, Placed)
                assert (filled.status, filled.making_u6, filled.taking_u6) == ("matched", 6_000_000, 10 * SHARE_U6)
                up, down = stage.market.spec.tokens
                told = await fills(makers, maker.owner)
                assert [fill.settlement for fill in told] == [
                    Settlement.MATCHED, Settlement.MINED, Settlement.CONFIRMED,
                ]  # fmt: skip
                assert (told[0].order_id, told[0].token_id, told[0].side, told[0].maker, told[0].parts) == (
                    resting.order_id, up, Side.BUY, True, (Part(4_000, 10 * SHARE_U6, 4_000_000),),
                )  # fmt: skip
                told = await fills(takers, taker.owner)
                assert (told[0].order_id, told[0].token_id, told[0].side, told[0].maker, told[0].parts) == (
                    taking.order_id, down, Side.BUY, False, (Part(6_000, 10 * SHARE_U6, 6_000_000),),
                )  # fmt: skip
                assert told[0].trade_id == filled.trade_ids[0]

    asyncio.run(main())


def test_a_killed_order_is_refused_and_told_as_cancelled() -> None:
    async def main() -> None:
        async with staged() as stage:
            client = Client(stage, 0)
            async with stage.user_stream(0) as frames:
                await asyncio.sleep(0.05)
                order = client.sign(Side.BUY, 4_000, 0, TimeInForce.FOK)
                refused = await client.place(order, TimeInForce.FOK)
                assert isinstance(refused, Refused)
                assert refused.code == Code.FOK_NOT_FILLED
                (update,) = await updates(frames, client.owner, 1)
                assert isinstance(update, OwnOrder)
                assert (update.order_id, update.what) == (order.order_id, "CANCELLATION")

    asyncio.run(main())


async def updates(frames: Frames, owner: str, count: int) -> list[Update]:
    found: list[Update] = []
    while len(found) < count:
        frame = await asyncio.wait_for(frames.connection.recv(decode=False), 5)
        found += read_frame(frame, owner)
    assert not [update for update in found if isinstance(update, Complaint)]
    return found


async def fills(frames: Frames, owner: str) -> list[OwnFill]:
    """Return the three settlements of one fill."""
    found: list[OwnFill] = []
    while len(found) < 3:
        found += [update for update in await updates(frames, owner, 1) if isinstance(update, OwnFill)]
    return found
