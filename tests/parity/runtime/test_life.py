"""From create to delete, as every OCI runtime does it (runtime-spec, runtime.md), in runc's words."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.runtimes import Runtime

pytestmark = pytest.mark.root


def test_a_created_container_waits_and_a_started_one_runs(runtime: Runtime, tmp_path: Path) -> None:
    mounts = [{"destination": "/tmp", "type": "bind", "source": str(tmp_path), "options": ["rbind", "rw"]}]
    id = runtime.created("touch", "/tmp/ran", mounts=[*runtime.config()["mounts"], *mounts])
    state = runtime.state(id)
    assert (state["id"], state["status"]) == (id, "created")
    assert Path(f"/proc/{state['pid']}").exists()
    assert not (tmp_path / "ran").exists()
    runtime.ok("start", id)
    runtime.until(id, "stopped")
    assert (tmp_path / "ran").exists()
    assert runtime.state(id)["pid"] == 0
    runtime.ok("delete", id)
    assert "does not exist" in runtime("state", id).err


def test_delete_leaves_nothing(runtime: Runtime) -> None:
    id = runtime.running()
    assert runtime.groups()
    runtime.ok("delete", "--force", id)
    assert not runtime.groups()
    assert not (runtime.root / id).exists()


def test_state_tells_bundle_annotations_and_version(runtime: Runtime) -> None:
    bundle = runtime.bundle("sleep", "1000", annotations={"a.b": "c"})
    runtime.ok("create", "-b", bundle, "told")
    state = runtime.state("told")
    runtime.ok("delete", "--force", "told")
    assert state["bundle"] == str(bundle)
    assert state["annotations"] == {"a.b": "c"}
    assert state["ociVersion"].startswith("1.")


@pytest.mark.parametrize(
    "words", [("state",), ("start",), ("kill",), ("delete",), ("pause",), ("resume",), ("ps",)]
)
def test_a_missing_container(runtime: Runtime, words: tuple[str]) -> None:
    done = runtime(*words, "missing")
    assert done.code == 1
    assert "does not exist" in done.err


def test_delete_force_of_a_missing_container_succeeds(runtime: Runtime) -> None:
    runtime.ok("delete", "--force", "missing")


def test_an_id_is_taken_once(runtime: Runtime) -> None:
    id = runtime.running()
    done = runtime("run", "-b", runtime.bundle("true"), id)
    assert done.code == 1
    assert "already exists" in done.err
    assert runtime.status(id) == "running"
    runtime.ok("delete", "-f", id)


@pytest.mark.parametrize("id", ["a/b", "..", "ü", "a b"])
def test_an_invalid_id(runtime: Runtime, id: str) -> None:
    done = runtime("run", "-b", runtime.bundle("true"), id)
    assert done.code == 1
    assert "invalid container ID format" in done.err


def test_a_running_container_is_not_deleted(runtime: Runtime) -> None:
    id = runtime.running()
    done = runtime("delete", id)
    assert done.code == 1
    assert "not stopped" in done.err
    assert runtime.status(id) == "running"
    runtime.ok("delete", "--force", id)


def test_a_created_container_is_deleted(runtime: Runtime) -> None:
    id = runtime.created()
    pid = runtime.state(id)["pid"]
    runtime.ok("delete", id)
    assert not Path(f"/proc/{pid}/exe").exists()


def test_a_container_is_started_once(runtime: Runtime) -> None:
    id = runtime.created()
    runtime.ok("start", id)
    done = runtime("start", id)
    assert done.code == 1
    assert "cannot start an already running container" in done.err
    runtime.ok("kill", id, "KILL")
    runtime.until(id, "stopped")
    assert "cannot start a container that has stopped" in runtime("start", id).err
    runtime.ok("delete", id)


@pytest.mark.parametrize("word", ["KILL", "SIGKILL", "9", "kill"])
def test_signals_by_any_name(runtime: Runtime, word: str) -> None:
    id = runtime.running()
    runtime.ok("kill", id, word)
    runtime.until(id, "stopped")
    runtime.ok("delete", id)


def test_an_unknown_signal(runtime: Runtime) -> None:
    id = runtime.running()
    done = runtime("kill", id, "NONE")
    assert done.code == 1
    assert "unknown signal" in done.err
    runtime.ok("delete", "-f", id)


def test_the_default_signal_is_term(runtime: Runtime) -> None:
    id = runtime.running("sh", "-c", 'trap "exit 0" TERM; while true; do sleep 0.05; done')
    runtime.ok("kill", id)
    runtime.until(id, "stopped")
    runtime.ok("delete", id)


def test_kill_of_a_stopped_container_fails(runtime: Runtime) -> None:
    id = runtime.running("true")
    runtime.until(id, "stopped")
    done = runtime("kill", id, "KILL")
    assert done.code == 1
    assert "container not running" in done.err
    runtime.ok("kill", "--all", id, "KILL")
    runtime.ok("delete", id)


def test_kill_all_reaches_every_process(runtime: Runtime) -> None:
    id = runtime.running("sh", "-c", "sleep 1000 & sleep 1000 & wait")
    while len(json.loads(runtime.ok("ps", "--format", "json", id))) < 3:
        time.sleep(0.02)
    runtime.ok("kill", "--all", id, "KILL")
    runtime.until(id, "stopped")
    runtime.ok("delete", id)


def test_without_a_pid_namespace_delete_ends_all(runtime: Runtime) -> None:
    kinds = ("network", "mount", "ipc", "uts", "cgroup")
    linux = {"namespaces": [{"type": kind} for kind in kinds]}
    id = runtime.running("sh", "-c", "sleep 1234 & wait", linux=linux)
    pids = json.loads(runtime.ok("ps", "--format", "json", id))
    runtime.ok("delete", "--force", id)
    for pid in pids:
        assert not Path(f"/proc/{pid}/exe").exists()


def test_pause_and_resume(runtime: Runtime) -> None:
    id = runtime.running()
    runtime.ok("pause", id)
    assert runtime.status(id) == "paused"
    done = runtime("exec", id, "true")
    assert done.code != 0
    assert "paused" in done.err
    runtime.ok("resume", id)
    assert runtime.status(id) == "running"
    runtime.ok("delete", "--force", id)


def test_a_paused_container_is_deleted_by_force(runtime: Runtime) -> None:
    id = runtime.running()
    runtime.ok("pause", id)
    runtime.ok("delete", "--force", id)
    assert not runtime.groups()


def test_a_container_outlives_its_maker(runtime: Runtime) -> None:
    id = runtime.running()
    pid = runtime.state(id)["pid"]
    parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
    assert int(parent) != os.getpid()
    runtime.ok("exec", id, "true")
    runtime.ok("delete", "--force", id)


def test_list(runtime: Runtime) -> None:
    ids = {runtime.running(), runtime.created()}
    listed = json.loads(runtime.ok("list", "--format", "json"))
    assert {one["id"]: one["status"] for one in listed if one["id"] in ids}.keys() == ids
    assert set(runtime.ok("list", "-q").split()) >= ids
    head, *_ = runtime.ok("list").splitlines()
    assert head.split() == ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]
    for id in ids:
        runtime.ok("delete", "-f", id)


def test_a_program_that_is_missing(runtime: Runtime) -> None:
    bundle = runtime.bundle("missing")
    done = runtime("create", "-b", bundle, "missing-program")
    assert done.code == 1
    assert "executable file not found in $PATH" in done.err
    assert not (runtime.root / "missing-program").exists()
    assert not runtime.groups()


def test_a_bundle_without_a_configuration(runtime: Runtime, tmp_path: Path) -> None:
    done = runtime("create", "-b", tmp_path, "empty")
    assert done.code == 1
    assert "config.json" in done.err
    assert not (runtime.root / "empty").exists()


def test_the_pid_file(runtime: Runtime, tmp_path: Path) -> None:
    id = "c" + secrets.token_hex(4)
    runtime.ok("create", "-b", runtime.bundle("true"), "--pid-file", tmp_path / "pid", id)
    assert int((tmp_path / "pid").read_text()) == runtime.state(id)["pid"]
    runtime.ok("delete", "-f", id)


def test_errors_go_to_the_log_as_json(runtime: Runtime, tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert runtime("--log", log, "--log-format", "json", "start", "missing").code == 1
    line = json.loads(log.read_text().splitlines()[-1])
    assert line["level"] == "error"
    assert line["msg"] == "container does not exist"


def test_a_killed_runtime_leaves_a_foreground_container_to_be_deleted(runtime: Runtime) -> None:
    id = "c" + secrets.token_hex(4)
    command = runtime.command("run", "-b", runtime.bundle("sleep", "1000"), id)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as parent:
        while runtime("state", id).code != 0 or runtime.status(id) != "running":
            time.sleep(0.02)
        parent.send_signal(signal.SIGKILL)
    assert runtime.status(id) == "running"
    runtime.ok("delete", "--force", id)
