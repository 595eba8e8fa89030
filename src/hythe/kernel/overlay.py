"""Overlay file systems of any number of layers.

From Linux 6.7 each lower layer is an option of its own ("lowerdir+"), so 128 of them mount. An older kernel
takes one "lowerdir=a:b:c" string through mount(2), at most a page long and with ":" in need of escaping.
There, every layer is opened and named by its descriptor, relative to /proc/self/fd as working directory:
"lowerdir=7:8:9" is short and has nothing to escape, whatever the layers are called. The same names serve
where a path is longer than the 255 bytes that fsconfig(2) takes.

`mount` puts the tree on a directory. `detached` gives it without a place: only its descriptor leads to it, it
goes when that is closed, and nothing is left behind if the process dies.
"""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from typing import Final, NamedTuple

from hythe.errors import InvalidArgument
from hythe.kernel import mounts
from hythe.kernel.syscall import AT_FDCWD, libc_call, syscall

_STRING_LIMIT: Final = 255
_DESCRIPTORS: Final = "/proc/self/fd"


class Layers(NamedTuple):
    """Directories: `lower` topmost first; without `upper` and `work` the mount cannot be written."""

    lower: list[str]
    upper: str | None
    work: str | None
    rest: list[tuple[str, str | None]]


def from_options(words: list[str]) -> Layers:
    """The layers in mount option words: "lowerdir+=PATH" each or "lowerdir=A:B", "upperdir=", "workdir="."""
    lower: list[str] = []
    upper = work = None
    rest: list[tuple[str, str | None]] = []
    for word in words:
        key, separator, value = word.partition("=")
        if key == "lowerdir+":
            lower.append(value)
        elif key == "lowerdir":
            lower.extend(value.split(":"))
        elif key == "upperdir":
            upper = value
        elif key == "workdir":
            work = value
        elif word not in ("ro", "rw", ""):
            rest.append((key, value if separator else None))
    if not lower:
        raise InvalidArgument(
            "the overlay root has no lower directory", hint="give one lowerdir+= for each layer"
        )
    if (upper is None) != (work is None):
        raise InvalidArgument("the overlay root needs both upperdir and workdir, or neither")
    return Layers(lower, upper, work, rest)


def mount(layers: Layers, target: str, *, read_only: bool = False) -> int:
    """Mount on the directory `target`; a descriptor of the new mount's root. Raises OSError."""
    try:
        root = _by_options(layers, read_only)
    except OSError as error:
        if not _too_old(error):
            raise
        return _by_string(layers, target, read_only)
    place = os.open(target, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        mounts.attach(root, place, name=target)
    finally:
        os.close(place)
    return root


def detached(layers: Layers) -> int:
    """A descriptor of the root of a mount that no path leads to; read-only without an upper. Raises OSError."""
    if layers.upper is None and len(layers.lower) == 1:  # overlay wants two layers, or something to write to
        return mounts.clone(layers.lower[0], read_only=True)
    read_only = layers.upper is None
    try:
        return _by_options(layers, read_only)
    except OSError as error:
        if not _too_old(error):
            raise
    import tempfile  # costly, and for kernels before 6.7 alone: there the mount needs a place for a moment

    with tempfile.TemporaryDirectory(prefix="hythe-overlay-") as place:
        root = _by_string(layers, place, read_only)
        mounts.unmount(place)
    return root


def _too_old(error: OSError) -> bool:
    """Whether the kernel does not know "lowerdir+" (6.5), or refuses all options together (6.1)."""
    return error.errno == errno.EINVAL


def _by_options(layers: Layers, read_only: bool) -> int:
    with ExitStack() as stack:
        options: list[tuple[str, str | None]] = [("source", "overlay")]
        options += [("lowerdir+", _short(stack, path)) for path in layers.lower]
        if layers.upper is not None and layers.work is not None:
            options += [("upperdir", _short(stack, layers.upper)), ("workdir", _short(stack, layers.work))]
        attributes = mounts.MOUNT_ATTR_RDONLY if read_only else 0
        return mounts.filesystem("overlay", [*options, *layers.rest], attributes)


def _pin(stack: ExitStack, path: str) -> int:
    descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    stack.callback(os.close, descriptor)
    return descriptor


def _short(stack: ExitStack, path: str) -> str:
    if len(os.fsencode(path)) <= _STRING_LIMIT:
        return path
    return f"{_DESCRIPTORS}/{_pin(stack, path)}"


def _by_string(layers: Layers, target: str, read_only: bool) -> int:
    """The way of kernels before 6.7. The working directory is put back."""
    with ExitStack() as stack:
        back = _pin(stack, ".")
        words = ["lowerdir=" + ":".join(str(_pin(stack, path)) for path in layers.lower)]
        if layers.upper is not None and layers.work is not None:
            words += [f"upperdir={_pin(stack, layers.upper)}", f"workdir={_pin(stack, layers.work)}"]
        words += [key if value is None else f"{key}={value}" for key, value in layers.rest]
        os.chdir(_DESCRIPTORS)
        stack.callback(os.fchdir, back)
        data = ",".join(words).encode()
        libc_call("mount", "overlay", target, "overlay", 1 if read_only else 0, data, path=target)
    return syscall("open_tree", AT_FDCWD, target, os.O_CLOEXEC, path=target)
