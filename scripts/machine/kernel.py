"""Debian's stock cloud kernel, downloaded by apt and unpacked below a cache folder; nothing is installed.

The meta package names the current kernel, whose package is taken apart: `boot/vmlinuz-*` and `lib/modules`, for
which depmod writes its indexes. The folder appears under its name when it is whole.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

META_PACKAGE = "linux-image-cloud-amd64"


class Unavailable(Exception):
    """The virtual machine cannot be had here; the message says what is missing and what to do."""


@dataclass(frozen=True)
class Kernel:
    """`folder` holds `boot` and `lib/modules`."""

    folder: Path

    @property
    def image(self) -> Path:
        return next((self.folder / "boot").glob("vmlinuz-*"))

    @property
    def release(self) -> str:
        return self.image.name.removeprefix("vmlinuz-")

    def modules(self, *names: str) -> list[Path]:
        """The files of these modules and of all that they need, in the order to load them."""
        found: dict[Path, None] = {}
        for name in names:
            command = ["modprobe", "-d", str(self.folder), "-S", self.release, "--show-depends", name]
            listed = subprocess.run(command, check=True, text=True, capture_output=True).stdout
            for kind, _, rest in (line.partition(" ") for line in listed.splitlines()):
                if kind == "insmod":
                    found[Path(rest.split()[0])] = None
        return list(found)


def provide(cache: Path) -> Kernel:
    """The kernel from the cache, or downloaded. Raises Unavailable."""
    folder = cache / "kernel"
    if not folder.is_dir():
        if shutil.which("apt-get") is None:
            raise Unavailable(f"no apt-get to download {META_PACKAGE} with; the virtual machine needs Debian")
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as made:
            _unpack(_download(Path(made)), Path(made) / "kernel")
            (Path(made) / "kernel").rename(folder)
    return Kernel(folder)


def _download(folder: Path) -> Path:
    """The newest kernel package as a file in `folder`; package lists are fetched when there are none yet."""
    if not (package := _package()):
        subprocess.run(["apt-get", "-qq", "update"], check=True)
        package = _package()
    if not package:
        raise Unavailable(f"apt knows no {META_PACKAGE}; the virtual machine needs Debian on amd64")
    command = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package]
    if subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode != 0:
        subprocess.run(["apt-get", "-qq", "update"], check=True)  # the lists name a kernel that has gone
        subprocess.run([*command[:-1], _package()], cwd=folder, check=True)
    return next(folder.glob("*.deb"))


def _package() -> str:
    command = ["apt-cache", "depends", "--important", META_PACKAGE]
    listed = subprocess.run(command, check=False, text=True, capture_output=True).stdout.split()
    names = [word for word in listed if word.startswith("linux-image-") and word != META_PACKAGE]
    return names[0] if names else ""


def _unpack(package: Path, folder: Path) -> None:
    subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
    if not (folder / "lib").exists():  # Debian 13 and later: below /usr
        (folder / "lib").symlink_to("usr/lib")
    subprocess.run(["depmod", "-b", folder, Kernel(folder).release], check=True)
