"""JSON files: read whole, written whole or not at all (a temporary file, renamed)."""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

from hythe.errors import InvalidArgument


def read(path: str) -> Any:
    """Raises OSError, InvalidArgument for what is no JSON."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(fd, 1 << 20):
            parts.append(part)
    finally:
        os.close(fd)
    return decode(b"".join(parts), path)


def decode(text: bytes, name: str) -> Any:
    """Raises InvalidArgument naming `name` and the place."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidArgument(f"{name} is not valid JSON: {error}") from error


def encode(value: object, indent: int | None = None) -> str:
    return json.dumps(value, indent=indent, separators=(",", ":") if indent is None else None)


def write(path: str, value: object) -> None:
    """Raises OSError."""
    draft(path, encode(value), 0o600).publish()


def write_text(path: str, text: str, mode: int) -> None:
    """The whole file or the one before it. Raises OSError."""
    draft(path, text, mode).publish()


class Draft(NamedTuple):
    """A file that is written, and not yet in its place."""

    temporary: str
    path: str

    def publish(self) -> None:
        """Raises OSError."""
        try:
            os.rename(self.temporary, self.path)  # noqa: PTH104
        except OSError:
            os.unlink(self.temporary)  # noqa: PTH108
            raise


def draft(path: str, text: str, mode: int) -> Draft:
    """Raises OSError."""
    temporary = f"{path}.tmp{os.getpid()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
    return Draft(temporary, path)
