"""The table of resources: names, scopes, verbs and subresources as Kubernetes 1.32 serves them."""

from __future__ import annotations

import pytest

from hythe.kube.objects.schema.resources import Resource, builtin
from hythe.kube.objects.types import GroupVersionKind


def resource(group: str, version: str, plural: str) -> Resource:
    found = builtin().get(group, version, plural)
    assert found
    return found


def test_a_deployment_is_what_kubectl_expects() -> None:
    found = resource("apps", "v1", "deployments")
    assert (found.kind, found.singular, found.short_names) == ("Deployment", "deployment", ("deploy",))
    assert found.namespaced and found.generation
    assert found.qualified == "deployments.apps" and found.qualified_kind == "Deployment.apps"
    assert found.subresources["scale"].gvk == GroupVersionKind("autoscaling", "v1", "Scale")
    assert found.subresources["status"].gvk == found.gvk
    assert builtin().of_kind(found.gvk) is found


def test_every_plural_and_kind_is_there_once() -> None:
    names = [(r.group, r.version, r.plural) for r in builtin()]
    kinds = [r.gvk for r in builtin()]
    assert len(set(names)) == len(names) and len(set(kinds)) == len(kinds)


def test_no_two_resources_of_a_group_share_a_short_name() -> None:
    seen: dict[tuple[str, str, str], str] = {}
    for r in builtin():
        for short in (*r.short_names, r.singular, r.plural):
            assert seen.setdefault((r.group, r.version, short), r.plural) == r.plural


def test_the_preferred_version_stands_first() -> None:
    assert builtin().versions["autoscaling"] == ("v2", "v1")
    assert next(iter(builtin().versions)) == ""


@pytest.mark.parametrize(
    ("group", "version", "plural", "storage", "stored_group"),
    [
        ("autoscaling", "v1", "horizontalpodautoscalers", "autoscaling/v2", "autoscaling"),
        ("events.k8s.io", "v1", "events", "v1", ""),
        ("apps", "v1", "deployments", "apps/v1", "apps"),
    ],
)
def test_versions_that_share_storage(
    group: str, version: str, plural: str, storage: str, stored_group: str
) -> None:
    found = resource(group, version, plural)
    assert (found.storage, found.stored_group) == (storage, stored_group)


def test_proxies_differ_by_resource() -> None:
    kinds = {
        plural: resource("", "v1", plural).subresources["proxy"].gvk.kind for plural in ("pods", "nodes")
    }
    assert kinds == {"pods": "PodProxyOptions", "nodes": "NodeProxyOptions"}


def test_what_field_selectors_may_name() -> None:
    pods, nodes = resource("", "v1", "pods"), resource("", "v1", "nodes")
    assert pods.fields["spec.nodeName"] == "spec.nodeName" and "metadata.namespace" in pods.fields
    assert "metadata.namespace" not in nodes.fields
    assert resource("", "v1", "events").fields["source"] == "source.component"


def test_namespaces_have_no_deletecollection() -> None:
    assert "deletecollection" not in resource("", "v1", "namespaces").verbs
