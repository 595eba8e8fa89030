"""A container's life in the warden: created, started, ended, deleted, and what is told of it."""

# ruff: noqa: PTH115
from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hythe.runtime.launch import spawn_warden
from tests.system.runtime_harness import (
    Refused,
    Warden,
    containers_groups,
    group_folders,
    process,
    read_all,
    running,
)

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def warden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warden]:
    with running(tmp_path_factory.mktemp("warden")) as found:
        yield found


def entry(warden: Warden, id: str) -> dict[str, object]:
    listed = warden.call("list")["containers"]
    found: dict[str, object] = next(one for one in listed if one["id"] == id)
    return found


def test_exit_code_and_output(warden: Warden) -> None:
    assert warden.run(warden.config(["/bin/sh", "-c", "echo out; exit 3"])) == (3, b"out\n")


def test_states_from_created_to_deleted(warden: Warden) -> None:
    id = warden.create(warden.config(["/bin/sleep", "60"]))
    assert warden.event("namespaces", id)["pid"] == warden.created["pid"]
    assert entry(warden, id)["status"] == "created"
    warden.call("start", id=id)
    assert entry(warden, id)["status"] == "running"
    warden.call("pause", id=id)
    assert entry(warden, id)["status"] == "paused"
    warden.call("resume", id=id)
    with pytest.raises(Refused) as refused:
        warden.call("delete", id=id)
    assert refused.value.kind == "conflict"
    warden.call("kill", id=id, signal=9)
    exit = warden.event("exit", id)
    assert (exit["exit_code"], exit["signal"], exit["oom"]) == (137, 9, False)
    stored = json.loads((warden.folder / "state" / id / "exit.json").read_text())
    assert stored["exit_code"] == 137
    assert entry(warden, id)["status"] == "stopped"
    warden.call("delete", id=id)
    assert not (warden.folder / "state" / id).exists()
    assert containers_groups(warden.instance) == []


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["nothere"], 127, 'exec: "nothere": executable file not found in $PATH'),
        (["/nothere"], 127, 'exec: "/nothere": stat /nothere: no such file or directory'),
        (["/etc/passwd"], 126, 'exec: "/etc/passwd": permission denied'),
        (["/etc"], 126, 'exec: "/etc": is a directory: permission denied'),
    ],
)
def test_what_cannot_be_executed(warden: Warden, args: list[str], code: int, message: str) -> None:
    id = warden.create(warden.config(args))
    with pytest.raises(Refused) as refused:
        warden.call("start", id=id)
    assert (refused.value.kind, refused.value.exit_code, str(refused.value)) == (
        "cannot_start",
        code,
        message,
    )
    warden.call("delete", id=id, force=True)


def test_failed_creation_leaves_nothing(warden: Warden) -> None:
    config = warden.config(["/bin/true"])
    config["mounts"].append(
        {"destination": "/x", "type": "bind", "source": "/not/there", "options": ["rbind"]}
    )
    with pytest.raises(Refused) as refused:
        warden.create(config)
    assert refused.value.kind == "invalid"
    assert "bind source path does not exist: /not/there" in str(refused.value)
    assert warden.call("list")["containers"] == []
    assert containers_groups(warden.instance) == []


def test_a_user_namespace_without_a_mapping_is_refused(warden: Warden) -> None:
    config = warden.config(["/bin/true"])
    config["linux"]["namespaces"].append({"type": "user"})
    with pytest.raises(Refused, match="uidMappings") as refused:
        warden.create(config)
    assert refused.value.kind == "invalid"


def test_created_container_can_be_deleted(warden: Warden) -> None:
    id = warden.create(warden.config(["/bin/true"]))
    warden.call("delete", id=id, force=True)
    assert warden.call("list")["containers"] == []


