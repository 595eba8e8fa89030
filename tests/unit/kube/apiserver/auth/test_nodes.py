"""A kubelet gets what its own pods name, and nothing of its neighbours'."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hythe.kube.apiserver.auth.cluster import node_rules
from hythe.kube.apiserver.auth.node import NodeAuthorizer, may_write
from hythe.kube.apiserver.auth.podindex import PodsByNode
from hythe.kube.apiserver.identity import Attributes, User
from hythe.kube.objects.types import Object
from hythe.kube.store.sqlite.store import SqliteStore

ONE = User("system:node:one", groups=("system:nodes", "system:authenticated"))

POD: Object = {
    "metadata": {"name": "web", "labels": {"x": "y"}},
    "spec": {
        "nodeName": "one",
        "serviceAccountName": "robot",
        "imagePullSecrets": [{"name": "pull"}],
        "initContainers": [{"name": "i", "envFrom": [{"secretRef": {"name": "from"}}]}],
        "containers": [
            {
                "name": "c",
                "env": [
                    {"name": "A", "value": "plain"},
                    {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "config", "key": "k"}}},
                    {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                ],
            }
        ],
        "volumes": [
            {"name": "s", "secret": {"secretName": "mounted"}},
            {"name": "e", "emptyDir": {}},
            {
                "name": "p",
                "projected": {"sources": [{"configMap": {"name": "root-ca"}}, {"serviceAccountToken": {}}]},
            },
            {"name": "d", "persistentVolumeClaim": {"claimName": "data"}},
        ],
    },
}


def wants(
    verb: str, resource: str, name: str = "", namespace: str = "a", who: User = ONE, api: str = ""
) -> Attributes:
    resource, _, subresource = resource.partition("/")
    return Attributes(who, verb, api, "v1", resource, subresource, namespace, name)


@pytest.fixture
async def store(tmp_path: Path) -> object:
    opened = SqliteStore(tmp_path / "store.db")
    yield opened
    await opened.close()


@pytest.fixture
def pods(tmp_path: Path) -> PodsByNode:
    made = PodsByNode(None, "/registry/")  # type: ignore[arg-type]  # it is fed by hand
    made.changed("/registry/core/pods/a/web", json.dumps(POD).encode())
    other = {
        "metadata": {"name": "db"},
        "spec": {"nodeName": "two", "volumes": [{"secret": {"secretName": "theirs"}}]},
    }
    made.changed("/registry/core/pods/a/db", json.dumps(other).encode())
    return made


@pytest.fixture
def nodes(pods: PodsByNode) -> NodeAuthorizer:
    return NodeAuthorizer(pods, node_rules())


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        ("secrets", "pull"),
        ("secrets", "from"),
        ("secrets", "mounted"),
        ("configmaps", "config"),
        ("configmaps", "root-ca"),
        ("persistentvolumeclaims", "data"),
    ],
)
def test_what_its_pods_name(nodes: NodeAuthorizer, resource: str, name: str) -> None:
    said = nodes.decide(wants("get", resource, name))
    assert said and said.allowed
    elsewhere = nodes.decide(wants("get", resource, name, "b"))
    assert elsewhere and not elsewhere.allowed
    assert elsewhere.reason == "no relationship found between node 'one' and this object"


@pytest.mark.parametrize(
    "wanted",
    [
        wants("get", "secrets", "theirs"),
        wants("list", "secrets"),
        wants("watch", "configmaps"),
        wants("update", "secrets", "mounted"),
        wants("create", "serviceaccounts/token", "default"),
        wants("update", "nodes", "two", ""),
        wants("patch", "nodes/status", "two", ""),
        wants("delete", "nodes", "one", ""),
        wants("delete", "pods", "db"),
        wants("patch", "pods/status", "db"),
        wants("create", "pods/eviction", "db"),
        wants("update", "leases", "two", "kube-node-lease", api="coordination.k8s.io"),
        wants("update", "leases", "kube-scheduler", "kube-system", api="coordination.k8s.io"),
        wants("create", "deployments", "", api="apps"),
        wants("get", "pods/exec", "web"),
    ],
)
def test_refused(nodes: NodeAuthorizer, wanted: Attributes) -> None:
    said = nodes.decide(wanted)
    assert said is not None and not said.allowed


@pytest.mark.parametrize(
    "wanted",
    [
        wants("list", "pods", "", ""),
        wants("watch", "services", "", ""),
        wants("create", "nodes", "", ""),
        wants("patch", "nodes/status", "one", ""),
        wants("patch", "pods/status", "web"),
        wants("delete", "pods", "web"),
        wants("create", "serviceaccounts/token", "robot"),
        wants("update", "leases", "one", "kube-node-lease", api="coordination.k8s.io"),
        wants("create", "leases", "", "kube-node-lease", api="coordination.k8s.io"),
        wants("watch", "configmaps", "config"),
    ],
)
def test_allowed(nodes: NodeAuthorizer, wanted: Attributes) -> None:
    said = nodes.decide(wanted)
    assert said is not None and said.allowed, said


@pytest.mark.parametrize(
    "who",
    [
        User("system:node:one"),
        User("one", groups=("system:nodes",)),
        User("system:node:", groups=("system:nodes",)),
    ],
)
def test_who_is_no_kubelet(nodes: NodeAuthorizer, who: User) -> None:
    assert nodes.decide(wants("get", "secrets", "mounted", who=who)) is None


def test_no_longer_when_the_pod_is_gone(nodes: NodeAuthorizer, pods: PodsByNode) -> None:
    wanted = wants("get", "secrets", "mounted")
    twin = {**POD, "metadata": {"name": "web2"}}
    pods.changed("/registry/core/pods/a/web2", json.dumps(twin).encode())
    pods.gone("/registry/core/pods/a/web")
    said = nodes.decide(wanted)
    assert said and said.allowed, "the other pod names it, too"
    pods.gone("/registry/core/pods/a/web2")
    said = nodes.decide(wanted)
    assert said and not said.allowed


@pytest.mark.parametrize(
    ("resource", "obj", "allowed"),
    [
        ("nodes", {"metadata": {"name": "one"}}, True),
        ("nodes", {"metadata": {"name": "two"}}, False),
        ("pods", {"metadata": {"name": "p"}, "spec": {"nodeName": "one"}}, False),
        (
            "pods",
            {"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}, "spec": {"nodeName": "two"}},
            False,
        ),
        (
            "pods",
            {"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}, "spec": {"nodeName": "one"}},
            True,
        ),
        ("events", {"metadata": {"name": "e"}}, True),
    ],
)
def test_content(resource: str, obj: Object, allowed: bool) -> None:
    assert (may_write(ONE, resource, "", obj) == "") is allowed
    assert may_write(User("jane"), resource, "", obj) == ""


async def test_the_view_follows_the_store(store: SqliteStore) -> None:
    await store.create("/registry/core/pods/a/web", json.dumps(POD).encode())
    pods = PodsByNode(store, "/registry/")
    await pods.start()
    assert pods.names("one", ("secrets", "a", "mounted"))
    other = {"metadata": {"name": "x"}, "spec": {"nodeName": "two", "imagePullSecrets": [{"name": "s"}]}}
    await store.create("/registry/core/pods/a/junk", b"not JSON")
    revision = await store.create("/registry/core/pods/a/x", json.dumps(other).encode())
    await _settled()
    assert pods.names("two", ("secrets", "a", "s")) and pods.node_of_pod("a", "x") == "two"
    await store.delete("/registry/core/pods/a/x", revision)
    await _settled()
    assert not pods.names("two", ("secrets", "a", "s"))
    await pods.stop()


async def _settled() -> None:
    import asyncio

    for _ in range(5):
        await asyncio.sleep(0)
