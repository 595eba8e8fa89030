"""A user's seccomp profile made plain for one container.

Docker's form adds to a rule what it depends on (`includes`, `excludes`: capabilities, the machine, the kernel's
version), and to the profile `archMap`, which gives each machine its list of architectures. Both are resolved here, into
the form of config-linux.md, Seccomp.

Kept out: whether the profile is right (`seccomp_check`).
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from typing import Any, Final, cast

from hythe.engine.seccomp_check import VERSION, names_of, version
from hythe.oci.spec import Seccomp, SeccompRule

_PLAIN: Final = ("defaultErrnoRet", "flags", "listenerPath", "listenerMetadata")
_MACHINES: Final = {"x86_64": ("amd64", "SCMP_ARCH_X86_64"), "aarch64": ("arm64", "SCMP_ARCH_AARCH64")}


def kernel() -> tuple[int, int]:
    """This one's version, its first two numbers."""
    match = VERSION.match(os.uname().release)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def resolve(profile: Seccomp, granted: Sequence[str]) -> Seccomp:
    """The OCI form for a container that has the capabilities `granted`, on this machine and kernel. It is checked."""
    given = cast("dict[str, Any]", profile)
    machine, token = _MACHINES.get(platform.machine(), (platform.machine(), ""))
    rules: list[SeccompRule] = []
    for rule in given.get("syscalls") or []:
        if not _applies(rule, granted, machine):
            continue
        keys = ("action", "errnoRet", "args")
        kept = {"names": names_of(rule)} | {key: rule[key] for key in keys if rule.get(key) is not None}
        rules.append(cast("SeccompRule", kept))
    result: dict[str, Any] = {"defaultAction": given["defaultAction"], "syscalls": rules}
    result |= {key: given[key] for key in _PLAIN if given.get(key) is not None}
    mapped = next((one for one in given.get("archMap") or [] if one["architecture"] == token), None)
    if mapped is not None:
        result["architectures"] = [token, *(mapped.get("subArchitectures") or [])]
    elif given.get("architectures"):
        result["architectures"] = given["architectures"]
    return cast("Seccomp", result)


def _applies(rule: dict[str, Any], granted: Sequence[str], machine: str) -> bool:
    """Everything that is included must hold, nothing that is excluded may; among machines, one is enough."""
    wanted, unwanted = rule.get("includes") or {}, rule.get("excludes") or {}
    least, before = version(wanted.get("minKernel"), ""), version(unwanted.get("minKernel"), "")
    return (
        all(name in granted for name in wanted.get("caps") or [])
        and not any(name in granted for name in unwanted.get("caps") or [])
        and machine in (wanted.get("arches") or [machine])
        and machine not in (unwanted.get("arches") or [])
        and (least is None or kernel() >= least)
        and (before is None or kernel() < before)
    )
