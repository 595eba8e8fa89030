"""Up, down, and what is left behind: nothing, or everything, as one asked for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.outside.kube.nodes import Cluster, cluster, deployment, hythe, service
from tests.targets import import_busybox
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.slow]


def traces(one: Cluster) -> dict[str, list[str]]:
    """What carries the cluster's id, or is below its folder, on this machine."""
    id = one.settings["id"]

    def lines(*command: str) -> list[str]:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [line for line in done.stdout.splitlines() if id in line]

    return {
        "tables": lines("nft", "list", "tables"),
        "mounts": [
            line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(one.data) in line
        ],
        "groups": [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/hythe-kube-{id}")],
        "run": [str(path) for path in Path("/run/hythe-kube").glob(f"{id}*")],
        "processes": lines("ps", "-ww", "-eo", "args"),
    }


def test_pods_come_again_after_a_stop_and_down_leaves_nothing() -> None:
    with cluster() as one:
        one.apply(deployment("web", "again", replicas=1), service("web"), namespace="default")
        one.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
        routes = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout
        assert one.settings["service_cidr"] in routes
        assert {"tables", "groups", "run", "processes"} <= {
            kind for kind, found in traces(one).items() if found
        }
        hythe("kube", "down", "--keep-data", "--data-dir", str(one.data))
        assert one.data.exists()
        hythe("kube", "up", "--data-dir", str(one.data))
        one.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
        hythe("kube", "down", "--data-dir", str(one.data))
        assert not one.data.exists()
        assert not any(traces(one).values()), traces(one)
        routes = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout
        assert f"{one.settings['service_cidr']} dev lo" not in routes


def test_two_clusters_side_by_side() -> None:
    with cluster() as one, cluster() as two:
        for each in (one, two):
            import_busybox(each.engine)
        assert one.settings["service_cidr"] != two.settings["service_cidr"]
        assert one.settings["port"] != two.settings["port"]
        for each in (one, two):
            image = ("--image=busybox", "--image-pull-policy=IfNotPresent")
            each.kubectl("run", "same", *image, "--", "sleep", "1000")
        for each in (one, two):
            each.kubectl("wait", "--for=condition=Ready", "pod/same", "--timeout=40s")
        addresses = {_address(each) for each in (one, two)}
        assert len(addresses) == 2


def test_down_after_everything_was_killed() -> None:
    with cluster() as one:
        image = ("--image=busybox", "--image-pull-policy=IfNotPresent")
        one.kubectl("run", "left", *image, "--", "sleep", "1000")
        one.kubectl("wait", "--for=condition=Ready", "pod/left", "--timeout=40s")
        one.kill("up")
        wait_until(lambda: not _running(one), 30, "the end of all programs")
        hythe("kube", "down", "--data-dir", str(one.data))
        assert not any(traces(one).values()), traces(one)


def _running(one: Cluster) -> bool:
    for program in ("server", "agent"):
        try:
            one.pid(program)
        except AssertionError:
            continue
        return True
    return False


def _address(one: Cluster) -> str:
    return str(one.get("pod", "same")["status"]["podIP"])
