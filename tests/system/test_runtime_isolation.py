"""What a container sees and may do: mounts, devices, users, capabilities, filters, limits."""

# ruff: noqa: PTH115
from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.runtime_harness import (
    CAPABILITIES,
    FIRST,
    Refused,
    Warden,
    in_user_namespace,
    process,
    running,
)

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def warden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warden]:
    with running(tmp_path_factory.mktemp("warden")) as found:
        yield found


def test_new_namespaces(warden: Warden) -> None:
    script = "for n in pid net mnt uts ipc cgroup; do readlink /proc/self/ns/$n; done; hostname; echo $$"
    *inside, host, pid = warden.shell(script).splitlines()
    assert (host, pid) == ("box", "1")
    names = ("pid", "net", "mnt", "uts", "ipc", "cgroup")
    outside = [os.readlink(f"/proc/self/ns/{name}") for name in names]
    assert not set(inside) & set(outside)


def test_capabilities_are_the_fourteen(warden: Warden) -> None:
    lines = dict(line.split() for line in warden.shell("grep Cap /proc/self/status").splitlines())
    expected = "00000000a80425fb"
    assert lines["CapBnd:"] == lines["CapEff:"] == lines["CapPrm:"] == expected
    assert lines["CapInh:"] == lines["CapAmb:"] == "0" * 16


def test_another_user(warden: Warden) -> None:
    config = warden.config(["/bin/sh", "-c", "id; umask; grep Cap[EPB] /proc/self/status; touch /etc/x"])
    config["process"] |= {
        "user": {"uid": 1000, "gid": 1001, "additionalGids": [5, 6], "umask": 0o27},
        "capabilities": {"bounding": CAPABILITIES},
    }
    code, output = warden.run(config)
    text = output.decode()
    assert code == 1
    assert "uid=1000 gid=1001 groups=" in text
    assert "5,6" in text.splitlines()[0]
    assert "0027" in text
    assert "CapPrm:\t0000000000000000" in text
    assert "CapBnd:\t00000000a80425fb" in text


def test_ambient_capabilities(warden: Warden) -> None:
    bind = ["CAP_NET_BIND_SERVICE"]
    sets = dict.fromkeys(("bounding", "effective", "permitted", "inheritable", "ambient"), bind)
    config = warden.config(["/bin/grep", "Cap", "/proc/self/status"])
    config["process"] |= {"user": {"uid": 1000, "gid": 1000}, "capabilities": sets}
    code, output = warden.run(config)
    assert code == 0
    assert [line.split()[1] for line in output.decode().splitlines()] == ["0000000000000400"] * 5


def test_masked_and_read_only_paths(warden: Warden) -> None:
    script = """wc -c </proc/keys; ls /proc/acpi /sys/firmware | grep -v : | wc -w
    echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 > /sys/kernel/x; mkdir /sys/fs/cgroup/memory/x; true"""
    code, output = warden.run(warden.config(["/bin/sh", "-c", script]))
    lines = output.decode().splitlines()
    assert code == 0
    assert "0" in lines
    assert sum("Read-only file system" in line for line in lines) >= 2


def test_devices(warden: Warden) -> None:
    script = """head -c 3 /dev/zero | od -An -tx1; test -c /dev/tty && echo tty; echo y >/dev/null
    echo x 2>/dev/null >/dev/full || echo full
    for name in ptmx fd stdout; do readlink /dev/$name; done"""
    expected = [" 00 00 00", "tty", "full", "pts/ptmx", "/proc/self/fd", "/proc/self/fd/1"]
    assert warden.shell(script).splitlines() == expected


def test_device_rules_hold(warden: Warden) -> None:
    (warden.root / "bin/mknod").unlink(missing_ok=True)
    (warden.root / "bin/mknod").symlink_to("busybox")
    script = """mknod /dev/kmsg c 1 11 && { head -c 1 /dev/kmsg || echo refused; }
    mknod /dev/z c 1 5; head -c 2 /dev/z | wc -c"""
    lines = warden.shell(script).splitlines()
    assert "Operation not permitted" in lines[0]
    assert lines[-1] == "2"


def test_given_devices(warden: Warden) -> None:
    device = {
        "type": "c",
        "path": "/dev/sub/myzero",
        "major": 1,
        "minor": 5,
        "fileMode": 0o640,
        "uid": 3,
        "gid": 4,
    }
    config = warden.config(["/bin/stat", "-c", "%a %u %g %t %T", "/dev/sub/myzero"])
    config["linux"]["devices"] = [device]
    assert warden.run(config) == (0, b"640 3 4 1 5\n")


def test_no_new_privileges(warden: Warden) -> None:
    config = warden.config(["/bin/grep", "NoNewPrivs", "/proc/self/status"])
    config["process"]["noNewPrivileges"] = True
    assert warden.run(config) == (0, b"NoNewPrivs:\t1\n")