def test_exec_in_a_container(warden: Warden) -> None:
    id = warden.create(warden.config(["/bin/sleep", "60"]))
    warden.call("start", id=id)
    code, output = warden.exec(id, ["/bin/sh", "-c", "hostname; cat /proc/1/cmdline | tr '\\0' ' '; exit 4"])
    assert (code, output) == (4, b"box\n/bin/sleep 60 ")
    with pytest.raises(Refused) as refused:
        warden.exec(id, ["nothere"])
    assert refused.value.exit_code == 127
    code, output = warden.exec(
        id, ["/bin/id", "-u"], process=process(["/bin/id", "-u"], user={"uid": 7, "gid": 8})
    )
    assert (code, output) == (0, b"7\n")
    warden.call("delete", id=id, force=True)


def test_exec_that_leaves_a_daemon_behind_ends(warden: Warden) -> None:
    id = warden.create(warden.config(["/bin/sleep", "60"]))
    warden.call("start", id=id)
    code, output = warden.exec(id, ["/bin/sh", "-c", "sleep 50 & echo started"])
    assert (code, output) == (0, b"started\n")
    warden.call("delete", id=id, force=True)


def test_joined_pid_and_network_namespaces(warden: Warden) -> None:
    first = warden.create(warden.config(["/bin/sleep", "61"]))
    pid = warden.created["pid"]
    warden.call("start", id=first)
    config = warden.config(
        ["/bin/sh", "-c", "cat /proc/1/cmdline | tr '\\0' ' '; readlink /proc/self/ns/net"]
    )
    config["linux"]["namespaces"] = [
        {"type": "pid", "path": f"/proc/{pid}/ns/pid"},
        {"type": "network", "path": f"/proc/{pid}/ns/net"},
        {"type": "mount"},
        {"type": "uts"},
        {"type": "ipc"},
    ]
    code, output = warden.run(config)
    network = os.readlink(f"/proc/{pid}/ns/net")
    assert (code, output.decode()) == (0, f"/bin/sleep 61 {network}\n")
    warden.call("delete", id=first, force=True)


def test_without_a_pid_namespace_everything_is_killed_at_the_end(warden: Warden) -> None:
    config = warden.config(["/bin/sh", "-c", "sleep 77 >/dev/null 2>&1 & echo $!"])
    config["linux"]["namespaces"] = [{"type": "mount"}]
    del config["hostname"]
    code, output = warden.run(config)
    assert code == 0
    deadline = time.monotonic() + 5
    while Path(f"/proc/{int(output)}").exists():  # killed by then, but perhaps not reaped
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_out_of_memory_is_told(warden: Warden) -> None:
    config = warden.config(["/bin/sh", "-c", "x=a; while true; do x=$x$x; done"])
    config["linux"]["resources"]["memory"] = {"limit": 16 << 20, "swap": 16 << 20}
    id = warden.create(config)
    warden.call("start", id=id)
    exit = warden.event("exit", id)
    assert (exit["oom"], exit["exit_code"]) == (True, 137)
    warden.event("oom", id)
    warden.call("delete", id=id)


def test_limit_of_processes(warden: Warden) -> None:
    config = warden.config(["/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; true"])
    config["linux"]["resources"]["pids"] = {"limit": 5}
    code, output = warden.run(config)
    assert code != 0
    assert b"can't fork" in output


def test_update_of_limits(warden: Warden) -> None:
    id = warden.create(warden.config(["/bin/sleep", "60"]))
    answer = warden.call("update", id=id, resources={"memory": {"limit": 64 << 20, "swap": 64 << 20}})
    assert answer["warnings"] == []
    answer = warden.call("update", id=id, resources={"memory": {"limit": 32 << 20, "swap": 48 << 20}})
    assert answer["warnings"] == []
    warden.call("delete", id=id, force=True)


def test_signal_to_all(warden: Warden) -> None:
    id = warden.create(
        warden.config(["/bin/sh", "-c", "trap 'exit 5' TERM; echo up; while true; do sleep 0.1; done"])
    )
    client = warden.attach(id, stdin=False)
    warden.call("start", id=id)
    assert client.recv(10) == b"up\n"
    warden.call("kill", id=id, signal=int(signal.SIGTERM), all=True)
    assert warden.event("exit", id)["exit_code"] == 5
    read_all(client)
    warden.call("delete", id=id)


