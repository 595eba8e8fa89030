"""Control groups without a kernel: what would be written, and the device program, interpreted."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.errors import InvalidArgument, Unsupported
from hythe.kernel.cgroups import devices, files, trees, v1, v2
from hythe.kernel.cgroups.layout import parse_mountinfo

MOUNTINFO = """\
30 24 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
33 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""


def test_hybrid_layout() -> None:
    controllers, unified = parse_mountinfo(MOUNTINFO)
    assert controllers == dict.fromkeys(("cpu", "cpuacct"), "/sys/fs/cgroup/cpu,cpuacct")
    assert unified == "/sys/fs/cgroup/unified"


@pytest.mark.parametrize("path", ["", "/", "/a/../b", "a/./b", "x\0y"])
def test_paths_that_lead_elsewhere(path: str) -> None:
    with pytest.raises(InvalidArgument):
        files.checked_path(path)


def test_version_1_device_lines() -> None:
    assert v1.device_line({"allow": False, "access": "rwm"}) == "a"
    assert v1.device_line({"type": "c", "access": "m"}) == "c *:* m"
    assert v1.device_line({"type": "c", "major": 136, "minor": -1, "access": "rw"}) == "c 136:* rw"


def run(code: bytes, access: int, kind: int, major: int, minor: int) -> int:
    """Interpret the few instructions that `devices` uses."""
    context = struct.pack("<III", access << 16 | kind, major, minor)
    registers = [0] * 11
    position = 0
    while True:
        op, nibbles, offset, number = struct.unpack_from("<BBhi", code, position * 8)
        target, source = nibbles & 15, nibbles >> 4
        position += 1
        if op == 0x61:
            registers[target] = struct.unpack_from("<I", context, offset)[0]
        elif op == 0x54:
            registers[target] &= number
        elif op == 0x74:
            registers[target] >>= number
        elif op == 0xBF:
            registers[target] = registers[source]
        elif op == 0xB7:
            registers[target] = number
        elif op == 0x55:
            position += offset if registers[target] != number else 0
        elif op == 0x5D:
            position += offset if registers[target] != registers[source] else 0
        elif op == 0x95:
            return registers[0]
        else:
            raise AssertionError(op)


rules = st.fixed_dictionaries(
    {"allow": st.booleans(), "access": st.sampled_from(("r", "w", "m", "rw", "rwm"))},
    optional={
        "type": st.sampled_from(("a", "b", "c")),
        "major": st.integers(-1, 3),
        "minor": st.integers(-1, 3),
    },
)
_BITS = {"m": 1, "r": 2, "w": 4}


def expected(entries: list[dict[str, Any]], access: int, kind: int, major: int, minor: int) -> int:
    for rule in reversed(entries):
        granted = sum(_BITS[letter] for letter in rule["access"])
        same_type = {"a": kind, "b": 1, "c": 2}[rule.get("type", "a")] == kind
        same_major = rule.get("major", -1) in (-1, major)
        same_minor = rule.get("minor", -1) in (-1, minor)
        if same_type and same_major and same_minor and access & granted == access:
            return int(rule["allow"])
    return 0


