"""Device access in control groups version 2: a BPF program asked at every open and mknod.

The program (type BPF_PROG_TYPE_CGROUP_DEVICE) gets struct bpf_cgroup_dev_ctx {access_type, major, minor},
where access_type is access << 16 | type, and answers 1 for yes. Rules are in OCI order, the last one that
matches wins, so the program tries them from the last to the first. Source: bpf(2), include/uapi/linux/bpf.h.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Any, Final

from hythe.errors import InvalidArgument
from hythe.kernel.syscall import fail, syscall

_BPF_PROG_LOAD: Final = 5
_BPF_PROG_ATTACH: Final = 8
_BPF_PROG_DETACH: Final = 9
_BPF_PROG_GET_FD_BY_ID: Final = 13
_BPF_PROG_QUERY: Final = 16
_PROG_TYPE_CGROUP_DEVICE: Final = 15
_ATTACH_TYPE_DEVICE: Final = 6
_ALLOW_MULTI: Final = 2
_TYPES: Final = {"b": 1, "c": 2}
_ACCESS: Final = {"m": 1, "r": 2, "w": 4}
_ANY_ACCESS: Final = 7

_LOAD_WORD: Final = 0x61
_MOVE_REGISTER: Final = 0xBF
_MOVE_NUMBER: Final = 0xB7
_AND32: Final = 0x54
_SHIFT_RIGHT32: Final = 0x74
_JUMP_NOT_EQUAL: Final = 0x55
_JUMP_NOT_EQUAL_REGISTER: Final = 0x5D
_EXIT: Final = 0x95


def _instruction(code: int, target: int, source: int = 0, offset: int = 0, number: int = 0) -> bytes:
    return struct.pack("<BBhi", code, source << 4 | target, offset, number)


def program(rules: list[dict[str, Any]]) -> bytes:
    """The program for `rules`. r2 = type, r3 = access, r4 = major, r5 = minor; the answer is in r0."""
    code = [
        _instruction(_LOAD_WORD, 2, 1, 0),
        _instruction(_AND32, 2, number=0xFFFF),
        _instruction(_LOAD_WORD, 3, 1, 0),
        _instruction(_SHIFT_RIGHT32, 3, number=16),
        _instruction(_LOAD_WORD, 4, 1, 4),
        _instruction(_LOAD_WORD, 5, 1, 8),
    ]
    for rule in reversed(rules):
        block, always = _rule(rule)
        code += block
        if always:
            return b"".join(code)
    code += [_instruction(_MOVE_NUMBER, 0, number=0), _instruction(_EXIT, 0)]
    return b"".join(code)


def _rule(rule: dict[str, Any]) -> tuple[list[bytes], bool]:
    """Instructions that answer if `rule` matches and fall through if not; and whether it always matches."""
    tests: list[tuple[int, int, int]] = []
    kind = rule.get("type") or "a"
    if kind not in ("a", "b", "c"):
        raise InvalidArgument(f"device rule: unknown type {kind!r}")
    if kind != "a":
        tests.append((_JUMP_NOT_EQUAL, 2, _TYPES[kind]))
    access = 0
    for letter in rule.get("access") or "rwm":
        access |= _ACCESS.get(letter, 0)
    for register, key in ((4, "major"), (5, "minor")):
        value = rule.get(key)
        if value is not None and value >= 0:
            tests.append((_JUMP_NOT_EQUAL, register, value))
    answer = [_instruction(_MOVE_NUMBER, 0, number=int(bool(rule.get("allow")))), _instruction(_EXIT, 0)]
    filter_access: list[bytes] = []
    if access != _ANY_ACCESS:
        # r6 = wanted & allowed; it must be all of what is wanted.
        filter_access = [_instruction(_MOVE_REGISTER, 6, 3), _instruction(_AND32, 6, number=access)]
    length = len(tests) + len(filter_access) + (1 if filter_access else 0) + len(answer)
    block: list[bytes] = []
    for code, register, number in tests:
        block.append(_instruction(code, register, offset=length - len(block) - 1, number=number))
    if filter_access:
        block += filter_access
        block.append(_instruction(_JUMP_NOT_EQUAL_REGISTER, 6, 3, offset=length - len(block) - 1))
    return block + answer, not tests and not filter_access


def _bpf(command: int, attributes: bytes) -> int:
    buffer = ctypes.create_string_buffer(attributes, max(len(attributes), 128))
    return syscall("bpf", command, ctypes.byref(buffer), ctypes.sizeof(buffer))


def _load(code: bytes) -> int:
    instructions = ctypes.create_string_buffer(code, len(code))
    licence = ctypes.create_string_buffer(b"GPL")
    attributes = struct.pack(
        "<IIQQIIQ",
        _PROG_TYPE_CGROUP_DEVICE, len(code) // 8, ctypes.addressof(instructions), ctypes.addressof(licence),
        0, 0, 0,
    )  # fmt: skip
    return _bpf(_BPF_PROG_LOAD, attributes)


def _attached(group: int) -> list[int]:
    """Ids of the device programs on `group` itself."""
    ids = (ctypes.c_uint32 * 64)()
    attributes = struct.pack("<IIIIQI", group, _ATTACH_TYPE_DEVICE, 0, 0, ctypes.addressof(ids), 64)
    buffer = ctypes.create_string_buffer(attributes, 128)
    syscall("bpf", _BPF_PROG_QUERY, ctypes.byref(buffer), ctypes.sizeof(buffer))
    count = struct.unpack_from("<I", buffer.raw, 24)[0]
    return list(ids[:count])


def replace(folder: str, rules: list[dict[str, Any]]) -> None:
    """Let `rules` decide for the group at `folder`; what decided before is taken off. Raises OSError."""
    group = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        former = _attached(group)
        new = _load(program(rules))
        try:
            _bpf(_BPF_PROG_ATTACH, struct.pack("<IIII", group, new, _ATTACH_TYPE_DEVICE, _ALLOW_MULTI))
        finally:
            os.close(new)
        for identity in former:
            old = _bpf(_BPF_PROG_GET_FD_BY_ID, struct.pack("<I", identity))
            try:
                _bpf(_BPF_PROG_DETACH, struct.pack("<III", group, old, _ATTACH_TYPE_DEVICE))
            finally:
                os.close(old)
    except OSError as error:
        raise fail("device rules", folder, error.errno) from error
    finally:
        os.close(group)
