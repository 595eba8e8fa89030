"""The machine's name as images give it (Go's GOARCH; image-spec, image-index.md, `platform`)."""

from __future__ import annotations

import os
from typing import Final

_ARCHITECTURES: Final = {
    "x86_64": ("amd64", ""),
    "aarch64": ("arm64", "v8"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "i686": ("386", ""),
    "ppc64le": ("ppc64le", ""),
    "s390x": ("s390x", ""),
    "riscv64": ("riscv64", ""),
}


def host_architecture() -> tuple[str, str]:
    """(architecture, variant) of this machine; the variant is "" where there is none."""
    machine = os.uname().machine
    return _ARCHITECTURES.get(machine, (machine, ""))
