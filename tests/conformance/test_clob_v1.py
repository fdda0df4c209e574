"""py-clob-client 0.34 (V1) gets what production gives it: reads and keys work, its orders are refused by version."""

import pytest

pytest.importorskip("py_clob_client", reason="the official clients are not installed: pip install -e '.[clients]'")

from py_clob_client.client import ClobClient
from py_clob_client.clob_types import ApiCreds, OpenOrderParams, OrderArgs, OrderType
from py_clob_client.exceptions import PolyApiException

from tests.conformance.trader import stand
from tests.conformance.venue import Account, Venue


def connected(venue: Venue, account: Account, kind: int = 0) -> ClobClient:
    api = account.api
    return ClobClient(
        venue.reach["clob_url"],
        chain_id=137,
        key=account.private_key,
        creds=ApiCreds(api_key=api.key, api_secret=api.secret, api_passphrase=api.passphrase),
        signature_type=kind,
        funder=account.wallets[kind],
    )


def test_derives_its_key_and_reads(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    stand(venue, market, ask=0.5)
    client = connected(venue, account)
    assert client.create_or_derive_api_creds().api_key == account.api_key
    assert client.get_ok() == "OK"
    assert client.get_order_book(market.up).asks[-1].price == "0.5"
    assert client.get_tick_size(market.up) == "0.01"
    assert client.get_orders(OpenOrderParams(market=market.condition_id)) == []
    assert client.cancel_all() == {"canceled": [], "not_canceled": {}}


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("neg_risk", [False, True])
def test_its_orders_are_answered_with_order_version_mismatch(venue: Venue, kind: int, neg_risk: bool) -> None:
    account, market = venue.account(), venue.market(neg_risk=neg_risk, fees=True)
    client = connected(venue, account, kind)
    order = client.create_order(OrderArgs(token_id=market.up, price=0.4, size=10, side="BUY"))
    with pytest.raises(PolyApiException) as caught:
        client.post_order(order, OrderType.GTC)
    assert (caught.value.status_code, caught.value.error_msg) == (400, {"error": "order_version_mismatch"})
