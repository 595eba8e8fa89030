from __future__ import annotations

import struct

import pytest

from hythe.errors import InvalidArgument, Unsupported
from hythe.kernel import capabilities, inotify, process, seccomp


def test_capability_bits() -> None:
    assert capabilities.mask(["CAP_CHOWN", "cap_kill", "CAP_CHECKPOINT_RESTORE"]) == 1 | 1 << 5 | 1 << 40
    assert capabilities.mask(["CAP_NOPE"]) == 0


def test_limits_by_name() -> None:
    assert process.limit_number("RLIMIT_NOFILE") == 7
    assert process.limit_number("RLIMIT_RTTIME") == 15
    for name in ("RLIMIT_NOPE", "RLIM_INFINITY", "getrlimit"):
        with pytest.raises(InvalidArgument):
            process.limit_number(name)


def test_inotify_events() -> None:
    data = struct.pack("iIII", 1, inotify.IN_CREATE, 0, 16) + b"log.1".ljust(16, b"\0")
    data += struct.pack("iIII", 2, inotify.IN_MODIFY, 0, 0)
    assert inotify.decode(data) == [(1, inotify.IN_CREATE, "log.1"), (2, inotify.IN_MODIFY, "")]


def test_seccomp_actions() -> None:
    assert seccomp.action("SCMP_ACT_ERRNO", None) == 0x00050001
    assert seccomp.action("SCMP_ACT_ERRNO", 38) == 0x00050026
    assert seccomp.action("SCMP_ACT_ALLOW", 38) == 0x7FFF0000
    with pytest.raises(Unsupported, match="SCMP_ACT_OTHER"):
        seccomp.action("SCMP_ACT_OTHER", None)
    with pytest.raises(Unsupported, match="NEW_LISTENER"):
        seccomp.filter_flags({"flags": ["SECCOMP_FILTER_FLAG_NEW_LISTENER"]})
    with pytest.raises(InvalidArgument, match="WAIT_KILLABLE_RECV"):
        seccomp.filter_flags({"flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]})


def test_seccomp_programs_are_compiled_once() -> None:
    compiler = seccomp.Compiler()
    profile = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "syscalls": [
            {"names": ["read", "no_such_call"], "action": "SCMP_ACT_ALLOW"},
            {
                "names": ["personality"],
                "action": "SCMP_ACT_ALLOW",
                "args": [
                    {"index": 0, "value": 0, "op": "SCMP_CMP_EQ"},
                    {"index": 0, "value": 8, "op": "SCMP_CMP_EQ"},
                ],
            },
        ],
    }
    program = compiler.program("a", profile)
    assert len(program) % 8 == 0
    assert program
    assert compiler.program("a", {}) is program


def test_seccomp_mistakes() -> None:
    rule = {"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 0, "op": "NOPE"}]}
    with pytest.raises(InvalidArgument, match="NOPE"):
        seccomp.Compiler().program("x", {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [rule]})


@pytest.mark.parametrize("number", [-1, 0x10000])
def test_an_errno_that_would_change_the_action_is_refused(number: int) -> None:
    with pytest.raises(InvalidArgument, match="errnoRet"):
        seccomp.action("SCMP_ACT_ERRNO", number)
