"""The checks: each looks at the facts and says PASS, FAIL or SKIP, what was found, and what to do about it."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from engine.model.units import format_cash
from engine.ops.preflight.facts import Facts, Lost, Untold, VenueFacts
from engine.venue.contracts import EXCHANGE_V2, EXCHANGE_V3, NEG_RISK_EXCHANGE_V2
from engine.venue.orders import SignatureType

WATCHED: Final = "wallet watched"
SKEW_MS_MAX: Final = 2_000
"""More than this trips the engine's breaker (risk.md, Circuit breakers)."""
API_VERSION: Final = 2
DISK_FREE_BYTES: Final = 1 << 30
"""A gibibyte: some days of journals."""
MIB: Final = 1 << 20
TRADING_SPENDERS: Final = {
    "exchange V2": EXCHANGE_V2.address,
    "negRisk exchange V2": NEG_RISK_EXCHANGE_V2.address,
    "exchange V3": EXCHANGE_V3.address,
}


class Status(StrEnum):
    """How a check ended."""

    PASS = "PASS"
    FAIL = "FAIL"
    SKIP = "SKIP"


class Result(NamedTuple):
    """One check's line; `todo` is empty for what passes."""

    name: str
    status: Status
    found: str
    todo: str = ""


def _passed(name: str, found: str) -> Result:
    return Result(name, Status.PASS, found)


def _failed(name: str, found: str, todo: str) -> Result:
    return Result(name, Status.FAIL, found, todo)


def _skipped(name: str, found: str, todo: str = "") -> Result:
    return Result(name, Status.SKIP, found, todo)


def config(facts: Facts) -> Result:
    """Every value was read and is possible; a config that is not does not come this far."""
    machine = facts.machine
    return _passed("config", f"{machine.config_source}, hash {machine.config_hash}, mode {machine.mode}")


def credentials(facts: Facts) -> Result:
    """The key can be read and the venue takes its API credentials."""
    if isinstance(facts.account, Lost):
        return _failed("credentials", facts.account.why, "set api.PRIVATE_KEY by reference, or POLYMARKET_PK")
    if isinstance(facts.venue.api_key, Lost):
        return _failed(
            "credentials", facts.venue.api_key.why, "bucketmm wallet derive-keys, or take POLYMARKET_API_* away"
        )
    return _passed("credentials", f"key of {facts.account.eoa}, API key {facts.venue.api_key}")


def proxy(facts: Facts) -> Result:
    """A proxy that is configured leads to the venue."""
    venue = facts.venue
    if venue.proxy is None:
        return _skipped("proxy", "none is configured")
    if isinstance(venue.round_trip_ms, Lost):
        return _failed("proxy", f"{venue.proxy}: {venue.round_trip_ms.why}", "start it, or correct venue.proxy")
    return _passed("proxy", f"{venue.proxy} leads to {venue.url}")


def geoblock(facts: Facts) -> Result:
    """The venue trades with where we are."""
    found = facts.venue.geoblock
    if isinstance(found, Untold):
        return _skipped("geoblock", found.why)
    if isinstance(found, Lost):
        return _failed("geoblock", found.why, "the page that tells must answer: look at the network and the proxy")
    if found.blocked:
        return _failed("geoblock", f"blocked in {found.country}", "the venue does not trade with this place")
    return _passed("geoblock", f"not blocked in {found.country}")


def reachable(facts: Facts) -> Result:
    """The order book service answers."""
    found = facts.venue.round_trip_ms
    if isinstance(found, Lost):
        return _failed("venue", f"{facts.venue.url}: {found.why}", "look at venue.clob_url, the network and the proxy")
    return _passed("venue", f"{facts.venue.url} answers in {found} ms")


def api_version(facts: Facts) -> Result:
    """The service speaks the protocol that orders are signed for."""
    found = facts.venue.version
    if isinstance(found, Lost):
        return _failed("API version", found.why, "GET /version must answer")
    if found != API_VERSION:
        return _failed("API version", f"expected {API_VERSION}, was {found}", "the protocol has changed: do not trade")
    return _passed("API version", str(found))


