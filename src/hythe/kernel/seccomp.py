"""System call filters: an OCI `linux.seccomp` profile compiled to BPF by libseccomp, and installed.

libseccomp (through ctypes, loaded when first needed) knows every architecture's numbers and its odd calls.
Its program is exported once as bytes; installing it is one seccomp(2) call that needs no library, so that a
warm parent compiles a profile once and every child only installs it. Names that libseccomp does not know are
passed over, as all runtimes do: a profile lists calls of newer kernels. In front of the program stand a few
instructions for the calls that the profile's author could not know (`unknown_calls`).

Kept out: what a listener takes, where a rule notifies one (`seccomp_listener`).
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from hythe.errors import InvalidArgument, Unavailable, Unsupported
from hythe.kernel import seccomp_listener, unknown_calls
from hythe.kernel.syscall import syscall

_SECCOMP_SET_MODE_FILTER: Final = 1
_CTL_OPTIMIZE: Final = 8
_CTL_NNP: Final = 3
_BINARY_TREE: Final = 2
_UNKNOWN: Final = -1
_INSTRUCTION: Final = 8
_LONGEST: Final = 4096  # BPF_MAXINSNS
_PERMISSIVE: Final = ("SCMP_ACT_ALLOW", "SCMP_ACT_LOG")

_ACTIONS: Final = {
    "SCMP_ACT_KILL": 0x00000000,
    "SCMP_ACT_KILL_THREAD": 0x00000000,
    "SCMP_ACT_KILL_PROCESS": 0x80000000,
    "SCMP_ACT_TRAP": 0x00030000,
    "SCMP_ACT_ERRNO": 0x00050000,
    "SCMP_ACT_NOTIFY": 0x7FC00000,
    "SCMP_ACT_TRACE": 0x7FF00000,
    "SCMP_ACT_LOG": 0x7FFC0000,
    "SCMP_ACT_ALLOW": 0x7FFF0000,
}
_OPERATORS: Final = {
    "SCMP_CMP_NE": 1, "SCMP_CMP_LT": 2, "SCMP_CMP_LE": 3, "SCMP_CMP_EQ": 4, "SCMP_CMP_GE": 5,
    "SCMP_CMP_GT": 6, "SCMP_CMP_MASKED_EQ": 7,
}  # fmt: skip
_FLAGS: Final = {
    "SECCOMP_FILTER_FLAG_TSYNC": 1,
    "SECCOMP_FILTER_FLAG_LOG": 2,
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW": 4,
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV": 32,
}


class _Compare(ctypes.Structure):
    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _load() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    except OSError as error:
        raise Unavailable(
            "seccomp filters need libseccomp, and it is not installed", hint="install the package libseccomp2"
        ) from error
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_release.argtypes = [ctypes.c_void_p]
    library.seccomp_arch_resolve_name.restype = ctypes.c_uint32
    library.seccomp_arch_native.restype = ctypes.c_uint32
    library.seccomp_syscall_resolve_name_arch.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    library.seccomp_arch_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    library.seccomp_attr_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32]
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Compare),
    ]  # fmt: skip
    library.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
    return library


def action(name: str, errno_value: int | None) -> int:
    """The kernel's number of an OCI action. Raises InvalidArgument, Unsupported for unknown names."""
    if name not in _ACTIONS:
        raise Unsupported(
            f"seccomp: action {name!r} is not supported", hint="use one of " + ", ".join(_ACTIONS)
        )
    data = (errno.EPERM if errno_value is None else errno_value) if name in _WITH_DATA else 0
    if not 0 <= data <= _MOST_DATA:
        raise InvalidArgument(f"seccomp: errnoRet {data} is not between 0 and {_MOST_DATA}")
    return _ACTIONS[name] | data


_WITH_DATA: Final = ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE")
_MOST_DATA: Final = 0xFFFF


def filter_flags(profile: dict[str, Any]) -> int:
    """The flags of seccomp(2) for a profile's `flags` and rules. Raises InvalidArgument, Unsupported."""
    bits = 0
    for name in profile.get("flags") or ():
        if name not in _FLAGS:
            raise Unsupported(
                f"seccomp: flag {name!r} is not supported", hint="use one of " + ", ".join(_FLAGS)
            )
        bits |= _FLAGS[name]
    return seccomp_listener.flags(profile, bits)


def _comparisons(rule: dict[str, Any]) -> Iterator[list[_Compare]]:
    """Conditions on different arguments must all hold; two on the same argument are alternatives (as in
    runc).
    """
    compared: list[_Compare] = []
    for arg in rule.get("args") or ():
        operator = _OPERATORS.get(arg["op"])
        if operator is None:
            raise InvalidArgument(f"seccomp: unknown operator {arg['op']!r}")
        first, second = int(arg["value"]), int(arg.get("valueTwo", 0))
        compared.append(_Compare(int(arg["index"]), operator, first, second))
    indexes = [one.arg for one in compared]
    if len(set(indexes)) == len(indexes):
        yield compared
    else:
        for one in compared:
            yield [one]


