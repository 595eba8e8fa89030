"""A node in namespaces: a host with a bridge of pods, a neighbour on its LAN, and a proxy fed from memory.

neighbour 198.18.0.2 ---- lan0 198.18.0.1  "host": the test's own thread is in it
                                             |-- br0 10.240.0.1/24 -- pods 10.240.0.2 ...
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hythe.base.ids import new_id
from hythe.kernel.namespaces import CLONE_NEWNET, setns, unshare
from hythe.kube.client.resources import ENDPOINT_SLICES, SERVICES
from tests.kube_double import MemoryApi
from tests.system.kube.containerd import containerd
from tests.system.kube.hythe_cri import hythe_cri
from tests.system.network.conftest import HOST, NEIGHBOUR, Space, ip, new_space

NODE = "here"
PODS = "10.240.0.0/24"
CLUSTER_PODS = "10.240.0.0/16"
SERVICE_RANGE = "10.96.0.0/16"
GATEWAY = "10.240.0.1"


@dataclass
class Node:
    """The world of one test."""

    host: Space
    neighbour: Space
    instance: str
    stack: ExitStack

    def pod(self, number: int, *ports: int, udp: tuple[int, ...] = ()) -> Space:
        """A namespace at 10.240.0.NUMBER that answers on these ports with its name and who it sees."""
        made = new_space(f"pod{number}")
        self.stack.callback(made.end)
        cable = f"v{number}"
        ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(made.pid))
        ip("link", "set", cable, "master", "br0", "up")
        ip("link", "set", cable, "type", "bridge_slave", "hairpin", "on")
        made.run("ip", "link", "set", "lo", "up")
        made.run("ip", "addr", "add", f"10.240.0.{number}/24", "dev", "eth0")
        made.run("ip", "link", "set", "eth0", "up")
        made.run("ip", "route", "add", "default", "via", GATEWAY)
        for port in ports:
            made.serve(port)
        for port in udp:
            made.serve(port, udp=True)
        return made


@pytest.fixture
def node() -> Iterator[Node]:
    if os.geteuid() != 0:
        pytest.fail("these tests need root: run them with sudo make test")
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    with ExitStack() as stack:
        stack.callback(os.close, home)
        stack.callback(setns, home, CLONE_NEWNET)
        unshare(CLONE_NEWNET)
        host = Space(0, os.open("/proc/thread-self/ns/net", os.O_RDONLY), "host")
        stack.callback(os.close, host.descriptor)
        neighbour = new_space("neighbour")
        stack.callback(neighbour.end)
        ip("link", "set", "lo", "up")
        ip("link", "add", "lan0", "type", "veth", "peer", "name", "eth0", "netns", str(neighbour.pid))
        ip("addr", "add", f"{HOST}/24", "dev", "lan0")
        ip("link", "set", "lan0", "up")
        neighbour.run("ip", "link", "set", "lo", "up")
        neighbour.run("ip", "addr", "add", f"{NEIGHBOUR}/24", "dev", "eth0")
        neighbour.run("ip", "link", "set", "eth0", "up")
        neighbour.run("ip", "route", "add", SERVICE_RANGE, "via", HOST)
        ip("link", "add", "br0", "type", "bridge")
        ip("addr", "add", f"{GATEWAY}/24", "dev", "br0")
        ip("link", "set", "br0", "up")
        host.sysctl("net/ipv4/conf/br0/route_localnet", "1")
        yield Node(host, neighbour, new_id()[:12], stack)


def put_service(api: MemoryApi, name: str, address: str, **spec: Any) -> None:
    ports = spec.pop("ports", [{"name": "p", "port": 80, "protocol": "TCP"}])
    body = {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"clusterIP": address, "clusterIPs": [address], "ports": ports, **spec},
    }
    if "ingress" in spec:
        body["status"] = {"loadBalancer": {"ingress": [{"ip": each} for each in spec.pop("ingress")]}}
        body["spec"].pop("ingress")
    api.put(SERVICES, body)


def put_endpoints(
    api: MemoryApi,
    service: str,
    *found: Any,
    port: int = 80,
    protocol: str = "TCP",
    part: str = "1",
    name: str = "p",
) -> None:
    """`found`: numbers of pods that are ready here, or whole endpoints."""
    endpoints = [
        {"addresses": [f"10.240.0.{each}"], "nodeName": NODE, "conditions": {"ready": True}}
        if isinstance(each, int)
        else each
        for each in found
    ]
    labels = {"kubernetes.io/service-name": service}
    api.put(
        ENDPOINT_SLICES,
        {
            "metadata": {"name": f"{service}-{part}", "namespace": "shop", "labels": labels},
            "addressType": "IPv4",
            "ports": [{"name": name, "port": port, "protocol": protocol}],
            "endpoints": endpoints,
        },
    )


RUNTIMES = {"containerd": containerd, "hythe": hythe_cri}


@pytest.fixture(scope="module", params=["hythe", pytest.param("containerd", marks=pytest.mark.slow)])
def cri(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A runtime's address; the test's own thread is in the network namespace from which its pods are reached."""
    with _in_a_network(request.param, tmp_path_factory.mktemp("cri")) as address:
        yield address


@pytest.fixture(scope="module")
def containerd_cri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same of containerd alone, for a test that is always run."""
    with _in_a_network("containerd", tmp_path_factory.mktemp("cri")) as address:
        yield address


@contextmanager
def _in_a_network(runtime: str, root: Path) -> Iterator[str]:
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        unshare(CLONE_NEWNET)
        ip("link", "set", "lo", "up")
        with RUNTIMES[runtime](root) as address:
            yield address
    finally:
        setns(home, CLONE_NEWNET)
        os.close(home)