def order_version(facts: Facts) -> Result:
    """The venue takes an order as we sign it: one that cannot trade is placed and cancelled at once."""
    found = facts.venue.trial
    if isinstance(found, Untold):
        return _skipped("order version", found.why, "--with-order places a post-only order far away and cancels it")
    if isinstance(found, Lost):
        return _failed("order version", found.why, "look at the venue, wallet and allowances first")
    if not found.is_placed:
        return _failed(
            "order version", f"{found.what}: {found.said}", "the venue does not take our orders: do not trade"
        )
    if not found.is_cancelled:
        return _failed(
            "order version", f"{found.what}: placed, not cancelled: {found.said}", "cancel it on the venue's site"
        )
    return _passed("order version", f"{found.what}: placed and cancelled")


def clock(facts: Facts) -> Result:
    """Our clock and the venue's agree."""
    found = facts.venue.skew_ms
    if isinstance(found, Lost):
        return _failed("clock", found.why, "GET /time must answer")
    if abs(found) > SKEW_MS_MAX:
        return _failed("clock", f"{found / 1000:+.1f} s against the venue", "set the clock: timedatectl set-ntp true")
    return _passed("clock", f"{found / 1000:+.1f} s against the venue")


def wallet_type(facts: Facts) -> Result:
    """The wallet exists and orders are signed as its kind wants them."""
    if isinstance(facts.account, Lost):
        return _skipped("wallet type", "there is no key")
    kind = SignatureType(facts.account.signature_type)
    deployed = facts.venue.is_deployed
    name = f"{int(kind)}, {kind.name.lower().replace('_', ' ')}"
    if isinstance(deployed, Lost):
        return _failed("wallet type", f"{name}: {deployed.why}", "the relayer must tell whether the wallet exists")
    if isinstance(deployed, Untold):
        return _passed("wallet type", f"{name}: {deployed.why}")
    if not deployed:
        return _failed("wallet type", f"{name}: not deployed", "bucketmm wallet approve deploys a deposit wallet")
    return _passed("wallet type", f"{name}, deployed")


def funder(facts: Facts) -> Result:
    """The wallet with the money is the key's own."""
    if isinstance(facts.account, Lost):
        return _skipped("funder", "there is no key")
    where = "as configured" if facts.account.is_stated else "derived from the key"
    return _passed("funder", f"{facts.account.wallet}, {where}")


def collateral(facts: Facts) -> Result:
    """There is enough to trade with."""
    found, minimum_u6 = facts.venue.collateral_u6, facts.machine.minimum_u6
    if isinstance(found, Lost):
        return _failed("collateral", found.why, "the venue must tell the balance: see credentials")
    if found < minimum_u6:
        return _failed(
            "collateral", f"{format_cash(found)} USD", f"deposit: at least {format_cash(minimum_u6)} USD are wanted"
        )
    return _passed("collateral", f"{format_cash(found)} USD")


def allowances(facts: Facts) -> Result:
    """The exchanges may take what an order costs."""
    found = facts.venue.allowances
    if isinstance(found, Lost):
        return _failed("allowances", found.why, "the venue must tell the allowances: see credentials")
    by_address = {address.lower(): amount for address, amount in found.items()}
    enough_u6 = facts.machine.minimum_u6
    missing = [name for name, address in TRADING_SPENDERS.items() if by_address.get(address.lower(), 0) < enough_u6]
    if missing:
        return _failed("allowances", f"missing: {', '.join(missing)}", "bucketmm wallet approve")
    return _passed("allowances", ", ".join(TRADING_SPENDERS))


def state(facts: Facts) -> Result:
    """The state folder can be written and its last journal can be gone on from."""
    found = facts.machine.state
    if isinstance(found, Lost):
        return _failed("state", found.why, "repair it or move the folder away; the journals in it are the only record")
    return _passed("state", found)


def kill_switch(facts: Facts) -> Result:
    """Nothing was killed."""
    reason = facts.machine.killed
    if reason is not None:
        return _failed(
            "kill switch", f"killed: {reason or 'no reason given'}", "bucketmm resume REASON, when it is settled"
        )
    return _passed("kill switch", "off")


