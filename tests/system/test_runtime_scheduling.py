"""config.json's scheduler, I/O priority, CPU affinity, memory policy and personality, by hythe-runtime.

The kernel is asked what the processes have; runc and crun of this age know none of it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtimes import Runtime, started
from tests.system.runtime_harness import FIRST

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with started("hythe", tmp_path_factory.mktemp("runtime")) as found:
        yield found


@pytest.fixture
def config(runtime: Runtime) -> dict[str, Any]:
    return runtime.config("sleep", "1000")


def begun(runtime: Runtime, config: dict[str, Any]) -> tuple[str, int]:
    """(id, pid) of a container that runs."""
    bundle = runtime.bundle()
    (bundle / "config.json").write_text(json.dumps(config))
    id = bundle.name
    runtime.ok("run", "-d", "--bundle", bundle, id)
    return id, int(runtime.state(id)["pid"])


def in_user_namespace(config: dict[str, Any]) -> None:
    linux = config["linux"]
    linux["namespaces"].append({"type": "user"})
    linux["uidMappings"] = linux["gidMappings"] = [{"containerID": 0, "hostID": FIRST, "size": 65536}]


@pytest.mark.parametrize("mapped", [False, True])
def test_the_scheduler(runtime: Runtime, config: dict[str, Any], mapped: bool) -> None:
    if mapped:
        in_user_namespace(config)
    config["process"]["scheduler"] = {
        "policy": "SCHED_BATCH",
        "nice": 7,
        "flags": ["SCHED_FLAG_RESET_ON_FORK"],
    }
    id, pid = begun(runtime, config)
    assert os.sched_getscheduler(pid) == os.SCHED_BATCH | os.SCHED_RESET_ON_FORK
    assert os.getpriority(os.PRIO_PROCESS, pid) == 7
    runtime.ok("exec", "-d", id, "sleep", "1001")
    (other,) = (one for one in processes(runtime, id) if one != pid)
    assert os.sched_getscheduler(other) == os.SCHED_BATCH | os.SCHED_RESET_ON_FORK
    runtime.ok("delete", "--force", id)


def processes(runtime: Runtime, id: str) -> list[int]:
    return [int(pid) for pid in json.loads(runtime.ok("ps", "-f", "json", id))]


def test_deadlines(runtime: Runtime, config: dict[str, Any]) -> None:
    config["process"]["scheduler"] = {
        "policy": "SCHED_DEADLINE", "runtime": 1_000_000, "deadline": 9_000_000, "period": 10_000_000,
    }  # fmt: skip
    id, pid = begun(runtime, config)
    shown = subprocess.run(["chrt", "-p", str(pid)], capture_output=True, text=True, check=True).stdout
    assert "SCHED_DEADLINE" in shown and "1000000/9000000/10000000" in shown
    runtime.ok("delete", "--force", id)


def test_real_time_where_the_group_has_none(runtime: Runtime, config: dict[str, Any]) -> None:
    """Version 1 of control groups gives a new group no real time; version 2 has no say in it."""
    config["process"]["scheduler"] = {"policy": "SCHED_RR", "priority": 3}
    shares = Path("/sys/fs/cgroup/cpu/cpu.rt_runtime_us").exists()
    if shares:
        bundle = runtime.bundle()
        (bundle / "config.json").write_text(json.dumps(config))
        done = runtime("run", "-d", "--bundle", bundle, "real")
        assert done.code != 0 and "linux.resources.cpu.realtimeRuntime" in done.err, done
        assert "real" not in runtime.ids()
        return
    id, pid = begun(runtime, config)
    assert os.sched_getscheduler(pid) == os.SCHED_RR and os.sched_getparam(pid).sched_priority == 3
    runtime.ok("delete", "--force", id)


@pytest.mark.parametrize("mapped", [False, True])
def test_the_io_priority(runtime: Runtime, config: dict[str, Any], mapped: bool) -> None:
    if mapped:
        in_user_namespace(config)
    config["process"]["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 6}
    id, pid = begun(runtime, config)
    shown = subprocess.run(["ionice", "-p", str(pid)], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "best-effort: prio 6"
    runtime.ok("delete", "--force", id)


def test_the_cpus_of_an_exec(runtime: Runtime, config: dict[str, Any]) -> None:
    every = sorted(os.sched_getaffinity(0))
    last = every[-1]
    config["process"]["execCPUAffinity"] = {"initial": str(every[0]), "final": f"{last}-{last}"}
    id, pid = begun(runtime, config)
    assert sorted(os.sched_getaffinity(pid)) == every
    allowed = runtime.ok("exec", id, "grep", "Cpus_allowed_list", "/proc/self/status")
    assert allowed.split()[-1] == str(last)
    runtime.ok("delete", "--force", id)


@pytest.mark.parametrize("mapped", [False, True])
def test_personality_and_memory_policy(runtime: Runtime, config: dict[str, Any], mapped: bool) -> None:
    if mapped:
        in_user_namespace(config)
    config["linux"]["personality"] = {"domain": "LINUX32"}
    config["linux"]["memoryPolicy"] = {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}
    id, pid = begun(runtime, config)
    assert Path(f"/proc/{pid}/personality").read_text().strip() == "00000008"
    assert " bind=static:0 " in Path(f"/proc/{pid}/numa_maps").read_text()
    machine = runtime.ok("exec", id, "busybox", "uname", "-m").strip()
    assert machine == ("i686" if os.uname().machine == "x86_64" else "armv8l")
    assert " bind=static:0 " in runtime.ok("exec", id, "cat", "/proc/self/numa_maps")
    runtime.ok("delete", "--force", id)


@pytest.mark.parametrize(
    ("where", "name", "value", "words"),
    [
        (
            "process",
            "scheduler",
            {"policy": "SCHED_FAIR"},
            "process.scheduler.policy 'SCHED_FAIR' is unknown",
        ),
        (
            "process",
            "scheduler",
            {"policy": "SCHED_OTHER", "nice": 20},
            "process.scheduler.nice 20 is not between",
        ),
        ("process", "scheduler", "SCHED_RR", "process.scheduler is not an object"),
        (
            "process",
            "ioPriority",
            {"class": "IOPRIO_CLASS_BE", "priority": 8},
            "ioPriority.priority 8 is not between",
        ),
        ("process", "execCPUAffinity", {"final": "3-1"}, "execCPUAffinity.final '3-1' is no list"),
        ("linux", "memoryPolicy", {"mode": "MPOL_BIND", "nodes": "x"}, "memoryPolicy.nodes 'x' is no list"),
        ("linux", "personality", {"domain": "SOLARIS"}, "personality.domain 'SOLARIS' is unknown"),
        ("linux", "personality", {"domain": "LINUX", "flags": ["X"]}, "personality.flags 'X' is unknown"),
        ("linux", "memoryPolicy", {"mode": "MPOL_BIND"}, "set_mempolicy: Invalid argument"),
    ],
)
def test_nonsense_is_refused(
    runtime: Runtime, config: dict[str, Any], where: str, name: str, value: Any, words: str
) -> None:
    config[where][name] = value
    bundle = runtime.bundle()
    (bundle / "config.json").write_text(json.dumps(config))
    done = runtime("run", "--bundle", bundle, "wrong")
    assert done.code != 0 and words in done.err, done
    assert "wrong" not in runtime.ids()
