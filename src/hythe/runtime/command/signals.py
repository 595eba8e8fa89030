"""Signals by name, with and without "SIG", or by number."""

from __future__ import annotations

import signal

from hythe.errors import InvalidArgument

KILL = 9
_LARGEST = 64


def number(text: str) -> int:
    """Raises InvalidArgument with runc's words."""
    if text.isdigit():
        if 0 <= int(text) <= _LARGEST:
            return int(text)
        raise InvalidArgument(f'unknown signal "{text}"')
    name = text.upper().removeprefix("SIG")
    base, sign, offset = name.partition("+") if "+" in name else name.partition("-")
    found = getattr(signal, f"SIG{base}", None)
    if found is None or name.startswith("_") or (sign and not offset.isdigit()):
        raise InvalidArgument(f'unknown signal "{text}"')
    return int(found) + (int(f"{sign}{offset}") if sign else 0)
