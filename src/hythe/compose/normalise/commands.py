"""Commands, health checks and logging."""

from __future__ import annotations

import shlex

from hythe.compose.document import Items, Scalar, Value
from hythe.compose.model import Healthcheck, Logging
from hythe.compose.normalise import scalars

_KINDS = ("NONE", "CMD", "CMD-SHELL")


def command(value: Value | None) -> tuple[str, ...] | None:
    """Words; a string is split as a shell would, but runs without one. None: as the image says."""
    if isinstance(value, Items):
        return scalars.texts(value)
    if not isinstance(value, Scalar) or value.value is None:
        return None
    try:
        return tuple(shlex.split(scalars.name(value)))
    except ValueError as error:
        raise value.place.problem(f"invalid command: {error}".lower()) from error


def healthcheck(value: Value | None) -> Healthcheck | None:
    if value is None:
        return None
    table = scalars.table(value)
    return Healthcheck(
        test=_test(table.get("test")),
        interval=scalars.duration(table.get("interval")),
        timeout=scalars.duration(table.get("timeout")),
        start_period=scalars.duration(table.get("start_period")),
        start_interval=scalars.duration(table.get("start_interval")),
        retries=scalars.whole(table.get("retries")),
        disable=scalars.flag(table.get("disable")) or False,
    )


def logging(value: Value | None) -> Logging | None:
    if value is None:
        return None
    table = scalars.table(value)
    return Logging(driver=scalars.name(table.get("driver")), options=scalars.settings(table.get("options")))


def _test(value: Value | None) -> tuple[str, ...] | None:
    """A string is for the shell; a list says by its first word how it is run."""
    if isinstance(value, Scalar):
        return ("CMD-SHELL", scalars.name(value)) if value.value else None
    words = scalars.texts(value)
    if value is not None and (not words or words[0] not in _KINDS):
        raise value.place.problem(
            "a health check's test must begin with NONE, CMD or CMD-SHELL",
            hint='such as ["CMD", "pg_isready"], or write it as one string for the shell',
        )
    return words or None
