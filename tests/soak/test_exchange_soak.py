"""A short soak of the real exchange; `python -m tests.soak.exchange_soak` is the long one, which judges memory too."""

from tests.soak.exchange_soak import soak

SECONDS = 40.0


def test_the_exchange_holds_while_bots_trade_and_faults_happen() -> None:
    run, _ = soak(seed=1, seconds=SECONDS)
    assert run.wrong == []
    accepted = sum(count for what, count in run.counts.items() if what in ("GTC 200", "FAK 200", "FOK 200"))
    assert accepted > 50, run.counts
    assert sum(run.faults.values()) > 5, run.faults
    assert run.counts["frames"] > 100, run.counts
