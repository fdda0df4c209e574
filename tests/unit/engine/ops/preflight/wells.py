"""Facts with which every check passes, to be spoiled one by one."""

from engine.ops.preflight.facts import (
    AccountFacts,
    Facts,
    Geoblock,
    MachineFacts,
    RingFacts,
    TrialOrder,
    VenueFacts,
)
from engine.venue.contracts import EXCHANGE_V2, EXCHANGE_V3, NEG_RISK_EXCHANGE_V2

GIB = 1 << 30
RING = RingFacts("/ring", False, False, "", GIB, GIB // 256)
MACHINE = MachineFacts(
    config_source="config.json",
    config_hash="0123456789abcdef",
    mode="live",
    state="state/live: session-000001 ended in order",
    known_orders=frozenset({"0xours"}),
    killed=None,
    engine="",
    foreign_units=("old-bot.service",),
    foreign_running=(),
    ring=RING,
    disk_free_bytes=10 * GIB,
    minimum_u6=10_000_000,
)
ACCOUNT = AccountFacts("0xEoa", "0xWallet", 3, True)
VENUE = VenueFacts(
    url="https://clob.example",
    proxy="socks5://***@127.0.0.1:1080",
    round_trip_ms=40,
    version=2,
    skew_ms=-300,
    geoblock=Geoblock(False, "IE"),
    api_key="uuid",
    collateral_u6=10_000_000,
    allowances={exchange.address: 1 << 255 for exchange in (EXCHANGE_V2, NEG_RISK_EXCHANGE_V2, EXCHANGE_V3)},
    is_deployed=True,
    resting=("0xOURS",),
    trial=TrialOrder("btc, post-only buy of 5 at 0.01", True, True, ""),
)
WELL = Facts(MACHINE, ACCOUNT, VENUE)
