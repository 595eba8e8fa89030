"""Where a Service's traffic goes: which pods, which ports, which state; and how few slices change."""

from __future__ import annotations

from typing import Any

from hythe.kube.client.resources import ENDPOINT_SLICES, ENDPOINTS, NODES, PODS, SERVICES
from hythe.kube.controllers.endpoints.backends import backends
from hythe.kube.controllers.endpoints.controller import EndpointsController, EndpointSliceController
from hythe.kube.controllers.endpoints.mirroring import EndpointSliceMirroringController
from hythe.kube.controllers.endpoints.slices import plan
from hythe.kube.controllers.endpoints.subsets import endpoints
from hythe.kube.objects.types import Object
from tests.kube_cluster import Pretended


def service(name: str = "web", **spec: Any) -> Object:
    ports = [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]
    wanted = {"selector": {"app": "web"}, "ports": ports, "clusterIP": "10.96.0.9", **spec}
    return {
        "metadata": {"name": name, "namespace": "shop", "uid": "s1", "labels": {"x": "y"}},
        "spec": wanted,
    }


def pod(number: int, *, ready: bool = True, port: int = 8080, ending: bool = False, **spec: Any) -> Object:
    meta: Object = {
        "name": f"p{number:03}",
        "namespace": "shop",
        "uid": f"u{number}",
        "labels": {"app": "web"},
    }
    if ending:
        meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    container = {"name": "c", "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}]}
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "metadata": meta, "spec": {"containers": [container], "nodeName": "n1", **spec},
        "status": {"phase": "Running", "podIP": f"10.0.{number // 250}.{number % 250}", "conditions": conditions},
    }  # fmt: skip


def conditions(of: Object, *pods: Object) -> list[tuple[bool, bool, bool]]:
    return [(each.ready, each.serving, each.terminating) for each in backends(of, pods)]


def test_a_pod_is_ready_serving_or_terminating() -> None:
    assert conditions(service(), pod(1)) == [(True, True, False)]
    assert conditions(service(), pod(1, ready=False)) == [(False, False, False)]
    assert conditions(service(), pod(1, ending=True)) == [(False, True, True)]
    published = service(publishNotReadyAddresses=True)
    assert conditions(published, pod(1, ready=False)) == [(True, False, False)]


def test_pods_without_an_address_and_finished_ones_are_no_endpoints() -> None:
    waiting, finished = pod(1), pod(2)
    waiting["status"].pop("podIP")
    finished["status"]["phase"] = "Succeeded"
    assert backends(service(), [waiting, finished]) == []


def test_a_named_port_is_looked_up_in_each_pod_and_slices_are_split_by_it() -> None:
    found = backends(service(), [pod(1), pod(2, port=9090), pod(3)])
    steps = plan(service(), found, [], {"n1": "z1"})
    assert [[each["port"] for each in made["ports"]] for made in steps.create] == [[8080], [9090]]
    assert [len(made["endpoints"]) for made in steps.create] == [2, 1]
    first = steps.create[0]["endpoints"][0]
    assert first["conditions"] == {"ready": True, "serving": True, "terminating": False}
    assert (first["nodeName"], first["zone"], first["targetRef"]["name"]) == ("n1", "z1", "p001")
    assert steps.create[0]["metadata"]["labels"]["kubernetes.io/service-name"] == "web"


def test_a_hundred_in_a_slice_and_one_change_touches_one_slice() -> None:
    pods = [pod(number) for number in range(250)]
    first = plan(service(), backends(service(), pods), [], {})
    assert [len(each["endpoints"]) for each in first.create] == [100, 100, 50]
    pods[120] = pod(120, ready=False)
    again = plan(service(), backends(service(), pods), first.create, {})
    assert (len(again.create), len(again.update), len(again.delete)) == (0, 1, 0)
    assert plan(service(), backends(service(), pods[:240] + pods[241:]), first.create, {}).create == []


