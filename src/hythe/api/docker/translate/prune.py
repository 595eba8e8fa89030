"""`until` of prune: only what was made before a point in time."""

from __future__ import annotations

import time
from collections.abc import Callable

from hythe.api.docker.filters import Filters
from hythe.errors import InvalidArgument
from hythe.wire.times import parse_time


def older_than(filters: Filters) -> Callable[[int], bool]:
    """Whether something made at a time (nanoseconds) may go; everything may without the filter."""
    values = filters.get("until")
    if not values:
        return lambda _: True
    if len(values) > 1:
        raise InvalidArgument("more than one until filter specified")
    limit = parse_time(values[0], time.time_ns())
    return lambda created: created < limit
