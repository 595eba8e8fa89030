"""Packets between containers, the host and its neighbour: who reaches whom, and under what address."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from hythe.network.model import NetworkRequest, PortRequest

if TYPE_CHECKING:
    from tests.system.network.conftest import Lab

pytestmark = pytest.mark.root
HOST, NEIGHBOUR = "198.18.0.1", "198.18.0.2"


def test_one_network_is_open_and_two_are_isolated_both_ways(lab: Lab) -> None:
    manager = lab.manager()
    for name in ("front", "back"):
        manager.create(NetworkRequest(name))
    a, at_a = lab.container(manager, "front", "a")
    b, at_b = lab.container(manager, "front", "b")
    c, at_c = lab.container(manager, "back", "c")
    assert a.ask(at_b.ipv4, 80) == f"b sees {at_a.ipv4}"
    assert b.ask(at_a.ipv4, 80, udp=True) == f"a sees {at_b.ipv4}"
    assert a.cannot_reach(at_c.ipv4, 80)
    assert c.cannot_reach(at_a.ipv4, 80)
    assert c.cannot_reach(at_b.ipv4, 80, udp=True)
    assert lab.host.ask(at_c.ipv4, 80).startswith("c sees ")


def test_the_outside_is_reached_under_the_hosts_address(lab: Lab) -> None:
    manager = lab.manager()
    a, at_a = lab.container(manager, "bridge", "a")
    assert a.ask(NEIGHBOUR, 7) == f"neighbour sees {HOST}"
    lab.neighbour.run("ip", "route", "add", at_a.ipv4, "via", HOST)
    assert lab.neighbour.cannot_reach(at_a.ipv4, 80)


@pytest.mark.parametrize("bridge_filter", ["0", "1"])
def test_a_published_port_is_reached_from_everywhere(lab: Lab, bridge_filter: str) -> None:
    lab.host.sysctl("net/bridge/bridge-nf-call-iptables", bridge_filter)
    manager = lab.manager()
    manager.create(NetworkRequest("other"))
    a, at_a = lab.container(manager, "bridge", "a")
    b, at_b = lab.container(manager, "bridge", "b")
    c, at_c = lab.container(manager, "other", "c")
    bound = manager.publish("id-a", [PortRequest(80, "tcp", "", 8080), PortRequest(80, "udp", "", 8080)])
    assert [port.host_port for port in bound] == [8080, 8080]
    gateway = at_a.gateway
    assert lab.host.ask("127.0.0.1", 8080) == f"a sees {gateway}"
    assert lab.host.ask("::1", 8080) == f"a sees {gateway}"
    assert lab.host.ask(HOST, 8080) == f"a sees {gateway}"
    assert lab.neighbour.ask(HOST, 8080) == f"a sees {NEIGHBOUR}"
    assert c.ask(HOST, 8080) == f"a sees {at_c.ipv4}"
    assert c.ask(at_c.gateway, 8080) == f"a sees {at_c.ipv4}"
    # With the bridge filter on, the kernel rewrites both ways on the bridge itself and the address stays.
    assert b.ask(HOST, 8080) == f"a sees {gateway if bridge_filter == '0' else at_b.ipv4}"
    assert a.ask(HOST, 8080) == f"a sees {gateway}"
    assert lab.neighbour.ask(HOST, 8080, udp=True) == f"a sees {NEIGHBOUR}"
    assert lab.host.ask("127.0.0.1", 8080, udp=True) == f"a sees {gateway}"
    manager.unpublish("id-a")
    assert lab.neighbour.cannot_reach(HOST, 8080)
    assert lab.host.cannot_reach("127.0.0.1", 8080)
    assert lab.host.cannot_reach("::1", 8080)


def test_published_on_loopback_stays_on_loopback(lab: Lab) -> None:
    manager = lab.manager()
    _, at_a = lab.container(manager, "bridge", "a")
    b, _ = lab.container(manager, "bridge", "b")
    manager.publish("id-a", [PortRequest(80, "tcp", "127.0.0.1", 8081)])
    assert lab.host.reaches("127.0.0.1", 8081)
    assert lab.host.cannot_reach(HOST, 8081)
    assert lab.neighbour.cannot_reach(HOST, 8081)
    assert b.cannot_reach(HOST, 8081)
    # The worst neighbour and the worst host: 127.0.0.1 is routed to the host, which lets it in.
    lab.host.sysctl("net/ipv4/conf/lan0/route_localnet", "1")
    for space, via in ((lab.neighbour, HOST), (b, at_a.gateway)):
        space.sysctl("net/ipv4/conf/eth0/route_localnet", "1")
        space.run("ip", "addr", "del", "127.0.0.1/8", "dev", "lo")
        space.run("ip", "route", "add", "127.0.0.1/32", "via", via)
        assert space.cannot_reach("127.0.0.1", 8081)
    with lab.host.open() as own:
        own.bind(("127.0.0.1", 9999))
        own.listen()
        assert lab.neighbour.cannot_reach("127.0.0.1", 9999)


def test_published_on_one_host_address(lab: Lab) -> None:
    manager = lab.manager()
    lab.container(manager, "bridge", "a")
    manager.publish("id-a", [PortRequest(80, "tcp", HOST, 8082), PortRequest(80, "tcp", "::1", 8083)])
    assert lab.neighbour.reaches(HOST, 8082)
    assert lab.host.cannot_reach("127.0.0.1", 8082)
    assert lab.host.reaches("::1", 8083)
    assert lab.host.cannot_reach("127.0.0.1", 8083)


def test_an_internal_network_has_no_outside(lab: Lab) -> None:
    manager = lab.manager()
    manager.create(NetworkRequest("inner", internal=True))
    a, at_a = lab.container(manager, "inner", "a")
    _, at_b = lab.container(manager, "inner", "b")
    lab.container(manager, "bridge", "c")
    manager.publish("id-c", [PortRequest(80, "tcp", "", 8080)])
    gateway = manager.get("inner").gateway
    assert at_a.gateway == ""
    assert a.reaches(at_b.ipv4, 80)
    assert lab.host.reaches(at_a.ipv4, 80)
    a.run("ip", "route", "add", "default", "via", gateway)
    assert a.cannot_reach(NEIGHBOUR, 7)
    assert a.cannot_reach(gateway, 8080)
    assert a.cannot_reach(HOST, 8080)


def test_a_connection_through_ipv6_loopback_carries_bytes_and_half_closes(lab: Lab) -> None:
    manager = lab.manager()
    lab.container(manager, "bridge", "a")
    manager.publish("id-a", [PortRequest(80, "tcp", "", 8080)])
    payload = bytes(range(256)) * 4096
    received = bytearray()
    with lab.host.open(family=socket.AF_INET6) as own:
        own.connect(("::1", 8080))
        for start in range(0, len(payload), 65536):
            own.sendall(payload[start : start + 65536])
            while len(received) < start + 65536:
                received += own.recv(65536)
        own.shutdown(socket.SHUT_WR)
        assert own.recv(1) == b""
    assert bytes(received) == payload


def test_a_packet_for_a_network_that_has_gone_never_leaves(lab: Lab) -> None:
    manager = lab.manager()
    manager.create(NetworkRequest("gone"))
    _, at_a = lab.container(manager, "gone", "a")
    manager.detach(manager.get("gone").id, "id-a")
    manager.remove("gone")
    with pytest.raises(OSError, match=r"No route to host|Network is unreachable|unreachable"):
        lab.host.ask(at_a.ipv4, 80)


def test_a_container_on_two_networks(lab: Lab) -> None:
    manager = lab.manager()
    manager.create(NetworkRequest("second"))
    a, _ = lab.container(manager, "bridge", "a")
    _, at_b = lab.container(manager, "second", "b")
    second = manager.attach(
        manager.get("second").id, "id-a", "a", a.pid, index=1, default_route=False, names=["a"], ipv4=None
    )
    assert second.interface == "eth1"
    assert a.ask(at_b.ipv4, 80) == f"b sees {second.ipv4}"
    assert not second.default_route
    manager.detach(manager.get("bridge").id, "id-a")
    assert a.reaches(NEIGHBOUR, 7)
    manager.detach(second.network_id, "id-a")
    assert a.cannot_reach(at_b.ipv4, 80)


def test_the_way_out_is_found_behind_an_internal_network(lab: Lab) -> None:
    manager = lab.manager()
    manager.create(NetworkRequest("inner", internal=True))
    a, _ = lab.container(manager, "inner", "a")
    manager.attach("bridge", "id-a", "a", a.pid, index=1, default_route=False, names=[])
    assert a.reaches(NEIGHBOUR, 7)
    manager.publish("id-a", [PortRequest(80, "tcp", "", 8080)])
    assert lab.neighbour.reaches(HOST, 8080)
