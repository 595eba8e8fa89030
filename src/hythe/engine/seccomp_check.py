"""Whether a user's seccomp profile, in the OCI form or in Docker's, says only what is understood.

It is asked when the container is created. A name that is not known is refused, since a rule that is passed over may be
the one that matters; dockerd and the runtimes pass over some.

Kept out: system calls' own names, since a profile lists those of newer kernels, too (`kernel.seccomp`); what the rules
come to for a container (`seccomp_profile`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final

from hythe.errors import InvalidArgument
from hythe.kernel import seccomp

_PROFILE: Final = frozenset(
    "defaultAction defaultErrnoRet architectures archMap flags listenerPath listenerMetadata syscalls".split()
)
_RULE: Final = frozenset("names name action errnoRet args comment includes excludes".split())
_CONDITION: Final = frozenset(("caps", "arches", "minKernel"))
_COMPARISON: Final = frozenset(("index", "value", "valueTwo", "op"))
_MAPPED: Final = frozenset(("architecture", "subArchitectures"))
VERSION: Final = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})")
_ARGUMENTS: Final = 6
_LARGEST: Final = (1 << 64) - 1
_ARCHES: Final = frozenset(
    """x86 x32 amd64 arm arm64 loongarch64 mips mips64 mips64n32 mipsel mipsel64 mipsel64n32 mips3l64n32 ppc ppc64
    ppc64le riscv64 s390 s390x""".split()
)
_TOKENS: Final = frozenset(
    "SCMP_ARCH_" + name
    for name in """X86 X86_64 X32 ARM AARCH64 LOONGARCH64 M68K MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32
    PPC PPC64 PPC64LE PARISC PARISC64 RISCV64 S390 S390X SH SHEB""".split()
)


def check(profile: Any, capabilities: Collection[str]) -> None:
    """Raises InvalidArgument. `capabilities`: all names there are."""
    _only(profile, _PROFILE, "")
    _one_of(profile.get("defaultAction"), seccomp.actions(), "defaultAction")
    for name in _list(profile, "flags", ""):
        _one_of(name, seccomp.flags(), "flags")
    for key in ("listenerPath", "listenerMetadata"):
        if not isinstance(profile.get(key) or "", str):
            raise InvalidArgument(f"seccomp profile: {key} is not a text")
    _check_errno(profile.get("defaultErrnoRet"), "defaultErrnoRet")
    if profile.get("architectures") and profile.get("archMap"):
        raise InvalidArgument(
            "both 'architectures' and 'archMap' are specified in the seccomp profile, "
            "use either 'architectures' or 'archMap'"
        )
    for name in _list(profile, "architectures", ""):
        _one_of(name, _TOKENS, "architectures")
    for entry in _list(profile, "archMap", ""):
        _only(entry, _MAPPED, "archMap: ")
        for name in (entry.get("architecture"), *_list(entry, "subArchitectures", "archMap: ")):
            _one_of(name, _TOKENS, "archMap")
    for position, rule in enumerate(_list(profile, "syscalls", "")):
        _check_rule(rule, f"syscalls[{position}]: ", capabilities)


def _check_rule(rule: Any, where: str, capabilities: Collection[str]) -> None:
    _only(rule, _RULE, where)
    if rule.get("name") and rule.get("names"):
        raise InvalidArgument(
            "both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'"
        )
    names = names_of(rule, where)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise InvalidArgument(f"seccomp profile: {where}names has no system call, or what is no name")
    _one_of(rule.get("action"), seccomp.actions(), f"{where}action")
    _check_errno(rule.get("errnoRet"), f"{where}errnoRet")
    for one in _list(rule, "args", where):
        _only(one, _COMPARISON, f"{where}args: ")
        _one_of(one.get("op"), seccomp.operators(), f"{where}args: op")
        _number(one.get("index"), _ARGUMENTS - 1, f"{where}args: index")
        _number(one.get("value", 0), _LARGEST, f"{where}args: value")
        _number(one.get("valueTwo", 0), _LARGEST, f"{where}args: valueTwo")
    for key in ("includes", "excludes"):
        condition = rule.get(key) or {}
        _only(condition, _CONDITION, f"{where}{key}: ")
        for name in _list(condition, "caps", where):
            _one_of(name, capabilities, f"{where}{key}: caps")
        for name in _list(condition, "arches", where):
            _one_of(name, _ARCHES, f"{where}{key}: arches")
        version(condition.get("minKernel"), f"{where}{key}: ")


def _only(value: Any, known: frozenset[str], where: str) -> None:
    if not isinstance(value, dict):
        raise InvalidArgument(f"seccomp profile: {where or 'it '}is not an object")
    for name in value:
        if name not in known:
            raise InvalidArgument(
                f"seccomp profile: {where}{name!r} is not known", hint="known are " + ", ".join(sorted(known))
            )


def _one_of(name: Any, known: Collection[str], where: str) -> None:
    if not isinstance(name, str) or name not in known:
        raise InvalidArgument(
            f"seccomp profile: {where} {name!r} is not known", hint="known are " + ", ".join(sorted(known))
        )


def _list(value: dict[str, Any], key: str, where: str) -> list[Any]:
    found = value.get(key) or []
    if not isinstance(found, list):
        raise InvalidArgument(f"seccomp profile: {where}{key} is not a list")
    return found


def _number(value: Any, largest: int, where: str) -> None:
    if type(value) is not int or not 0 <= value <= largest:
        raise InvalidArgument(f"seccomp profile: {where} {value!r} is not a number from 0 to {largest}")


def _check_errno(value: Any, where: str) -> None:
    if value is not None:
        _number(value, 0xFFFF, where)


def names_of(rule: dict[str, Any], where: str = "") -> list[str]:
    """The old form has one "name"."""
    return [rule["name"]] if rule.get("name") else _list(rule, "names", where)


def version(value: Any, where: str) -> tuple[int, int] | None:
    """Docker's words for what is wrong. An empty text is every kernel."""
    if value is None:
        return None
    if value == "":
        return 0, 0
    match = VERSION.fullmatch(value) if isinstance(value, str) else None
    found = (int(match[1]), int(match[2])) if match else (0, 0)
    if found == (0, 0) or max(found) > 255:
        raise InvalidArgument(
            f'seccomp profile: {where}invalid kernel version: {value}, expected "<kernel>.<major>"'
        )
    return found
