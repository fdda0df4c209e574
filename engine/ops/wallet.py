"""Set-up work on a wallet through the official SDK: balances, approvals, split, merge, redeem.

The SDK is pointed at a venue by its private environment object, because it has no public way (protocol.md 1.3,
2026-11-21); its version is pinned exactly. Split, merge, redeem and approvals are for deposit wallets (signature type
3): the venue relays them without gas. Nothing of this is on the engine's hot path, and the engine never imports it.
"""

import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

from polymarket import AsyncSecureClient, BuilderApiKey, RelayerApiKey
from polymarket._internal.environment import PRODUCTION_CONFIG, create_environment
from polymarket.environments import Environment
from polymarket.errors import PolymarketError
from polymarket.transactions import TransactionHandle

from engine.model.errors import InputError, ResourceError
from engine.ops.endpoints import Endpoints
from engine.venue.addresses import checksum_address
from engine.venue.orders import SignatureType

RELAYER_KEY_NAME: Final = "POLYMARKET_RELAYER_API_KEY"
BUILDER_NAMES: Final = (
    "POLYMARKET_BUILDER_API_KEY",
    "POLYMARKET_BUILDER_API_SECRET",
    "POLYMARKET_BUILDER_PASSPHRASE",
)
LOCAL_POLL_MS: Final = 100
"""A local exchange mines at once; the venue is asked every two seconds, as the SDK does by itself."""


class Identity(NamedTuple):
    """Who acts: the key's text, its address, the wallet and its kind. It never shows the key."""

    private_key: str
    eoa: bytes
    wallet: bytes
    signature_type: SignatureType

    def __repr__(self) -> str:
        return f"Identity(wallet={checksum_address(self.wallet)})"


class Holding(NamedTuple):
    """One position of the wallet, in shares."""

    slug: str
    outcome: str
    size: Decimal
    condition_id: str
    mergeable: bool
    redeemable: bool


class Balance(NamedTuple):
    """What a wallet has: collateral as the venue's balance cache says, how many approvals are missing, positions."""

    wallet: str
    collateral_u6: int
    approvals_missing: int
    holdings: list[Holding]


def relayer_key(
    environment: Mapping[str, str], identity: Identity, *, local: bool
) -> BuilderApiKey | RelayerApiKey | None:
    """Return what the relayer is called with, from the environment; None without any: then nothing can be relayed.

    Raises InputError for half of a builder's key.
    """
    eoa = checksum_address(identity.eoa)
    if local:
        return RelayerApiKey(key="local", address=eoa)
    found = environment.get(RELAYER_KEY_NAME)
    if found:
        return RelayerApiKey(key=found, address=eoa)
    parts = [environment.get(name) for name in BUILDER_NAMES]
    if not any(parts):
        return None
    if not all(parts):
        raise InputError(f"expected all of {', '.join(BUILDER_NAMES)} in the environment, some are missing")
    key, secret, passphrase = (part or "" for part in parts)
    return BuilderApiKey(key=key, secret=secret, passphrase=passphrase)


def check_kind(signature_type: SignatureType, what: str) -> None:
    """Raise InputError for a wallet that cannot do it through the relayer."""
    if signature_type is not SignatureType.DEPOSIT_WALLET:
        raise InputError(
            f"{what}: expected a deposit wallet (api.SIGNATURE_TYPE 3), was {int(signature_type)}: the relayer takes "
            "transactions of deposit wallets only; do it on the venue's site"
        )


