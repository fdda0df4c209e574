"""`bucketmm wallet`: what a wallet has, its API keys and approvals, and turning collateral into shares and back."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import click
import orjson

from engine.cli.endpoints import confirm, endpoints_of, proxied, source_option
from engine.cli.extras import needs
from engine.cli.failing import clean_exit
from engine.config.load import Config, load_config
from engine.model.errors import BucketmmError, InputError
from engine.model.units import format_scaled, parse_scaled
from engine.ops.endpoints import Endpoints
from engine.runtime.account import API_NAMES, Owner, derive_credentials, owner_of, stated_key
from engine.venue.accounts import known_secret
from engine.venue.addresses import checksum_address, to_hex
from engine.venue.credentials import ApiCredentials

if TYPE_CHECKING:
    from engine.ops.wallet import Wallet

Result = TypeVar("Result")
U6: Final = 6


class Where(NamedTuple):
    """What the group's options say."""

    source: str | None
    config_path: Path | None
    run_dir: Path
    yes: bool


class Setting(NamedTuple):
    """The venue and the owner that a verb works with."""

    config: Config
    endpoints: Endpoints
    owner: Owner
    private_key: str

    def __repr__(self) -> str:
        return f"Setting(owner={self.owner!r})"


@click.group()
@source_option
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Config file; the defaults without it.")
@click.option("--run-dir", default="run", type=click.Path(path_type=Path), show_default=True, help="exchange.json.")
@click.option("--yes", is_flag=True, help="Do not ask for a typed word at a venue that is not on the loopback.")
@click.pass_context
def wallet(context: click.Context, source: str | None, config_path: Path | None, run_dir: Path, yes: bool) -> None:
    """Show and set up the wallet: balance, API keys, approvals, split, merge, redeem.

    The key comes from api.PRIVATE_KEY or POLYMARKET_PK; a local exchange without one gets the first test account.
    Relayed work at the venue needs POLYMARKET_RELAYER_API_KEY, or a builder's key, from the venue's settings page.
    """
    context.obj = Where(source, config_path, run_dir, yes)


@contextmanager
def _setting(where: Where, what: str = "") -> Iterator[Setting]:
    """Yield the venue and the owner, `what` confirmed where money is real; errors end the command in order."""
    with clean_exit():
        config = load_config(where.config_path)
        endpoints = endpoints_of(config, where.source, where.run_dir)
        local = endpoints.is_local
        owner = owner_of(config, os.environ, local=local, source=where.config_path)
        text = stated_key(config, os.environ, local=local) or to_hex(known_secret(0))
        if what:
            confirm(endpoints, f"{what} of {checksum_address(owner.wallet)}", yes=where.yes)
        with proxied(config, endpoints):
            yield Setting(config, endpoints, owner, text)


def _act(setting: Setting, what: str, action: Callable[["Wallet"], Awaitable[Result]]) -> Result:
    """Do one thing with the wallet through the SDK and wait for it."""
    with needs("wallet"):
        from engine.ops.wallet import Identity, check_kind, opened, relayer_key
    owner = setting.owner
    if what != "balance":
        check_kind(owner.signature_type, what)
    identity = Identity(setting.private_key, owner.key.address, owner.wallet, owner.signature_type)
    api_key = relayer_key(os.environ, identity, local=setting.endpoints.is_local)
    if api_key is None and what != "balance":
        raise InputError(f"{what}: expected POLYMARKET_RELAYER_API_KEY in the environment: the relayer asks for it")

    async def run() -> Result:
        async with opened(identity, setting.endpoints, api_key) as found:
            return await action(found)

    return asyncio.run(run())


@wallet.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def balance(where: Where, as_json: bool) -> None:
    """Show collateral, missing approvals and positions.

    Example: bucketmm wallet balance --json
    """
    with _setting(where) as setting:
        found = _act(setting, "balance", lambda acting: acting.balance())
        collateral = format_scaled(found.collateral_u6, U6)
        if as_json:
            report = {
                "wallet": found.wallet,
                "collateral_usd": collateral,
                "approvals_missing": found.approvals_missing,
                "positions": [{**one._asdict(), "size": str(one.size)} for one in found.holdings],
            }
            click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
            return
        click.echo(f"{found.wallet}: {collateral} USD, {found.approvals_missing} approvals missing")
        for one in found.holdings:
            marks = "".join(
                mark for is_so, mark in ((one.mergeable, ", mergeable"), (one.redeemable, ", won")) if is_so
            )
            click.echo(f"  {one.slug}  {one.size} {one.outcome}{marks}")


