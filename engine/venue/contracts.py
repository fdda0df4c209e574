"""The venue's contracts on Polygon, and which exchange and signing domain a market has.

Facts (protocol.md 1.1, 2.1, 2.6, 2026-11-21): Gamma's `version` of a market is "v1" (signs domain "2", the standard or
the negRisk exchange) or "v2" (signs domain "3", ExchangeV3 for both); an unknown version must not be traded. The label
"v1" has nothing to do with the retired CLOB V1, whose domain "1" is refused since 2026-04-28.
"""

from typing import Final

import msgspec

from engine.venue.addresses import parse_address
from engine.venue.eip712 import domain_separator

CHAIN_ID: Final = 137
"""Polygon."""
EXCHANGE_NAME: Final = "Polymarket CTF Exchange"
"""The name in every exchange's domain, negRisk too."""

COLLATERAL: Final = "0xC011a7E12a19f7B1f670d46F03B03f3342E82DFB"
"""pUSD, 6 decimals."""
CONDITIONAL_TOKENS: Final = "0x4D97DCd97eC945f40cF65F87097ACe5EA0476045"
ROUTER: Final = "0x12121212006e4CD160D18e3f00711DA5c3372600"
POSITION_MANAGER: Final = "0x006F54F7f9A22e0000CC2AB60031000000ae9fEF"
BINARY_MODULE: Final = "0x1000008dD9001B968442c1000017eaE6E0dA00Ba"
NEG_RISK_MODULE: Final = "0x200000900045e3B6259600682756002200028933"
COMBINATORIAL_MODULE: Final = "0x30000034706C7d8e12009DAB006Be20000c031A8"
COLLATERAL_ADAPTER: Final = "0xAdA100Db00Ca00073811820692005400218FcE1f"
NEG_RISK_COLLATERAL_ADAPTER: Final = "0xadA2005600Dec949baf300f4C6120000bDB6eAab"
NEG_RISK_ADAPTER: Final = "0xd91E80cF2E7be2e162c6513ceD06f1dD0dA35296"
AUTO_REDEEMER: Final = "0xa1200000d0002264C9a1698e001292D00E1b00af"
COLLATERAL_ONRAMP: Final = "0x93070a847efEf7F70739046A929D47a521F5B8ee"
COLLATERAL_OFFRAMP: Final = "0x2957922Eb93258b93368531d39fAcCA3B4dC5854"
USDC_E: Final = "0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174"
PERPS_DEPOSIT: Final = "0xDCa4af75705dbB50f62437045afF9921947917d2"
"""Not traded by us; the official client wants its approval among the others."""

DEPOSIT_WALLET_FACTORY: Final = "0x00000000000Fb5C9ADea0298D729A0CB3823Cc07"
DEPOSIT_WALLET_BEACON: Final = "0x7A18EDfe055488A3128f01F563e5B479D92ffc3a"
DEPOSIT_WALLET_IMPLEMENTATION: Final = "0x58CA52ebe0DadfdF531Cde7062e76746de4Db1eB"
"""What wallets of before 2026-06-29 delegate to."""
PROXY_FACTORY: Final = "0xaB45c5A4B0c941a2F231C04C3f49182e1A254052"
PROXY_IMPLEMENTATION: Final = "0x44e999d5c2F66Ef0861317f9A4805AC2e90aEB4f"
SAFE_FACTORY: Final = "0xaacFeEa03eb1561C4e67d661e40682Bd20E3541b"
SAFE_MULTISEND: Final = "0xA238CBeb142c10Ef7Ad8442C6D1f9E89e07e7761"
RELAY_HUB: Final = "0xD216153c06E857cD7f72665E0aF1d7D82172F494"

_RESERVED_BITS: Final = ((1 << 64) - 1) << 40
"""Zero in the ids of Protocol V2's positions, and in no id of the Conditional Tokens in practice."""


class Exchange(msgspec.Struct, frozen=True):
    """One exchange contract: its checksummed address, the version in its domain and the domain's separator."""

    address: str
    domain_version: str
    separator: bytes


def _exchange(address: str, domain_version: str) -> Exchange:
    separator = domain_separator(EXCHANGE_NAME, domain_version, CHAIN_ID, parse_address(address))
    return Exchange(address, domain_version, separator)


EXCHANGE_V2: Final = _exchange("0xE111180000d2663C0091e4f400237545B87B996B", "2")
NEG_RISK_EXCHANGE_V2: Final = _exchange("0xe2222d279d744050d28e00520010520000310F59", "2")
EXCHANGE_V3: Final = _exchange("0xe3333700cA9d93003F00f0F71f8515005F6c00Aa", "3")
EXCHANGE_V1: Final = _exchange("0x4bFb41d5B3570DeFd03C39a9A4D8dE6Bd8B8982E", "1")
"""Retired, like its negRisk twin: known only to recognise what old clients sign."""
NEG_RISK_EXCHANGE_V1: Final = _exchange("0xC5d563A36AE78145C45a50134d48A1215220f80a", "1")

EXCHANGES: Final = (EXCHANGE_V2, NEG_RISK_EXCHANGE_V2, EXCHANGE_V3)
"""Those that take orders."""
RETIRED_EXCHANGES: Final = (EXCHANGE_V1, NEG_RISK_EXCHANGE_V1)

COLLATERAL_SPENDERS: Final = (
    EXCHANGE_V2.address,
    NEG_RISK_EXCHANGE_V2.address,
    COLLATERAL_ADAPTER,
    NEG_RISK_COLLATERAL_ADAPTER,
    ROUTER,
    EXCHANGE_V3.address,
    PERPS_DEPOSIT,
)
"""Who must be approved for collateral before the official client calls a wallet ready, in its order."""
POSITION_OPERATORS: Final = (
    (CONDITIONAL_TOKENS, EXCHANGE_V2.address),
    (CONDITIONAL_TOKENS, NEG_RISK_EXCHANGE_V2.address),
    (CONDITIONAL_TOKENS, COLLATERAL_ADAPTER),
    (CONDITIONAL_TOKENS, NEG_RISK_COLLATERAL_ADAPTER),
    (CONDITIONAL_TOKENS, AUTO_REDEEMER),
    (CONDITIONAL_TOKENS, BINARY_MODULE),
    (CONDITIONAL_TOKENS, NEG_RISK_MODULE),
    (POSITION_MANAGER, ROUTER),
    (POSITION_MANAGER, EXCHANGE_V3.address),
    (POSITION_MANAGER, AUTO_REDEEMER),
)
"""The same for positions: (the contract that holds them, who may move them)."""


def exchange_of(market_version: str, *, neg_risk: bool) -> Exchange | None:
    """Return where a market of Gamma's `version` settles; None for a version that must not be traded."""
    if market_version == "v1":
        return NEG_RISK_EXCHANGE_V2 if neg_risk else EXCHANGE_V2
    return EXCHANGE_V3 if market_version == "v2" else None


def is_v2_position_id(token_id: int) -> bool:
    """Whether an id lies where Protocol V2 keeps its positions: what the official client picks the domain by."""
    return token_id & _RESERVED_BITS == 0
