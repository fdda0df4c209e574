"""Kill -9 of the engine at random moments: no order doubled, no fill lost, the round goes on."""

from tests.integration.runtime.kill_campaign import run_campaign

KILLS = 25
SEEDS_MAX = 12


def test_twenty_five_kills_double_no_order_and_lose_no_fill() -> None:
    kills = 0
    for seed in range(1, SEEDS_MAX + 1):
        kills += run_campaign(seed, KILLS - kills)
        if kills >= KILLS:
            break
    assert kills >= KILLS, f"only {kills} kills in {SEEDS_MAX} recordings"
