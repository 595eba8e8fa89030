"""What the runtime settles about a process whose configuration leaves it open, as every OCI runtime does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.runtime_harness import CAPABILITIES, Warden, running

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def warden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warden]:
    with running(tmp_path_factory.mktemp("warden")) as found:
        yield found


@pytest.mark.parametrize(
    ("env", "uid", "home"),
    [([], 0, "/root"), (["HOME="], 0, "/root"), (["HOME=/tmp"], 0, "/tmp"), ([], 77, "/")],
)
def test_home_is_the_users(warden: Warden, env: list[str], uid: int, home: str) -> None:
    config = warden.config(["/bin/sh", "-c", "echo $HOME"])
    config["process"] |= {"env": ["PATH=/bin", *env], "user": {"uid": uid, "gid": 0}}
    assert warden.run(config) == (0, f"{home}\n".encode())


@pytest.mark.parametrize("kind", ["fifo", "directory", "endless"])
def test_a_passwd_that_is_no_file_does_not_hold_up_the_start(warden: Warden, kind: str) -> None:
    made = {"fifo": "mknod p p", "directory": "mkdir p", "endless": "ln -s /dev/zero p"}[kind]
    id = warden.create(warden.config(["/bin/sleep", "60"]))
    warden.call("start", id=id)
    try:
        script = f"cd /etc && rm passwd && busybox {made} && mv p passwd"
        assert warden.exec(id, ["/bin/sh", "-c", script])[0] == 0
        changes = {"args": ["/bin/sh", "-c", "echo $HOME"], "env": ["PATH=/bin"], "cwd": "/"}
        assert warden.exec(id, [], process=changes | {"user": {"uid": 0, "gid": 0}}) == (0, b"/\n")
    finally:
        warden.call("delete", id=id, force=True)


def test_the_working_directory_is_made_in_a_read_only_root(warden: Warden) -> None:
    config = warden.config(["/bin/pwd"], root={"path": "rootfs", "readonly": True})
    config["process"] |= {"args": ["/bin/busybox", "pwd"], "cwd": "/not/there/yet"}
    assert warden.run(config) == (0, b"/not/there/yet\n")


def test_unknown_capabilities_are_left_out_with_a_warning(warden: Warden) -> None:
    config = warden.config(["/bin/grep", "CapEff", "/proc/self/status"])
    names = [*CAPABILITIES, "CAP_OF_TOMORROW"]
    config["process"]["capabilities"] = {"bounding": names, "effective": names, "permitted": names}
    code, output = warden.run(config)
    assert (code, output.split()[1]) == (0, b"00000000a80425fb")
    assert any("CAP_OF_TOMORROW" in warning for warning in warden.created["warnings"])


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_a_filter_older_than_close_range(warden: Warden, no_new_privileges: bool) -> None:
    config = warden.config(["/bin/echo", "runs"])
    config["process"]["noNewPrivileges"] = no_new_privileges
    rule = {"names": ["close_range"], "action": "SCMP_ACT_KILL_PROCESS"}
    config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}
    assert warden.run(config) == (0, b"runs\n")
