"""Overlay file systems of any number of layers.

From Linux 6.8 each lower layer is an option of its own ("lowerdir+"), so 128 of them mount. An older kernel
takes one "lowerdir=a:b:c" string through mount(2), at most a page long and with ":" in need of escaping.
There, every layer is opened and named by its descriptor: "lowerdir=/proc/self/fd/7:/proc/self/fd/8" has nothing
to escape, whatever the layers are called, and more than 200 of them fit. (Shorter names, relative to that
folder, would need another working directory, which all threads share.) The same names serve where a path is
longer than the 255 bytes that fsconfig(2) takes.

A newer kernel explains what it refuses; an older one does so in its log alone (dmesg).

`mount` puts the tree on a directory. `detached` gives it without a place: only its descriptor leads to it, it
goes when that is closed, and nothing is left behind if the process dies.

`detached_for` is for a user namespace (Linux 5.19): the folder that holds all layers is bound once, with its
owners shown through the mapping, and the layers are named below that. Nothing on disk is changed: what the
namespace's root writes is root's on disk. The one who mounts must have ids that exist in the mapping, or
overlay cannot make its own files.
"""

from __future__ import annotations

import errno
import os
import re
from contextlib import ExitStack
from functools import cache
from typing import Final, NamedTuple

from hythe.errors import InvalidArgument
from hythe.kernel import mounts, namespaces
from hythe.kernel.syscall import AT_FDCWD, libc_call, syscall
from hythe.kernel.usernamespaces import Mapping, files_made_by_root, initial

_OPTIONS_SINCE: Final = (6, 8)
_DETACHED_LAYERS_SINCE: Final = (6, 15)
_STRING_LIMIT: Final = 255
_DATA_LIMIT: Final = 4096
_DESCRIPTORS: Final = "/proc/self/fd"


@cache
def by_user() -> bool:
    """Whether overlay's own attributes are to be "user.*", which a user namespace's root may write, and which overlay
    looks at when it is told to ("userxattr"). This process stays in the user namespace that it is in.
    """
    return not initial()


