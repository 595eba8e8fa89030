"""Signals by name or number, as `docker kill -s` and STOPSIGNAL take them."""

from __future__ import annotations

import signal

from hythe.errors import InvalidArgument


def parse_signal(text: str | int) -> int:
    """9, "9", "KILL", "SIGKILL", "SIGRTMIN+3" -> the number."""
    word = str(text).strip().upper()
    if word.isdigit():
        number = int(word)
    else:
        base, _, offset = word.removeprefix("SIG").partition("+")
        found = getattr(signal, f"SIG{base}", None)
        if not isinstance(found, signal.Signals) or (offset and not offset.isdigit()):
            raise InvalidArgument(f"Invalid signal: {text}", hint="see: kill -l")
        number = int(found) + int(offset or 0)
    if not 0 < number < signal.NSIG:
        raise InvalidArgument(f"Invalid signal: {text}", hint="see: kill -l")
    return number
