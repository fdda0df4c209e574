import random
import secrets

from engine.lab.virtual.chance import seeded_libraries


def drawn(seed: str) -> tuple[bytes, float]:
    with seeded_libraries(seed):
        return secrets.token_bytes(8), random.random()


def test_libraries_draw_by_the_seed_inside() -> None:
    assert drawn("a") == drawn("a")
    assert drawn("a") != drawn("b")


def test_outside_nothing_is_known() -> None:
    random.seed(1)
    expected = random.Random(1).random()
    before = secrets.token_bytes
    assert drawn("a")
    assert random.random() == expected
    assert secrets.token_bytes is before
    assert secrets.token_bytes(8) != secrets.token_bytes(8)
