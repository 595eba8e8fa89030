"""The busybox image: one static program from Debian's busybox-static, under the names of all its tools.

The program is the host's when the package is installed, else the package is fetched by apt and unpacked
beside. The root file system is a tar made in memory (2 MB): /bin/TOOL are hard links to /bin/busybox, so
that the layer holds the program once. All times in it are the program's own: the same package gives the
same bytes.
"""

from __future__ import annotations

import io
import os
import struct
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hythe.cli.bootstrap_child import run
from hythe.errors import SystemProblem

CHANGES: Final = (
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    'CMD ["sh"]',
)
_PLACES: Final = ("bin/busybox", "usr/bin/busybox")
_PT_INTERP: Final = 3

_DIRECTORIES: Final = {
    "bin": 0o755, "dev": 0o755, "etc": 0o755, "home": 0o755, "proc": 0o555, "root": 0o700, "sys": 0o555,
    "tmp": 0o1777, "usr": 0o755, "usr/bin": 0o755, "usr/sbin": 0o755, "var": 0o755, "var/spool": 0o755,
    "var/spool/mail": 0o755, "var/www": 0o755,
}  # fmt: skip
_PASSWD: Final = """\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
"""
_GROUP: Final = """\
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
mail:x:8:
www-data:x:33:
users:x:100:
nogroup:x:65534:
"""
_FILES: Final = {
    "etc/passwd": (_PASSWD, 0o644),
    "etc/group": (_GROUP, 0o644),
    "etc/shadow": ("root:*:::::::\nnobody:*:::::::\n", 0o640),
    "etc/nsswitch.conf": ("passwd: files\ngroup: files\nhosts: files dns\n", 0o644),
}
_ELSEWHERE: Final = ("usr/bin/env",)  # where "#!" lines look for it


def program() -> tuple[bytes, int]:
    """The static busybox of the distribution, and the time it was made, in seconds since the epoch."""
    for place in _PLACES:
        path = Path("/") / place
        if path.is_file() and is_static(content := path.read_bytes()):
            return content, int(path.stat().st_mtime)
    with tempfile.TemporaryDirectory(prefix="hythe-busybox-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)  # apt downloads as a user of its own
        hint = "install it: apt-get install busybox-static"
        run(["apt-get", "-qq", "download", "busybox-static"], "fetch busybox-static", cwd=folder, hint=hint)
        package = next(folder.glob("busybox-static_*.deb"))
        run(["dpkg-deb", "--extract", str(package), str(folder / "root")], "unpack busybox-static")
        path = next(folder / "root" / place for place in _PLACES if (folder / "root" / place).is_file())
        return path.read_bytes(), int(path.stat().st_mtime)


def tools(content: bytes) -> list[str]:
    """The names that the program answers to, as it lists them itself."""
    with tempfile.TemporaryDirectory(prefix="hythe-busybox-") as scratch:
        path = Path(scratch) / "busybox"
        path.write_bytes(content)
        path.chmod(0o755)
        try:
            done = subprocess.run([path, "--list"], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise SystemProblem(f"busybox does not run on this machine: {error}") from error
    return sorted(set(done.stdout.split()) - {"busybox"})


def archive(content: bytes, names: Sequence[str], made: int) -> bytes:
    """The root file system as a tar."""
    time = min(made, int(os.environ.get("SOURCE_DATE_EPOCH", made)))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, mode in _DIRECTORIES.items():
            tar.addfile(_entry(path, mode, time, tarfile.DIRTYPE))
        for path, (text, mode) in _FILES.items():
            _add(tar, _entry(path, mode, time), text.encode())
        _add(tar, _entry("bin/busybox", 0o755, time), content)
        for path in [*(f"bin/{name}" for name in names), *_ELSEWHERE]:
            link = _entry(path, 0o755, time, tarfile.LNKTYPE)
            link.linkname = "bin/busybox"
            tar.addfile(link)
    return buffer.getvalue()


def is_static(content: bytes) -> bool:
    """Is this a 64-bit little-endian ELF program that asks for no interpreter (elf(5))?"""
    if content[:6] != b"\x7fELF\x02\x01":
        return False
    offset, size, count = *struct.unpack_from("<Q", content, 32), *struct.unpack_from("<HH", content, 54)
    kinds = (struct.unpack_from("<I", content, offset + index * size)[0] for index in range(count))
    return _PT_INTERP not in kinds


def _entry(path: str, mode: int, time: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.mode, entry.mtime, entry.type = mode, time, kind
    return entry


def _add(tar: tarfile.TarFile, entry: tarfile.TarInfo, content: bytes) -> None:
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