@pytest.mark.parametrize("no_new_privileges", [False, True])
def test_seccomp(warden: Warden, no_new_privileges: bool) -> None:
    rule = {"names": ["mkdir", "mkdirat", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}
    config = warden.config(["/bin/sh", "-c", "grep Seccomp: /proc/self/status; mkdir /x"])
    config["process"]["noNewPrivileges"] = no_new_privileges
    config["process"]["user"] = {"uid": 0, "gid": 0}
    config["linux"]["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
        "syscalls": [rule],
    }
    code, output = warden.run(config)
    assert code == 1
    assert b"Seccomp:\t2" in output
    assert b"Permission denied" in output
    id = warden.create(config | {"process": process(["/bin/sleep", "60"])})
    warden.call("start", id=id)
    assert warden.exec(id, ["/bin/mkdir", "/y"])[0] == 1
    warden.call("delete", id=id, force=True)


def test_rlimits_and_clamping(warden: Warden) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    config = warden.config(["/bin/sh", "-c", "ulimit -n; ulimit -c"])
    config["process"]["rlimits"] = [
        {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
    ]
    assert warden.run(config) == (0, b"100\n0\n")
    config = warden.config(["/bin/true"])
    config["process"]["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": hard * 4, "hard": hard * 4}]
    id = warden.create(config)
    assert all("clamped" in warning for warning in warden.created["warnings"])
    warden.call("delete", id=id, force=True)


def test_oom_score(warden: Warden) -> None:
    config = warden.config(["/bin/cat", "/proc/self/oom_score_adj"])
    config["process"]["oomScoreAdj"] = 500
    assert warden.run(config) == (0, b"500\n")


def test_sysctls(warden: Warden) -> None:
    config = warden.config(["/bin/sh", "-c", "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni"])
    config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.shmmni": "99"}
    assert warden.run(config) == (0, b"1\n99\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [("kernel.core_pattern", "|/x"), ("net.ipv4.ip_forward", "1\n2"), ("net/../kernel/core_pattern", "x")],
)
def test_sysctls_of_the_host_are_refused(warden: Warden, name: str, value: str) -> None:
    config = warden.config(["/bin/true"])
    config["linux"]["sysctl"] = {name: value}
    with pytest.raises(Refused) as refused:
        warden.create(config)
    assert refused.value.kind == "invalid"


def test_read_only_root_with_writable_tmpfs(warden: Warden) -> None:
    config = warden.config(
        ["/bin/sh", "-c", "touch /x 2>&1; touch /tmp/y && echo ok"], root={"path": "r", "readonly": True}
    )
    config["mounts"].append(
        {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["size=1m"]}
    )
    code, output = warden.run(config)
    assert code == 0
    assert b"Read-only" in output
    assert output.endswith(b"ok\n")


def test_bind_mounts(warden: Warden, tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/file").write_text("content")
    (tmp_path / "single").write_text("one file")
    config = warden.config(
        ["/bin/sh", "-c", "cat /a/b/dir/file /etc/single; touch /a/b/dir/new; touch /ro/new 2>&1; true"]
    )
    config["mounts"] += [
        {"destination": "/a/b/dir", "type": "bind", "source": str(tmp_path / "dir"), "options": ["rbind"]},
        {"destination": "/ro", "type": "bind", "source": str(tmp_path / "dir"), "options": ["rbind", "ro"]},
        {
            "destination": "/etc/single",
            "type": "bind",
            "source": str(tmp_path / "single"),
            "options": ["bind"],
        },
    ]
    code, output = warden.run(config)
    assert code == 0
    assert output.startswith(b"contentone file")
    assert b"Read-only file system" in output
    assert (tmp_path / "dir/new").exists()


def test_ready_made_root(warden: Warden) -> None:
    config = warden.config(["/bin/echo", "here"], root={"path": str(warden.root)})
    assert warden.run(config, ready_made=True) == (0, b"here\n")


def test_128_layers(warden: Warden, tmp_path: Path) -> None:
    layers = []
    for number in range(127):
        folder = tmp_path / ("layer-with-a-long-name-" * 3 + str(number))
        folder.mkdir()
        (folder / f"file{number}").touch()
        layers.append(folder)
    layers.append(warden.root)
    config = warden.config(["/bin/sh", "-c", "ls /file0 /file126 | wc -l"])
    assert warden.run(config, layers=layers) == (0, b"2\n")


def test_working_directory_is_made(warden: Warden) -> None:
    config = warden.config(["/bin/sh", "-c", "pwd"])
    config["process"]["cwd"] = "/made/for/it"
    assert warden.run(config) == (0, b"/made/for/it\n")


@pytest.mark.parametrize("cwd", ["/proc/self/fd/3", "/proc/self/cwd", "/proc/self/fd/7/../../.."])
def test_working_directory_by_magic_link_is_refused(warden: Warden, cwd: str) -> None:
    config = warden.config(["/bin/pwd"])
    config["process"]["cwd"] = cwd
    with pytest.raises(Refused):
        warden.create(config)
    id = warden.create(warden.config(["/bin/sleep", "60"]))
    warden.call("start", id=id)
    with pytest.raises(Refused):
        warden.exec(id, ["/bin/pwd"], process=process(["/bin/pwd"], cwd=cwd))
    warden.call("delete", id=id, force=True)


def test_no_descriptor_leaks_in(warden: Warden) -> None:
    others = warden.create(warden.config(["/bin/sleep", "60"]), stdin=True)
    assert warden.shell("ls /proc/self/fd | tr '\\n' ' '").split() == ["0", "1", "2", "3"]
    warden.call("start", id=others)
    assert warden.exec(others, ["/bin/ls", "/proc/self/fd"])[1].split() == [b"0", b"1", b"2", b"3"]
    warden.call("delete", id=others, force=True)


@pytest.mark.parametrize("name", ["proc", "sys", "dev"])
def test_kernel_trees_behind_links_are_refused(warden: Warden, tmp_path: Path, name: str) -> None:
    layer = tmp_path / "evil"
    layer.mkdir()
    (layer / "target").mkdir()
    (layer / name).symlink_to("/target")
    with pytest.raises(Refused, match="not an ordinary directory"):
        warden.create(warden.config(["/bin/true"]), layers=[layer, warden.root])


def test_links_in_the_image_do_not_lead_out(warden: Warden, tmp_path: Path) -> None:
    outside, source, layer = tmp_path / "outside", tmp_path / "source", tmp_path / "evil"
    for folder in (outside, source, layer):
        folder.mkdir()
    (source / "secret").write_text("from the host")
    (layer / "data").symlink_to(f"../../../../../../..{outside}")
    config = warden.config(["/bin/sh", "-c", "cat /data/deep/secret"])
    config["mounts"].append(
        {"destination": "/data/deep", "type": "bind", "source": str(source), "options": ["rbind"]}
    )
    assert warden.run(config, layers=[layer, warden.root]) == (0, b"from the host")
    assert list(outside.iterdir()) == []


def test_the_interpreter_cannot_be_overwritten(warden: Warden) -> None:
    """CVE-2019-5736: an entrypoint that re-executes what is starting it."""
    python = Path(f"/proc/{warden.pid}/exe").resolve()
    before = python.stat()
    assert os.statvfs(f"/proc/{warden.pid}/exe").f_flag & os.ST_RDONLY
    script = "cp /bin/busybox /x; ln -sf /proc/self/exe /bin/evil; exec /bin/evil true"
    warden.run(warden.config(["/bin/sh", "-c", script]))
    assert python.stat() == before


def test_cgroup_limits_are_there(warden: Warden) -> None:
    files = """memory/memory.limit_in_bytes memory.max pids/pids.max pids.max cpu/cpu.cfs_quota_us cpu.max"""
    paths = " ".join(f"/sys/fs/cgroup/{name}" for name in files.split())
    config = warden.config(["/bin/sh", "-c", f"cat {paths} 2>/dev/null; true"])
    config["linux"]["resources"] |= {
        "memory": {"limit": 64 << 20, "swap": 64 << 20},
        "pids": {"limit": 33},
        "cpu": {"quota": 50000, "period": 100000, "shares": 512},
    }
    code, output = warden.run(config)
    assert code == 0
    assert [line.split()[0] for line in output.decode().splitlines()] == [str(64 << 20), "33", "50000"]


@pytest.mark.parametrize("uid", [2**32 - 1, -1, 2**40])
def test_impossible_users_are_refused(warden: Warden, uid: int) -> None:
    config = warden.config(["/bin/id"])
    config["process"]["user"] = {"uid": uid, "gid": 0}
    with pytest.raises(Refused) as refused:
        warden.create(config)
    assert refused.value.kind == "invalid"


@pytest.mark.parametrize(("where", "name"), [("linux", "intelRdt"), ("process", "scheduler"), ("", "hooks")])
def test_unknown_configuration_is_refused_by_name(warden: Warden, where: str, name: str) -> None:
    config = warden.config(["/bin/true"])
    (config[where] if where else config)[name] = {"x": 1}
    with pytest.raises(Refused, match=name) as refused:
        warden.create(config)
    assert refused.value.kind == "unsupported"


def keyrings(id: str) -> int:
    """Session keyrings of a container that we may see (keyrings(7))."""
    return sum(f"_ses.{id}:" in line for line in Path("/proc/keys").read_text().splitlines())


def test_a_session_keyring_of_its_own(warden: Warden) -> None:
    """The maker's keys are not in reach, and an exec has the container's."""
    id = warden.create(warden.config(["/bin/sleep", "60"]))
    warden.call("start", id=id)
    assert keyrings(id) == 1
    assert warden.exec(id, ["/bin/true"])[0] == 0
    assert keyrings(id) == 1


def test_a_session_keyring_of_its_user_namespace(warden: Warden) -> None:
    id = warden.create(in_user_namespace(warden, ["/bin/sleep", "60"]))
    warden.call("start", id=id)
    assert warden.exec(id, ["/bin/true"])[0] == 0
    owners = [line.split(":")[0].strip() for line in Path("/proc/key-users").read_text().splitlines()]
    assert str(FIRST) in owners
    assert keyrings(id) == 0  # it is the container's root's, which we are not
