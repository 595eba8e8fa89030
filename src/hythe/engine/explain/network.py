"""The container's network as its namespace has it, and how each interface is joined to the host.

Read on the thread of the network layer, which may enter another network namespace without a care for others.
A veth's other end is found by the index that the kernel gives of it, the bridge by the other end's master.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from msgspec import Struct

from hythe.engine.explain.subject import Subject
from hythe.engine.explain.users import own_file
from hythe.engine.model import Container, Endpoint
from hythe.kernel.netlink import survey
from hythe.kernel.netlink.channel import Channel
from hythe.kernel.netlink.links import Link
from hythe.kernel.netlink.namespace import inside, open_namespace


class Interface(Struct):
    """`host_*` is the other end of the cable, `bridge` what that is plugged into; "" and 0 for what has none."""

    index: int
    name: str
    kind: str
    up: bool
    mtu: int
    mac: str
    addresses: list[str]
    host_index: int
    host_name: str
    bridge: str
    network: str
    network_id: str


class Route(Struct):
    """`via` is "" for what is on the link; `kind` is unicast, unreachable..."""

    destination: str
    via: str
    interface: str
    metric: int
    kind: str


class Published(Struct):
    """`host_ip` "" is every address."""

    container_port: int
    protocol: str
    host_ip: str
    host_port: int


class Nameservers(Struct):
    """By the container's own /etc/resolv.conf. `hythe`: one of them is hythe's, inside the namespace."""

    servers: list[str]
    search: list[str]
    options: list[str]
    hythe: bool


class Network(Struct):
    """`mode` as asked for; `shares_host`: it is the host's namespace; `owner` is whose network it is."""

    shown_by: list[str]
    mode: str
    shares_host: bool
    owner: str
    interfaces: list[Interface]
    routes: list[Route]
    published: list[Published]
    dns: Nameservers | None


def _look_inside(pid: int) -> survey.Network:
    namespace = open_namespace(pid)
    try:
        with inside(namespace):
            channel = Channel()
    finally:
        os.close(namespace)
    with channel:
        return survey.look(channel)


def interfaces(
    there: survey.Network, here: Mapping[int, Link], endpoints: Mapping[str, Endpoint], *, shared: bool
) -> list[Interface]:
    """`here` are the host's links by index; `endpoints` the container's by interface; `shared`: both are one."""
    found = []
    for link in there.links:
        other = None if shared else here.get(link.peer) if link.kind == "veth" else None
        bridge = here.get(other.master) if other is not None else None
        endpoint = endpoints.get(link.name)
        found.append(
            Interface(
                index=link.index,
                name=link.name,
                kind=link.kind or ("loopback" if link.name == "lo" else ""),
                up=link.up,
                mtu=link.mtu,
                mac=link.mac if link.name != "lo" else "",
                addresses=there.addresses.get(link.index, []),
                host_index=other.index if other else 0,
                host_name=other.name if other else "",
                bridge=bridge.name if bridge else "",
                network=endpoint.network_name if endpoint else "",
                network_id=endpoint.network_id if endpoint else "",
            )
        )
    return found


def parse_resolv(text: str, *, own_server: bool) -> Nameservers:
    """resolv.conf(5): the last `search` and all `nameserver` and `options` lines count."""
    words = [line.split() for line in text.splitlines() if line.strip() and line[0] not in "#;"]
    servers = [w[1] for w in words if w[0] == "nameserver" and len(w) > 1]
    search = [w[1:] for w in words if w[0] == "search"]
    options = [option for w in words if w[0] == "options" for option in w[1:]]
    return Nameservers(servers, search[-1] if search else [], options, own_server and "127.0.0.11" in servers)


def published(record: Container) -> list[Published]:
    return [Published(p.container_port, p.protocol, p.host_ip, p.host_port) for p in record.published]


def network(subject: Subject) -> Network:
    """Raises OSError where the process has ended."""
    pid, owner = subject.pid, subject.network_owner
    there = _look_inside(pid)
    shared = os.stat(f"/proc/{pid}/ns/net").st_ino == os.stat("/proc/thread-self/ns/net").st_ino
    with Channel() as channel:
        here = {link.index: link for link in survey.look(channel).links}
    endpoints = {e.interface: e for e in owner.endpoints.values() if e.interface}
    names = {link.index: link.name for link in there.links}
    return Network(
        shown_by=[f"nsenter -t {pid} -n ip addr", f"/proc/{pid}/net"],
        mode=subject.record.spec.host.network_mode,
        shares_host=shared,
        owner=owner.name if owner.id != subject.record.id else "",
        interfaces=interfaces(there, here, endpoints, shared=shared),
        routes=[
            Route(r.destination, r.gateway, names.get(r.interface, ""), r.metric, r.kind)
            for r in there.routes
        ],
        published=published(owner),
        dns=parse_resolv(
            own_file(pid, "etc/resolv.conf"), own_server=subject.parts.networks.own_server(owner)
        ),
    )


def recorded(subject: Subject) -> Network:
    """What is known of a container that does not run: the networks it will be on, the ports it asked for."""
    host, owner = subject.record.spec.host, subject.network_owner
    waiting = [
        Interface(0, "", "", False, 0, e.request.mac or "", [], 0, "", "", e.network_name, e.network_id)
        for e in subject.record.endpoints.values()
    ]
    asked = [Published(p.container_port, p.protocol, p.host_ip, p.host_port) for p in host.ports]
    return Network(
        ["hythe inspect"], host.network_mode, host.network_mode == "host",
        owner.name if owner.id != subject.record.id else "", waiting, [], asked, None,
    )  # fmt: skip
