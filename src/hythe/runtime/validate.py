"""What the runtime accepts of a config.json: everything it implements, and nothing else in silence.

Checked before anything is done. A field that is not in these tables is refused by its name, so that a bundle
never runs with less isolation than it asks for. Source: runtime-spec 1.2, config.md and config-linux.md.
"""

from __future__ import annotations

import re
from typing import Any, Final

from hythe.errors import InvalidArgument, Unsupported
from hythe.kernel.cgroups import check
from hythe.kernel.namespaces import FLAGS
from hythe.runtime.init.mappings import mapping_in

_TOP: Final = frozenset("ociVersion process root hostname domainname mounts linux annotations".split())
_PROCESS: Final = frozenset(
    """terminal consoleSize user args env cwd capabilities rlimits noNewPrivileges apparmorProfile
    oomScoreAdj""".split()
)
_LINUX: Final = frozenset(
    """namespaces uidMappings gidMappings timeOffsets devices cgroupsPath resources seccomp rootfsPropagation
    maskedPaths readonlyPaths sysctl""".split()
)
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}")
_LARGEST_ID: Final = 2**32 - 2


def _only(known: frozenset[str], given: dict[str, Any], where: str) -> None:
    for name, value in given.items():
        if name not in known and value not in (None, "", [], {}, False, 0):
            raise Unsupported(f"config.json: {where}{name} is not supported by this runtime")


def identifier(id: object, what: str = "container id") -> str:
    """`id` if it is usable as a file name. Raises InvalidArgument."""
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise InvalidArgument(f"invalid {what}: {id!r}", hint="use letters, digits and _ . + -, at most 128")
    return id


def process(value: dict[str, Any]) -> None:
    """Raises InvalidArgument, Unsupported."""
    _only(_PROCESS, value, "process.")
    args = value.get("args")
    if not isinstance(args, list) or not args or not all(isinstance(arg, str) for arg in args):
        raise InvalidArgument("config.json: process.args needs at least the program's name")
    if any("\0" in text for text in [*args, *value.get("env", [])]):
        raise InvalidArgument("config.json: process.args and process.env may not contain a NUL character")
    cwd = value.get("cwd", "/")
    if not isinstance(cwd, str) or not cwd.startswith("/"):
        raise InvalidArgument(f"config.json: process.cwd {cwd!r} is not an absolute path")
    user = value.get("user") or {}
    for name in ("uid", "gid"):
        _id(user.get(name, 0), f"process.user.{name}")
    for number in user.get("additionalGids") or ():
        _id(number, "process.user.additionalGids")


def _id(number: object, where: str) -> None:
    """4294967295 is -1 to the kernel, "leave it": it would stay root (CVE-2024-40635)."""
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= _LARGEST_ID:
        raise InvalidArgument(f"config.json: {where} {number!r} is not between 0 and {_LARGEST_ID}")


def spec(value: dict[str, Any]) -> None:
    """The whole config.json. Raises InvalidArgument, Unsupported."""
    if not isinstance(value.get("process"), dict):
        raise InvalidArgument("config.json: there is no process")
    _only(_TOP, value, "")
    process(value["process"])
    linux = value.get("linux") or {}
    _only(_LINUX, linux, "linux.")
    check.check(linux.get("resources") or {})
    _namespaces(linux.get("namespaces") or [], value)
    for mount in value.get("mounts") or ():
        if not str(mount.get("destination", "")).startswith("/"):
            raise InvalidArgument(
                f"config.json: mount destination {mount.get('destination')!r} is not absolute"
            )
    if not linux.get("cgroupsPath"):
        raise InvalidArgument("config.json: linux.cgroupsPath is needed")


def program(value: dict[str, Any]) -> None:
    """Another runtime's program. Raises InvalidArgument."""
    if not str(value.get("path", "")).startswith("/"):
        raise InvalidArgument(f"the runtime's path {value.get('path')!r} is not absolute")


def foreign_spec(value: dict[str, Any]) -> None:
    """What we need of a config.json that another runtime judges. Raises InvalidArgument."""
    linux = value.get("linux") or {}
    if not linux.get("cgroupsPath") or not isinstance(linux.get("namespaces"), list):
        raise InvalidArgument("config.json: linux.cgroupsPath and linux.namespaces are needed")


def _namespaces(entries: list[dict[str, Any]], value: dict[str, Any]) -> None:
    kinds = [entry.get("type") for entry in entries]
    for kind in kinds:
        if kind not in FLAGS:
            raise Unsupported(f"config.json: a {kind} namespace is not supported by this runtime")
    if len(set(kinds)) != len(kinds):
        raise InvalidArgument("config.json: a namespace type is listed twice")
    if any(entry["type"] == "user" and not entry.get("path") for entry in entries) and not (
        mapping_in(value["linux"])
    ):
        raise InvalidArgument("config.json: a user namespace needs linux.uidMappings and linux.gidMappings")
    if not any(entry["type"] == "mount" and not entry.get("path") for entry in entries):
        raise InvalidArgument("config.json: linux.namespaces needs a new mount namespace")
    for name, kind in (("hostname", "uts"), ("domainname", "uts")):
        if value.get(name) and kind not in kinds:
            raise InvalidArgument(f"config.json: {name} needs a {kind} namespace of the container's own")
