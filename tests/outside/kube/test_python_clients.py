"""The official Python client and kr8s, unmodified, from the kubeconfig."""

from __future__ import annotations

from typing import Any

import kr8s
import pytest
from kr8s.objects import ConfigMap, Deployment, Namespace
from kubernetes import client, config, dynamic, utils, watch  # type: ignore[import-untyped]
from kubernetes.client.exceptions import ApiException  # type: ignore[import-untyped]

from tests.outside.kube.manifests import WIDGETS
from tests.outside.kube.server import Server
from tests.waiting import wait_until


@pytest.fixture
def core(server: Server) -> Any:
    return client.CoreV1Api(config.new_client_from_config(str(server.kubeconfig)))


def test_the_official_client_creates_lists_patches_and_deletes(core: Any, namespace: str) -> None:
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="one", labels={"a": "b"}), data={"k": "v"})
    made = core.create_namespaced_config_map(namespace, body)
    assert made.metadata.uid
    found = core.list_namespaced_config_map(namespace, label_selector="a=b")
    assert [each.metadata.name for each in found.items] == ["one"]
    patched = core.patch_namespaced_config_map("one", namespace, {"data": {"more": "x"}})
    assert patched.data == {"k": "v", "more": "x"}
    made.data = {"k": "late"}
    with pytest.raises(ApiException) as late:
        core.replace_namespaced_config_map("one", namespace, made)
    assert late.value.status == 409
    core.delete_namespaced_config_map("one", namespace)
    with pytest.raises(ApiException) as gone:
        core.read_namespaced_config_map("one", namespace)
    assert gone.value.status == 404


def test_the_official_client_watches(core: Any, namespace: str) -> None:
    since = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "one"}})
    core.delete_namespaced_config_map("one", namespace)
    seen = []
    stream = watch.Watch()
    for event in stream.stream(
        core.list_namespaced_config_map, namespace, resource_version=since, timeout_seconds=20
    ):
        seen.append(event["type"])
        if event["type"] == "DELETED":
            stream.stop()
    assert seen == ["ADDED", "DELETED"]


def test_the_dynamic_client_finds_custom_resources(server: Server, namespace: str) -> None:
    api = config.new_client_from_config(str(server.kubeconfig))
    utils.create_from_yaml(
        api,
        yaml_objects=_documents(
            WIDGETS.replace("widgets", "gadgets").replace("Widget", "Gadget").replace("[wi]", "[ga]")
        ),
    )
    try:
        found = dynamic.DynamicClient(api)
        gadgets = found.resources.get(api_version="example.com/v1", kind="Gadget")
        body = {
            "apiVersion": "example.com/v1",
            "kind": "Gadget",
            "metadata": {"name": "one"},
            "spec": {"size": 2},
        }
        gadgets.create(body=body, namespace=namespace)
        assert gadgets.get(name="one", namespace=namespace).spec.color == "red"
        applied = {**body, "spec": {"size": 5}}
        done = gadgets.server_side_apply(
            body=applied, name="one", namespace=namespace, field_manager="me", force_conflicts=True
        )
        assert done.spec.size == 5
    finally:
        server.kubectl("delete", "crd", "gadgets.example.com")


def _documents(text: str) -> list[Any]:
    import yaml

    return list(yaml.safe_load_all(text))


async def test_kr8s(server: Server, namespace: str) -> None:
    api = await kr8s.asyncio.api(kubeconfig=str(server.kubeconfig), namespace=namespace)
    assert (await api.version())["minor"] == "32"
    names = [str(getattr(each, "name", "")) async for each in api.get("namespaces")]
    assert namespace in names


def test_kr8s_objects(server: Server, namespace: str) -> None:
    api = kr8s.api(kubeconfig=str(server.kubeconfig), namespace=namespace)
    one = ConfigMap({"metadata": {"name": "one"}, "data": {"a": "b"}}, namespace=namespace, api=api)
    one.create()
    one.label(tier="front")
    labelled = api.get("configmaps", label_selector={"tier": "front"})
    assert [getattr(each, "name", "") for each in labelled] == ["one"]
    one.patch({"data": {"c": "d"}})
    assert one.data == {"a": "b", "c": "d"}
    one.delete()
    wait_until(lambda: not one.exists(), 10)
    spec = {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "a", "image": "nginx"}]},
        },
    }
    web = Deployment({"metadata": {"name": "web"}, "spec": spec}, namespace=namespace, api=api)
    web.create()
    web.patch({"spec": {"replicas": 4}}, subresource="scale")
    web.refresh()
    assert web.spec.replicas == 4
    assert Namespace.get(namespace, api=api).name == namespace