def own_engine(facts: Facts) -> Result:
    """No engine of ours trades with this wallet or this state."""
    if facts.machine.engine:
        return _failed("engine", facts.machine.engine, "one engine a wallet: stop it first")
    return _passed("engine", "none runs with this wallet")


def foreign_orders(facts: Facts) -> Result:
    """Nothing rests on the wallet that our journals do not know."""
    found = facts.venue.resting
    if isinstance(found, Lost):
        return _failed("foreign orders", found.why, "the venue must list the open orders: see credentials")
    foreign = [one for one in found if one.lower() not in facts.machine.known_orders]
    if foreign:
        text = f"{len(foreign)} that our journals do not know, e.g. {foreign[0][:18]}"
        return _failed("foreign orders", text, "another program trades with this wallet: stop it and cancel them")
    return _passed("foreign orders", f"none, {len(found)} of ours rest")


def foreign_processes(facts: Facts) -> Result:
    """No other program that is known to trade with this wallet runs, with or without money to trade."""
    machine = facts.machine
    if not machine.foreign_units:
        return _skipped(
            "foreign processes", "risk.FOREIGN_UNITS is empty", "name what else could trade with this wallet"
        )
    if machine.foreign_running:
        return _failed("foreign processes", f"running: {', '.join(machine.foreign_running)}", "stop and disable them")
    return _passed("foreign processes", f"none of {', '.join(machine.foreign_units)}")


def ring(facts: Facts) -> Result:
    """There is a ring that a feeder writes, or room for one."""
    found = facts.machine.ring
    if found.fault:
        return _failed("ring", f"{found.name}: {found.fault}", "stop what uses it, or: bucketmm ring stat")
    if found.is_written:
        return _passed("ring", f"{found.name}: a feeder writes it")
    if found.free_bytes < found.needed_bytes:
        room = f"{found.free_bytes // MIB} MiB free in /dev/shm, {-(-found.needed_bytes // MIB)} wanted"
        return _failed("ring", room, "mount -o remount,size=256m /dev/shm, or a smaller feed.capacity")
    if found.is_there:
        return _failed("ring", f"{found.name}: its feeder is dead", "start the feeder: it takes the ring over")
    return _passed("ring", f"no feeder yet; {found.free_bytes // MIB} MiB free for {found.name}")


def disk(facts: Facts) -> Result:
    """There is room for journals."""
    free = facts.machine.disk_free_bytes
    if free < DISK_FREE_BYTES:
        return _failed(
            "disk", f"{free // MIB} MiB free", f"make room: at least {DISK_FREE_BYTES // MIB} MiB are wanted"
        )
    return _passed("disk", f"{free // MIB:,} MiB free")


CHECKS: Final[tuple[Callable[[Facts], Result], ...]] = (
    config,
    credentials,
    funder,
    proxy,
    geoblock,
    reachable,
    api_version,
    clock,
    wallet_type,
    collateral,
    allowances,
    order_version,
    state,
    kill_switch,
    own_engine,
    foreign_orders,
    foreign_processes,
    ring,
    disk,
)


def moved(before: VenueFacts, now: VenueFacts) -> Result | None:
    """Say what has moved on the wallet while nothing of ours ran; None when nothing has, or nobody can tell."""
    todo = "another program trades with this wallet: find and stop it"
    if isinstance(before.collateral_u6, int) and isinstance(now.collateral_u6, int):
        left_u6 = before.collateral_u6 - now.collateral_u6
        if left_u6 > 0:
            return _failed(WATCHED, f"{format_cash(left_u6)} USD have left", todo)
    known = () if isinstance(before.resting, Lost) else before.resting
    come = () if isinstance(now.resting, Lost) else [one for one in now.resting if one not in known]
    return _failed(WATCHED, f"an order has come: {come[0][:18]}", todo) if come else None


def unmoved(seconds: float) -> Result:
    """Say that nothing has moved for so long."""
    return _passed(WATCHED, f"nothing has moved in {seconds:g} s")


def run_checks(facts: Facts) -> list[Result]:
    """Return every check's line, in order."""
    return [check(facts) for check in CHECKS]
