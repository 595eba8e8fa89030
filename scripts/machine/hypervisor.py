"""One run of the virtual machine: qemu, a virtiofsd for each shared folder, and what comes out of them.

The guest has three serial ports, which qemu joins to pipes of ours: output, errors, and the exit status. Nothing
in here waits by looking again and again: virtiofsd gets a socket that listens already, and the pipes end when qemu
does.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from machine import acceleration
from machine.kernel import Kernel, Unavailable

TIMED_OUT: Final = 124
NO_ANSWER: Final = 125
_PORTS: Final = ("out", "err", "status")
_END_SECONDS: Final = 10
_VIRTIOFSD: Final = ("/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd")


@dataclass(frozen=True)
class Machine:
    """`accelerator` is a key of `acceleration.OPTIONS`; memory in MiB, the disk in GiB."""

    kernel: Kernel
    accelerator: str
    cpus: int
    memory: int
    disk: int
    share: Path | None
    console: bool

    def run(self, initramfs: bytes, seconds: float) -> int:
        """Boot, pass the command's output on, and give its exit status; 124 if it took longer than `seconds`."""
        with tempfile.TemporaryDirectory(prefix="hythe-vm-") as made, ExitStack() as stack:
            folder = Path(made)
            (folder / "initramfs").write_bytes(initramfs)
            command = [*self._command(folder), "-initrd", str(folder / "initramfs"), *_disk(folder, self.disk)]
            for tag, source in (("host", Path("/")), ("share", self.share)):
                if source is not None:
                    command += stack.enter_context(_shared(folder / tag, tag, source))
            pipes: dict[str, int] = {}
            passed = []
            for number, port in enumerate(_PORTS, 1):
                pipes[port], ours = os.pipe()
                stack.callback(os.close, pipes[port])
                passed.append(ours)
                command += ["-add-fd", f"fd={ours},set={number}", "-device", f"virtserialport,chardev={port}",
                            "-chardev", f"file,id={port},path=/dev/fdset/{number},append=on"]  # fmt: skip
            qemu = stack.enter_context(_ended(subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=passed)))
            for each in passed:
                os.close(each)
            return _follow(pipes, qemu, seconds)

    def _command(self, folder: Path) -> list[str]:
        kernel_line = "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check tsc=reliable"
        return [
            "qemu-system-x86_64", *acceleration.OPTIONS[self.accelerator], "-M", "q35", "-smp", str(self.cpus),
            "-m", str(self.memory), "-object", f"memory-backend-memfd,id=memory,size={self.memory}M,share=on",
            "-numa", "node,memdev=memory", "-display", "none", "-nodefaults", "-no-reboot", "-nic", "none",
            "-kernel", str(self.kernel.image), "-append", kernel_line, "-device", "virtio-serial-pci",
            "-chardev", f"{'stdio,signal=off' if self.console else 'null'},id=console", "-serial", "chardev:console",
        ]  # fmt: skip


def _disk(folder: Path, size: int) -> list[str]:
    """A sparse file with an ext4 in it. It need not survive a power failure, so nothing waits for it."""
    image = folder / "disk"
    with image.open("wb") as file:
        file.truncate(size << 30)
    mkfs = ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", image]
    subprocess.run(mkfs, check=True, env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"})
    return ["-drive", f"file={image},format=raw,if=virtio,cache=unsafe,discard=unmap"]


@contextmanager
def _shared(path: Path, tag: str, source: Path) -> Iterator[list[str]]:
    """Within: a virtiofsd that serves `source`; the options for qemu that mount it under the name `tag`."""
    program = next((each for each in _VIRTIOFSD if os.path.exists(each)), None)
    if program is None:
        raise Unavailable("no virtiofsd; install it: sudo scripts/install-debian test")
    cache = "always" if tag == "host" else "auto"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(1)
        number = listening.fileno()
        command = [program, f"--fd={number}", "-o", f"source={source},cache={cache},sandbox=chroot"]
        serving = subprocess.Popen(command, pass_fds=[number], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with _ended(serving):
        yield ["-chardev", f"socket,id={tag},path={path}", "-device", f"vhost-user-fs-pci,chardev={tag},tag={tag}"]


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """After it, the process has ended, by force if it must be."""
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _follow(pipes: dict[str, int], qemu: subprocess.Popen[bytes], seconds: float) -> int:
    """Pass on what comes until qemu has closed all pipes."""
    status, end = b"", time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for port, descriptor in pipes.items():
            selector.register(descriptor, selectors.EVENT_READ, port)
        while selector.get_map():
            ready = selector.select(max(0.0, end - time.monotonic()))
            if not ready:
                print(f"vm: the command did not end in {seconds:g} s", file=sys.stderr)
                return TIMED_OUT
            for key, _ in ready:
                data = os.read(key.fd, 65536)
                if not data:
                    selector.unregister(key.fd)
                elif key.data == "status":
                    status += data
                else:
                    _written(sys.stdout if key.data == "out" else sys.stderr, data)
    word, _, number = status.decode().strip().partition(" ")
    if word == "exit":
        return int(number)
    print(f"vm: the guest ended before the command did (qemu: {qemu.wait()}); --console shows why", file=sys.stderr)
    return NO_ANSWER


def _written(stream: object, data: bytes) -> None:
    buffer = stream.buffer  # type: ignore[attr-defined]
    buffer.write(data)
    buffer.flush()
