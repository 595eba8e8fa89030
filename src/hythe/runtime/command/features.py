"""show what this runtime can do, as JSON (runtime-spec, features.md)"""

from __future__ import annotations

from typing import Any

import hythe
from hythe.kernel import capabilities, mount_options, seccomp
from hythe.kernel.namespaces import FLAGS as NAMESPACES
from hythe.kernel.scheduling import MEMORY_FLAGS, MEMORY_MODES
from hythe.runtime import hooks
from hythe.runtime.command import jsonfile
from hythe.runtime.command.context import Context

USAGE = ""
FLAGS = ()
ARGUMENTS = (0, 0)
_ARCHITECTURES = """X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE
RISCV64 S390 S390X""".split()


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    print(jsonfile.encode(features(), indent=4))
    return 0


def features() -> dict[str, Any]:
    """Read from the tables that the runtime itself works by."""
    return {
        "ociVersionMin": "1.0.0",
        "ociVersionMax": "1.3.0",
        "hooks": list(hooks.POINTS),
        "mountOptions": sorted(mount_options.words()),
        "linux": {
            "namespaces": sorted(NAMESPACES),
            "capabilities": [f"CAP_{name}" for name in capabilities.NAMES],
            "cgroup": {"v1": True, "v2": True, "systemd": False, "systemdUser": False, "rdma": False},
            "seccomp": {
                "enabled": True,
                "actions": sorted(seccomp.actions()),
                "operators": sorted(seccomp.operators()),
                "archs": [f"SCMP_ARCH_{name}" for name in _ARCHITECTURES],
                "knownFlags": sorted(seccomp.flags()),
                "supportedFlags": sorted(seccomp.flags()),
            },
            "apparmor": {"enabled": True},
            "selinux": {"enabled": True},
            "intelRdt": {"enabled": False},
            "memoryPolicy": {"modes": list(MEMORY_MODES), "flags": list(MEMORY_FLAGS)},
            "netDevices": {"enabled": True},
        },
        "annotations": {"org.hythe.version": hythe.__version__},
        "potentiallyUnsafeConfigAnnotations": [],
    }
