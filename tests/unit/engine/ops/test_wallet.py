"""What can be said without a venue; the actions themselves are tested in tests/conformance/test_wallet_verbs.py."""

import pytest

pytest.importorskip("polymarket", reason="the SDK is not installed: pip install -e '.[wallet]'")

from polymarket import BuilderApiKey, RelayerApiKey

from engine.model.errors import InputError
from engine.ops.wallet import BUILDER_NAMES, RELAYER_KEY_NAME, Identity, check_kind, relayer_key
from engine.venue.accounts import known_account, known_secret
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of

KEY = known_account(0)
WHO = Identity(f"0x{known_secret(0).hex()}", KEY.address, wallets_of(KEY.address).deposit, SignatureType.DEPOSIT_WALLET)


def test_an_identity_never_shows_its_key() -> None:
    assert known_secret(0).hex() not in repr(WHO) + str(WHO)


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_only_deposit_wallets_are_relayed(kind: int) -> None:
    with pytest.raises(InputError, match=r"split: expected a deposit wallet .*SIGNATURE_TYPE 3"):
        check_kind(SignatureType(kind), "split")
    check_kind(SignatureType.DEPOSIT_WALLET, "split")


def test_the_relayers_key_comes_from_the_environment() -> None:
    assert relayer_key({}, WHO, local=False) is None
    assert isinstance(relayer_key({}, WHO, local=True), RelayerApiKey)
    found = relayer_key({RELAYER_KEY_NAME: "k"}, WHO, local=False)
    assert isinstance(found, RelayerApiKey)
    assert found.key == "k"
    builder = dict.fromkeys(BUILDER_NAMES, "x")
    assert isinstance(relayer_key(builder, WHO, local=False), BuilderApiKey)


def test_half_of_a_builders_key_is_refused() -> None:
    with pytest.raises(InputError, match="some are missing"):
        relayer_key({BUILDER_NAMES[0]: "x"}, WHO, local=False)
