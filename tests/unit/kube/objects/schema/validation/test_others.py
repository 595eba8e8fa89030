"""Services, ingresses, config maps, secrets, volumes, roles, quotas, autoscalers, definitions."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.kube.objects.types import Object
from tests.unit.kube.objects.schema.validation.asking import changed, made, wrong

RBAC = "rbac.authorization.k8s.io/v1"


def service(**spec: Any) -> list[str]:
    return wrong("v1", "Service", spec={"ports": [{"port": 80}], **spec})


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"ports": []}, ["spec.ports: Required value"]),
        ({"ports": [], "clusterIP": "None"}, []),
        ({"ports": [{"port": 0}]}, [f"spec.ports[0].{key}: Invalid value: 0: must be between 1 and 65535, inclusive"
                                    for key in ("port", "targetPort")]),
        ({"ports": [{"port": 1}, {"port": 2, "name": "b"}]}, ["spec.ports[0].name: Required value"]),
        (
            {"ports": [{"port": 1, "name": "a"}, {"port": 2, "name": "a"}]},
            ['spec.ports[1].name: Duplicate value: "a"'],
        ),
        (
            {"ports": [{"port": 80, "nodePort": 30080}]},
            ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
        ),
        (
            {"type": "Balanced"},
            [
                'spec.type: Unsupported value: "Balanced": supported values: "ClusterIP", "ExternalName", '
                '"LoadBalancer", "NodePort"'
            ],
        ),
        ({"type": "ExternalName"}, ["spec.externalName: Required value"]),
        (
            {"clusterIP": "10.0.0"},
            [
                'spec.clusterIPs[0]: Invalid value: "10.0.0": must be a valid IP address, (e.g. 10.9.8.7 or '
                "2001:db8::ffff)"
            ],
        ),
        (
            {"externalTrafficPolicy": "Local"},
            [
                'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'
            ],
        ),
        (
            {"type": "NodePort", "clusterIP": "None"},
            ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
        ),
    ],
)  # fmt: skip
def test_services(spec: Object, said: list[str]) -> None:
    assert service(**spec) == said


def test_a_service_keeps_its_address() -> None:
    old = made(
        "v1", "Service", spec={"ports": [{"port": 80}], "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"]}
    )
    new = {"spec__clusterIP": "10.0.0.2", "spec__clusterIPs": ["10.0.0.2"]}
    assert changed(old, **new) == [
        'spec.clusterIPs[0]: Invalid value: []string{"10.0.0.2"}: may not change once set'
    ]
    assert changed(old, spec__clusterIP=None, spec__clusterIPs=None) == [
        'spec.clusterIPs[0]: Invalid value: "": primary clusterIP can not be unset'
    ]


def ingress(**rule: Any) -> list[str]:
    return wrong("networking.k8s.io/v1", "Ingress", spec={"rules": [rule]})


BACKEND = {"service": {"name": "s", "port": {"number": 80}}}


def test_ingresses() -> None:
    path = {"path": "/", "pathType": "Prefix", "backend": BACKEND}
    assert ingress(host="a.example", http={"paths": [path]}) == []
    assert ingress(http={"paths": [{"path": "/", "backend": BACKEND}]}) == [
        "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"
    ]
    assert ingress(http={"paths": [{**path, "path": "x"}]}) == [
        'spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path'
    ]
    assert ingress(http={"paths": [{**path, "backend": {}}]}) == [
        "spec.rules[0].http.paths[0].backend: Required value: resource or service backend is required"
    ]
    assert ingress(host="10.0.0.1", http={"paths": [path]}) == [
        'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'
    ]
    assert wrong("networking.k8s.io/v1", "Ingress", spec={}) == [
        "spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"
    ]


def test_network_policies() -> None:
    spec: Object = {"podSelector": {}, "ingress": [{"from": [{}]}]}
    assert wrong("networking.k8s.io/v1", "NetworkPolicy", spec=spec) == [
        "spec.ingress[0].from[0]: Required value: must specify a peer"
    ]
    spec = {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0"}}]}]}
    assert wrong("networking.k8s.io/v1", "NetworkPolicy", spec=spec) == [
        'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.0": must be a valid CIDR value, '
        "(e.g. 10.9.8.0/24 or 2001:db8::/64)"
    ]


def test_ranges_of_ports_and_exceptions() -> None:
    rule: Object = {"ports": [{"port": "http", "endPort": 90}, {"port": 80, "endPort": 70}]}
    rule["from"] = [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "11.0.0.0/16"]}}]
    assert wrong("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, "ingress": [rule]}) == [
        "spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is non-numeric",
        "spec.ingress[0].ports[1].endPort: Invalid value: 70: must be greater than or equal to `port`",
        'spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
    ]


def test_endpoint_slices() -> None:
    group = "discovery.k8s.io/v1"
    endpoints = [{"addresses": ["127.0.0.1"]}]
    assert wrong(group, "EndpointSlice", addressType="IPv4", endpoints=endpoints) == [
        'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range '
        "(127.0.0.0/8, ::1/128)"
    ]
    assert wrong(group, "EndpointSlice", endpoints=[]) == ["addressType: Required value"]
    old = made(group, "EndpointSlice", addressType="IPv4", endpoints=[])
    assert changed(old, addressType="IPv6") == ['addressType: Invalid value: "IPv6": field is immutable']


# --- config


def test_config_maps() -> None:
    assert wrong("v1", "ConfigMap", data={"a/b": "x"})[0].startswith(
        'data[a/b]: Invalid value: "a/b": a valid config key must consist of alphanumeric characters, '
        "'-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is"
    )
    assert wrong("v1", "ConfigMap", data={"a": "x" * (1024 * 1024 + 1)}) == [
        "[]: Too long: may not be more than 1048576 bytes"
    ]
    old = made("v1", "ConfigMap", data={"a": "b"}, immutable=True)
    assert changed(old, data={"a": "c"}) == ["data: Forbidden: field is immutable when `immutable` is set"]
    assert changed(old, metadata__labels={"a": "b"}) == []


def test_secrets() -> None:
    assert wrong("v1", "Secret", type="kubernetes.io/tls", data={"tls.crt": "eA=="}) == [
        "data[tls.key]: Required value"
    ]
    assert changed(made("v1", "Secret"), type="other") == ['type: Invalid value: "other": field is immutable']


def claim(**spec: Any) -> Object:
    base = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {**base, **spec}


def test_claims() -> None:
    kind = "PersistentVolumeClaim"
    assert wrong("v1", kind, spec=claim()) == []
    assert wrong("v1", kind, spec=claim(accessModes=[])) == [
        "spec.accessModes: Required value: at least 1 access mode is required"
    ]
    assert wrong("v1", kind, spec=claim(accessModes=["RWO"])) == [
        'spec.accessModes: Unsupported value: "RWO": supported values: "ReadOnlyMany", "ReadWriteMany", '
        '"ReadWriteOnce", "ReadWriteOncePod"'
    ]
    assert wrong("v1", kind, spec=claim(resources={})) == ["spec.resources[storage]: Required value"]
    old = made("v1", kind, spec=claim())
    found = changed(old, spec__accessModes=["ReadWriteMany"])
    assert found[0].startswith(
        "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for "
        "bound claims\n"
    )
    assert changed(old, spec__volumeName="pv") == []


def test_volumes() -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}}
    assert wrong("v1", "PersistentVolume", spec=spec) == []
    assert wrong("v1", "PersistentVolume", spec={**spec, "hostPath": None}) == [
        "spec: Required value: must specify a volume type"
    ]
    found = changed(made("v1", "PersistentVolume", spec=spec), spec__hostPath={"path": "/y"})
    assert found[0].startswith(
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable"
    )


# --- rights and limits


def test_roles() -> None:
    assert wrong(RBAC, "Role", rules=[{"verbs": [], "apiGroups": [""], "resources": ["pods"]}]) == [
        "rules[0].verbs: Required value: verbs must contain at least one value"
    ]
    assert wrong(RBAC, "Role", rules=[{"verbs": ["get"]}]) == [
        "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
        "rules[0].resources: Required value: resource rules must supply at least one resource",
    ]
    assert wrong(RBAC, "Role", rules=[{"verbs": ["get"], "nonResourceURLs": ["/x"]}]) == [
        'rules[0].nonResourceURLs: Invalid value: []string{"/x"}: namespaced rules cannot apply to non-resource URLs'
    ]


def test_bindings() -> None:
    reference, subjects = {"kind": "Role", "name": "r"}, [{"kind": "Robot", "name": "x"}]
    assert wrong(RBAC, "RoleBinding", roleRef=reference, subjects=subjects) == [
        'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"'
    ]
    assert wrong(RBAC, "ClusterRoleBinding", roleRef=reference) == [
        'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'
    ]
    old = made(RBAC, "RoleBinding", roleRef=reference)
    assert changed(old, roleRef__name="other")[0].endswith(": cannot change roleRef")


def test_quotas_and_limits() -> None:
    assert wrong("v1", "ResourceQuota", spec={"hard": {"pods": "-1"}}) == [
        'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0'
    ]
    assert wrong("v1", "ResourceQuota", spec={"hard": {"pods": "500m"}}) == [
        'spec.hard[pods]: Invalid value: "500m": must be an integer'
    ]
    limits = [{"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}]
    assert 'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1' in wrong(
        "v1", "LimitRange", spec={"limits": limits}
    )


def test_disruption_budgets() -> None:
    found = wrong("policy/v1", "PodDisruptionBudget", spec={"minAvailable": 1, "maxUnavailable": 1})
    assert found[0].endswith("minAvailable and maxUnavailable cannot be both set")
    assert wrong("policy/v1", "PodDisruptionBudget", spec={"minAvailable": "101%"}) == [
        'spec.minAvailable: Invalid value: "101%": must not be greater than 100%'
    ]


def test_autoscalers() -> None:
    spec: Object = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 0}
    assert wrong("autoscaling/v2", "HorizontalPodAutoscaler", spec=spec) == [
        "spec.maxReplicas: Invalid value: 0: must be greater than 0",
        "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
    ]
    spec = {"scaleTargetRef": {"kind": "", "name": ""}, "maxReplicas": 2}
    assert wrong("autoscaling/v1", "HorizontalPodAutoscaler", spec=spec) == [
        "spec.scaleTargetRef.kind: Required value",
        "spec.scaleTargetRef.name: Required value",
    ]


def metric(**said: Any) -> list[str]:
    reference = {"kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": reference, "maxReplicas": 3, "metrics": [said]}
    found = wrong("autoscaling/v2", "HorizontalPodAutoscaler", spec=spec)
    return [one.removeprefix("spec.metrics[0].") for one in found]


def test_metrics_of_autoscalers() -> None:
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
    assert metric(type="Resource", resource=cpu) == []
    assert metric(type="Resource") == [
        "resource: Required value: must populate information for the given metric source"
    ]
    assert metric(
        type="Resource", resource=cpu, pods={"metric": {"name": "a"}, "target": {"type": "Value"}}
    ) == ["pods: Forbidden: must populate the given metric source only"]
    assert metric(type="Resource", resource={"name": "cpu", "target": {"type": "Most"}}) == [
        'resource.target.type: Invalid value: "Most": must be either Utilization, Value, or AverageValue',
        "resource.target.averageUtilization: Required value: must set either a target raw value or a target "
        "utilization",
    ]
    assert metric(type="External", external={"metric": {"name": "q"}, "target": {"type": "Value"}}) == [
        "external.target.averageValue: Required value: must set either a target value for metric or a per-pod target"
    ]


def test_how_fast_autoscalers_act() -> None:
    down = {
        "stabilizationWindowSeconds": 7200,
        "policies": [{"type": "Some", "value": 0, "periodSeconds": 15}],
    }
    spec = {"scaleTargetRef": {"kind": "D", "name": "w"}, "maxReplicas": 3, "behavior": {"scaleDown": down}}
    assert wrong("autoscaling/v2", "HorizontalPodAutoscaler", spec=spec) == [
        'spec.behavior.scaleDown.policies[0].type: Unsupported value: "Some": supported values: "Percent", "Pods"',
        "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero",
        "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 7200: must be less than or equal to 3600",
    ]


def test_priorities() -> None:
    kind = "PriorityClass"
    assert wrong("scheduling.k8s.io/v1", kind, value=2_000_000_000) == [
        "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"
    ]
    assert changed(made("scheduling.k8s.io/v1", kind, value=1), value=2) == [
        "value: Forbidden: may not be changed in an update."
    ]


def test_events_are_where_their_object_is() -> None:
    assert wrong("v1", "Event", involvedObject={"namespace": "other"}) == [
        'involvedObject.namespace: Invalid value: "other": does not match event.namespace'
    ]


def test_an_event_of_the_new_sort_says_who_reports_it() -> None:
    found = wrong(
        "events.k8s.io/v1",
        "Event",
        metadata={"namespace": "default"},
        eventTime="2024-01-01T00:00:00.000000Z",
    )
    assert [one.partition(": ")[0] for one in found] == [
        "reportingController",
        "reportingController",
        "reportingController",
        "reportingInstance",
        "action",
        "reason",
    ]


def test_two_ports_that_are_one() -> None:
    ports = [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]
    assert service(ports=ports) == [
        'spec.ports[1]: Duplicate value: core.ServicePort{Name:"", Protocol:"TCP", AppProtocol:(*string)(nil), '
        'Port:80, TargetPort:intstr.IntOrString{Type:0, IntVal:0, StrVal:""}, NodePort:0}'
    ]
