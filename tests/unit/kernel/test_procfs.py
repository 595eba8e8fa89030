"""What /proc says, parsed: texts as kernels write them."""

from __future__ import annotations

import pytest

from hythe.kernel.mountinfo import MountEntry, below, outside, parse_mountinfo
from hythe.kernel.procfs import (
    GroupMembership,
    IdRange,
    capability_names,
    id_inside,
    parse_id_map,
    parse_memberships,
    parse_status,
)

STATUS = """\
Name:\tsh) (odd
State:\tS (sleeping)
PPid:\t12
Uid:\t1000\t100000\t1000\t1000
Gid:\t5\t6\t5\t5
NSpid:\t4711\t12\t1
Threads:\t3
VmRSS:\t    1764 kB
CapInh:\t0000000000000000
CapPrm:\t00000000a80425fb
CapEff:\t00000000a80425fb
CapBnd:\t000001ffffffffff
CapAmb:\t0000000000000400
NoNewPrivs:\t1
Seccomp:\t2
Seccomp_filters:\t2
"""


def test_a_status() -> None:
    status = parse_status(STATUS)
    assert (status.name, status.state, status.parent, status.threads) == ("sh) (odd", "S", 12, 3)
    assert (status.uid, status.gid, status.pids, status.rss) == (100000, 6, (4711, 12, 1), 1764 * 1024)
    assert (status.seccomp, status.filters, status.no_new_privileges) == (2, 2, True)
    assert capability_names(status.ambient) == ["CAP_NET_BIND_SERVICE"]
    assert len(capability_names(status.effective)) == 14
    assert capability_names(status.bounding)[-1] == "CAP_CHECKPOINT_RESTORE"


def test_a_zombie_of_an_old_kernel_has_few_lines() -> None:
    status = parse_status("Name:\tx\nState:\tZ (zombie)\nUid:\t1\t2\t3\t4\n")
    assert (status.state, status.uid, status.rss, status.filters, status.pids) == ("Z", 2, 0, None, (0,))


def test_a_capability_without_a_name_here() -> None:
    assert capability_names(1 << 50) == ["CAP_50"]
    assert capability_names(0) == []


@pytest.mark.parametrize(
    ("outside_id", "inside"), [(100000, 0), (165535, 65535), (165536, None), (5, 70000), (0, None)]
)
def test_ids_through_a_mapping(outside_id: int, inside: int | None) -> None:
    ranges = parse_id_map("         0     100000      65536\n     70000          5          1\n")
    assert ranges == [IdRange(0, 100000, 65536), IdRange(70000, 5, 1)]
    assert id_inside(ranges, outside_id) == inside


def test_groups_of_both_versions() -> None:
    text = "9:name=systemd:/\n4:memory:/a/b:c\n1:cpu,cpuacct:/a\n0::/x\n"
    assert parse_memberships(text) == [
        GroupMembership(("memory",), "/a/b:c"),
        GroupMembership(("cpu", "cpuacct"), "/a"),
        GroupMembership((), "/x"),
    ]


MOUNTS = parse_mountinfo(
    "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
    "30 21 8:2 / /var/lib rw - xfs /dev/sdb rw\n"
    "31 21 8:2 /deep /mnt/a\\040b ro,nosuid shared:3 master:1 - xfs /dev/sdb rw\n"
    "a line of no use\n"
)


def test_mounts() -> None:
    assert [entry.point for entry in MOUNTS] == ["/", "/var/lib", "/mnt/a b"]
    last = MOUNTS[-1]
    assert (last.options, last.propagation) == (("ro", "nosuid"), ("shared:3", "master:1"))
    assert (last.type, last.source, last.root, last.device) == ("xfs", "/dev/sdb", "/deep", "8:2")


@pytest.mark.parametrize(
    ("device", "root", "path"),
    [
        ("8:1", "/home/x", "/home/x"),
        ("8:2", "/volumes/v", "/var/lib/volumes/v"),
        ("8:2", "/deep/er", "/mnt/a b/er"),
        ("8:2", "/deeper", "/var/lib/deeper"),
        ("8:1", "/", "/"),
        ("0:99", "/", None),
    ],
)
def test_where_a_bind_mount_came_from(device: str, root: str, path: str | None) -> None:
    entry = MountEntry(1, 1, device, root, "/inside", (), (), "x", "x", ())
    assert outside(entry, MOUNTS) == path


def test_below() -> None:
    assert below("/a/b", "/a") == "/b"
    assert below("/a", "/a") == ""
    assert below("/ab", "/a") is None
    assert below("/a", "/") == "/a"
