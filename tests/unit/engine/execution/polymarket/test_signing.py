"""Orders are signed as the venue's own vectors say, and their ids are known beforehand."""

import pytest

from engine.execution.polymarket.signing import Terms, WalletSigner
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import SHARE_U6
from engine.venue.accounts import known_account
from engine.venue.contracts import EXCHANGE_V2, EXCHANGE_V3, NEG_RISK_EXCHANGE_V2
from engine.venue.orders import SignatureType
from engine.venue.signatures import recover_owner
from engine.venue.wallets import wallets_of

TOKEN_ID = 71321045679252212594626385532706912750332728571942532289631379312455583992563
TERMS = Terms(TOKEN_ID, Side.BUY, 5_200, 100 * SHARE_U6, 100, TimeInForce.GTC)
SALT, TIMESTAMP_MS = 479249096354, 1_763_683_200_000
KEY = known_account(0)
WALLETS = {
    SignatureType.EOA: KEY.address,
    SignatureType.PROXY: wallets_of(KEY.address).proxy,
    SignatureType.SAFE: wallets_of(KEY.address).safe,
    SignatureType.DEPOSIT_WALLET: wallets_of(KEY.address).deposit,
}
IDS = {  # protocol.md Appendix A
    SignatureType.EOA: "0x85a92b1c7059964f64d83ff39b857c66edd4c5b43e7b004ec1621ca70352c087",
    SignatureType.PROXY: "0x592a6f97c11c316d7d2e97f30d18048d9196286bb105b37221a3f70870579110",
    SignatureType.SAFE: "0x7397a99f7b599848c51911e3ffc9065a18bf4e1f127fd6e2ddba3639b89137e4",
    SignatureType.DEPOSIT_WALLET: "0x6cf33c986c19ba6a80795023a4874a9326a31654afd20d07000d9348e913c062",
}


@pytest.mark.parametrize("kind", list(SignatureType))
def test_an_order_has_the_vectors_id_and_its_owners_signature(kind: SignatureType) -> None:
    signer = WalletSigner(KEY, WALLETS[kind], kind)
    signed = signer.sign(TERMS, SALT, TIMESTAMP_MS, EXCHANGE_V2)
    assert signed.order_id == signer.order_id(TERMS, SALT, TIMESTAMP_MS, EXCHANGE_V2) == IDS[kind]
    assert recover_owner(signed.fields, bytes.fromhex(signed.signature[2:]), EXCHANGE_V2) == KEY.address


def test_the_exchange_decides_the_id() -> None:
    signer = WalletSigner(KEY, WALLETS[SignatureType.EOA], SignatureType.EOA)
    ids = {
        signer.order_id(TERMS, SALT, TIMESTAMP_MS, each) for each in (EXCHANGE_V2, NEG_RISK_EXCHANGE_V2, EXCHANGE_V3)
    }
    assert len(ids) == 3


def test_a_wallet_of_somebody_else_is_refused() -> None:
    foreign = wallets_of(known_account(1).address).deposit
    with pytest.raises(ValueError, match="expected a wallet of type 3 of the key's EOA"):
        WalletSigner(KEY, foreign, SignatureType.DEPOSIT_WALLET)


@pytest.mark.parametrize(
    ("side", "tif", "amounts"),
    [
        (Side.BUY, TimeInForce.GTC, (5_200_000, 10_000_000)),
        (Side.SELL, TimeInForce.GTC, (10_000_000, 5_200_000)),
        (Side.SELL, TimeInForce.FAK, (10_000_000, 5_200_000)),
        (Side.BUY, TimeInForce.FAK, (5_200_000, 10_000_000)),
    ],
)
def test_amounts_follow_the_kind_of_order(side: Side, tif: TimeInForce, amounts: tuple[int, int]) -> None:
    assert tuple(Terms(TOKEN_ID, side, 5_200, 10 * SHARE_U6, 100, tif).amounts()) == amounts
