"""The endpoint slices of the nodes' name servers."""

from __future__ import annotations

import asyncio
from typing import Any

from hythe.kube.client.client import Client
from hythe.kube.client.resources import ENDPOINT_SLICES, NODES
from hythe.kube.client.shared import SharedInformers
from hythe.kube.cluster.names_service import NamesService, service, slice_of
from hythe.kube.cluster.naming import ANNOTATION
from tests.kube_double import FakeClock, memory_client, settle


def node(name: str, place: str = "") -> dict[str, Any]:
    annotations = {ANNOTATION: place} if place else {}
    return {"metadata": {"name": name, "uid": f"uid-{name}", "annotations": annotations}}


def test_a_slice_is_its_nodes_and_says_where_the_server_listens() -> None:
    found = slice_of(node("one", "192.0.2.2:40053"))
    assert found is not None
    assert found["metadata"]["name"] == "kube-dns-one"
    assert found["metadata"]["ownerReferences"][0]["uid"] == "uid-one"
    assert [(port["name"], port["protocol"], port["port"]) for port in found["ports"]] == [
        ("dns", "UDP", 40053),
        ("dns-tcp", "TCP", 40053),
    ]
    assert found["endpoints"][0]["nodeName"] == "one"


def test_a_node_that_says_nothing_or_nonsense_has_none() -> None:
    for place in ("", "192.0.2.2", "192.0.2.2:dns", ":53"):
        assert slice_of(node("one", place)) is None


def test_every_pod_asks_its_own_node() -> None:
    body = service("10.96.0.10")
    assert body["spec"]["internalTrafficPolicy"] == "Local"
    assert {port["port"] for port in body["spec"]["ports"]} == {53}


class Applied(Client):
    """Server-side apply is not what the memory server is about: notes what would be applied."""

    applied: list[Any]

    async def apply(self, resource: Any, body: Any, **_: Any) -> Any:
        assert resource == ENDPOINT_SLICES
        self.applied.append(body)
        return body


async def test_each_change_of_an_annotation_is_published_once() -> None:
    api, plain = memory_client(FakeClock())
    client = Applied(plain.transport)
    client.applied = []
    informers = SharedInformers(client)
    task = asyncio.create_task(NamesService(client, informers).run())
    informers.start()
    try:
        api.put(NODES, node("one"))
        await settle()
        assert client.applied == []
        api.put(NODES, node("one", "192.0.2.2:1053"))
        api.put(NODES, node("two", "192.0.2.3:2053"))
        await settle()
        labelled = node("one", "192.0.2.2:1053")
        labelled["metadata"]["labels"] = {"a": "b"}
        api.put(NODES, labelled)
        await settle()
        assert [each["metadata"]["name"] for each in client.applied] == ["kube-dns-one", "kube-dns-two"]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await informers.stop()
