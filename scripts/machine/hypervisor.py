"""One run of the virtual machine: qemu with its options, and all that it needs beside it.

Everything is in a temporary folder and ends with the run: qemu, a virtiofsd for each shared folder, the disk.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from machine import acceleration
from machine.kernel import Kernel, Unavailable
from machine.ports import Ports

_END_SECONDS: Final = 10
_VIRTIOFSD: Final = (Path("/usr/libexec/virtiofsd"), Path("/usr/lib/qemu/virtiofsd"))
_BOOT: Final = "console=ttyS0 panic=-1 mitigations=off clocksource=hpet tsc=unstable"


@dataclass(frozen=True)
class Machine:
    """`accelerator` is a key of `acceleration.OPTIONS`; memory in MiB, the disk in GiB; `append` goes to the kernel."""

    kernel: Kernel
    accelerator: str
    cpus: int
    memory: int
    disk: int
    share: Path | None
    network: bool
    console: bool
    append: str

    def run(self, initramfs: bytes, seconds: float) -> int:
        """Boot, pass the command's output on, and give its exit status; see `Ports.follow`."""
        with tempfile.TemporaryDirectory(prefix="hythe-vm-") as made, ExitStack() as stack:
            folder = Path(made)
            (folder / "initramfs").write_bytes(initramfs)
            options = ["-initrd", str(folder / "initramfs"), *_disk(folder / "disk", self.disk)]
            for tag, source in (("host", Path("/")), ("share", self.share)):
                if source is not None:
                    options += stack.enter_context(_shared(folder / tag, tag, source))
            ports = stack.enter_context(Ports())
            command = ["qemu-system-x86_64", *self._options(), *options, *ports.options()]
            qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=ports.passed)
            stack.enter_context(_ended(qemu))
            return ports.follow(seconds)

    def _options(self) -> list[str]:
        line = " ".join((_BOOT, *(() if self.console else ("quiet",)), self.append))
        memory = (
            f"memory-backend-memfd,id=memory,size={self.memory}M,share=on"  # virtiofsd reads and writes it
        )
        console = "stdio,signal=off" if self.console else "null"
        network = "user,model=virtio-net-pci" if self.network else "none"
        return [
            *("-M", "q35", *acceleration.OPTIONS[self.accelerator], "-smp", str(self.cpus)),
            *("-m", str(self.memory), "-object", memory, "-numa", "node,memdev=memory"),
            *("-nodefaults", "-no-reboot", "-display", "none", "-nic", network),
            *("-chardev", f"{console},id=console", "-serial", "chardev:console"),
            *("-kernel", str(self.kernel.image), "-append", line),
        ]


def _disk(image: Path, size: int) -> list[str]:
    """A sparse file with an ext4 in it. It need not survive a power failure, so nothing waits for it."""
    with image.open("wb") as file:
        file.truncate(size << 30)
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "nodiscard", image], check=True, env={"PATH": path})
    return ["-drive", f"file={image},format=raw,if=virtio,cache=unsafe,discard=unmap"]


@contextmanager
def _shared(path: Path, tag: str, source: Path) -> Iterator[list[str]]:
    """Within: a virtiofsd that serves `source`, mounted by the name `tag`; the options for qemu.

    Its socket listens before it is started, so qemu can connect at once. The guest trusts what it has seen of the
    host's files, which must not change under it; what it shares, both may change.
    """
    program = next((each for each in _VIRTIOFSD if each.exists()), None)
    if program is None:
        raise Unavailable("there is no virtiofsd; install it: sudo scripts/install-debian test")
    options = f"source={source},cache={'always' if tag == 'host' else 'auto'},sandbox=chroot"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(1)
        fd = listening.fileno()
        serving = subprocess.Popen(
            [program, f"--fd={fd}", "-o", options], pass_fds=[fd], stderr=subprocess.DEVNULL
        )
    with _ended(serving):
        device = f"vhost-user-fs-pci,chardev={tag},tag={tag}"
        yield ["-chardev", f"socket,id={tag},path={path}", "-device", device]


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """After it, the process has ended, by force if it must be."""
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
