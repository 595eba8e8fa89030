"""What a program in a container must not be able to do: system calls, devices, the host's things, settings."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from tests.targets import Target

pytestmark = pytest.mark.root

NUMBERS = {  # of system calls: x86_64, aarch64 (their tables in the kernel's sources)
    "keyctl": (250, 219), "add_key": (248, 217), "bpf": (321, 280), "unshare": (272, 97), "mount": (165, 40),
    "kexec_load": (246, 104), "init_module": (175, 105), "open_by_handle_at": (304, 265),
    "userfaultfd": (323, 282), "perf_event_open": (298, 241), "reboot": (169, 142), "swapon": (167, 224),
    "settimeofday": (164, 170), "pivot_root": (155, 41), "setns": (308, 268), "io_uring_setup": (425, 425),
    "fsopen": (430, 430), "move_mount": (429, 429), "acct": (163, 89), "syslog": (103, 116),
}  # fmt: skip
HOST_PROGRAMS = [f"-v=/{name}:/{name}:ro" for name in ("usr", "lib", "lib64") if Path(f"/{name}").exists()]
CALL = "$! = 0; my $r = syscall($ARGV[0], map { int } @ARGV[1..6]); print $r, ' ', $! + 0"
CLONE_NEWUSER = 0x10000000


def sh(engine: Target, script: str, *options: str) -> str:
    done = engine.docker("run", "--rm", *options, "busybox", "sh", "-c", script)
    return done.out + done.err


def number(name: str) -> str:
    return str(NUMBERS[name][{"x86_64": 0, "aarch64": 1}[platform.machine()]])


@pytest.mark.parametrize("name", NUMBERS)
def test_system_calls_of_the_host_are_refused(engine: Target, name: str) -> None:
    """Called by Debian's perl, bound in from the host; EPERM is 1, and 38 says that there is no such call."""
    arguments = [str(CLONE_NEWUSER), "0", "0", "0", "0", "0"] if name == "unshare" else ["0"] * 6
    run = ["run", "--rm", *HOST_PROGRAMS, "busybox", "/usr/bin/perl", "-e", CALL, number(name), *arguments]
    done = engine.docker(*run)
    assert done.out in ("-1 1", "-1 38"), done


def test_a_user_namespace_opens_nothing(engine: Target) -> None:
    """CVE-2022-0492: a user namespace, a cgroup hierarchy in it, and release_agent."""
    assert "not permitted" in sh(engine, "unshare -Ur true")
    assert "not permitted" in sh(engine, "unshare -rm sh -c 'mount -t cgroup -o memory x /tmp'")
    assert sh(engine, "mount -t cgroup -o memory x /tmp 2>/dev/null && echo mounted") == ""


def test_cgroups_and_settings_are_read_only(engine: Target) -> None:
    """CVE-2023-25809."""
    options = sh(engine, "grep cgroup /proc/mounts | cut -d' ' -f4").split()
    assert options and all("ro" in each.split(",") for each in options)
    for file in (
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        "/sys/kernel/uevent_helper",
        "/proc/irq/0",
    ):
        assert sh(engine, f"echo x 2>/dev/null > {file} && echo wrote") in ("", "sh: can't create"), file
    assert (
        sh(
            engine,
            "mount -o remount,rw /proc/sys 2>/dev/null && echo remounted; umount /proc/sys 2>/dev/null",
        )
        == ""
    )


@pytest.mark.parametrize(
    "setting",
    [
        "kernel.core_pattern=|/x",
        "kernel.shm_rmid_forced=1+kernel.core_pattern=|/x",
        "kernel.shm_rmid_forced=1\nkernel.core_pattern=|/x",
        "net.ipv4.ip_forward/../../../kernel/core_pattern=|/x",
        "net/../kernel.core_pattern=|/x",
    ],
)
def test_settings_of_the_host_are_refused(engine: Target, setting: str) -> None:
    """CVE-2022-0811."""
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    done = engine.docker("run", "--rm", "--sysctl", setting, "busybox", "true")
    assert done.code == 125, done
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before


def host_devices() -> list[tuple[str, int, int]]:
    root = os.stat("/").st_dev
    return [
        ("b", os.major(root), os.minor(root)),  # the root disk
        ("c", 1, 1),  # /dev/mem
        ("c", 1, 11),  # /dev/kmsg
        ("c", 10, 237),  # /dev/loop-control
        ("c", 4, 0),  # /dev/tty0
        ("c", 10, 229),  # /dev/fuse
    ]


@pytest.mark.parametrize("user", [[], ["--cap-add", "ALL"], ["--cap-add", "SYS_ADMIN"]])
def test_devices_that_were_not_given_cannot_be_opened(engine: Target, user: list[str]) -> None:
    for kind, major, minor in host_devices():
        script = f"mknod /node {kind} {major} {minor} && head -c 1 /node && echo opened"
        said = sh(engine, script, *user)
        assert "not permitted" in said and "opened" not in said, (kind, major, minor, said)
    assert (
        sh(engine, "head -c 4 /dev/zero | wc -c; echo x > /dev/null && head -c 4 /dev/urandom | wc -c")
        == "4\n4\n"
    )


def test_exec_has_no_more_devices_than_the_container(engine: Target) -> None:
    engine.docker("run", "-d", "--name", "box", "busybox", "sleep", "100")
    major, minor = host_devices()[0][1:]
    done = engine.docker("exec", "box", "sh", "-c", f"mknod /node b {major} {minor}; head -c 1 /node")
    assert done.out == "" and "not permitted" in done.err


def test_the_host_is_not_seen(engine: Target) -> None:
    assert int(sh(engine, "ls /proc | grep -c '^[0-9]'")) <= 4
    assert sh(engine, f"ls {engine.root} /run/hythe /var/lib/hythe 2>/dev/null") == ""
    assert sh(engine, f"kill -0 {engine.pid} 2>/dev/null && echo reached") == ""
    assert sh(engine, "find / -xdev -name '*.sock' 2>/dev/null") == ""


def test_no_socket_of_the_engine_is_reached_over_the_network_namespace(engine: Target) -> None:
    """CVE-2020-15257: sockets without a path belong to the network namespace, and a container may share it."""
    names = sh(engine, "cat /proc/net/unix", "--network", "host").splitlines()
    assert len(names) > 1
    assert [line for line in names if "@" in line and ("hythe" in line or "warden" in line)] == []


def test_other_containers_are_not_seen(engine: Target) -> None:
    engine.docker("run", "-d", "--name", "neighbour", "--ipc", "shareable", "busybox", "sleep", "12345")
    engine.docker("exec", "neighbour", "touch", "/dev/shm/mine")
    assert sh(engine, "ps | grep 12345 | grep -v grep; ls /dev/shm") == ""


def test_capabilities_do_not_grow_by_exec_or_setuid(engine: Target) -> None:
    engine.docker("run", "-d", "--name", "box", "--cap-drop", "ALL", "busybox", "sleep", "100")
    caps = engine.docker("exec", "box", "grep", "-E", "Cap(Prm|Eff|Bnd|Amb)", "/proc/self/status").out
    assert set(caps.split()[1::2]) == {"0" * 16}
    script = "cp /bin/busybox /su; chmod 4755 /su; exec setpriv --reuid 65534 /su id -u"
    assert (
        "0\n" not in sh(engine, script, "--security-opt", "no-new-privileges").splitlines(keepends=True)[:1]
    )
