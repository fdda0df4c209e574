"""Both clients in their production environments: what they know of the local exchange is in HTTPS_PROXY and
SSL_CERT_FILE alone. Takes a private key, a wallet and a token id; prints what they met as JSON.
"""

import asyncio
import json
import sys

from polymarket import AsyncSecureClient, RelayerApiKey
from polymarket.streams import MarketSpec, UserSpec
from py_clob_client_v2.client import ClobClient
from py_clob_client_v2.clob_types import OrderArgsV2


async def trade(private_key: str, wallet: str, token_id: str, condition_id: str) -> dict[str, object]:
    met: dict[str, object] = {}
    owner = ClobClient(host="https://clob.polymarket.com", chain_id=137, key=private_key).get_address()
    api_key = RelayerApiKey(key="any", address=owner)
    client = await AsyncSecureClient.create(private_key=private_key, wallet=wallet, api_key=api_key)
    try:
        books = await client.subscribe(MarketSpec(asset_ids=[token_id]))
        events = await client.subscribe(UserSpec())
        async for event in books:
            met["first frame"] = event.type
            break
        placed = await client.place_limit_order(asset_id=token_id, price="0.4", size="10", side="BUY")
        met["placed"] = placed.status
        async for event in events:
            met["told"] = [event.type, event.payload.id == placed.order_id]
            break
        met["cancelled"] = len((await client.cancel_all()).canceled)
        split = await client.split_position(condition_id=condition_id, amount=1_000_000)
        met["split"] = len((await split.wait()).transaction_hash)
        met["approved"] = (await client.get_trading_approvals_state()).is_fully_approved
        met["positions"] = (await client.list_positions().first_page()).has_more
        await books.close()
        await events.close()
    finally:
        await client.close()
    return met


def trade_v2(private_key: str, wallet: str, token_id: str) -> dict[str, object]:
    bare = ClobClient(host="https://clob.polymarket.com", chain_id=137, key=private_key)
    creds = bare.create_or_derive_api_key()
    client = ClobClient(
        host="https://clob.polymarket.com", chain_id=137, key=private_key, creds=creds, signature_type=3, funder=wallet
    )
    placed = client.create_and_post_order(OrderArgsV2(token_id=token_id, price=0.3, size=10, side="BUY"))
    return {"placed": placed["status"], "cancelled": len(client.cancel_all()["canceled"])}


if __name__ == "__main__":
    key, address, token, condition = sys.argv[1:]
    found = {"sdk": asyncio.run(trade(key, address, token, condition)), "v2": trade_v2(key, address, token)}
    json.dump(found, sys.stdout)
