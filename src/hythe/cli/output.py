"""Writing an archive that the daemon sends: to a file, whole or not at all, or to standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

from hythe.errors import InvalidArgument, NoSpace, SystemProblem

_NO_SPACE = 28


def write_archive(path: str | None, source: Callable[[], Iterator[bytes]]) -> None:
    """`source` is called, which may fail, before anything is written."""
    if not path:
        if sys.stdout.isatty():
            raise InvalidArgument(
                "an archive is not for a terminal", hint="use -o FILE, or redirect the output"
            )
        for piece in source():
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    pieces = source()
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            for piece in pieces:
                file.write(piece)
        os.replace(temporary, path)  # noqa: PTH105 - no pathlib in the short-lived client
    except OSError as error:
        kind = NoSpace if error.errno == _NO_SPACE else SystemProblem
        raise kind(f"cannot write {path}: {error.strerror}") from error
    finally:
        if os.path.lexists(temporary):
            os.unlink(temporary)  # noqa: PTH108 - as above
