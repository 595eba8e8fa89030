"""Filters, felt: a process that has installed one makes system calls and tells what they answered (x86_64 numbers)."""

from __future__ import annotations

import ctypes
import errno
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from hythe.engine.security import DEFAULT, default_seccomp
from hythe.kernel import process, seccomp

pytestmark = pytest.mark.root
CLONE_NEWUSER = 0x10000000
X32 = 0x40000000
CALLS: dict[str, tuple[int, ...]] = {
    "getpid": (39,),
    "keyctl": (250, 0, 0),
    "add_key": (248, 0, 0, 0, 0, 0),
    "ptrace": (101, 99, 0, 0, 0),
    "clone(NEWUSER)": (56, CLONE_NEWUSER, 0, 0, 0, 0),
    "unshare": (272, 0),
    "mount": (165, 0, 0, 0, 0, 0),
    "bpf": (321, -1, 0, 0),
    "io_uring_setup": (425, 0, 0),
    "userfaultfd": (323, -1),
    "personality(0xffffffff)": (135, 0xFFFFFFFF),
    "personality(ADDR_NO_RANDOMIZE)": (135, 0x0040000),
    "socket(AF_VSOCK)": (41, 40, 1, 0),
    "socket(AF_UNIX)": (41, 1, 1, 0),
    "clone3": (435, 0, 0),
    "kexec_load": (246, 0, 0, 0, 0),
    "number 1000": (1000,),
    "x32 getpid": (X32 | 39,),
    "x32 number 1000": (X32 | 1000,),
}
REFUSED = (
    "keyctl", "add_key", "clone(NEWUSER)", "unshare", "mount", "bpf", "io_uring_setup", "userfaultfd",
    "personality(ADDR_NO_RANDOMIZE)", "socket(AF_VSOCK)", "kexec_load",
)  # fmt: skip


def answers(profile: Any, calls: Mapping[str, tuple[int, ...]] = CALLS) -> dict[str, str]:
    """The name of each call's errno, or "ok", in a child under the filter."""
    program = seccomp.Compiler().program("", profile)
    flags = seccomp.filter_flags(profile)

    def make() -> dict[str, str]:
        libc = ctypes.CDLL(None, use_errno=True)
        process.no_new_privileges()
        seccomp.install(program, flags)
        found = {}
        for name, words in calls.items():
            result = libc.syscall(*(ctypes.c_long(word) for word in words))
            found[name] = errno.errorcode[ctypes.get_errno()] if result == -1 else "ok"
        return found

    return dict(json.loads(_in_a_child(lambda: json.dumps(make()))))


def _in_a_child(work: Callable[[], str]) -> str:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, work().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    os.waitpid(pid, 0)
    return text


def test_the_default_filter() -> None:
    found = answers(default_seccomp(DEFAULT))
    assert {name: found[name] for name in REFUSED} == dict.fromkeys(REFUSED, "EPERM")
    assert found["getpid"] == found["socket(AF_UNIX)"] == found["personality(0xffffffff)"] == "ok"
    assert found["ptrace"] not in ("EPERM", "ENOSYS", "ok")  # the kernel's own word on a senseless request
    assert found["clone3"] == "ENOSYS"


def test_calls_newer_than_the_profile_are_not_there() -> None:
    found = answers(default_seccomp(DEFAULT))
    assert found["number 1000"] == found["x32 number 1000"] == "ENOSYS"


def _profile(names: Sequence[str], action: str = "SCMP_ACT_ERRNO", **rest: Any) -> dict[str, Any]:
    basics = ["write", "exit_group", "rt_sigreturn", "mmap", "munmap", "brk", "futex", "close", *names]
    rule = {"names": basics, "action": "SCMP_ACT_ALLOW"}
    return {"defaultAction": action, "syscalls": [rule], "architectures": ["SCMP_ARCH_X86_64"]} | rest


NEWER = {"getpid": (39,), "older, not named": (110,), "clone3": (435, 0, 0), "newer": (436, 100, 99, 0)}


def test_only_what_is_newer_than_the_newest_name() -> None:
    found = answers(_profile(["clone3"], defaultErrnoRet=errno.EACCES), NEWER)
    assert found == {"getpid": "EACCES", "older, not named": "EACCES", "clone3": "EINVAL", "newer": "ENOSYS"}


def test_a_permissive_default_stays_so() -> None:
    assert answers(_profile([], "SCMP_ACT_ALLOW"), NEWER)["newer"] == "EINVAL"


def test_two_conditions_on_one_argument_are_alternatives() -> None:
    arguments = [{"index": 0, "value": value, "op": "SCMP_CMP_EQ"} for value in (1, 16)]
    profile = _profile([])
    profile["syscalls"].append({"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": arguments})
    calls = {f"socket({family})": (41, family, 3, 0) for family in (1, 2, 16)}
    assert answers(profile, calls)["socket(2)"] == "EPERM"
    assert answers(profile, calls)["socket(16)"] == "ok"


def test_masked_and_compared_arguments() -> None:
    """MASKED_EQ takes the mask first and what is to be left second; conditions on two arguments must both hold."""
    arguments = [
        {"index": 0, "value": 0xF0, "valueTwo": 0x10, "op": "SCMP_CMP_MASKED_EQ"},
        {"index": 1, "value": 3, "op": "SCMP_CMP_GE"},
    ]
    profile = _profile([])
    profile["syscalls"].append(
        {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EXDEV, "args": arguments}
    )
    calls = {"both": (41, 0x15, 3, 0), "mask alone": (41, 0x15, 2, 0), "number alone": (41, 1, 3, 0)}
    assert answers(profile, calls) == {"both": "EXDEV", "mask alone": "EPERM", "number alone": "EPERM"}
