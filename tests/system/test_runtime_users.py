"""User and time namespaces of containers, seen from inside and on disk."""

# ruff: noqa: PTH115, PTH208

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hythe.runtime.init import sources
from tests.system.runtime_harness import DEVICE_RULES, FIRST, Refused, Warden, in_user_namespace, running

pytestmark = pytest.mark.root


@pytest.fixture
def warden(tmp_path: Path) -> Iterator[Warden]:
    with running(tmp_path) as found:
        yield found


def script(warden: Warden, text: str, **changes: Any) -> str:
    code, output = warden.run(in_user_namespace(warden, ["/bin/sh", "-c", text], **changes))
    assert code == 0, output
    return output.decode()


def test_root_inside_is_nobody_outside(warden: Warden) -> None:
    text = "id -u; cat /proc/self/uid_map /proc/self/gid_map; ls -ln / /dev; cat /proc/self/mounts"
    lines = script(warden, text)
    assert lines.splitlines()[0] == "0"
    assert lines.splitlines()[1].split() == lines.splitlines()[2].split() == ["0", str(FIRST), "65536"]
    nobodys = [line.split()[-1] for line in lines.splitlines() if " 65534 " in line]
    assert nobodys == ["proc", "sys"]  # the kernel's own: so in every user namespace
    assert "cgroup" in lines and "sysfs" in lines and "mqueue" in lines

    id = warden.create(in_user_namespace(warden, ["/bin/sleep", "60"]))
    warden.call("start", id=id)
    pid = warden.created["pid"]
    assert os.stat(f"/proc/{pid}").st_uid == FIRST
    owners = {os.readlink(f"/proc/{pid}/ns/{kind}") for kind in ("net", "pid", "uts", "ipc", "mnt", "user")}
    assert owners.isdisjoint(os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns"))
    code, output = warden.exec(id, ["/bin/sh", "-c", "id -u; cat /proc/self/uid_map; touch /tmp/mine"])
    assert code == 0 and output.split()[:3] == [b"0", b"0", b"%d" % FIRST], output
    warden.call("delete", id=id, force=True)


def test_what_is_written_is_owned_as_without(warden: Warden, tmp_path: Path) -> None:
    (warden.root / "etc/shadow").write_text("secret")
    os.chown(warden.root / "etc/shadow", 0, 42)
    volume = tmp_path / "volume"
    volume.mkdir()
    os.chown(volume, 999, 999)
    config = in_user_namespace(
        warden,
        ["/bin/sh", "-c", "umask 022; echo new > /new; echo more >> /etc/shadow; chown 33:44 /new;"
         " rm -r /var/volume; mkdir /var/volume; ls -lnd /mnt; echo x > /mnt/file; ls -ln /etc/shadow"],
    )  # fmt: skip
    config["mounts"].append(
        {"destination": "/mnt", "type": "bind", "source": str(volume), "options": ["rbind", "idmap"]}
    )
    id = warden.create(config)
    client = warden.attach(id, stdin=False)
    warden.call("start", id=id)
    output = b""
    while data := client.recv(4096):
        output += data
    assert warden.event("exit", id)["exit_code"] == 0, output
    assert b"999      999" in output and b" 42 " in output
    upper = warden.folder / "bundles" / id / "upper"
    owner = {name: (upper / name).lstat() for name in ("new", "etc/shadow", "var/volume")}
    assert (owner["new"].st_uid, owner["new"].st_gid) == (33, 44)
    assert (owner["etc/shadow"].st_uid, owner["etc/shadow"].st_gid) == (0, 42)
    assert owner["var/volume"].st_uid == 0
    assert (volume / "file").stat().st_uid == 0
    warden.call("delete", id=id)


def test_a_device_works_and_is_owned_by_root(warden: Warden) -> None:
    device = {"path": "/dev/deep/zero", "type": "c", "major": 1, "minor": 5, "fileMode": 0o600}
    config = in_user_namespace(
        warden, ["/bin/sh", "-c", "ls -ln /dev/deep/zero; head -c 4 /dev/deep/zero | wc -c; echo > /dev/null"]
    )
    config["linux"]["devices"] = [device]
    code, output = warden.run(config)
    assert code == 0, output
    assert b" 0 " in output and output.split()[-1] == b"4"


def test_root_inside_has_no_power_outside(warden: Warden) -> None:
    text = (
        "mknod /tmp/null c 1 3 2>&1; mount -t proc proc /proc 2>&1; echo 1 > /proc/sys/kernel/panic; hostname"
    )
    code, output = warden.run(in_user_namespace(warden, ["/bin/sh", "-c", text]))
    assert code == 0
    assert b"box" in output
    assert not (warden.folder / "upper/tmp/null").exists()


def test_another_container_joins_it(warden: Warden) -> None:
    first = warden.create(in_user_namespace(warden, ["/bin/sleep", "60"]))
    warden.call("start", id=first)
    pid = warden.created["pid"]
    config = warden.config(["/bin/sh", "-c", "cat /proc/self/uid_map; readlink /proc/self/ns/net; ls -ln /"])
    config["linux"]["namespaces"] = [
        {"type": "user", "path": f"/proc/{pid}/ns/user"},
        {"type": "network", "path": f"/proc/{pid}/ns/net"},
        *({"type": kind} for kind in ("pid", "mount", "ipc", "uts", "cgroup")),
    ]
    code, output = warden.run(config)
    assert code == 0, output
    assert str(FIRST).encode() in output
    assert os.readlink(f"/proc/{pid}/ns/net").encode() in output
    assert output.count(b" 65534 ") == 4, output.decode()  # uid and gid of /proc and /sys
    warden.call("delete", id=first, force=True)


@pytest.mark.parametrize("user", [0, 1000])
def test_a_terminal_and_a_user(warden: Warden, user: int) -> None:
    config = in_user_namespace(
        warden,
        ["/bin/sh", "-c", "tty; id -u; echo hello > /dev/stderr; stty size; ls -ln $(tty)"],
        process={"user": {"uid": user, "gid": user}, "terminal": True,
                 "consoleSize": {"height": 24, "width": 80}},
    )  # fmt: skip
    code, output = warden.run(config, terminal=True)
    assert code == 0, output
    assert f"\n{user}\r".encode() in output and b"24 80" in output


def test_what_fails_outside_is_told_and_leaves_nothing(warden: Warden) -> None:
    config = in_user_namespace(warden, ["/bin/true"])
    config["mounts"].append(
        {"destination": "/mnt", "type": "bind", "source": "/nowhere", "options": ["rbind"]}
    )
    with pytest.raises(Refused, match="bind source path does not exist: /nowhere"):
        warden.create(config)
    assert warden.call("list")["containers"] == []


def test_a_user_who_is_not_mapped_is_refused(warden: Warden) -> None:
    config = in_user_namespace(warden, ["/bin/true"], process={"user": {"uid": 70000, "gid": 0}})
    with pytest.raises(Refused, match="70000"):
        warden.create(config)


def test_a_time_namespace_has_its_own_clock(warden: Warden) -> None:
    config = warden.config(["/bin/cat", "/proc/uptime"])
    config["linux"]["namespaces"].append({"type": "time"})
    config["linux"]["timeOffsets"] = {"boottime": {"secs": 864000}, "monotonic": {"secs": 864000}}
    code, output = warden.run(config)
    assert code == 0, output
    assert float(output.split()[0]) > 864000
    assert os.stat("/proc/self/ns/time").st_ino == os.stat(f"/proc/{warden.pid}/ns/time_for_children").st_ino


def test_sources_are_handed_over_whole() -> None:
    """More descriptors than one packet takes; each arrives under its number or path."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    fds = [os.memfd_create(str(number)) for number in range(253)]
    inodes = [os.fstat(fd).st_ino for fd in fds]
    trees = {number: [fd] for number, fd in enumerate(fds[1:251])}
    with ours, theirs:
        sources.send(
            ours, sources.Sources(fds[0], trees, "/place", (("/dev/a", fds[251]), ("/dev/b", fds[252])))
        )
        got = sources.receive(theirs)
    assert got is not None
    arrived = [got.root, *(fd for (fd,) in got.trees.values()), *(fd for _, fd in got.nodes)]
    assert [os.fstat(fd).st_ino for fd in arrived] == inodes
    assert (list(got.trees), got.place) == (list(trees), "/place")
    assert [path for path, _ in got.nodes] == ["/dev/a", "/dev/b"]
    for fd in arrived:
        os.close(fd)


def test_mode_of_the_root_directory_is_kept(warden: Warden) -> None:
    assert stat.S_IMODE(warden.root.stat().st_mode) == 0o755
    assert script(warden, "stat -c '%a %u' /").split() == ["755", "0"]


def test_a_container_is_not_what_the_last_one_was(warden: Warden) -> None:
    """What a spare has guessed is taken back where it is wrong, and no different from what is made without one."""
    kmsg = {"type": "c", "path": "/dev/kmsg", "major": 1, "minor": 11, "fileMode": 0o600}
    text = """cut -d' ' -f4- /proc/self/mountinfo | sort; stat -c '%A %u %g %n' /proc /sys /sys/fs/cgroup
    for name in zero kmsg; do (: >/dev/$name) 2>/dev/null && echo $name; done; true"""

    def sees(rules: list[Any]) -> list[str]:
        config = in_user_namespace(warden, ["/bin/sh", "-c", text])
        config["linux"] |= {"devices": [kmsg], "resources": {"devices": rules}}
        time.sleep(0.2)  # time for a spare to be made
        output = warden.run(config)[1]
        lines = [line for line in output.decode().splitlines() if "overlay" not in line]
        assert len(lines) > 12, output
        return lines

    usual = sees(DEVICE_RULES)
    few = [*DEVICE_RULES[:1], {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"}]
    assert usual[-1] == "zero"
    assert sees(DEVICE_RULES) == usual
    assert sees(few) == usual[:-1]
    assert sees([]) == [*usual, "kmsg"]
    assert sees(DEVICE_RULES) == usual
