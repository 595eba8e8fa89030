"""Points in time on the command line, as the API takes them: seconds since the epoch with a fraction."""

from __future__ import annotations

import time

from hythe.base.units import parse_duration
from hythe.errors import InvalidArgument


def moment(text: str | None, now: float | None = None) -> str | None:
    """From a duration ago ("42m"), seconds since the epoch, a date, or a date and a time."""
    if not text:
        return None
    if text.replace(".", "", 1).isdigit():
        return text
    try:
        return f"{(time.time() if now is None else now) - parse_duration(text) / 10**9:.9f}"
    except InvalidArgument:
        from datetime import datetime

        try:
            return f"{datetime.fromisoformat(text).timestamp():.9f}"
        except ValueError as error:
            raise InvalidArgument(
                f"invalid time {text!r}",
                hint="write 2024-01-02T13:23:37Z, 1704203017, or 42m for 42 minutes ago",
            ) from error
