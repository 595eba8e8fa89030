"""Networks with IPv6: packets over it, who may reach whom, and what is left of it on the host."""

from __future__ import annotations

from ipaddress import IPv6Network
from typing import TYPE_CHECKING

import pytest

from hythe.network.model import EndpointRecord, NetworkRequest
from hythe.network.pool import base6
from tests.system.network.conftest import ip

if TYPE_CHECKING:
    from hythe.network.manager import Manager
    from tests.system.network.conftest import Lab, Space

pytestmark = pytest.mark.root
HOST6, NEIGHBOUR6 = "2001:db8:1::1", "2001:db8:1::2"


def with_ipv6(lab: Lab) -> Manager:
    """A LAN with IPv6, and the neighbour as the way out."""
    ip("addr", "add", f"{HOST6}/64", "dev", "lan0", "nodad")
    ip("-6", "route", "add", "default", "via", NEIGHBOUR6)
    lab.neighbour.run("ip", "addr", "add", f"{NEIGHBOUR6}/64", "dev", "eth0", "nodad")
    lab.neighbour.serve(7, address="::")
    return lab.manager()


def container(lab: Lab, manager: Manager, network: str, name: str) -> tuple[Space, EndpointRecord]:
    space, endpoint = lab.container(manager, network, name)
    space.serve(81, address="::")
    return space, endpoint


def test_one_network_is_open_and_the_outside_is_reached(lab: Lab) -> None:
    manager = with_ipv6(lab)
    for name in ("front", "back"):
        manager.create(NetworkRequest(name, enable_ipv6=True))
    a, at_a = container(lab, manager, "front", "a")
    b, at_b = container(lab, manager, "front", "b")
    c, at_c = container(lab, manager, "back", "c")
    assert a.ask(at_b.ipv6, 81) == f"b sees {at_a.ipv6}"
    assert a.ask(at_b.ipv4, 80) == f"b sees {at_a.ipv4}"
    assert b.ask(NEIGHBOUR6, 7) == f"neighbour sees {HOST6}"
    assert lab.host.ask(at_c.ipv6, 81).startswith("c sees ")
    assert a.cannot_reach(at_c.ipv6, 81) and c.cannot_reach(at_a.ipv6, 81)
    lab.neighbour.run("ip", "route", "add", manager.get("front").subnet6, "via", HOST6)
    assert lab.neighbour.cannot_reach(at_a.ipv6, 81)


def test_an_internal_network_has_no_outside(lab: Lab) -> None:
    manager = with_ipv6(lab)
    manager.create(NetworkRequest("inner", enable_ipv6=True, internal=True))
    a, at_a = container(lab, manager, "inner", "a")
    b, _ = container(lab, manager, "inner", "b")
    assert b.ask(at_a.ipv6, 81).startswith("a sees ")
    lab.host.serve(9, address="::")
    assert at_a.gateway6 == ""
    assert a.cannot_reach(NEIGHBOUR6, 7)
    a.run("ip", "route", "add", "default", "via", manager.get("inner").gateway6)
    assert a.cannot_reach(NEIGHBOUR6, 7) and a.cannot_reach(HOST6, 9)
    linked = [word for word in ip("-6", "-o", "addr", "show", "scope", "link").split() if "fe80" in word]
    assert linked  # and none of them helps
    for address in linked:
        assert a.cannot_reach(f"{address.partition('/')[0]}%eth0", 9)


def test_without_it_there_is_none_inside(lab: Lab) -> None:
    manager = with_ipv6(lab)
    manager.create(NetworkRequest("four"))
    a, _ = lab.container(manager, "four", "a")
    assert a.run("ip", "-6", "-o", "addr", "show", "dev", "eth0") == ""
    assert ip("-6", "-o", "addr", "show", "dev", manager.get("four").bridge) == ""


def test_a_second_network_with_ipv6_while_it_runs(lab: Lab) -> None:
    manager = with_ipv6(lab)
    manager.create(NetworkRequest("six", enable_ipv6=True))
    a, _ = lab.container(manager, "bridge", "a")
    _, at_b = container(lab, manager, "six", "b")
    made = manager.attach(
        manager.get("six").id, "id-a", "a", a.pid, index=1, default_route=False, names=["a"], ipv6=None
    )
    assert a.ask(at_b.ipv6, 81) == f"b sees {made.ipv6}"
    manager.detach(made.network_id, "id-a")
    assert a.cannot_reach(at_b.ipv6, 81)
    again = manager.attach(
        manager.get("six").id, "id-a", "a", a.pid, index=1, default_route=False, names=["a"], ipv6=made.ipv6
    )
    assert again.ipv6 == made.ipv6


def test_a_daemons_range_is_its_own_and_nothing_is_left(lab: Lab) -> None:
    lab.host.sysctl("net/ipv6/conf/lan0/accept_ra", "1")
    manager = with_ipv6(lab)
    assert lab.host.run("cat", "/proc/sys/net/ipv6/conf/all/forwarding") == "0\n"
    manager.create(NetworkRequest("six", enable_ipv6=True))
    base = base6(lab.instance)
    assert IPv6Network(manager.get("six").subnet6).subnet_of(base)
    assert f"unreachable {base}" in ip("-6", "route")
    assert lab.host.run("cat", "/proc/sys/net/ipv6/conf/lan0/accept_ra") == "2\n"
    manager.shutdown(remove_all=False)
    again = lab.manager()  # over the same records, as after a restart
    a, _ = container(lab, again, "six", "a")
    assert a.ask(NEIGHBOUR6, 7).startswith("neighbour sees")
    a.end()
    again.detach(again.get("six").id, "id-a")
    again.shutdown(remove_all=True)
    left = ip("-6", "route") + ip("-o", "link")
    assert str(base) not in left and "hy" not in left
