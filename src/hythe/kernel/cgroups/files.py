"""Reading and writing the little files of a control group tree, and removing its folders."""

# ruff: noqa: PTH106
from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from typing import Any, Final

from hythe.errors import InvalidArgument, NotFound

_REMOVE_TRIES: Final = 200
_REMOVE_PAUSE: Final = 0.002


def write(path: str, value: str | int) -> None:
    """One write(2), as these files want it. Raises OSError with the value in its text."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, str(value).encode())
    except OSError as error:
        raise OSError(error.errno, f"write {value!r}: {os.strerror(error.errno or 0)}", path) from error
    finally:
        os.close(descriptor)


def write_lines(path: str, lines: list[str]) -> None:
    """One write(2) for each line, in one opening. Raises OSError as `write` does."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        for line in lines:
            try:
                os.write(descriptor, line.encode())
            except OSError as error:
                raise OSError(error.errno, f"write {line!r}: {error.strerror}", path) from error
    finally:
        os.close(descriptor)


def read(path: str) -> str:
    """The whole file; "" where it does not exist."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        parts: list[bytes] = []
        while data := os.read(descriptor, 1 << 16):
            parts.append(data)
        return b"".join(parts).decode()
    finally:
        os.close(descriptor)


def existing(folder: str) -> str:
    """`folder`. Raises NotFound, in the words that clients of runc know."""
    if not os.path.isdir(folder):  # noqa: PTH112
        raise NotFound(f"cannot join: adding pid to {folder}/cgroup.procs: no such file or directory")
    return folder


def number(path: str) -> int:
    """The number in the file; 0 for "max" and where it does not exist."""
    text = read(path).strip()
    return int(text) if text.lstrip("-").isdigit() else 0


def table(path: str) -> dict[str, int]:
    """Lines of "name number"."""
    rows = (line.split() for line in read(path).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2}


def check_usage(path: str, memory: dict[str, Any]) -> None:
    """For checkBeforeUpdate: raises InvalidArgument for a limit that is not above the use that `path` tells."""
    usage = number(path)
    for name in ("limit", "swap"):
        limit = memory.get(name) or 0
        if 0 < limit <= usage:
            raise InvalidArgument(
                f"linux.resources.memory.{name} {limit} is not above what is in use, {usage} bytes"
            )


def tree(path: str) -> Iterator[str]:
    """Every group folder below `path`, deepest first, and `path` itself last."""
    try:
        entries = [entry.path for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return
    for entry in entries:
        yield from tree(entry)
    yield path


def remove_tree(path: str) -> None:
    """rmdir(2) every group, deepest first.

    A group is busy for a moment after its last process has been reaped; v1 has no event for its end, so that
    is waited out in small steps, and only then EBUSY is raised.
    """
    try:
        os.rmdir(path)
        return
    except FileNotFoundError:
        return
    except OSError:
        pass  # there are groups below, or processes
    for folder in tree(path):
        for attempt in range(_REMOVE_TRIES):
            try:
                os.rmdir(folder)
                break
            except FileNotFoundError:
                break
            except OSError as error:
                if error.errno != errno.EBUSY or attempt == _REMOVE_TRIES - 1:
                    raise
                time.sleep(_REMOVE_PAUSE)


def checked_path(path: str) -> str:
    """`path` as "/a/b". Raises InvalidArgument for one that is empty or leads upwards."""
    parts = [part for part in path.split("/") if part]
    if not parts or any(part in (".", "..") for part in parts) or "\0" in path:
        raise InvalidArgument(
            f"cgroupsPath {path!r} is not a path below the top", hint='write it like "/group/id"'
        )
    return "/" + "/".join(parts)