@given(
    st.lists(rules, max_size=6),
    st.integers(1, 7),
    st.sampled_from((1, 2)),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_device_program(
    entries: list[dict[str, Any]], access: int, kind: int, major: int, minor: int
) -> None:
    assert run(devices.program(entries), access, kind, major, minor) == expected(
        entries, access, kind, major, minor
    )


def v2_folder(path: Path, *, root: bool = False, processes: str = "") -> Path:
    """A group's folder as the kernel would show it."""
    path.mkdir()
    contents = {
        "cgroup.controllers": "cpu memory pids",
        "cgroup.subtree_control": "",
        "cgroup.procs": processes,
    }
    for name, text in contents.items():
        (path / name).write_text(text)
    if not root:
        (path / "cgroup.type").write_text("domain\n")
    return path


def test_v2_controllers_are_enabled_on_the_way_down(tmp_path: Path) -> None:
    top = v2_folder(tmp_path / "top", root=True, processes="1\n2\n")
    middle = v2_folder(top / "hythe")
    v2.LayoutV2(str(top)).group("/hythe/one").create()
    assert (middle / "one").is_dir()
    for folder in (top, middle):
        assert (folder / "cgroup.subtree_control").read_text().startswith("+")


def test_v2_nothing_is_enabled_above_processes(tmp_path: Path) -> None:
    top = v2_folder(tmp_path / "top", root=True)
    middle = v2_folder(top / "someones", processes="7\n")
    v2.LayoutV2(str(top)).group("/someones/one").create()
    assert (middle / "one").is_dir()
    assert (middle / "cgroup.subtree_control").read_text() == ""


def test_v2_processes_at_a_containers_top_are_moved_down(tmp_path: Path) -> None:
    top = v2_folder(tmp_path / "top", processes="0\n7\n")
    (top / "init").mkdir()
    (top / "init" / "cgroup.procs").write_text("")
    (tmp_path / "first").write_text("0::/\n")
    v2.LayoutV2(str(top)).make_room(str(tmp_path / "first"))
    assert (top / "init" / "cgroup.procs").read_text() == "7"


def test_v2_processes_at_the_top_of_a_mere_namespace_stay(tmp_path: Path) -> None:
    top = v2_folder(tmp_path / "top", processes="7\n")
    (tmp_path / "first").write_text("0::/../../init.scope\n")
    v2.LayoutV2(str(top)).make_room(str(tmp_path / "first"))
    assert not (top / "init").exists()


def test_v2_the_machines_top_is_left_alone(tmp_path: Path) -> None:
    top = v2_folder(tmp_path / "top", root=True, processes="7\n")
    v2.LayoutV2(str(top)).make_room()
    assert not (top / "init").exists()


def test_v2_no_container_below_a_threaded_group(tmp_path: Path) -> None:
    top = v2_folder(tmp_path / "top", root=True)
    (v2_folder(top / "one") / "cgroup.type").write_text("domain invalid\n")
    with pytest.raises(Unsupported, match="threaded"):
        v2.LayoutV2(str(top)).group("/one").create()


def test_v2_controllers_of_the_limits_are_enabled_too(tmp_path: Path) -> None:
    top = v2_folder(tmp_path / "top", root=True)
    (top / "cgroup.controllers").write_text("cpu dmem")
    limits = {"unified": {"dmem.max": "max"}}
    seen = []
    for resources in ({}, limits):
        group = v2.LayoutV2(str(top)).group("/one", resources)
        assert isinstance(group, v2.GroupV2)
        group.create()
        seen.append((top / "cgroup.subtree_control").read_text())
        (top / "cgroup.subtree_control").write_text("")
    assert seen == ["+cpu", "+dmem"]


def test_v2_support(tmp_path: Path) -> None:
    top = v2_folder(tmp_path / "top", root=True)
    found = v2.LayoutV2(str(top)).support()
    assert found.memory and found.swap and found.pids
    assert not (found.cpuset or found.io_weight or found.cpu_realtime or found.swappiness)
    v2_folder(top / "one")
    (top / "one" / "memory.max").touch()
    assert not v2.LayoutV2(str(top)).support().swap
    (top / "one" / "memory.swap.max").touch()
    assert v2.LayoutV2(str(top)).support().swap


def test_v1_support(tmp_path: Path) -> None:
    for name in ("memory.limit_in_bytes", "cpu.shares", "blkio.bfq.io_serviced"):
        (tmp_path / name).touch()
    found = v1.LayoutV1(dict.fromkeys(("memory", "cpu", "blkio", "pids"), str(tmp_path))).support()
    assert found.memory and found.cpu_shares and found.io_weight and found.pids
    assert not (found.swap or found.cpu_quota or found.io_throttle or found.cpuset)


def test_every_tree_is_found_whatever_is_in_it() -> None:
    more = "41 31 0:38 / /a\\040b/unified rw shared:1 - cgroup2 cgroup2 rw\n"
    points = trees.mount_points(MOUNTINFO + more)
    assert points[:2] == ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/systemd"]
    assert points[-1] == "/a b/unified"
    assert "/sys/fs/cgroup" not in points
