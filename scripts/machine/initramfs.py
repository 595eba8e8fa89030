"""The initial RAM file system: busybox, a few modules, boot.sh as /init, init.sh, and the settings for both.

A cpio archive of the "newc" kind (Documentation/driver-api/early-userspace/buffer-format.rst of the kernel),
uncompressed: the kernel would take longer to unpack it than qemu to load it.
"""

from __future__ import annotations

import lzma
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from machine.kernel import Kernel

MODULES = ("virtio_pci", "virtio_console", "virtio_blk", "virtiofs", "overlay")
BUSYBOX = Path("/bin/busybox")
HERE = Path(__file__).parent


def initramfs(kernel: Kernel, settings: Mapping[str, str], command: str) -> bytes:
    """`settings` become shell variables of boot.sh and init.sh; `command` is a shell script."""
    modules = [_plain(path) for path in kernel.modules(*MODULES)]
    variables = {**settings, "MODULES": " ".join(name for name, _ in modules)}
    lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())
    files = {
        "init": (HERE / "boot.sh").read_bytes(),
        "init.sh": (HERE / "init.sh").read_bytes(),
        "bin/busybox": BUSYBOX.read_bytes(),
        "settings": lines.encode(),
        "command": command.encode(),
        **dict(modules),
    }
    folders = [("bin", 0o040755, b""), ("modules", 0o040755, b"")]
    return _cpio([*folders, *((name, 0o100755, data) for name, data in files.items())])


def _plain(path: Path) -> tuple[str, bytes]:
    """A module's name in the archive, and its content as busybox's insmod takes it."""
    data = path.read_bytes()
    if path.suffix == ".xz":
        data, path = lzma.decompress(data), path.with_suffix("")
    return f"modules/{path.name}", data


def _cpio(entries: Sequence[tuple[str, int, bytes]]) -> bytes:
    """An archive of (name, mode, content)."""
    out = bytearray()
    for inode, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        path = name.encode() + b"\0"
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + path
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return bytes(out)
