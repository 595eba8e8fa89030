"""What the runtime accepts of a config.json: everything it implements, and nothing else in silence.

Checked before anything is done. What the specification has and this runtime has not is refused by its name, so that a
bundle never runs with less isolation than it asks for; what no specification has is left alone, as it wants it
(config.md, Extensibility), and named to the caller. Source: runtime-spec 1.2 and 1.3, config.md and config-linux.md.
"""

from __future__ import annotations

import re
from typing import Any, Final

from hythe.errors import InvalidArgument, Unsupported
from hythe.kernel.cgroups import check
from hythe.kernel.namespaces import FLAGS
from hythe.runtime.init.mappings import mapping_in

_REFUSED: Final = {
    "": frozenset("hooks solaris windows vm zos freebsd".split()),
    "process.": frozenset("scheduler ioPriority execCPUAffinity commandLine".split()),
    "linux.": frozenset("intelRdt personality netDevices memoryPolicy".split()),
}
_TOP: Final = frozenset("ociVersion process root hostname domainname mounts linux annotations".split())
_PROCESS: Final = frozenset(
    """terminal consoleSize user args env cwd capabilities rlimits noNewPrivileges apparmorProfile
    selinuxLabel oomScoreAdj""".split()
)
_LINUX: Final = frozenset(
    """namespaces uidMappings gidMappings timeOffsets devices cgroupsPath resources seccomp rootfsPropagation
    maskedPaths readonlyPaths sysctl mountLabel""".split()
)
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}")
_LARGEST_ID: Final = 2**32 - 2


def _unknown(known: frozenset[str], given: object, where: str) -> list[str]:
    """Names that nobody has heard of. Raises InvalidArgument, and Unsupported for those of the specification."""
    if not isinstance(given, dict):
        raise InvalidArgument(f"config.json: {where.rstrip('.')} is not an object")
    for name in given.keys() & _REFUSED[where]:
        if given[name] not in (None, "", [], {}, False, 0):
            raise Unsupported(f"config.json: {where}{name} is not supported by this runtime")
    return [f"{where}{name}" for name in given if name not in known | _REFUSED[where]]


def identifier(id: object, what: str = "container id") -> str:
    """`id` if it is usable as a file name. Raises InvalidArgument."""
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise InvalidArgument(f"invalid {what}: {id!r}", hint="use letters, digits and _ . + -, at most 128")
    return id


def process(value: dict[str, Any]) -> list[str]:
    """The names of what is unknown in it. Raises InvalidArgument, Unsupported."""
    unknown = _unknown(_PROCESS, value, "process.")
    args = value.get("args")
    if not isinstance(args, list) or not args or not all(isinstance(arg, str) for arg in args):
        raise InvalidArgument("config.json: process.args needs at least the program's name")
    if any("\0" in text for text in [*args, *value.get("env", [])]):
        raise InvalidArgument("config.json: process.args and process.env may not contain a NUL character")
    cwd = value.get("cwd", "/")
    if not isinstance(cwd, str) or not cwd.startswith("/"):
        raise InvalidArgument(f"config.json: process.cwd {cwd!r} is not an absolute path")
    _label(value.get("selinuxLabel"), "process.selinuxLabel")
    user = value.get("user") or {}
    for name in ("uid", "gid"):
        _id(user.get(name, 0), f"process.user.{name}")
    for number in user.get("additionalGids") or ():
        _id(number, "process.user.additionalGids")
    return unknown


def _label(label: object, where: str) -> None:
    if not label:
        return
    from hythe.kernel import selinux  # before any fork: a child can import nothing

    if not isinstance(label, str) or not label.isprintable():
        raise InvalidArgument(f"config.json: {where} {label!r} is no label")
    selinux.must_be_on(f"config.json: {where}")


def _id(number: object, where: str) -> None:
    """4294967295 is -1 to the kernel, "leave it": it would stay root (CVE-2024-40635)."""
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= _LARGEST_ID:
        raise InvalidArgument(f"config.json: {where} {number!r} is not between 0 and {_LARGEST_ID}")


def spec(value: dict[str, Any]) -> list[str]:
    """The whole config.json: the names of what is unknown in it. Raises InvalidArgument, Unsupported."""
    if not isinstance(value.get("process"), dict):
        raise InvalidArgument("config.json: there is no process")
    linux = value.get("linux") or {}
    unknown = [
        *_unknown(_TOP, value, ""),
        *process(value["process"]),
        *_unknown(_LINUX, linux, "linux."),
    ]
    check.check(linux.get("resources") or {})
    _label(linux.get("mountLabel"), "linux.mountLabel")
    _namespaces(linux.get("namespaces") or [], value)
    for mount in value.get("mounts") or ():
        if not str(mount.get("destination", "")).startswith("/"):
            raise InvalidArgument(
                f"config.json: mount destination {mount.get('destination')!r} is not absolute"
            )
    if not linux.get("cgroupsPath"):
        raise InvalidArgument("config.json: linux.cgroupsPath is needed")
    return unknown


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
    own_mounts = any(entry["type"] == "mount" and not entry.get("path") for entry in entries)
    if "user" in kinds and not own_mounts:
        raise InvalidArgument(
            "config.json: a container with a user namespace needs a new mount namespace, too"
        )
    for name, kind in (("hostname", "uts"), ("domainname", "uts")):
        if value.get(name) and kind not in kinds:
            raise InvalidArgument(f"config.json: {name} needs a {kind} namespace of the container's own")
