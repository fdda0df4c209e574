"""Who may trade: wallets with their owners and approvals, and API credentials; nothing of balances.

Facts (protocol.md 3.1, 4.6, 12; 2026-11-21): an API key belongs to an EOA, whatever wallets that trades for; one key
for each nonce. An EOA or proxy may trade only if it is allow-listed, a deposit wallet once it is deployed. The
exchange's contracts take collateral and shares only where the wallet approved them.
"""

import base64
import hmac
from hashlib import sha256
from uuid import UUID

import msgspec

from engine.venue.addresses import checksum_address
from engine.venue.contracts import COLLATERAL_SPENDERS, POSITION_OPERATORS
from engine.venue.credentials import ApiCredentials, secret_bytes

UNLIMITED = (1 << 256) - 1


class Wallet(msgspec.Struct, kw_only=True):
    """One wallet: its checksummed address, the EOA that signs for it, and what it allows whom.

    `allowances` are collateral by spender, `operators` are "contract:operator" pairs that may move its shares.
    """

    address: str
    owner: str
    signature_type: int
    deployed: bool = False
    allowed: bool = False
    """Whether the venue takes its orders: allow-listed, or a deployed deposit wallet."""
    allowances: dict[str, int] = {}
    operators: set[str] = set()
    nonce: int = 0

    def approve_all(self) -> None:
        """Approve whatever the official client's set-up approves."""
        self.allowances.update(dict.fromkeys(COLLATERAL_SPENDERS, UNLIMITED))
        self.operators.update(f"{contract}:{operator}" for contract, operator in POSITION_OPERATORS)


class Member(msgspec.Struct, kw_only=True):
    """One API key: whose, for which nonce, and its secrets, which are never shown but to that owner."""

    owner: str
    nonce: int
    credentials: ApiCredentials
    secret: bytes
    removed: bool = False


class Members:
    """All wallets and API keys. `seed` decides the secrets: they protect nothing but a rehearsal."""

    def __init__(self, seed: int) -> None:
        self.wallets: dict[str, Wallet] = {}
        self.banned: set[str] = set()
        self.closed_only: set[str] = set()
        self._seed = seed
        self._members: dict[str, Member] = {}
        self._issued = 0

    def wallet(self, address: str) -> Wallet | None:
        """Return a wallet by its checksummed address."""
        return self.wallets.get(address)

    def add_wallet(self, wallet: Wallet) -> Wallet:
        """Add a wallet, or return the one there is."""
        return self.wallets.setdefault(wallet.address, wallet)

    def member(self, api_key: str) -> Member | None:
        """Return the owner of a key that is in force."""
        member = self._members.get(api_key)
        return member if member is not None and not member.removed else None

    def create(self, owner: bytes, nonce: int) -> ApiCredentials | None:
        """Make a key; None if there is one for that nonce."""
        address = checksum_address(owner)
        if self._find(address, nonce) is not None:
            return None
        self._issued += 1
        raw = hmac.digest(b"bucketmm local exchange", f"{self._seed}:{address}:{nonce}:{self._issued}".encode(), sha256)
        secret = hmac.digest(raw, b"secret", sha256)
        credentials = ApiCredentials(
            key=str(UUID(bytes=raw[:16], version=4)),
            secret=base64.urlsafe_b64encode(secret).decode(),
            passphrase=hmac.digest(raw, b"passphrase", sha256).hex(),
        )
        self._members[credentials.key] = Member(owner=address, nonce=nonce, credentials=credentials, secret=secret)
        return credentials

    def derive(self, owner: bytes, nonce: int) -> ApiCredentials | None:
        """Return the key of a nonce; None if there is none."""
        member = self._find(checksum_address(owner), nonce)
        return member.credentials if member is not None else None

    def keys(self, owner: str) -> list[str]:
        """Return an EOA's keys, the oldest first."""
        return [key for key, member in self._members.items() if member.owner == owner and not member.removed]

    def remove(self, api_key: str) -> None:
        """Let a key be in force no more."""
        self._members[api_key].removed = True

    def check(self, api_key: str, secret: str, passphrase: str) -> str | None:
        """Return the key itself if its credentials are good: it is the owner that orders and trades name."""
        member = self.member(api_key)
        if member is None:
            return None
        good = hmac.compare_digest(member.credentials.secret.encode(), secret.encode())
        good &= hmac.compare_digest(member.credentials.passphrase.encode(), passphrase.encode())
        return api_key if good else None

    def _find(self, owner: str, nonce: int) -> Member | None:
        for member in self._members.values():
            if member.owner == owner and member.nonce == nonce and not member.removed:
                return member
        return None

    def saved(self) -> dict[str, object]:
        """Return everything as JSON values, for the state file."""
        return {
            "issued": self._issued,
            "banned": sorted(self.banned),
            "closed_only": sorted(self.closed_only),
            "wallets": [msgspec.to_builtins(wallet, order="deterministic") for wallet in self.wallets.values()],
            "members": [
                {"owner": m.owner, "nonce": m.nonce, "removed": m.removed, **msgspec.to_builtins(m.credentials)}
                for m in self._members.values()
            ],
        }

    def restore(self, saved: dict[str, object]) -> None:
        """Take what `saved` returned. Raises ValueError, msgspec's included, when it is something else."""
        state = msgspec.convert(saved, _Saved)
        self._issued = state.issued
        self.banned, self.closed_only = set(state.banned), set(state.closed_only)
        self.wallets = {wallet.address: wallet for wallet in state.wallets}
        self._members = {}
        for row in state.members:
            credentials = ApiCredentials(key=row.key, secret=row.secret, passphrase=row.passphrase)
            member = Member(owner=row.owner, nonce=row.nonce, credentials=credentials, secret=secret_bytes(row.secret))
            member.removed = row.removed
            self._members[row.key] = member


class _SavedMember(msgspec.Struct):
    owner: str
    nonce: int
    removed: bool
    secret: str
    passphrase: str
    key: str = msgspec.field(name="apiKey")


class _Saved(msgspec.Struct):
    issued: int
    wallets: list[Wallet]
    members: list[_SavedMember]
    banned: list[str] = []
    closed_only: list[str] = []
