"""Whether KVM runs Debian's kernel here, and the options for qemu that follow from it.

A /dev/kvm that opens promises little: some clouds offer one that runs only kernels made for it, and a stock kernel
hangs in it. So it is tried once, with a kernel that has nothing to boot and says so; the answer is kept in the
cache.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

OPTIONS: Final = {
    "kvm": ["-accel", "kvm", "-cpu", "host"],
    "tcg": ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max"],
}
_SECONDS: Final = 15


def choose(cache: Path, image: Path) -> str:
    """The word "kvm" where it works, else "tcg": emulation, some ten times slower."""
    kept = cache / "acceleration"
    if not kept.exists():
        kept.write_text("kvm" if _kvm_runs(image) else "tcg")
    return kept.read_text()


def _kvm_runs(image: Path) -> bool:
    """Whether `image` gets as far as to miss its root file system, which takes a second or two."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    command = ["qemu-system-x86_64", *OPTIONS["kvm"], "-m", "256", "-display", "none", "-nodefaults", "-no-reboot",
               "-serial", "stdio", "-kernel", str(image), "-append", "console=ttyS0 panic=-1"]  # fmt: skip
    try:
        tried = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return b"Kernel panic" in tried.stdout
