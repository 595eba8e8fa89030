"""Mounts: -v, --mount and --tmpfs -> HostConfig.Binds, Mounts and Tmpfs.

-v: "SOURCE:TARGET[:OPTIONS]" (a path is a bind, a name a volume) or "TARGET" (an anonymous volume).
--mount: "type=bind,source=/a,target=/b,readonly". Source: documentation of `docker run`, "Volumes".
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from typing import Any, Final

from hythe.base.units import parse_size
from hythe.errors import InvalidArgument, Unsupported

_WORDS: Final = frozenset(
    [
        "ro",
        "rw",
        "z",
        "Z",
        "nocopy",
        "copy",
        "consistent",
        "cached",
        "delegated",
        "shared",
        "slave",
        "private",
        "rshared",
        "rslave",
        "rprivate",
    ]
)
_HINT: Final = "write SOURCE:TARGET[:ro], with a path or a volume's name as SOURCE and an absolute TARGET"
_TRUE: Final = ("", "1", "true")
_REFUSED: Final = ("npipe", "cluster")

Json = dict[str, Any]


def parse_volume(text: str, base: str | None = None) -> tuple[str, str]:
    """("bind", "/abs/source:/target:ro"), ("volume", "name:/target") or ("anonymous", "/target").

    A relative source that begins with "." is taken from `base`, else from the working directory.
    """
    parts = text.split(":")
    if len(parts) == 1:
        _check_target(text, text)
        return "anonymous", _clean(text)
    source, target, options = parts[0], parts[1], ":".join(parts[2:])
    _check_target(target, text)
    unknown = {word for word in options.split(",") if word} - _WORDS
    if len(parts) > 3 or unknown:
        raise InvalidArgument(f"invalid volume {text!r}: unknown option {options!r}", hint=_HINT)
    if not source:
        raise InvalidArgument(f"invalid volume {text!r}: no source", hint=_HINT)
    kind = "volume"
    if source.startswith(("/", ".", "~")):
        kind = "bind"
        source = os.path.normpath(os.path.join(base or os.getcwd(), os.path.expanduser(source)))  # noqa: PTH109, PTH111 - no pathlib on this path
    elif "/" in source:
        raise InvalidArgument(
            f"invalid volume {text!r}: {source!r} is neither a path nor a name",
            hint=f"for a path write ./{source}",
        )
    return kind, ":".join([source, target, *([options] if options else [])])


def parse_tmpfs(text: str) -> tuple[str, str]:
    """ "/run:size=64m,mode=1777" -> ("/run", "size=64m,mode=1777")."""
    target, _, options = text.partition(":")
    _check_target(target, text)
    return target, options


def parse_mount(text: str) -> Json:
    """A Mount object of the API from --mount's comma separated fields."""
    mount: Json = {"Type": "volume", "Source": "", "Target": ""}
    for field in next(csv.reader([text])):
        key, _, value = field.partition("=")
        apply = _FIELDS.get(key.strip().lower())
        if apply is None:
            raise InvalidArgument(
                f"invalid mount {text!r}: unknown field {key!r}", hint="see hythe run --help"
            )
        apply(mount, value)
    kind = mount["Type"]
    if kind in _REFUSED:
        raise Unsupported(f"mounts of type {kind} are not supported", hint="use bind, volume or tmpfs")
    if kind not in ("bind", "volume", "tmpfs"):
        raise InvalidArgument(
            f"invalid mount {text!r}: unknown type {kind!r}", hint="use bind, volume or tmpfs"
        )
    _check_target(mount["Target"], text)
    if kind == "bind" and not mount["Source"]:
        raise InvalidArgument(f"invalid mount {text!r}: a bind needs source=PATH")
    if kind == "tmpfs" and mount["Source"]:
        raise InvalidArgument(f"invalid mount {text!r}: a tmpfs has no source")
    if kind == "bind":
        mount["Source"] = os.path.abspath(mount["Source"])  # noqa: PTH100 - as above
    return mount


def _check_target(target: str, whole: str) -> None:
    if not target.startswith("/"):
        raise InvalidArgument(f"invalid volume {whole!r}: the target {target!r} is not absolute", hint=_HINT)
    if _clean(target) == "/":
        raise InvalidArgument(f"invalid volume {whole!r}: the target may not be /", hint=_HINT)


def _clean(path: str) -> str:
    return "/" + os.path.normpath(path).lstrip("/")


def _put(*path: str) -> Callable[[Json, str], None]:
    def apply(mount: Json, value: str) -> None:
        _at(mount, path[:-1])[path[-1]] = value

    return apply


def _flag(*path: str) -> Callable[[Json, str], None]:
    def apply(mount: Json, value: str) -> None:
        _at(mount, path[:-1])[path[-1]] = value.lower() in _TRUE

    return apply


def _pair(*path: str) -> Callable[[Json, str], None]:
    def apply(mount: Json, value: str) -> None:
        key, _, text = value.partition("=")
        _at(mount, path)[key] = text

    return apply


def _at(mount: Json, path: tuple[str, ...]) -> Json:
    for key in path:
        mount = mount.setdefault(key, {})
    return mount


def _tmpfs_size(mount: Json, value: str) -> None:
    _at(mount, ("TmpfsOptions",))["SizeBytes"] = parse_size(value)


def _tmpfs_mode(mount: Json, value: str) -> None:
    try:
        _at(mount, ("TmpfsOptions",))["Mode"] = int(value, 8)
    except ValueError as error:
        raise InvalidArgument(f"invalid tmpfs-mode {value!r}: it is not an octal number") from error


_FIELDS: Final[dict[str, Callable[[Json, str], None]]] = {
    "type": _put("Type"),
    "source": _put("Source"),
    "src": _put("Source"),
    "target": _put("Target"),
    "destination": _put("Target"),
    "dst": _put("Target"),
    "readonly": _flag("ReadOnly"),
    "ro": _flag("ReadOnly"),
    "consistency": _put("Consistency"),
    "bind-propagation": _put("BindOptions", "Propagation"),
    "bind-nonrecursive": _flag("BindOptions", "NonRecursive"),
    "bind-create-src": _flag("BindOptions", "CreateMountpoint"),
    "volume-nocopy": _flag("VolumeOptions", "NoCopy"),
    "volume-label": _pair("VolumeOptions", "Labels"),
    "volume-driver": _put("VolumeOptions", "DriverConfig", "Name"),
    "volume-opt": _pair("VolumeOptions", "DriverConfig", "Options"),
    "volume-subpath": _put("VolumeOptions", "Subpath"),
    "tmpfs-size": _tmpfs_size,
    "tmpfs-mode": _tmpfs_mode,
}