def _check(result: int, what: str) -> None:
    if result < 0:
        raise InvalidArgument(f"seccomp: {what}: {os.strerror(-result)}")


class Compiler:
    """Turns profiles into programs and remembers them: `program` of an equal profile is a lookup."""

    def __init__(self) -> None:
        self._library: ctypes.CDLL | None = None
        self._programs: dict[str, bytes] = {}

    def program(self, key: str, profile: dict[str, Any]) -> bytes:
        """The BPF program of `profile`; `key` identifies its content. Raises InvalidArgument, Unsupported."""
        known = self._programs.get(key)
        if known is None:
            if self._library is None:
                self._library = _load()
            known = self._programs[key] = _compile(self._library, profile)
        return known


def _compile(library: ctypes.CDLL, profile: dict[str, Any]) -> bytes:
    default = action(profile["defaultAction"], profile.get("defaultErrnoRet"))
    context = library.seccomp_init(default)
    if not context:
        raise InvalidArgument("seccomp: libseccomp refused the default action")
    try:
        tokens = _architectures(library, profile)
        for name, token in tokens.items():
            result = library.seccomp_arch_add(context, token)
            if result != -errno.EEXIST:
                _check(result, name)
        library.seccomp_attr_set(context, _CTL_NNP, 0)
        library.seccomp_attr_set(context, _CTL_OPTIMIZE, _BINARY_TREE)
        for rule in profile.get("syscalls") or ():
            _add_rule(library, context, rule, default)
        program = _unknown_calls(library, profile, tokens.values()) + _export(library, context)
    finally:
        library.seccomp_release(context)
    if len(program) > _LONGEST * _INSTRUCTION:
        raise InvalidArgument(
            f"seccomp: the profile makes {len(program) // _INSTRUCTION} instructions, and the kernel takes {_LONGEST}",
            hint="list fewer calls or fewer architectures",
        )
    return program


def _architectures(library: ctypes.CDLL, profile: dict[str, Any]) -> dict[str, int]:
    """Name to token; libseccomp adds the machine's own, so it is always among them. Raises Unsupported."""
    tokens: dict[str, int] = {"native": library.seccomp_arch_native()}
    for name in profile.get("architectures") or ():
        token = library.seccomp_arch_resolve_name(name.removeprefix("SCMP_ARCH_").lower().encode())
        if token == 0:
            raise Unsupported(f"seccomp: architecture {name!r} is not supported")
        tokens[name] = token
    return tokens


def _unknown_calls(library: ctypes.CDLL, profile: dict[str, Any], tokens: Iterable[int]) -> bytes:
    """Nothing where the default lets calls through, or answers ENOSYS itself."""
    if profile["defaultAction"] in _PERMISSIVE or profile.get("defaultErrnoRet") == errno.ENOSYS:
        return b""
    names = {name.encode() for rule in profile.get("syscalls") or () for name in rule["names"]}
    newest: dict[int, int] = {}
    for token in tokens:
        numbers = [library.seccomp_syscall_resolve_name_arch(token, name) for name in names]
        highest = max(numbers, default=_UNKNOWN)
        if highest >= 0:  # a call that this architecture does not have is given a negative number
            newest[token] = highest
    return unknown_calls.stub(newest) if newest else b""


def _add_rule(library: ctypes.CDLL, context: int, rule: dict[str, Any], default: int) -> None:
    wanted = action(rule["action"], rule.get("errnoRet"))
    if wanted == default:
        return
    conditions = [((_Compare * len(group))(*group), len(group)) for group in _comparisons(rule)]
    for name in rule["names"]:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number == _UNKNOWN:
            continue
        for array, length in conditions:
            _check(library.seccomp_rule_add_array(context, wanted, number, length, array), name)


def _export(library: ctypes.CDLL, context: int) -> bytes:
    descriptor = os.memfd_create("seccomp", os.MFD_CLOEXEC)
    try:
        _check(library.seccomp_export_bpf(context, descriptor), "export")
        size = os.lseek(descriptor, 0, os.SEEK_END)
        return os.pread(descriptor, size, 0)
    finally:
        os.close(descriptor)


def install(program: bytes, flags: int, tell: Callable[[int], None] | None = None) -> None:
    """Put the filter on this thread for good (seccomp(2)). Needs CAP_SYS_ADMIN or no_new_privs.

    `tell` is called with the listener's descriptor, where `flags` ask for one, before anything else is done.
    """
    buffer = ctypes.create_string_buffer(program, len(program))
    value = _Program(len(program) // _INSTRUCTION, ctypes.addressof(buffer))
    number = syscall("seccomp", _SECCOMP_SET_MODE_FILTER, flags, ctypes.byref(value))
    if tell is not None and flags & seccomp_listener.NEW_LISTENER:
        tell(number)


def actions() -> set[str]:
    """Names of the actions that a profile may use."""
    return set(_ACTIONS)


def operators() -> set[str]:
    return set(_OPERATORS)


def flags() -> set[str]:
    return set(_FLAGS)
