"""What is gone already need not be changed or deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hythe.kube.objects.status import ApiError


@contextmanager
def gone_is_fine() -> Iterator[None]:
    """A request about an object that is no longer there counts as done."""
    try:
        yield
    except ApiError as error:
        if error.code != 404:
            raise