def test_init_reaps_and_forwards(warden: Warden) -> None:
    script = "cat /proc/1/comm; trap 'exit 6' TERM; echo pid $$; while true; do sleep 0.1; done"
    config = warden.config(["/bin/sh", "-c", script], annotations={"org.hythe.init": "true"})
    id = warden.create(config)
    client = warden.attach(id, stdin=False)
    warden.call("start", id=id)
    first = b""
    while not first.endswith(b"pid 2\n"):
        first += client.recv(100)
    warden.call("kill", id=id, signal=int(signal.SIGTERM))
    assert warden.event("exit", id)["exit_code"] == 6
    read_all(client)
    warden.call("delete", id=id)


def test_init_reports_what_cannot_be_executed(warden: Warden) -> None:
    id = warden.create(warden.config(["nothere"], annotations={"org.hythe.init": "true"}))
    with pytest.raises(Refused) as refused:
        warden.call("start", id=id)
    assert refused.value.exit_code == 127
    warden.call("delete", id=id, force=True)


def test_daemon_goes_and_another_comes(warden: Warden) -> None:
    id = warden.create(warden.config(["/bin/sh", "-c", "sleep 0.3; echo later; exit 9"]))
    warden.call("start", id=id)
    warden.disconnect()
    warden.connect()
    if entry(warden, id)["exit"] is None:
        warden.event("exit", id)
    exit = entry(warden, id)["exit"]
    assert isinstance(exit, dict)
    assert exit["exit_code"] == 9
    assert b"later" in (warden.folder / "bundles" / id / "log").read_bytes()
    warden.call("delete", id=id)


def test_no_descriptor_is_leaked(warden: Warden) -> None:
    def descriptors() -> list[str]:
        folder = Path(f"/proc/{warden.pid}/fd")
        return sorted(os.readlink(path).split(":")[0] for path in folder.iterdir())

    def settled() -> list[str]:
        """Once it has rested for long enough to have made its spare, which holds a socket."""
        time.sleep(0.2)
        return descriptors()

    warden.run(warden.config(["/bin/true"]))
    before = settled()
    for _ in range(5):
        warden.run(warden.config(["/bin/true"]))
        warden.run(warden.config(["/bin/true"]), terminal=True, stdin=True)
    assert settled() == before


def test_a_new_warden_adopts_what_lives(tmp_path: Path) -> None:
    with running(tmp_path) as warden:
        waiting = warden.create(warden.config(["/bin/sleep", "60"]))
        id = warden.create(warden.config(["/bin/sleep", "60"]))
        warden.call("start", id=id)
        time.sleep(0.1)  # time for a spare to be made
        os.kill(warden.pid, signal.SIGKILL)
        os.waitpid(warden.pid, 0)
        warden.disconnect()
        warden.pid = spawn_warden(warden.socket_path, tmp_path / "state", tmp_path / "warden.log")
        warden.connect()
        assert entry(warden, id)["status"] == "running"
        deadline = time.monotonic() + 5
        while [path for path in group_folders(warden.instance) if list(path.glob("spare-*"))]:
            assert time.monotonic() < deadline, "the spare of the old warden has left its group behind"
            time.sleep(0.02)
        warden.call("delete", id=waiting, force=True)
        warden.call("delete", id=id, force=True)


def test_two_wardens_do_not_share_a_folder(warden: Warden) -> None:
    with pytest.raises(Exception, match="another warden holds"):
        spawn_warden(warden.folder / "other.sock", warden.folder / "state", warden.folder / "other.log")


def test_nothing_is_mounted_on_the_host(warden: Warden) -> None:
    before = subprocess.run(["cat", "/proc/mounts"], capture_output=True, check=True).stdout
    id = warden.create(warden.config(["/bin/sleep", "60"]))
    warden.call("start", id=id)
    assert subprocess.run(["cat", "/proc/mounts"], capture_output=True, check=True).stdout == before
    warden.call("delete", id=id, force=True)
