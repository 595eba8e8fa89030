"""ENOSYS for system calls that a seccomp profile's author could not know.

A profile that answers EPERM by default breaks programs on newer kernels: a C library tries the new call, and
only ENOSYS ("this kernel has none") makes it take the older one. So the calls numbered above the newest that
the profile names are answered with ENOSYS, for each architecture by itself, by a few BPF instructions in front
of the program proper. runc does the same, for the same reason. A call that is older than the newest one named,
and not named, was left out on purpose: the profile's own default holds for it.

Kept out: what the profile says (`seccomp`). Sources: seccomp(2), include/uapi/linux/audit.h, bpf_common.h.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping
from typing import Final, TypeAlias

X86_64: Final = 0xC000003E
X32: Final = 0x4000003E
"""libseccomp's own token: the kernel gives x32 calls as x86_64 with bit 30 of the number set."""

_X32_BIT: Final = 0x40000000
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_LOAD, _JUMP, _RETURN = 0x20, 0x05, 0x06
_EQUAL, _GREATER, _GREATER_OR_EQUAL = 0x15, 0x25, 0x35
_ENOSYS: Final = 0x00050000 | errno.ENOSYS

_Instruction: TypeAlias = tuple[int, int, int, int]


def stub(newest: Mapping[int, int]) -> bytes:
    """The instructions to put in front. `newest`: architecture token to the highest number that is named."""
    blocks = [_block(token, newest) for token in newest if token != X32 or X86_64 not in newest]
    code: list[_Instruction] = [(_LOAD, 0, 0, _ARCHITECTURE)]
    behind = sum(len(block) for block in blocks)
    for block in blocks:
        for instruction in block:
            behind -= 1
            code.append((_JUMP, 0, 0, behind) if instruction[0] == _JUMP else instruction)
    return b"".join(struct.pack("=HBBI", *one) for one in code)


def _block(token: int, newest: Mapping[int, int]) -> list[_Instruction]:
    """Its jumps lead to the end of the stub; passed over for other architectures."""
    body: list[_Instruction] = [(_LOAD, 0, 0, _NUMBER)]
    if token in (X86_64, X32):
        plain = _compared(newest.get(X86_64))
        body += [(_GREATER_OR_EQUAL, len(plain), 0, _X32_BIT), *plain, *_compared(newest.get(X32))]
    else:
        body += _compared(newest[token])
    return [(_EQUAL, 0, len(body), X86_64 if token == X32 else token), *body]


def _compared(newest: int | None) -> list[_Instruction]:
    """Without a number it is left to the profile."""
    if newest is None:
        return [(_JUMP, 0, 0, 0)]
    return [(_GREATER, 0, 1, newest), (_RETURN, 0, 0, _ENOSYS), (_JUMP, 0, 0, 0)]
