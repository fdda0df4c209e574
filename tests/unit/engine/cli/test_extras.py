import pytest

from engine.cli.extras import needs
from engine.model.errors import ResourceError


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(ResourceError, match=r"no_such_package.*'\.\[store\]'"), needs("store"):
        import no_such_package  # type: ignore[import-not-found]  # noqa: F401
