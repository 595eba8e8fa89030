"""Host ports: really taken, refused with the holder's name, chosen, in ranges, all or nothing."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from hythe.errors import Conflict, InvalidArgument, Unsupported
from hythe.network.model import PortRequest

if TYPE_CHECKING:
    from tests.system.network.conftest import Lab

pytestmark = pytest.mark.root


def test_a_published_port_is_taken_for_everybody_else(lab: Lab) -> None:
    manager = lab.manager()
    lab.container(manager, "bridge", "web")
    lab.container(manager, "bridge", "second")
    manager.publish("id-web", [PortRequest(80, "tcp", "", 8080), PortRequest(80, "udp", "", 8080)])
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with lab.host.open(kind) as own, pytest.raises(OSError, match="in use"):
            own.bind(("127.0.0.1", 8080))
    with pytest.raises(Conflict, match="port is already allocated by container web") as caught:
        manager.publish("id-second", [PortRequest(80, "tcp", "", 8080)])
    assert caught.value.hint == "port 8081 is free: -p 8081:80"
    manager.unpublish("id-web")
    manager.publish("id-second", [PortRequest(80, "tcp", "", 8080)])


def test_the_process_that_holds_a_port_is_named(lab: Lab) -> None:
    manager = lab.manager()
    lab.container(manager, "bridge", "web")
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        own = socket.socket()
        own.bind(("0.0.0.0", 8090))
        own.listen()
        os.write(writer, b"x")
        os.read(os.pipe()[0], 1)
    try:
        os.read(reader, 1)
        with pytest.raises(Conflict, match=rf"8090 failed: port is already allocated by .*, process {pid}"):
            manager.publish("id-web", [PortRequest(80, "tcp", "", 8091), PortRequest(80, "tcp", "", 8090)])
        # All or nothing: the first of the two was given back.
        manager.publish("id-web", [PortRequest(80, "tcp", "", 8091)])
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(reader)
        os.close(writer)


def test_random_ports_and_ranges(lab: Lab) -> None:
    manager = lab.manager()
    lab.container(manager, "bridge", "a")
    lab.container(manager, "bridge", "b")
    (random,) = manager.publish("id-a", [PortRequest(80)])
    assert 32768 <= random.host_port <= 60999
    assert lab.neighbour.ask("198.18.0.1", random.host_port).startswith("a sees")
    requests = [PortRequest(80, "tcp", "", 9000, 9002)]
    assert manager.publish("id-a", requests)[0].host_port == 9000
    assert manager.publish("id-b", requests)[0].host_port == 9001
    assert lab.neighbour.ask("198.18.0.1", 9001).startswith("b sees")


def test_what_cannot_be_published_is_refused(lab: Lab) -> None:
    manager = lab.manager()
    lab.container(manager, "bridge", "a")
    for request, problem in (
        (PortRequest(80, "sctp", "", 80), Unsupported),
        (PortRequest(0, "tcp", "", 80), InvalidArgument),
        (PortRequest(80, "tcp", "", 70000), InvalidArgument),
        (PortRequest(80, "tcp", "203.0.113.9", 80), InvalidArgument),
        (PortRequest(80, "tcp", "example", 80), InvalidArgument),
        (PortRequest(80, "udp", "::1", 80), Unsupported),
    ):
        with pytest.raises(problem):
            manager.publish("id-a", [request])
    assert manager.publish("id-a", [PortRequest(80, "tcp", "", 8088)])


def test_a_restarted_container_gets_its_port_again_at_once(lab: Lab) -> None:
    manager = lab.manager()
    for round_ in range(3):
        space, endpoint = lab.container(manager, "bridge", "a")
        manager.publish("id-a", [PortRequest(80, "tcp", "", 8080), PortRequest(80, "udp", "", 8080)])
        assert lab.host.ask("127.0.0.1", 8080).startswith("a sees"), round_
        assert lab.neighbour.ask("198.18.0.1", 8080, udp=True).startswith("a sees"), round_
        space.end()
        manager.unpublish("id-a")
        manager.detach(endpoint.network_id, "id-a")


def test_udp_from_one_client_port_follows_the_container(lab: Lab) -> None:
    """A client that keeps sending from one port is not held to the address of the container before."""
    manager = lab.manager()
    with lab.neighbour.open(socket.SOCK_DGRAM) as client:
        client.connect(("198.18.0.1", 8080))
        for name in ("a", "b"):
            _, endpoint = lab.container(manager, "bridge", name)
            manager.publish(f"id-{name}", [PortRequest(80, "udp", "", 8080)])
            client.send(b"who")
            assert client.recv(100).startswith(name.encode() + b" sees")
            manager.unpublish(f"id-{name}")
            manager.detach(endpoint.network_id, f"id-{name}")
