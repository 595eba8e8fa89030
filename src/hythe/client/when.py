"""`--since` and `--until` of the command lines, as the API takes them: seconds since the epoch with a fraction."""

from __future__ import annotations

import time


def moment(text: str | None, now: int | None = None) -> str | None:
    """From a duration ago ("42m"), seconds since the epoch, a date, or a date and a time, which are local.

    `now` in nanoseconds since the epoch. None and "" are None.
    """
    if not text:
        return None
    from hythe.wire.times import SECOND, parse_time  # costs as much as all else that such a command imports

    seconds, rest = divmod(parse_time(text, time.time_ns() if now is None else now, local=True), SECOND)
    return f"{seconds}.{rest:09d}"