def test_a_service_without_endpoints_keeps_one_empty_slice() -> None:
    steps = plan(service(), [], [], {})
    assert [each["endpoints"] for each in steps.create] == [[]]
    assert plan(service(), [], steps.create, {}) == ([], [], [])
    filled = plan(service(), backends(service(), [pod(1)]), steps.create, {})
    assert (len(filled.create), len(filled.delete)) == (1, 1)


def test_endpoints_keep_the_unready_apart_and_leave_out_the_ending() -> None:
    found = backends(service(), [pod(1), pod(2, ready=False), pod(3, ending=True)])
    [subset] = endpoints(service(), found, None)["subsets"]
    assert [each["ip"] for each in subset["addresses"]] == ["10.0.0.1"]
    assert [each["ip"] for each in subset["notReadyAddresses"]] == ["10.0.0.2"]
    assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]


def test_a_hostname_is_published_below_the_service_it_names() -> None:
    found = backends(service(), [pod(1, hostname="a", subdomain="web"), pod(2, hostname="b", subdomain="x")])
    [made] = plan(service(), found, [], {}).create
    assert [each.get("hostname") for each in made["endpoints"]] == ["a", None]


async def test_slices_and_endpoints_follow_readiness_and_go_with_the_service() -> None:
    async with Pretended(EndpointSliceController, EndpointsController) as at:
        at.api.put(NODES, {"metadata": {"name": "n1", "labels": {"topology.kubernetes.io/zone": "z"}}})
        at.api.put(PODS, pod(1, ready=False))
        await at.client.create(SERVICES, service())
        foreign = {"metadata": {"name": "foreign", "namespace": "shop"}, "subsets": []}
        await at.client.create(ENDPOINTS, foreign)
        await at.clock.advance(0)
        [made] = at.api.all(ENDPOINT_SLICES)
        assert made["endpoints"][0]["conditions"]["ready"] is False
        at.api.put(PODS, pod(1))
        await at.clock.advance(0.1)
        [made] = at.api.all(ENDPOINT_SLICES)
        assert made["endpoints"][0]["conditions"]["ready"] is True
        known = at.api.get(ENDPOINTS, "web", "shop")
        assert known is not None
        assert known["subsets"][0]["addresses"][0]["ip"] == "10.0.0.1"
        before = at.api.revision
        for controller in at.controllers:
            controller.queue.add("shop/web")
        await at.clock.advance(1)
        assert at.api.revision == before
        await at.client.delete(SERVICES, "web", "shop")
        await at.clock.advance(1)
        assert at.api.all(ENDPOINT_SLICES) == []
        assert [each["metadata"]["name"] for each in at.api.all(ENDPOINTS)] == ["foreign"]


async def test_endpoints_that_people_keep_themselves_are_mirrored() -> None:
    async with Pretended(EndpointSliceMirroringController) as at:
        await at.client.create(SERVICES, service(selector=None))
        addresses = {
            "addresses": [{"ip": "192.0.2.1"}, {"ip": "fd00::1"}],
            "ports": [{"name": "x", "port": 99}],
        }
        await at.client.create(
            ENDPOINTS, {"metadata": {"name": "web", "namespace": "shop"}, "subsets": [addresses]}
        )
        await at.clock.advance(0)
        made = at.api.all(ENDPOINT_SLICES)
        assert [(each["addressType"], each["endpoints"][0]["addresses"]) for each in made] == [
            ("IPv4", ["192.0.2.1"]), ("IPv6", ["fd00::1"]),
        ]  # fmt: skip
        assert made[0]["ports"] == [{"name": "x", "port": 99, "protocol": "TCP"}]
        assert made[0]["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
        await at.change(ENDPOINTS, "web", {"subsets": [{"addresses": [{"ip": "192.0.2.2"}]}]})
        await at.clock.advance(0)
        [left] = at.api.all(ENDPOINT_SLICES)
        assert left["endpoints"][0]["addresses"] == ["192.0.2.2"]
        await at.change(SERVICES, "web", {"spec": {"selector": {"app": "web"}}})
        await at.clock.advance(0)
        assert at.api.all(ENDPOINT_SLICES) == []
