import pytest

from engine.analytics.odds import odds
from engine.config.build import bucket_params
from engine.config.load import parse_config
from engine.model.fees import CRYPTO_FEES


def test_with_the_defaults_the_break_even_win_rate_is_above_ninety_per_cent_at_every_entry() -> None:
    rows = odds(bucket_params(parse_config(b"{}", "test")), CRYPTO_FEES)
    assert [row.entry_e4 for row in rows][:2] == [6_000, 6_500]
    assert all(row.break_even_rate > 0.9 for row in rows)


def test_an_entry_at_sixty_cents_gains_eleven_cents_and_loses_a_dollar_and_the_fee() -> None:
    first = odds(bucket_params(parse_config(b"{}", "test")), CRYPTO_FEES)[0]
    assert (first.size_u6, first.take_profit_e4, first.gain_u6, first.stop_trigger_e4) == (
        11_000_000,
        6_100,
        110_000,
        5_000,
    )
    assert first.loss_u6 == 1_100_000 + 192_500
    assert first.break_even_rate == pytest.approx(1_292_500 / 1_402_500)
