"""LoadBalancer Services get the nodes' addresses, and each port of the nodes one Service."""

from __future__ import annotations

from typing import Any

from hythe.kube.client.resources import ENDPOINT_SLICES, EVENTS, NODES, SERVICES
from hythe.kube.controllers.loadbalancer.controller import LoadBalancerController
from hythe.kube.objects.types import Object
from tests.kube_cluster import Pretended


def node(name: str, address: str, ready: str = "True") -> Object:
    status = {
        "conditions": [{"type": "Ready", "status": ready}],
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
    }
    return {"metadata": {"name": name}, "status": status}


def service(name: str, *ports: int, age: int = 0, **spec: Any) -> Object:
    wanted = [{"name": f"p{port}", "port": port, "protocol": "TCP"} for port in ports]
    meta = {"name": name, "namespace": "shop", "creationTimestamp": f"2026-01-01T00:00:{age:02}Z"}
    return {"metadata": meta, "spec": {"type": "LoadBalancer", "ports": wanted, **spec}}


def addresses(at: Pretended, name: str) -> list[str]:
    found = at.api.get(SERVICES, name, "shop")
    assert found is not None
    balancer = (found.get("status") or {}).get("loadBalancer") or {}
    return [each["ip"] for each in balancer.get("ingress") or ()]


async def test_it_has_the_addresses_of_all_ready_nodes() -> None:
    async with Pretended(LoadBalancerController) as at:
        at.api.put(NODES, node("a", "192.0.2.2"))
        at.api.put(NODES, node("b", "192.0.2.3", ready="False"))
        at.api.put(SERVICES, service("web", 80))
        at.api.put(SERVICES, service("others", 81, loadBalancerClass="example.com/theirs"))
        await at.clock.advance(1)
        assert addresses(at, "web") == ["192.0.2.2"]
        assert addresses(at, "others") == []
        at.api.put(NODES, node("b", "192.0.2.3"))
        await at.clock.advance(1)
        assert addresses(at, "web") == ["192.0.2.2", "192.0.2.3"]


async def test_a_service_of_another_type_gives_them_back() -> None:
    async with Pretended(LoadBalancerController) as at:
        at.api.put(NODES, node("a", "192.0.2.2"))
        at.api.put(SERVICES, service("web", 80))
        await at.clock.advance(1)
        changed = at.api.get(SERVICES, "web", "shop")
        assert changed is not None
        changed["spec"]["type"] = "NodePort"
        at.api.put(SERVICES, changed)
        await at.clock.advance(1)
        assert addresses(at, "web") == []


async def test_a_port_belongs_to_the_oldest_until_it_goes() -> None:
    async with Pretended(LoadBalancerController) as at:
        at.api.put(NODES, node("a", "192.0.2.2"))
        at.api.put(SERVICES, service("first", 80))
        at.api.put(SERVICES, service("second", 80, 443, age=1))
        await at.clock.advance(1)
        assert (addresses(at, "first"), addresses(at, "second")) == (["192.0.2.2"], [])
        told = [event["message"] for event in at.api.all(EVENTS, "shop")]
        assert told == ["port 80/TCP of the nodes belongs to service shop/first"]
        at.api.remove(SERVICES, "first", "shop")
        await at.clock.advance(1)
        assert addresses(at, "second") == ["192.0.2.2"]


async def test_the_clusters_own_ports_are_not_given_away() -> None:
    async with Pretended(LoadBalancerController) as at:
        at.api.put(NODES, node("a", "192.0.2.2"))
        own = {"name": "kubernetes", "namespace": "default"}
        at.api.put(ENDPOINT_SLICES, {"metadata": own, "ports": [{"port": 6443}]})
        at.api.put(SERVICES, service("api", 6443))
        at.api.put(SERVICES, service("kubelet", 10250))
        await at.clock.advance(1)
        assert (addresses(at, "api"), addresses(at, "kubelet")) == ([], [])
        assert {event["reason"] for event in at.api.all(EVENTS, "shop")} == {"SyncLoadBalancerFailed"}
