"""The end of a log, for the error that says why a program did not start."""

from __future__ import annotations

from pathlib import Path
from typing import Final

LINES: Final = 15


def tail(log: Path, begin: int = 0) -> str:
    """Its last lines from the byte `begin` on, indented."""
    try:
        with log.open("rb") as file:
            file.seek(begin)
            lines = file.read().decode(errors="replace").splitlines()
    except OSError as error:
        return f"    (it cannot be read: {error.strerror})"
    return "\n".join(f"    {line}" for line in lines[-LINES:]) or "    (it is empty)"
