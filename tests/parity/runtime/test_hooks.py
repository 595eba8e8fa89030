"""Hooks at their points of the life cycle, with the state on their standard input (runtime-spec, config.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.runtimes import Runtime

pytestmark = pytest.mark.root


def hook(folder: Path, point: str, *, code: int = 0) -> list[dict[str, Any]]:
    """Notes its name and what it was given."""
    script = f"echo {point} >> {folder}/order; cat > {folder}/{point}; exit {code}"
    return [{"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin"]}]


POINTS = ("prestart", "createRuntime", "createContainer", "poststart", "poststop")


def test_their_order_and_what_they_are_told(runtime: Runtime, tmp_path: Path) -> None:
    hooks = {point: hook(tmp_path, point) for point in POINTS}
    runtime.ok("create", "-b", runtime.bundle("sleep", "1000", hooks=hooks), "hooked")
    pid = runtime.state("hooked")["pid"]
    assert (tmp_path / "order").read_text().split()[:3] == list(POINTS[:3])  # runc runs poststart now, too
    runtime.ok("start", "hooked")
    assert (tmp_path / "order").read_text().split() == list(POINTS[:4])
    runtime.ok("delete", "--force", "hooked")
    assert (tmp_path / "order").read_text().split() == list(POINTS)
    told = {point: json.loads((tmp_path / point).read_text()) for point in POINTS}
    assert {state["id"] for state in told.values()} == {"hooked"}
    assert told["createRuntime"]["pid"] == pid
    assert told["createRuntime"]["status"] == "creating" or runtime.name == "runc"
    assert told["poststart"]["status"] == "running" or runtime.name == "runc"
    assert told["poststop"]["status"] == "stopped"


@pytest.mark.parametrize("point", ["prestart", "createRuntime", "createContainer"])
def test_one_that_fails_before_the_start_undoes_the_container(
    runtime: Runtime, tmp_path: Path, point: str
) -> None:
    bundle = runtime.bundle("sleep", "1000", hooks={point: hook(tmp_path, point, code=3)})
    done = runtime("create", "-b", bundle, "failing")
    assert done.code == 1
    assert "exit status 3" in done.err
    assert runtime("state", "failing").code == 1
    assert not runtime.groups()


def test_one_that_takes_too_long_is_ended(runtime: Runtime) -> None:
    slow = [{"path": "/bin/sleep", "args": ["sleep", "100"], "timeout": 1}]
    done = runtime("create", "-b", runtime.bundle("true", hooks={"createRuntime": slow}), "slow")
    assert done.code == 1
    assert runtime("state", "slow").code == 1


def test_start_container_hooks_may_no_more_than_the_program(runtime: Runtime) -> None:
    """They are programs of the container's own root: they run as its user, under its filter."""
    script = "grep -E '^(Uid|CapEff|Seccomp):' /proc/self/status >&2; exit 3"
    hooks = {"startContainer": [{"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin"]}]}
    bundle = runtime.bundle("true", hooks=hooks, linux={"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}})
    config = json.loads((bundle / "config.json").read_text())
    config["process"]["user"] = {"uid": 77, "gid": 77}
    (bundle / "config.json").write_text(json.dumps(config))
    done = runtime("run", "-b", bundle, "unfit")
    assert done.code != 0
    for words in ("Uid:\\t77\\t77", "CapEff:\\t0000000000000000", "Seccomp:\\t2"):
        assert words in done.err.replace("\t", "\\t").replace("\\\\t", "\\t")


def test_create_container_begins_in_the_root_and_sees_the_host(runtime: Runtime, tmp_path: Path) -> None:
    script = (
        f"readlink /proc/self/ns/mnt > {tmp_path}/ns; cp -P bin/true made-by-hook; umask > {tmp_path}/umask"
    )
    hooks = {"createContainer": [{"path": "/bin/sh", "args": ["sh", "-c", script]}]}
    try:
        runtime.ok("create", "-b", runtime.bundle("test", "-L", "/made-by-hook", hooks=hooks), "inside")
        pid = runtime.state("inside")["pid"]
        assert (tmp_path / "ns").read_text().strip() == str(Path(f"/proc/{pid}/ns/mnt").readlink())
        assert (runtime.image / "made-by-hook").is_symlink()
        runtime.ok("delete", "--force", "inside")
    finally:
        (runtime.image / "made-by-hook").unlink(missing_ok=True)


def test_start_container_runs_as_the_program_would(runtime: Runtime, tmp_path: Path) -> None:
    """Its user, its environment where the hook has none, the container's root."""
    script = "id -u > /tmp/hook; echo $COLOUR >> /tmp/hook; ls / > /dev/null"
    hooks = {"startContainer": [{"path": "/bin/sh", "args": ["sh", "-c", script]}]}
    config: dict[str, Any] = {
        "hooks": hooks,
        "process": {"user": {"uid": 1000, "gid": 1000}, "env": ["PATH=/bin", "COLOUR=green"]},
    }
    try:
        assert runtime.ok("run", "-b", runtime.bundle("cat", "/tmp/hook", **config), "as").split() == [
            "1000",
            "green",
        ]
    finally:
        (runtime.image / "tmp/hook").unlink(missing_ok=True)


def test_start_container_runs_under_the_filter(runtime: Runtime) -> None:
    seccomp = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL"}],
    }
    hooks = {"startContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "mkdir /tmp/made"]}]}
    done = runtime("run", "-b", runtime.bundle("true", hooks=hooks, linux={"seccomp": seccomp}), "filtered")
    assert done.code != 0
    assert "error running hook" in done.err and "bad system call" in done.err
    assert not (runtime.image / "tmp/made").exists()
