"""What Kubernetes fills in: constants, and what depends on other fields."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from hythe.kube.objects.schema import decode, defaults, gotypes
from hythe.kube.objects.schema.data import read
from hythe.kube.objects.schema.defaults import walk
from hythe.kube.objects.types import GroupVersionKind, Object


def filled(api_version: str, kind: str, **fields: Any) -> Object:
    """The object with these fields as it is stored, for which filling in twice must be the same as once."""
    gvk = GroupVersionKind.parse(api_version, kind)
    value = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, **fields}
    obj = decode.body(json.dumps(value).encode(), "application/json", gvk, "Strict").object
    defaults.fill(obj, gvk)
    again = copy.deepcopy(obj)
    defaults.fill(again, gvk)
    assert again == obj
    assert decode.typed(obj, gvk).problems == []
    return obj


def container(**fields: Any) -> Object:
    made = filled("v1", "Pod", spec={"containers": [{"name": "c", "image": "i", **fields}]})
    first: Object = made["spec"]["containers"][0]
    return first


def test_a_pod() -> None:
    assert filled("v1", "Pod", spec={"containers": [{"name": "c", "image": "nginx"}]}) == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x"},
        "spec": {
            "containers": [
                {
                    "name": "c",
                    "image": "nginx",
                    "imagePullPolicy": "Always",
                    "resources": {},
                    "terminationMessagePath": "/dev/termination-log",
                    "terminationMessagePolicy": "File",
                }
            ],
            "dnsPolicy": "ClusterFirst",
            "enableServiceLinks": True,
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
            "securityContext": {},
            "terminationGracePeriodSeconds": 30,
        },
        "status": {},
    }


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.25", "IfNotPresent"),
        ("localhost:5000/nginx", "Always"),
        ("localhost:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:abc", "IfNotPresent"),
    ],
)
def test_the_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    assert container(image=image)["imagePullPolicy"] == policy


def test_requests_are_the_limits() -> None:
    resources = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m"}}
    assert container(resources=resources)["resources"]["requests"] == {"cpu": "100m", "memory": "1Gi"}


def test_a_template_does_not_take_the_requests() -> None:
    template = {"spec": {"containers": [{"name": "c", "image": "i", "resources": {"limits": {"cpu": "1"}}}]}}
    made = filled("apps/v1", "Deployment", spec={"template": template})
    assert made["spec"]["template"]["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1"}}
    assert "enableServiceLinks" not in made["spec"]["template"]["spec"]


def test_amounts_are_rounded_up_to_a_thousandth() -> None:
    assert container(resources={"requests": {"cpu": "0.0001"}})["resources"]["requests"] == {"cpu": "1m"}


def test_probes() -> None:
    probe = container(livenessProbe={"httpGet": {"port": 80}})["livenessProbe"]
    assert probe == {
        "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def test_volumes_and_their_modes() -> None:
    volumes: list[Object] = [
        {"name": "a"},
        {"name": "b", "secret": {"secretName": "s"}},
        {"name": "c", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
        {"name": "d", "hostPath": {"path": "/x"}},
    ]
    made = filled("v1", "Pod", spec={"containers": [{"name": "c", "image": "i"}], "volumes": volumes})["spec"]
    assert made["volumes"] == [
        {"name": "a", "emptyDir": {}},
        {"name": "b", "secret": {"secretName": "s", "defaultMode": 420}},
        {
            "name": "c",
            "projected": {
                "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                "defaultMode": 420,
            },
        },
        {"name": "d", "hostPath": {"path": "/x", "type": ""}},
    ]


def test_ports_of_the_hosts_network() -> None:
    spec = {
        "hostNetwork": True,
        "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}],
    }
    ports = filled("v1", "Pod", spec=spec)["spec"]["containers"][0]["ports"]
    assert ports == [{"hostPort": 80, "containerPort": 80, "protocol": "TCP"}]


def test_a_deployment() -> None:
    spec = filled("apps/v1", "Deployment", spec={})["spec"]
    assert (
        spec["replicas"] == 1
        and spec["revisionHistoryLimit"] == 10
        and spec["progressDeadlineSeconds"] == 600
    )
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    assert filled("apps/v1", "Deployment", spec={"strategy": {"type": "Recreate"}})["spec"]["strategy"] == {
        "type": "Recreate"
    }


def test_zero_replicas_are_kept() -> None:
    assert filled("apps/v1", "Deployment", spec={"replicas": 0})["spec"]["replicas"] == 0


def test_a_stateful_set() -> None:
    claims = [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]
    spec = filled("apps/v1", "StatefulSet", spec={"volumeClaimTemplates": claims})["spec"]
    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    claim = spec["volumeClaimTemplates"][0]
    assert (claim["kind"], claim["spec"]["volumeMode"]) == ("PersistentVolumeClaim", "Filesystem")
    assert claim["status"] == {"phase": "Pending"}


def test_a_daemon_set() -> None:
    spec = filled("apps/v1", "DaemonSet", spec={})["spec"]
    assert spec["updateStrategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
    }


def test_jobs() -> None:
    spec = filled("batch/v1", "Job", spec={})["spec"]
    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (1, 1, 6)
    assert (spec["completionMode"], spec["podReplacementPolicy"]) == ("NonIndexed", "TerminatingOrFailed")
    queue = filled("batch/v1", "Job", spec={"parallelism": 3})["spec"]
    assert "completions" not in queue
    cron = filled("batch/v1", "CronJob", spec={"schedule": "* * * * *"})["spec"]
    assert cron["concurrencyPolicy"] == "Allow" and cron["suspend"] is False
    assert "backoffLimit" not in cron["jobTemplate"]["spec"]


def test_a_service() -> None:
    spec = filled("v1", "Service", spec={"ports": [{"port": 80}, {"port": 81, "targetPort": "http"}]})["spec"]
    assert spec == {
        "ports": [
            {"port": 80, "protocol": "TCP", "targetPort": 80},
            {"port": 81, "protocol": "TCP", "targetPort": "http"},
        ],
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
    }
    balanced = filled("v1", "Service", spec={"type": "LoadBalancer", "sessionAffinity": "ClientIP"})["spec"]
    assert (
        balanced["externalTrafficPolicy"] == "Cluster" and balanced["allocateLoadBalancerNodePorts"] is True
    )
    assert balanced["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10800}}
    named = filled("v1", "Service", spec={"type": "ExternalName", "externalName": "x.example"})["spec"]
    assert "internalTrafficPolicy" not in named


def test_string_data_of_a_secret_becomes_data() -> None:
    made = filled("v1", "Secret", data={"a": "b2xk", "b": "Yg=="}, stringData={"a": "new"})
    assert (
        made["data"] == {"a": "bmV3", "b": "Yg=="} and "stringData" not in made and made["type"] == "Opaque"
    )


def test_a_namespace_bears_its_name() -> None:
    assert filled("v1", "Namespace")["metadata"]["labels"] == {"kubernetes.io/metadata.name": "x"}


def test_a_limit_range() -> None:
    item = {"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Mi"}}
    made = filled("v1", "LimitRange", spec={"limits": [item]})["spec"]["limits"][0]
    assert made["default"] == {"cpu": "2"} and made["defaultRequest"] == {"cpu": "2", "memory": "1Mi"}


def test_an_autoscaler() -> None:
    reference = {"kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": reference, "maxReplicas": 3, "behavior": {"scaleDown": {"selectPolicy": "Min"}}}
    made = filled("autoscaling/v2", "HorizontalPodAutoscaler", spec=spec)["spec"]
    assert made["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 80}
    assert made["behavior"]["scaleDown"]["policies"] == [
        {"type": "Percent", "value": 100, "periodSeconds": 15}
    ]
    assert made["behavior"]["scaleUp"]["stabilizationWindowSeconds"] == 0


def test_network_policies() -> None:
    made = filled("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, "egress": [{}]})
    assert made["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_roles_are_of_their_own_group() -> None:
    subjects = [{"kind": "User", "name": "jane"}, {"kind": "ServiceAccount", "name": "sa", "namespace": "ns"}]
    made = filled(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        subjects=subjects,
        roleRef={"kind": "Role", "name": "r"},
    )
    assert made["roleRef"]["apiGroup"] == "rbac.authorization.k8s.io"
    assert [one.get("apiGroup") for one in made["subjects"]] == ["rbac.authorization.k8s.io", None]


def test_every_default_is_of_a_field_that_exists() -> None:
    for name, constants in walk._constants().items():
        fields = gotypes.struct(name).fields
        assert set(constants) <= set(fields), name
        assert all(fields[key].type.sort != "any" for key in constants)
    assert set(walk._rules()) <= set(read("types"))
