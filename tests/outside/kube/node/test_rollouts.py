"""Updates under load: nothing fails while pods are replaced, and a broken version never takes over."""

from __future__ import annotations

from typing import Any

import pytest

from tests.outside.kube.nodes import Cluster, Load, ask, deployment, service
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.slow]


def up(whole: Cluster, space: str, says: str, **spec: Any) -> str:
    """The first version, rolled out; gives the Service's URL."""
    whole.apply(deployment("web", says, **spec), service("web"), namespace=space)
    whole.kubectl("rollout", "status", "deployment/web", "-n", space, "--timeout=60s")
    url = f"http://{whole.get('service', 'web', '-n', space)['spec']['clusterIP']}/"
    wait_until(lambda: ask(url) == says)
    return url


def test_a_rolling_update_under_load_fails_no_request(whole: Cluster, space: str) -> None:
    url = up(whole, space, "one")
    with Load(url) as load:
        wait_until(lambda: load.answers["one"] > 20, 20)
        whole.apply(deployment("web", "two"), namespace=space)
        whole.kubectl("rollout", "status", "deployment/web", "-n", space, "--timeout=90s", timeout=120)
        before = load.answers["two"]
        wait_until(lambda: load.answers["two"] > before + 20, 20)
    assert load.failed == []
    assert load.answers["one"] > 20
    history = whole.kubectl("rollout", "history", "deployment/web", "-n", space)
    assert history.split()[-4:] == ["1", "<none>", "2", "<none>"]


def test_a_broken_image_stops_the_rollout_and_undo_mends_it(whole: Cluster, space: str) -> None:
    url = up(whole, space, "good", progressDeadlineSeconds=6)
    with Load(url) as load:
        whole.kubectl("set", "image", "deployment/web", "web=localhost:1/no/such:image", "-n", space)
        said = whole.kubectl(
            "rollout", "status", "deployment/web", "-n", space, "--timeout=60s", check=False, timeout=90
        )
        assert "exceeded its progress deadline" in said
        pods = whole.get("pods", "-n", space)["items"]
        reasons = {
            (status.get("state", {}).get("waiting") or {}).get("reason")
            for pod in pods
            for status in pod["status"].get("containerStatuses", ())
        }
        assert reasons & {"ErrImagePull", "ImagePullBackOff"}
        assert whole.get("deployment", "web", "-n", space)["status"]["availableReplicas"] == 2
        whole.kubectl("rollout", "undo", "deployment/web", "-n", space)
        whole.kubectl("rollout", "status", "deployment/web", "-n", space, "--timeout=60s", timeout=90)
    assert load.failed == []
    assert set(load.answers) == {"good"}


def test_a_killed_container_and_a_deleted_pod_come_back(whole: Cluster, space: str) -> None:
    url = up(whole, space, "alive")
    pods = [pod["metadata"]["name"] for pod in whole.get("pods", "-n", space)["items"]]
    whole.kubectl("exec", pods[0], "-n", space, "--", "sh", "-c", "kill -9 1; kill 1", check=False)
    whole.kubectl("delete", "pod", pods[1], "-n", space, "--wait=false")

    def restored() -> bool:
        found = whole.get("deployment", "web", "-n", space)["status"]
        names = {pod["metadata"]["name"] for pod in whole.get("pods", "-n", space)["items"]}
        return found.get("availableReplicas") == 2 and pods[1] not in names

    wait_until(restored, 60, "two available pods")
    assert ask(url) == "alive"


def test_a_killed_agent_and_a_killed_server(whole: Cluster, space: str) -> None:
    url = up(whole, space, "steady")
    before = {pod["metadata"]["uid"]: _started(pod) for pod in whole.get("pods", "-n", space)["items"]}
    with Load(url) as load:
        for program in ("agent", "server"):
            whole.kill(program)
            wait_until(whole.ready, 60, f"the cluster without its {program}")
        whole.kubectl("scale", "deployment/web", "--replicas=3", "-n", space)
        whole.kubectl("rollout", "status", "deployment/web", "-n", space, "--timeout=60s", timeout=90)
    assert load.failed == []
    after = {pod["metadata"]["uid"]: _started(pod) for pod in whole.get("pods", "-n", space)["items"]}
    assert all(after[uid] == started for uid, started in before.items()), "the pods ran on"


def _started(pod: dict[str, object]) -> object:
    status = pod["status"]
    assert isinstance(status, dict)
    return [each["state"]["running"]["startedAt"] for each in status["containerStatuses"]]
