"""A prepared order is given out once, and only for what it was signed for."""

import msgspec

from engine.execution.polymarket.presigned import Prepared, PreparedOrders
from engine.execution.polymarket.signing import Terms, WalletSigner
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import SHARE_U6
from engine.venue.accounts import known_account
from engine.venue.contracts import EXCHANGE_V2
from engine.venue.orders import SignatureType

SIGNER = WalletSigner(known_account(0), known_account(0).address, SignatureType.EOA)
TERMS = Terms(12345, Side.SELL, 100, 7 * SHARE_U6, 100, TimeInForce.FAK)


def prepared(terms: Terms = TERMS) -> Prepared:
    return Prepared(terms, SIGNER.sign(terms, 1, 1_763_683_200_000, EXCHANGE_V2), b"{}")


def test_an_order_is_given_out_once() -> None:
    orders = PreparedOrders()
    stop = prepared()
    orders.keep("stop", stop)
    assert orders.take("stop", TERMS) is stop
    assert orders.take("stop", TERMS) is None


def test_other_terms_make_it_worthless() -> None:
    for changed in ({"size_u6": 6 * SHARE_U6}, {"tick_e4": 10}, {"price_e4": 200}, {"token_id": 54321}):
        orders = PreparedOrders()
        orders.keep("stop", prepared())
        assert orders.take("stop", msgspec.structs.replace(TERMS, **changed)) is None
        assert len(orders) == 0


def test_a_flipped_tick_drops_what_was_signed_for_the_old_one() -> None:
    orders = PreparedOrders()
    orders.keep("coarse", prepared())
    orders.keep("fine", prepared(msgspec.structs.replace(TERMS, tick_e4=10)))
    orders.keep("other token", prepared(msgspec.structs.replace(TERMS, token_id=54321)))
    assert orders.drop_token(12345, 10) == 1
    assert len(orders) == 2
    assert orders.drop_token(12345) == 1
