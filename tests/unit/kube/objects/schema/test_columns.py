"""The columns of `kubectl get`, and what stands in their cells."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.objects.schema import columns, decode
from hythe.kube.objects.schema.columns import humans
from hythe.kube.objects.schema.columns.table import CELLS, _said
from hythe.kube.objects.schema.resources import Resource, builtin
from hythe.kube.objects.types import Object

NOW = "2024-03-01T12:00:00Z"
MADE = {"name": "x", "namespace": "ns", "creationTimestamp": "2024-03-01T11:55:00Z"}


def resource(qualified: str, version: str = "v1") -> Resource:
    return next(r for r in builtin() if r.qualified == qualified and r.version == version)


def row(qualified: str, obj: Object, version: str = "v1") -> dict[str, Any]:
    """The cells of an object by heading."""
    obj = {"metadata": MADE, "spec": {}, "status": {}, **obj}
    described, rows = columns.table(resource(qualified, version), [obj], NOW)
    return dict(zip([one["name"] for one in described], rows[0], strict=True))


# --- how long


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"), (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (599, "9m59s"),
        (600, "10m"), (3 * 3600 - 1, "179m"), (3 * 3600, "3h"), (3 * 3600 + 120, "3h2m"), (8 * 3600, "8h"),
        (47 * 3600, "47h"), (48 * 3600, "2d"), (50 * 3600, "2d2h"), (8 * 86400, "8d"), (729 * 86400, "729d"),
        (731 * 86400, "2y1d"), (8 * 365 * 86400, "8y"),
    ],
)  # fmt: skip
def test_durations_are_told_as_kubernetes_does(seconds: int, text: str) -> None:
    assert humans.duration(seconds) == text


def test_selectors() -> None:
    found = {
        "matchLabels": {"b": "2", "a": "1"},
        "matchExpressions": [
            {"key": "c", "operator": "In", "values": ["y", "x"]},
            {"key": "d", "operator": "DoesNotExist"},
            {"key": "e", "operator": "Exists"},
        ],
    }
    assert humans.selector(found) == "a=1,b=2,c in (x,y),!d,e"
    assert humans.selector({}) == "<none>"


# --- pods


def pod(
    status: Object, *, init: list[Object] | None = None, containers: int = 1, **metadata: Any
) -> dict[str, Any]:
    spec: Object = {"containers": [{"name": f"c{n}", "image": f"i{n}"} for n in range(containers)]}
    if init:
        spec["initContainers"] = init
    return row("pods", {"metadata": {**MADE, **metadata}, "spec": spec, "status": status})


def container(name: str = "c0", restarts: int = 0, ready: bool = False, **state: Any) -> Object:
    return {"name": name, "restartCount": restarts, "ready": ready, "state": state}


RUNNING = {"startedAt": "2024-03-01T11:56:00Z"}


def test_a_running_pod() -> None:
    status = {
        "phase": "Running",
        "podIPs": [{"ip": "10.0.0.7"}],
        "containerStatuses": [container(ready=True, running=RUNNING)],
    }
    assert pod(status) == {
        "Name": "x",
        "Ready": "1/1",
        "Status": "Running",
        "Restarts": "0",
        "Age": "5m",
        "IP": "10.0.0.7",
        "Node": "<none>",
        "Nominated Node": "<none>",
        "Readiness Gates": "<none>",
    }


@pytest.mark.parametrize(
    ("statuses", "word"),
    [
        ([container(waiting={"reason": "CrashLoopBackOff"})], "CrashLoopBackOff"),
        ([container(waiting={"reason": "ImagePullBackOff"})], "ImagePullBackOff"),
        ([container(terminated={"exitCode": 1, "reason": "Error"})], "Error"),
        ([container(terminated={"exitCode": 3})], "ExitCode:3"),
        ([container(terminated={"exitCode": 137, "signal": 9})], "Signal:9"),
        ([container(terminated={"exitCode": 0, "reason": "Completed"})], "Completed"),
    ],
)
def test_a_container_says_more_than_the_phase(statuses: list[Object], word: str) -> None:
    assert pod({"phase": "Running", "containerStatuses": statuses})["Status"] == word


def test_one_container_runs_on_while_another_has_ended() -> None:
    statuses = [
        container("c0", terminated={"exitCode": 0, "reason": "Completed"}),
        container("c1", ready=True, running=RUNNING),
    ]
    status: Object = {"phase": "Running", "containerStatuses": statuses}
    assert pod(status, containers=2)["Status"] == "NotReady"
    status["conditions"] = [{"type": "Ready", "status": "True"}]
    found = pod(status, containers=2)
    assert (found["Status"], found["Ready"]) == ("Running", "1/2")


def test_restarts_say_when_the_last_was() -> None:
    status = container(restarts=4, waiting={"reason": "CrashLoopBackOff"})
    status["lastState"] = {"terminated": {"exitCode": 1, "finishedAt": "2024-03-01T11:59:00Z"}}
    assert pod({"phase": "Running", "containerStatuses": [status]})["Restarts"] == "4 (60s ago)"


INIT = [{"name": "i0"}, {"name": "i1"}]


@pytest.mark.parametrize(
    ("statuses", "word"),
    [
        (
            [container("i0", running=RUNNING), container("i1", waiting={"reason": "PodInitializing"})],
            "Init:0/2",
        ),
        ([container("i0", terminated={"exitCode": 0}), container("i1", running=RUNNING)], "Init:1/2"),
        ([container("i0", terminated={"exitCode": 1, "reason": "Error"})], "Init:Error"),
        ([container("i0", terminated={"exitCode": 7})], "Init:ExitCode:7"),
        ([container("i0", waiting={"reason": "ErrImagePull"})], "Init:ErrImagePull"),
    ],
)
def test_init_containers_come_first(statuses: list[Object], word: str) -> None:
    status = {
        "phase": "Pending",
        "initContainerStatuses": statuses,
        "containerStatuses": [container(waiting={"reason": "PodInitializing"})],
    }
    assert pod(status, init=INIT)["Status"] == word


def test_a_sidecar_counts_among_the_containers() -> None:
    init = [{"name": "i0", "restartPolicy": "Always"}, {"name": "i1"}]
    sidecar = {**container("i0", restarts=2, ready=True, running=RUNNING), "started": True}
    done = container("i1", restarts=5, terminated={"exitCode": 0})
    status = {
        "phase": "Running",
        "initContainerStatuses": [sidecar, done],
        "containerStatuses": [container(ready=True, running=RUNNING)],
    }
    found = pod(status, init=init)
    assert (found["Ready"], found["Status"], found["Restarts"]) == ("2/2", "Running", "2")


def test_a_pod_that_is_going() -> None:
    status = {"phase": "Running", "containerStatuses": [container(ready=True, running=RUNNING)]}
    assert pod(status, deletionTimestamp=NOW)["Status"] == "Terminating"
    assert pod({"phase": "Running", "reason": "NodeLost"}, deletionTimestamp=NOW)["Status"] == "Unknown"
    assert pod({"phase": "Succeeded"}, deletionTimestamp=NOW)["Status"] == "Succeeded"


def test_a_pod_that_was_put_out() -> None:
    assert pod({"phase": "Failed", "reason": "Evicted"})["Status"] == "Evicted"


def test_a_pod_that_waits_behind_a_gate() -> None:
    conditions = [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]
    assert pod({"phase": "Pending", "conditions": conditions})["Status"] == "SchedulingGated"


# --- others


TEMPLATE = {
    "metadata": {},
    "spec": {"containers": [{"name": "a", "image": "b"}, {"name": "c", "image": "d"}]},
}


def test_a_deployment() -> None:
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}
    found = row("deployments.apps", {"spec": spec, "status": {"readyReplicas": 1, "updatedReplicas": 2}})
    assert found == {
        "Name": "x",
        "Ready": "1/3",
        "Up-to-date": 2,
        "Available": 0,
        "Age": "5m",
        "Containers": "a,c",
        "Images": "b,d",
        "Selector": "app=web",
    }


def test_a_service() -> None:
    spec: Object = {
        "type": "NodePort",
        "clusterIP": "10.96.0.1",
        "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}],
        "selector": {"app": "web"},
    }
    found = row("services", {"spec": spec})
    assert (found["External-IP"], found["Port(s)"]) == ("<none>", "80:30080/TCP,53/UDP")
    assert row("services", {"spec": {**spec, "type": "LoadBalancer"}})["External-IP"] == "<pending>"
    balanced = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    assert (
        row("services", {"spec": {**spec, "type": "LoadBalancer"}, "status": balanced})["External-IP"]
        == "192.0.2.1"
    )
    assert row("services", {"spec": {"clusterIP": "None"}})["Cluster-IP"] == "None"


def test_a_node() -> None:
    node = {
        "metadata": {**MADE, "labels": {"node-role.kubernetes.io/control-plane": ""}},
        "spec": {"unschedulable": True},
        "status": {
            "conditions": [{"type": "Ready", "status": "False"}],
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
            "nodeInfo": {"kubeletVersion": "v1.32.0"},
        },
    }
    found = row("nodes", node)
    assert (found["Status"], found["Roles"]) == ("NotReady,SchedulingDisabled", "control-plane")
    assert (found["Internal-IP"], found["OS-Image"], found["Version"]) == ("10.0.0.1", "<unknown>", "v1.32.0")


@pytest.mark.parametrize(
    ("conditions", "word"),
    [([], "Running"), ([{"type": "Complete", "status": "True"}], "Complete"),
     ([{"type": "Failed", "status": "False"}, {"type": "Suspended", "status": "True"}], "Suspended")],
)  # fmt: skip
def test_a_job(conditions: list[Object], word: str) -> None:
    spec = {"completions": 2, "parallelism": 1, "template": TEMPLATE, "selector": {}}
    status = {"succeeded": 1, "startTime": "2024-03-01T11:59:30Z", "conditions": conditions}
    found = row("jobs.batch", {"spec": spec, "status": status})
    assert (found["Status"], found["Completions"], found["Duration"]) == (word, "1/2", "30s")
    ended = {**status, "completionTime": "2024-03-01T11:59:40Z"}
    assert row("jobs.batch", {"spec": spec, "status": ended})["Duration"] == "10s"


def test_a_job_that_works_off_a_queue() -> None:
    spec = {"parallelism": 3, "template": TEMPLATE}
    assert row("jobs.batch", {"spec": spec})["Completions"] == "0/1 of 3"


def test_a_cron_job() -> None:
    spec = {"schedule": "@daily", "suspend": False, "jobTemplate": {"spec": {"template": TEMPLATE}}}
    found = row("cronjobs.batch", {"spec": spec, "status": {"lastScheduleTime": "2024-03-01T11:00:00Z"}})
    assert (found["Suspend"], found["Active"], found["Last Schedule"]) == ("False", 0, "60m")
    assert (found["Timezone"], found["Containers"]) == ("<none>", "a,c")


def test_an_event_in_either_group() -> None:
    about = {"kind": "Pod", "name": "web"}
    core = {
        "involvedObject": about, "reason": "Started", "type": "Normal", "message": "Started it\n", "count": 3,
        "lastTimestamp": "2024-03-01T11:59:50Z", "firstTimestamp": "2024-03-01T11:00:00Z",
        "source": {"component": "kubelet", "host": "n1"},
    }  # fmt: skip
    found = row("events", core)
    assert (found["Last Seen"], found["First Seen"], found["Count"]) == ("10s", "60m", "3")
    assert (found["Object"], found["Source"], found["Message"]) == ("pod/web", "kubelet, n1", "Started it")
    new = {
        "regarding": about, "note": "n", "eventTime": "2024-03-01T11:59:50.000000Z",
        "reportingController": "scheduler",
    }  # fmt: skip
    found = row("events.events.k8s.io", new)
    assert (found["Last Seen"], found["Object"], found["Source"]) == ("10s", "pod/web", "scheduler")


def test_endpoints_are_counted_beyond_three() -> None:
    addresses = [{"ip": f"10.0.0.{n}"} for n in range(1, 6)]
    found = row("endpoints", {"subsets": [{"addresses": addresses, "ports": [{"port": 80}]}]})
    assert found["Endpoints"] == "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more..."
    assert row("endpoints", {})["Endpoints"] == "<none>"


def test_a_claim_shows_what_it_is_bound_to() -> None:
    status = {
        "phase": "Bound",
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce", "ReadOnlyMany"],
    }
    bound = row("persistentvolumeclaims", {"spec": {"volumeName": "pv"}, "status": status})
    assert (bound["Capacity"], bound["Access Modes"], bound["VolumeAttributesClass"]) == (
        "1Gi",
        "RWO,ROX",
        "<unset>",
    )
    assert row("persistentvolumeclaims", {"status": {"phase": "Pending"}})["Capacity"] == ""


def test_an_autoscaler() -> None:
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}}]
    current = [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 10}}}]
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3, "metrics": metrics}
    found = row("horizontalpodautoscalers.autoscaling", {"spec": spec}, "v2")
    assert (found["Targets"], found["MinPods"], found["MaxPods"]) == ("cpu: <unknown>/80%", "<unset>", 3)
    found = row(
        "horizontalpodautoscalers.autoscaling", {"spec": spec, "status": {"currentMetrics": current}}, "v2"
    )
    assert found["Targets"] == "cpu: 10%/80%"


def test_a_quota() -> None:
    hard, used = {"pods": "10", "limits.cpu": "2"}, {"pods": "3"}
    found = row("resourcequotas", {"status": {"hard": hard, "used": used}})
    assert (found["Request"], found["Limit"]) == ("pods: 3/10", "limits.cpu: 0/2")


def test_the_default_storage_class_says_so() -> None:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    found = row("storageclasses.storage.k8s.io", {"metadata": {**MADE, "annotations": annotations}})
    assert found["Name"] == "x (default)"


def test_what_has_no_columns_of_its_own() -> None:
    assert row("limitranges", {}) == {"Name": "x", "Created At": "2024-03-01T11:55:00Z"}


def test_columns_are_described_and_some_are_for_wide_output_alone() -> None:
    described, _ = columns.table(resource("pods"), [], NOW)
    by_name = {one["name"]: one for one in described}
    assert by_name["Name"]["format"] == "name" and by_name["Name"]["description"].startswith(
        "Name must be unique"
    )
    assert by_name["Node"]["priority"] == 1 and by_name["Ready"]["priority"] == 0


def test_every_line_is_of_a_resource_and_every_cell_is_made() -> None:
    assert set(_said()) <= {r.qualified for r in builtin()}
    used = {
        part
        for lines in _said().values()
        for line in lines.values()
        for part in line.split()
        if part[0] == "@"
    }
    assert {name[1:] for name in used} | {"age"} == set(CELLS)


@pytest.mark.parametrize(
    "found", [r for r in builtin() if "list" in r.verbs], ids=lambda r: f"{r.qualified}-{r.version}"
)
def test_an_object_that_is_all_but_empty_has_a_row(found: Resource) -> None:
    obj = decode.typed(
        {"metadata": {"name": "x"}, "kind": found.kind, "apiVersion": found.api_version}, found.gvk
    ).object
    described, rows = columns.table(found, [obj], NOW)
    assert len(rows[0]) == len(described)
    assert all(isinstance(cell, (str, int, bool)) or cell is None for cell in rows[0])