def opaque_attribute() -> str:
    """The attribute that makes a directory hide what is below it: set to "y"."""
    return "user.overlay.opaque" if by_user() else "trusted.overlay.opaque"


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
    if _kernel() < _OPTIONS_SINCE:
        return _by_string(layers, target, read_only)
    root = _by_options(layers, read_only)
    place = os.open(target, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        mounts.attach(root, place, name=target)
    finally:
        os.close(place)
    return root


def detached(layers: Layers, place: str = "") -> int:
    """A descriptor of the root of a mount that no path leads to; read-only without an upper. Raises OSError.

    Kernels before 6.8 need a directory for a moment: `place`, in a mount namespace that is this process's own
    and shares nothing with the host, or a passing one.
    """
    if layers.upper is None and len(layers.lower) == 1:  # overlay wants two layers, or something to write to
        return mounts.clone(layers.lower[0], read_only=True)
    read_only = layers.upper is None
    if _kernel() >= _OPTIONS_SINCE:
        return _by_options(layers, read_only)
    if place:
        return _by_way_of(place, layers, read_only)
    import tempfile  # costly, and for kernels before 6.8 alone

    with tempfile.TemporaryDirectory(prefix="hythe-overlay-") as passing:
        return _by_way_of(passing, layers, read_only)


def _by_way_of(place: str, layers: Layers, read_only: bool) -> int:
    """A copy of a mount on `place`, which goes. The mount itself, taken off its place, would not do: to let go of a
    path in such a one counts as a change of mounts, so openat2 would never get through a ".." in it.
    """
    os.close(_by_string(layers, place, read_only))
    try:
        return mounts.clone(place)
    finally:
        mounts.unmount(place)


def needs_place() -> bool:
    """Whether this kernel makes use of a `place`."""
    return _kernel() < _OPTIONS_SINCE


def covers_layers() -> bool:
    """Whether `detached_for` has to cover the folder of all layers, in a mount namespace of this process's own."""
    return _kernel() < _DETACHED_LAYERS_SINCE


def detached_for(layers: Layers, user_namespace: int, mapping: Mapping, place: str) -> int:
    """The same for the processes of a user namespace: a descriptor of it, and what it maps. Raises OSError.

    Before Linux 6.15 a layer has to be in sight of a path: there this process gets a mount namespace of its own.
    """
    every = [*layers.lower, *(path for path in (layers.upper, layers.work) if path is not None)]
    folder = os.path.commonpath(every) if len(every) > 1 else os.path.dirname(every[0])
    tree = mounts.clone(folder)
    try:
        mounts.idmap(tree, user_namespace)
        if covers_layers():
            namespaces.unshare(namespaces.CLONE_NEWNS)
            mounts.make_private("/")
            covered = os.open(folder, os.O_PATH | os.O_CLOEXEC)
            mounts.attach(tree, covered, name=folder)
            os.close(covered)
        else:
            layers = _moved(layers, folder, f"{_DESCRIPTORS}/{tree}")
        with files_made_by_root(mapping):
            return detached(layers, place)
    finally:
        os.close(tree)


def _moved(layers: Layers, old: str, new: str) -> Layers:
    def moved(path: str) -> str:
        return new + path.removeprefix(old)

    upper, work = layers.upper and moved(layers.upper), layers.work and moved(layers.work)
    return Layers([moved(path) for path in layers.lower], upper, work, layers.rest)


@cache
def _kernel() -> tuple[int, int]:
    """The kernel's version. Trying what it does not know would leave a line in its log at every mount."""
    major, minor = re.match(r"(\d+)\.(\d+)", os.uname().release).groups()  # type: ignore[union-attr]
    return int(major), int(minor)


def _by_options(layers: Layers, read_only: bool) -> int:
    with ExitStack() as stack:
        options: list[tuple[str, str | None]] = [("source", "overlay")]
        options += [("lowerdir+", _short(stack, path)) for path in layers.lower]
        if layers.upper is not None and layers.work is not None:
            options += [("upperdir", _short(stack, layers.upper)), ("workdir", _short(stack, layers.work))]
        attributes = mounts.MOUNT_ATTR_RDONLY if read_only else 0
        return mounts.filesystem("overlay", [*options, *_rest(layers)], attributes)


def _rest(layers: Layers) -> list[tuple[str, str | None]]:
    """With "userxattr" redirects are never followed, and saying so in any other word is an error."""
    if not by_user():
        return layers.rest
    return [*(one for one in layers.rest if one[0] != "redirect_dir"), ("userxattr", None)]


def _pin(stack: ExitStack, path: str) -> int:
    descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    stack.callback(os.close, descriptor)
    return descriptor


def _short(stack: ExitStack, path: str) -> str:
    if len(os.fsencode(path)) <= _STRING_LIMIT:
        return path
    return f"{_DESCRIPTORS}/{_pin(stack, path)}"


def _by_string(layers: Layers, target: str, read_only: bool) -> int:
    """The way of kernels before 6.8."""
    with ExitStack() as stack:

        def name(path: str) -> str:
            return f"{_DESCRIPTORS}/{_pin(stack, path)}"

        words = ["lowerdir=" + ":".join(name(path) for path in layers.lower)]
        if layers.upper is not None and layers.work is not None:
            words += [f"upperdir={name(layers.upper)}", f"workdir={name(layers.work)}"]
        words += [key if value is None else f"{key}={value}" for key, value in _rest(layers)]
        data = ",".join(words).encode()
        if len(data) >= _DATA_LIMIT:  # the kernel would leave the rest out
            raise OSError(
                errno.E2BIG, f"overlay: {len(layers.lower)} layers are too many for this kernel", target
            )
        try:
            libc_call("mount", "overlay", target, "overlay", 1 if read_only else 0, data, path=target)
        except OSError as error:
            why = "; the kernel's log has the reason (dmesg)" if error.errno == errno.EINVAL else ""
            raise OSError(error.errno, f"overlay: {error.strerror}{why}", target) from error
    return syscall("open_tree", AT_FDCWD, target, os.O_CLOEXEC, path=target)
