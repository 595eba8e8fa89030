"""Pods: containers, ports, environment, probes, volumes, scheduling; and what of a pod may change."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from hythe.kube.objects.types import Object
from tests.unit.kube.objects.schema.validation.asking import CONTAINER, changed, compared, made, wrong


def pod(**spec: Any) -> list[str]:
    return wrong("v1", "Pod", spec={"containers": [CONTAINER], **spec})


def container(**fields: Any) -> list[str]:
    """What is said of one container, by the path within it."""
    found = pod(containers=[{**CONTAINER, **fields}])
    return [one.removeprefix("spec.containers[0].") for one in found]


def test_a_plain_pod_is_good() -> None:
    assert pod() == []


def test_containers_are_needed() -> None:
    assert pod(containers=[]) == ["spec.containers: Required value"]


def test_a_container_has_a_name_and_an_image() -> None:
    assert container(name="", image="") == ["name: Required value", "image: Required value"]
    assert container(image=" nginx") == [
        'image: Invalid value: " nginx": must not have leading or trailing whitespace'
    ]
    assert container(name="A")[0].startswith(
        'name: Invalid value: "A": a lowercase RFC 1123 label must consist of'
    )


def test_containers_are_named_apart() -> None:
    assert pod(containers=[CONTAINER, CONTAINER]) == ['spec.containers[1].name: Duplicate value: "c"']
    assert pod(initContainers=[CONTAINER]) == ['spec.containers[0].name: Duplicate value: "c"']


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            {"restartPolicy": "Sometimes"},
            'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
        ),
        (
            {"dnsPolicy": "X"},
            'spec.dnsPolicy: Unsupported value: "X": supported values: "ClusterFirstWithHostNet", "ClusterFirst", '
            '"Default", "None"',
        ),
        (
            {"dnsPolicy": "None"},
            "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
        ),
        (
            {"terminationGracePeriodSeconds": -1},
            "spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            {"activeDeadlineSeconds": 0},
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ),
        ({"imagePullSecrets": [{}]}, "spec.imagePullSecrets[0].name: Required value"),
        (
            {"ephemeralContainers": [{"name": "d", "image": "i"}]},
            "spec.ephemeralContainers: Forbidden: cannot be set on create",
        ),
        (
            {"tolerations": [{"operator": "Equal"}]},
            'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, '
            'which means \\"match all values and all keys\\"',
        ),
        (
            {"tolerations": [{"key": "a", "effect": "Never"}]},
            'spec.tolerations[0].effect: Unsupported value: "Never": supported values: "NoSchedule", '
            '"PreferNoSchedule", "NoExecute"',
        ),
        (
            {"securityContext": {"runAsUser": -1}},
            "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
        ),
    ],
)
def test_fields_of_the_spec(spec: Object, said: str) -> None:
    assert pod(**spec) == [said.replace('\\"', '"')]


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ({"containerPort": 0}, "containerPort: Required value"),
        (
            {"containerPort": 70000},
            "containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ),
        (
            {"containerPort": 80, "protocol": "tcp"},
            'protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"',
        ),
        (
            {"containerPort": 80, "name": "a-very-long-port-name"},
            'name: Invalid value: "a-very-long-port-name": must be no more than 15 characters',
        ),
        (
            {"containerPort": 80, "name": "80"},
            'name: Invalid value: "80": must contain at least one letter (a-z)',
        ),
    ],
)
def test_ports(port: Object, said: str) -> None:
    assert container(ports=[port]) == [f"ports[0].{said}"]


def test_ports_are_named_apart_and_the_hosts_are_taken_once() -> None:
    ports = [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}]
    assert container(ports=ports) == ['ports[1].name: Duplicate value: "a"']
    ports = [{"containerPort": 80, "hostPort": 80}, {"containerPort": 81, "hostPort": 80}]
    assert container(ports=ports) == ['ports[1].hostPort: Duplicate value: "TCP//80"']


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ({"name": ""}, "name: Required value"),
        (
            {"name": "A=B"},
            'name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII '
            "characters other than '='",
        ),
        (
            {"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            'valueFrom: Invalid value: "": may not be specified when `value` is not empty',
        ),
        (
            {"name": "A", "valueFrom": {}},
            'valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or '
            "`secretKeyRef`",
        ),
        (
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": ""}}},
            "valueFrom.secretKeyRef.key: Required value",
        ),
        (
            {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.x"}}},
            'valueFrom.fieldRef.fieldPath: Unsupported value: "spec.x": supported values: "metadata.name", '
            '"metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", '
            '"status.hostIPs", "status.podIP", "status.podIPs"',
        ),
    ],
)
def test_environment(variable: Object, said: str) -> None:
    assert container(env=[variable]) == [f"env[0].{said}"]


def test_a_label_may_be_read_into_the_environment() -> None:
    assert (
        container(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}}])
        == []
    )


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        (
            {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}},
            'resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
        ),
        (
            {"limits": {"cpu": "-1"}, "requests": {"cpu": "-1"}},
            'resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        ),
        (
            {"limits": {"example.com/gpu": "1"}, "requests": {"example.com/gpu": "2"}},
            'resources.requests: Invalid value: "2": must be equal to example.com/gpu limit of 1',
        ),
        (
            {"limits": {"gpu": "1"}},
            'resources.limits: Invalid value: "gpu": must be a standard resource type or fully qualified',
        ),
    ],
)
def test_resources(resources: Object, said: str) -> None:
    assert container(resources=resources)[0] == said


def test_a_probe_does_one_thing() -> None:
    assert container(livenessProbe={}) == ["livenessProbe: Required value: must specify a handler type"]
    both = {"exec": {"command": ["a"]}, "tcpSocket": {"port": 80}}
    assert container(livenessProbe=both) == [
        "livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"
    ]
    assert container(livenessProbe={"tcpSocket": {"port": 0}}) == [
        "livenessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive"
    ]
    assert container(livenessProbe={"exec": {"command": ["a"]}, "successThreshold": 2}) == [
        "livenessProbe.successThreshold: Invalid value: 2: must be 1"
    ]


def test_init_containers_have_no_probes_unless_they_stay() -> None:
    probe = {"exec": {"command": ["a"]}}
    first = {"name": "i", "image": "i", "readinessProbe": probe}
    assert pod(initContainers=[first]) == [
        "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without "
        "restartPolicy=Always"
    ]
    assert pod(initContainers=[{**first, "restartPolicy": "Always"}]) == []
    assert pod(initContainers=[{**first, "readinessProbe": None, "restartPolicy": "Never"}]) == [
        'spec.initContainers[0].restartPolicy: Unsupported value: "Never": supported values: "Always"'
    ]


def test_mounts_are_of_volumes_that_are_there() -> None:
    assert container(volumeMounts=[{"name": "v", "mountPath": "/v"}]) == [
        'volumeMounts[0].name: Not found: "v"'
    ]
    mounts = [{"name": "v", "mountPath": "/v"}, {"name": "v", "mountPath": "/v", "subPath": "../x"}]
    assert pod(containers=[{**CONTAINER, "volumeMounts": mounts}], volumes=[{"name": "v"}]) == [
        "spec.containers[0].volumeMounts[1].subPath: Invalid value: \"../x\": must not contain '..'",
        'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/v": must be unique',
    ]


@pytest.mark.parametrize(
    ("volume", "said"),
    [
        ({"name": ""}, "name: Required value"),
        ({"name": "v", "configMap": {}}, "configMap.name: Required value"),
        ({"name": "v", "secret": {}}, "secret.secretName: Required value"),
        (
            {"name": "v", "hostPath": {"path": "../x"}},
            "hostPath.path: Invalid value: \"../x\": must not contain '..'",
        ),
        (
            {"name": "v", "hostPath": {"path": "/x", "type": "Y"}},
            'hostPath.type: Unsupported value: "Y": supported values: "BlockDevice", "CharDevice", "Directory", '
            '"DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
        ),
        (
            {"name": "v", "secret": {"secretName": "s", "defaultMode": 4096}},
            "secret.defaultMode: Invalid value: 4096: must be a number between 0 and 0777 (octal), both inclusive",
        ),
        (
            {"name": "v", "emptyDir": {}, "hostPath": {"path": "/x"}},
            "emptyDir: Forbidden: may not specify more than 1 volume type",
        ),
        ({"name": "v", "persistentVolumeClaim": {}}, "persistentVolumeClaim.claimName: Required value"),
    ],
)
def test_volumes(volume: Object, said: str) -> None:
    assert pod(volumes=[volume]) == [f"spec.volumes[0].{said}"]


def test_affinity() -> None:
    term = {"labelSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}, "topologyKey": ""}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    where = "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]"
    assert pod(affinity=affinity) == [
        f"{where}.labelSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' "
        "or 'NotIn'",
        f"{where}.topologyKey: Required value: can not be empty",
    ]


# --- changes


def old() -> Object:
    tolerations = [{"key": "a", "operator": "Exists", "effect": "NoExecute"}]
    return made("v1", "Pod", spec={"containers": [CONTAINER], "tolerations": tolerations})


def test_an_image_may_change() -> None:
    assert changed(old(), spec__containers__0__image="nginx:2") == []


def test_little_else_may() -> None:
    found = changed(old(), spec__containers__0__command=["x"])
    assert len(found) == 1
    assert found[0].startswith(
        "spec: Forbidden: pod updates may not change fields other than "
        "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
        "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if "
        "it was previously negative)\n"
    )
    assert '+ containers[0].command[0]: "x"' in found[0]
    assert changed(old(), spec__nodeName="n")[0].startswith("spec: Forbidden: pod updates may not change")


def test_tolerations_are_only_added() -> None:
    more = [*old()["spec"]["tolerations"], {"key": "b", "operator": "Exists"}]
    assert changed(old(), spec__tolerations=more) == []
    assert changed(old(), spec__tolerations=[]) == [
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
    ]


def test_a_deadline_comes_nearer() -> None:
    before = old()
    before["spec"]["activeDeadlineSeconds"] = 100
    assert changed(before, spec__activeDeadlineSeconds=50) == []
    assert changed(before, spec__activeDeadlineSeconds=200) == [
        "spec.activeDeadlineSeconds: Invalid value: 200: must be less than or equal to previous value"
    ]


def test_containers_are_neither_added_nor_taken() -> None:
    assert changed(old(), spec__containers=[]) == [
        "spec.containers: Forbidden: pod updates may not add or remove containers",
        "spec.containers: Required value",
    ]


def test_a_label_and_a_status_may_change() -> None:
    assert changed(old(), metadata__labels={"a": "b"}) == []
    new = copy.deepcopy(old())
    new["status"] = {"phase": "Running"}
    assert compared(new, old(), "status") == []


def test_ephemeral_containers_are_added_on_their_subresource() -> None:
    new = copy.deepcopy(old())
    new["spec"]["ephemeralContainers"] = [{"name": "d", "image": "i", "imagePullPolicy": "Always"}]
    assert compared(new, old(), "ephemeralcontainers") == []
    assert "may not be removed" in compared(old(), new, "ephemeralcontainers")[0]
    # A later update of the pod itself leaves them in peace.
    assert compared(new, copy.deepcopy(new)) == []
