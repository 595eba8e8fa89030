"""The smallest program that there is, and an image of it: it waits for ever, for namespaces that others share.

A process that holds the namespaces of a pod needs nothing but to be there, and to reap what others leave to it where
it is the first of their pid namespace. The program is two system calls in an ELF file of less than 200 bytes, with no
libraries, no stack and no heap of its own: ignored children are reaped by the kernel (sigaction(2), SIGCHLD), and
pause(2) waits. One page of memory is all that it ever touches. As the first process of a namespace it takes no signal
but SIGKILL from outside.

Kept out: pods (api/cri).
"""

from __future__ import annotations

import io
import platform
import struct
import tarfile
from typing import Final

from hythe.errors import Unsupported

NAME: Final = "hythe/pause:1"
_AT: Final = 0x400000
_HEADERS: Final = 64 + 56
_IGNORE: Final = struct.pack("<4Q", 1, 0, 0, 0)
"""struct sigaction as the kernel has it: SIG_IGN, and nothing else."""
_PROGRAMS: Final[dict[str, tuple[int, bytes]]] = {
    # machine's number in ELF; mov eax,13 (rt_sigaction); mov edi,17; lea rsi,[rip+19]; xor edx,edx;
    # mov r10d,8; syscall; again: mov eax,34 (pause); syscall; jmp again
    "x86_64": (
        62,
        bytes.fromhex("b80d000000 bf11000000 488d3513000000 31d2 41ba08000000 0f05 b822000000 0f05 ebf7"),
    ),
    # mov x8,134 (rt_sigaction); mov x0,17; adr x1,+44; mov x2,0; mov x3,8; svc 0; again: mov x0,0; mov x1,0;
    # mov x2,0; mov x3,0; mov x8,73 (ppoll); svc 0; b again
    "aarch64": (
        183,
        struct.pack(
            "<13I", 0xD28010C8, 0xD2800220, 0x10000161, 0xD2800002, 0xD2800103, 0xD4000001,
            0xD2800000, 0xD2800001, 0xD2800002, 0xD2800003, 0xD2800928, 0xD4000001, 0x17FFFFFA,
        ),
    ),
}  # fmt: skip


def program(machine: str | None = None) -> bytes:
    """The ELF file for this machine, or for the one named. Raises Unsupported (elf(5))."""
    name = machine or platform.machine()
    if name not in _PROGRAMS:
        raise Unsupported(f"there is no pause program for {name}", hint="x86_64 and aarch64 have one")
    number, code = _PROGRAMS[name]
    size = _HEADERS + len(code) + len(_IGNORE)
    head = struct.pack(
        "<4sBBBB8xHHIQQQIHHHHHH",
        b"\x7fELF", 2, 1, 1, 0, 2, number, 1, _AT + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0,
    )  # fmt: skip
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _AT, _AT, size, size, 0x1000)
    return head + segment + code + _IGNORE


def archive() -> io.BytesIO:
    """The root of the image as an archive: the program, and the places that every start mounts on."""
    out, data = io.BytesIO(), program()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("dev", "etc", "proc", "sys"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        for name, text in (
            ("etc/hosts", b""),
            ("etc/hostname", b""),
            ("etc/resolv.conf", b""),
            ("pause", data),
        ):
            file = tarfile.TarInfo(name)
            file.size, file.mode = len(text), 0o755 if name == "pause" else 0o644
            tar.addfile(file, io.BytesIO(text))
    out.seek(0)
    return out