class Wallet:
    """A wallet's actions; each returns when the chain has confirmed it. Errors of the venue are ResourceErrors."""

    def __init__(self, client: AsyncSecureClient, identity: Identity) -> None:
        self._client = client
        self._identity = identity

    async def balance(self) -> Balance:
        """Return what the wallet has."""
        collateral = await self._client.get_balance_allowance(asset_type="COLLATERAL")
        missing = (await self._client.get_trading_approvals_state()).missing
        return Balance(
            wallet=checksum_address(self._identity.wallet),
            collateral_u6=collateral.balance,
            approvals_missing=len(missing.erc20) + len(missing.erc1155),
            holdings=await self._holdings(None),
        )

    async def approve(self) -> int:
        """Give the exchanges what trading needs; return how many approvals were missing."""
        self._check("approve")
        before = (await self._client.get_trading_approvals_state()).missing
        await self._client.setup_trading_approvals()
        return len(before.erc20) + len(before.erc1155)

    async def split(self, market: str, amount_u6: int) -> str:
        """Turn collateral into so many shares of both outcomes; return the transaction's hash."""
        self._check("split")
        condition_id = await self._condition(market)
        return await _done(await self._client.split_position(condition_id=condition_id, amount=amount_u6))

    async def merge(self, market: str, amount_u6: int | None) -> str:
        """Turn pairs of shares back into collateral, all there are for None; return the transaction's hash."""
        self._check("merge")
        condition_id = await self._condition(market)
        merging = self._client.merge_positions(
            condition_id=condition_id, amount="max" if amount_u6 is None else amount_u6
        )
        return await _done(await merging)

    async def redeem(self, market: str) -> str:
        """Turn the winning shares of a resolved market into collateral; return the transaction's hash."""
        self._check("redeem")
        return await _done(await self._client.redeem_positions(condition_id=await self._condition(market)))

    async def tidy(self, say: Callable[[str], None]) -> int:
        """Merge every pair and redeem every winner that the Data API lists; return how many actions were done.

        Pairs of a market where an order of ours rests are left alone: the order may need the shares.
        """
        self._check("tidy")
        done = 0
        resting = {order.condition_id async for order in self._client.list_open_orders().iter_items()}
        for condition_id, slug in await self._conditions("MERGEABLE"):
            if condition_id in resting:
                say(f"{slug}: left alone, an order rests there")
                continue
            say(f"{slug}: merged, {await self.merge(condition_id, None)}")
            done += 1
        for condition_id, slug in await self._conditions("REDEEMABLE"):
            say(f"{slug}: redeemed, {await self.redeem(condition_id)}")
            done += 1
        return done

    async def _conditions(self, status: Literal["MERGEABLE", "REDEEMABLE"]) -> list[tuple[str, str]]:
        found = {one.condition_id: one.slug for one in await self._holdings(status)}
        return list(found.items())

    async def _holdings(self, status: Literal["MERGEABLE", "REDEEMABLE"] | None) -> list[Holding]:
        listed = self._client.list_positions(status=status)
        return [
            Holding(
                slug=one.slug or one.condition_id,
                outcome=one.outcome or "?",
                size=one.current_size,
                condition_id=one.condition_id,
                mergeable=one.mergeable,
                redeemable=one.redeemable,
            )
            async for one in listed.iter_items()
        ]

    async def _condition(self, market: str) -> str:
        """Return the condition id of a market that was named by it, or by its slug."""
        if market.startswith("0x"):
            return market
        found = (await self._client.get_market(slug=market)).condition_id
        if not found:
            raise InputError(f"expected a market with a condition id, {market} has none yet")
        return str(found)

    def _check(self, what: str) -> None:
        check_kind(self._identity.signature_type, what)


async def _done(handle: TransactionHandle) -> str:
    """Wait for the end of a transaction; return its hash."""
    return str((await handle.wait()).transaction_hash)


@asynccontextmanager
async def opened(
    identity: Identity, endpoints: Endpoints, api_key: BuilderApiKey | RelayerApiKey | None
) -> AsyncIterator[Wallet]:
    """Yield a wallet's actions. What the venue or the SDK refuses becomes a ResourceError without the key in it."""
    try:
        client = await AsyncSecureClient.create(
            private_key=identity.private_key,
            wallet=checksum_address(identity.wallet),
            environment=_environment(endpoints),
            api_key=api_key,
        )
        try:
            yield Wallet(client, identity)
        finally:
            await client.close()
    except PolymarketError as error:
        text = str(error).replace(identity.private_key, "***")
        raise ResourceError(f"the venue or its SDK refused: {type(error).__name__}: {text}") from None


def _environment(endpoints: Endpoints) -> Environment:
    changes: dict[str, Any] = {
        "clob_url": endpoints.clob_url,
        "gamma_url": endpoints.gamma_url,
        "data_url": endpoints.data_url,
        "relayer_url": endpoints.relayer_url,
        "rpc_url": endpoints.rpc_url,
        "rfq_url": endpoints.clob_url,
    }
    if endpoints.is_local:
        changes["relayer_poll_frequency_ms"] = LOCAL_POLL_MS
    return create_environment(name="bucketmm", config=dataclasses.replace(PRODUCTION_CONFIG, **changes))
