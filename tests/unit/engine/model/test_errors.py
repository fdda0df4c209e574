"""The exit status of each error."""

import pytest

from engine.model.errors import BucketmmError, InputError, InternalError, ResourceError


@pytest.mark.parametrize(
    ("error", "status"), [(BucketmmError, 1), (InputError, 2), (ResourceError, 3), (InternalError, 1)]
)
def test_each_error_has_its_exit_status(error: type[BucketmmError], status: int) -> None:
    assert issubclass(error, BucketmmError)
    assert error("text").exit_status == status