@wallet.command("derive-keys")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A new file for all three, mode 0600.")
@click.pass_obj
def derive_keys(where: Where, out: Path | None) -> None:
    """Make the key's API credentials, or get those that it has; secret and passphrase are never printed.

    Example: bucketmm wallet derive-keys --out ~/.config/bucketmm/api.env
    """
    with _setting(where, "derive API keys") as setting:
        url, key = setting.endpoints.clob_url, setting.owner.key
        proxy = None if setting.endpoints.is_local else setting.config["venue"]["proxy"]
        found = asyncio.run(derive_credentials(url, key, int(time.time()), proxy))
        click.echo(f"API key {found.key} of {checksum_address(key.address)}")
        if out is None:
            click.echo(
                f"An engine derives secret and passphrase at its start; to keep them, use --out FILE and set "
                f"{', '.join(API_NAMES)} from it."
            )
            return
        _write_secret(out, found)
        click.echo(
            f"{', '.join(API_NAMES)} are in {out}, for you alone: `set -a; . {out}`, or EnvironmentFile= of systemd"
        )


def _write_secret(path: Path, found: ApiCredentials) -> None:
    """Write a file that did not exist and that nobody else may read. Raises InputError when it exists."""
    values = (found.key, found.secret, found.passphrase)
    content = "".join(f"{name}={value}\n" for name, value in zip(API_NAMES, values, strict=True))
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputError(f"--out: expected a new file, {path} exists") from None
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        stream.write(content)


@wallet.command()
@click.pass_obj
def approve(where: Where) -> None:
    """Give the exchanges the approvals that trading, splitting and merging need; those that are there stay.

    Example: bucketmm wallet approve
    """
    with _setting(where, "approve the exchanges") as setting:
        missing = _act(setting, "approve", lambda acting: acting.approve())
        click.echo(f"{missing} approvals were missing, none is now" if missing else "nothing was missing")


@wallet.command()
@click.argument("market")
@click.argument("usd")
@click.pass_obj
def split(where: Where, market: str, usd: str) -> None:
    """Turn USD into so many shares of both outcomes of MARKET, a slug or a condition id.

    Example: bucketmm wallet split btc-updown-15m-1766683800 10
    """
    with _setting(where, f"split {usd} USD") as setting:
        amount_u6 = _amount(usd)
        click.echo(f"split: {_act(setting, 'split', lambda acting: acting.split(market, amount_u6))}")


@wallet.command()
@click.argument("market")
@click.argument("shares", default="max")
@click.pass_obj
def merge(where: Where, market: str, shares: str) -> None:
    """Turn SHARES pairs of MARKET (all there are without a number) back into collateral.

    Example: bucketmm wallet merge btc-updown-15m-1766683800
    """
    with _setting(where, f"merge {shares} pairs") as setting:
        amount_u6 = None if shares == "max" else _amount(shares)
        click.echo(f"merged: {_act(setting, 'merge', lambda acting: acting.merge(market, amount_u6))}")


@wallet.command()
@click.argument("market")
@click.pass_obj
def redeem(where: Where, market: str) -> None:
    """Turn the winning shares of MARKET, which is resolved, into collateral.

    Example: bucketmm wallet redeem btc-updown-15m-1766683800
    """
    with _setting(where, "redeem") as setting:
        click.echo(f"redeemed: {_act(setting, 'redeem', lambda acting: acting.redeem(market))}")


@wallet.command()
@click.option("--loop", "every_s", type=click.FloatRange(1), help="Again after so many seconds, until Ctrl-C.")
@click.pass_obj
def tidy(where: Where, every_s: float | None) -> None:
    """Merge every pair and redeem every winner that the Data API lists; pairs with resting orders are left alone.

    Example: bucketmm wallet tidy --loop 300
    """
    with _setting(where, "merge pairs and redeem winners") as setting:
        while True:
            try:
                done = _act(setting, "tidy", lambda acting: acting.tidy(click.echo))
                click.echo(f"{done} done" if done else "nothing to do")
            except BucketmmError as error:
                if every_s is None or isinstance(error, InputError):
                    raise
                click.echo(f"alert wallet: {error}", err=True)
            if every_s is None:
                return
            time.sleep(every_s)


def _amount(text: str) -> int:
    """Return an amount in 1e-6. Raises InputError for one that is none."""
    try:
        amount_u6 = parse_scaled(text, U6)
    except ValueError as error:
        raise InputError(str(error)) from None
    if amount_u6 == 0:
        raise InputError("expected more than 0, was 0")
    return amount_u6
