"""The default filter, call by call: what a container is refused, and what a capability opens.

A program of our own in the container makes the calls and tells their answers. Its arguments are senseless, so that the
kernel refuses with a word of its own (EFAULT, EBADF, EINVAL), where the filter refuses with EPERM.
"""

from __future__ import annotations

import base64
import errno
import struct

import pytest

from tests.targets import Target

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]
Calls = dict[str, tuple[int, ...]]
_BAD = (1 << 64) - 1

OPENED: dict[str, Calls] = {
    "BPF": {"bpf": (321, _BAD)},
    "DAC_READ_SEARCH": {"open_by_handle_at": (304, _BAD)},
    "PERFMON": {"perf_event_open": (298, 1)},
    "SYSLOG": {"syslog": (103, 99)},
    "SYS_ADMIN": {
        "mount": (165,), "umount2": (166, 0, 99), "unshare": (272,), "setns": (308, _BAD),
        "clone(NEWUSER)": (56, 0x10000200), "sethostname": (170, 0, _BAD), "setdomainname": (171, 0, _BAD),
        "fsopen": (430,), "fsconfig": (431, _BAD), "fsmount": (432, _BAD), "fspick": (433, _BAD),
        "open_tree": (428, _BAD), "move_mount": (429, _BAD), "mount_setattr": (442, _BAD), "quotactl": (179, _BAD),
        "fanotify_init": (300, _BAD), "bpf": (321, _BAD), "perf_event_open": (298, 1),
    },
    "SYS_BOOT": {"reboot": (169,)},
    "SYS_CHROOT": {"chroot": (161,)},
    "SYS_MODULE": {"init_module": (175,), "delete_module": (176,), "finit_module": (313, _BAD)},
    "SYS_NICE": {"get_mempolicy": (239, 0, 0, 0, 0, _BAD), "mbind": (237, 1), "set_mempolicy": (238, 99)},
    "SYS_PACCT": {"acct": (163, 1)},
    "SYS_PTRACE": {"kcmp": (312, 0, 0, 99), "pidfd_getfd": (438, _BAD), "process_madvise": (440, _BAD)},
    "SYS_RAWIO": {"iopl": (172, 99), "ioperm": (173, _BAD)},
    "SYS_TIME": {"settimeofday": (164, 1), "clock_settime": (227, _BAD)},
    "SYS_TTY_CONFIG": {"vhangup": (153,)},
}  # fmt: skip
"""By capability. clone's flags do not go together, so that nothing is made."""

ALWAYS: Calls = {
    "getpid": (39,), "ptrace": (101, 99), "process_vm_readv": (310, _BAD), "socket(AF_UNIX)": (41, 1, 1),
    "socket(AF_NFC)": (41, 39, 99), "socket(AF_KCM)": (41, 41, 99), "personality(0)": (135, 0),
    "personality(8)": (135, 8), "personality(0x20000)": (135, 0x20000), "personality(-1)": (135, 0xFFFFFFFF),
    "mknod": (133,), "memfd_secret": (447, _BAD), "landlock_create_ruleset": (444, 0, 0, _BAD),
    "seccomp": (317, 99), "name_to_handle_at": (303, _BAD), "close_range": (436, 9, 8), "modify_ldt": (154, 99),
    "arch_prctl": (158, 99),
}  # fmt: skip
NEVER: Calls = {
    "add_key": (248,), "request_key": (249,), "keyctl": (250, 99), "kexec_load": (246, 0, _BAD),
    "kexec_file_load": (320, _BAD, _BAD, 0, 0, _BAD), "pivot_root": (155,), "swapon": (167,), "swapoff": (168,),
    "userfaultfd": (323, _BAD), "io_uring_setup": (425, 0), "io_uring_enter": (426, _BAD), "sysfs": (139, 99),
    "ustat": (136,), "uselib": (134,), "migrate_pages": (256, 0, 0, 0, 0), "move_pages": (279, 0),
    "personality(0x40000)": (135, 0x40000), "socket(AF_VSOCK)": (41, 40, 99),
    "socket(AF_ALG)": (41, 38, 99),
}  # fmt: skip
"""With every capability, too. Some are the kernel's of old, and answer ENOSYS where the filter lets them through."""

CLONE3: Calls = {"clone3": (435, 0, 0)}
CLOSED = {name: words for calls in OPENED.values() for name, words in calls.items() if name != "chroot"}

