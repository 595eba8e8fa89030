"""What Services mean for packets."""

from __future__ import annotations

from typing import Any

from hythe.kube.proxy.services import Endpoint, ports_of


def service(**spec: Any) -> dict[str, Any]:
    basis = {"clusterIP": "10.96.0.7", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}
    return {"metadata": {"name": "web", "namespace": "shop"}, "spec": {**basis, **spec}}


def a_slice(*endpoints: dict[str, Any], port: int = 8080, name: str = "http") -> dict[str, Any]:
    return {
        "addressType": "IPv4",
        "ports": [{"name": name, "port": port, "protocol": "TCP"}],
        "endpoints": list(endpoints),
    }


def pod(number: int, node: str = "here", **conditions: bool) -> dict[str, Any]:
    return {"addresses": [f"10.240.0.{number}"], "nodeName": node, "conditions": conditions}


def test_ready_endpoints_of_all_slices() -> None:
    (port,) = ports_of(service(), [a_slice(pod(2, ready=True)), a_slice(pod(3, "there"), port=9090)], "here")
    assert port.id == "shop/web/tcp/80"
    assert port.cluster == ("10.96.0.7",)
    assert port.endpoints == (Endpoint("10.240.0.2", 8080, True), Endpoint("10.240.0.3", 9090))
    assert port.local_endpoints == (Endpoint("10.240.0.2", 8080, True),)


def test_those_not_ready_do_not_count() -> None:
    (port,) = ports_of(service(), [a_slice(pod(2, ready=False), pod(3, ready=True))], "here")
    assert [each.address for each in port.endpoints] == ["10.240.0.3"]


def test_ending_ones_serve_only_while_there_is_no_other() -> None:
    ending = pod(2, ready=False, serving=True, terminating=True)
    (alone,) = ports_of(service(), [a_slice(ending)], "here")
    (beside,) = ports_of(service(), [a_slice(ending, pod(3, ready=True))], "here")
    (not_serving,) = ports_of(
        service(), [a_slice(pod(2, ready=False, serving=False, terminating=True))], "here"
    )
    assert [each.address for each in alone.endpoints] == ["10.240.0.2"]
    assert [each.address for each in beside.endpoints] == ["10.240.0.3"]
    assert not_serving.endpoints == ()


def test_the_last_local_one_that_ends_counts_for_local_traffic() -> None:
    ending = pod(2, ready=False, serving=True, terminating=True)
    (port,) = ports_of(service(), [a_slice(ending, pod(3, "there", ready=True))], "here")
    assert [each.address for each in port.endpoints] == ["10.240.0.3"]
    assert [each.address for each in port.local_endpoints] == ["10.240.0.2"]


def test_ports_are_matched_by_name_and_protocol() -> None:
    ports = [{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}]
    both = ports_of(service(ports=ports), [a_slice(pod(2))], "here")
    assert [(each.protocol, len(each.endpoints)) for each in both] == [("tcp", 1), ("udp", 0)]


def test_services_that_are_not_proxied() -> None:
    for spec in ({"clusterIP": "None"}, {"type": "ExternalName", "clusterIP": ""}, {"clusterIP": ""}):
        assert ports_of(service(**spec), [], "here") == []
    other = service()
    other["metadata"]["labels"] = {"service.kubernetes.io/service-proxy-name": "theirs"}
    assert ports_of(other, [], "here") == []


def test_addresses_from_outside() -> None:
    body = service(
        type="LoadBalancer",
        externalIPs=["192.0.2.9", "2001:db8::1"],
        loadBalancerSourceRanges=["198.51.100.0/24"],
        externalTrafficPolicy="Local",
        sessionAffinity="ClientIP",
        sessionAffinityConfig={"clientIP": {"timeoutSeconds": 60}},
        ports=[{"name": "http", "port": 80, "nodePort": 30080}],
    )
    body["status"] = {
        "loadBalancer": {"ingress": [{"ip": "192.0.2.2"}, {"ip": "192.0.2.3", "ipMode": "Proxy"}]}
    }
    (port,) = ports_of(body, [], "here")
    assert port.external == ("192.0.2.9",)
    assert port.balanced == ("192.0.2.2",)
    assert port.sources == ("198.51.100.0/24",)
    assert (port.node_port, port.affinity, port.external_local) == (30080, 60, True)


def test_affinity_lasts_three_hours_unless_told_otherwise() -> None:
    (port,) = ports_of(service(sessionAffinity="ClientIP"), [], "here")
    assert port.affinity == 10800