REFUSED_OF_OLD = {"process_vm_readv", "name_to_handle_at"}
REFUSED_SINCE = {"io_uring_setup", "io_uring_enter", "socket(AF_VSOCK)", "socket(AF_ALG)"}
UNKNOWN_OF_OLD = {"BPF", "PERFMON"}
"""What Debian's dockerd 20.10 does otherwise; the newest (2026) does as hythe."""


def never(target: Target) -> set[str]:
    """Of `ALWAYS` and `NEVER`, those that are refused."""
    names = set(NEVER)
    return names if target.name == "hythe" else names - REFUSED_SINCE | REFUSED_OF_OLD


def answers(target: Target, calls: Calls, *flags: str) -> dict[str, str]:
    """The name of each call's errno, or "ok", in a new container."""
    program = base64.b64encode(_program(list(calls.values())))
    done = target.docker(
        "run", "--rm", "-i", *flags, "busybox", "sh", "-c",
        "base64 -d > /p && chmod +x /p && /p > /o && od -An -v -t x1 /o", stdin=program,
    )  # fmt: skip
    assert done.code == 0, done.err
    data = bytes.fromhex(done.out.replace("\n", "").replace(" ", ""))
    results = [result for result, *_ in struct.iter_unpack("<q6Q", data)]
    assert len(results) == len(calls)
    return {
        name: errno.errorcode[-result] if -4096 < result < 0 else "ok"
        for name, result in zip(calls, results, strict=True)
    }


def _program(calls: list[tuple[int, ...]]) -> bytes:
    """A program for x86_64: makes each call of its table, puts the answer in the call's place, writes the table."""
    code = bytes.fromhex(
        "488d1d4e000000"  # lea rbx, [table]
        "488b03 4883f8ff 7423"  # next: rax = [rbx]; at -1 to done
        "488b7b08 488b7310 488b5318 4c8b5320 4c8b4328 4c8b4b30"  # rdi, rsi, rdx, r10, r8, r9
        "0f05 488903 4883c338 ebd4"  # syscall; [rbx] = rax; rbx += 56; to next
        "b801000000 bf01000000 488d3511000000 4889da 4829f2 0f05"  # done: write(1, table, rbx - table)
        "b83c000000 31ff 0f05"  # exit(0)
    )
    table = b"".join(struct.pack("<7Q", *(*call, 0, 0, 0, 0, 0, 0)[:7]) for call in calls)
    body = code + table + struct.pack("<Q", _BAD)
    start = 0x400000
    head = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, start + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    size = 120 + len(body)
    return head + struct.pack("<IIQQQQQQ", 1, 7, 0, start, start, size, size, 0x1000) + body


def refused(found: dict[str, str]) -> set[str]:
    return {name for name, answer in found.items() if answer == "EPERM"}


def test_without_further_capabilities(target: Target) -> None:
    found = answers(target, ALWAYS | NEVER | CLOSED | CLONE3 | {"chroot": (161,)})
    assert refused(found) == never(target) | CLOSED.keys()
    assert found["clone3"] == "ENOSYS" and found["chroot"] == "EFAULT"


@pytest.mark.parametrize("capability", sorted(OPENED))
def test_what_a_capability_opens(target: Target, capability: str) -> None:
    if target.name == "dockerd" and capability in UNKNOWN_OF_OLD:
        done = target.docker("create", "--cap-add", capability, "busybox", "true")
        assert "unknown capability" in done.err
        return
    found = answers(target, CLOSED | CLONE3, "--cap-add", capability)
    if capability == "SYS_ADMIN":
        del found["syslog"]  # the filter's yes; the kernel's own no, since CAP_SYSLOG is wanted of late
    assert refused(found) == (CLOSED.keys() & found.keys()) - OPENED[capability].keys()
    assert (found["clone3"] == "ENOSYS") is (capability != "SYS_ADMIN")


def test_without_chroot(target: Target) -> None:
    assert answers(target, OPENED["SYS_CHROOT"], "--cap-drop", "SYS_CHROOT") == {"chroot": "EPERM"}


def test_with_every_capability_of_the_list(target: Target) -> None:
    names = OPENED.keys() - (UNKNOWN_OF_OLD if target.name == "dockerd" else set())
    found = answers(target, ALWAYS | NEVER, *(f"--cap-add={name}" for name in names))
    opened = {"process_vm_readv", "name_to_handle_at"}  # by SYS_PTRACE and DAC_READ_SEARCH, on the old one
    assert refused(found) == never(target) - opened
