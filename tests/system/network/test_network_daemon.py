"""The daemon's own life: started twice, killed at any moment, shut down; and how long things take."""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hythe.errors import Conflict, Denied, InvalidArgument, NotFound, Unsupported
from hythe.network.manager import Manager
from hythe.network.model import NetworkRequest, PortRequest
from hythe.store.database import Database

if TYPE_CHECKING:
    from tests.system.network.conftest import Lab

pytestmark = pytest.mark.root
HOST = "198.18.0.1"


def left_behind() -> str:
    """What of hythe is in the namespace: interfaces, routes, the packet filter."""
    shown = [
        subprocess.run(command.split(), capture_output=True, text=True, check=True).stdout
        for command in ("ip -o link", "ip route show type unreachable", "nft list ruleset")
    ]
    return "\n".join(
        line for text in shown for line in text.splitlines() if "lo:" not in line and "lan0" not in line
    )


def test_shutdown_leaves_nothing_and_networks_come_back(lab: Lab) -> None:
    manager = lab.manager()
    made = manager.create(NetworkRequest("web", labels={"a": "b"}))
    space, endpoint = lab.container(manager, "web", "a")
    manager.publish("id-a", [PortRequest(80, "tcp", "", 8080)])
    space.end()
    manager.unpublish("id-a")
    manager.detach(endpoint.network_id, "id-a")
    manager.shutdown(remove_all=True)
    assert left_behind() == ""
    again = lab.manager()
    assert again.get("web") == made
    _, at_b = lab.container(again, "web", "b")
    assert lab.host.reaches(at_b.ipv4, 80)


def test_two_daemons_on_one_host_do_not_meet(lab: Lab) -> None:
    one = lab.manager()
    other = Manager(Database(lab.folder / "other.db"), "feedbeef")
    other.startup()
    try:
        a, _ = lab.container(one, "bridge", "a")
        b, at_b = lab.container(other, "bridge", "b")
        assert one.get("bridge").subnet != other.get("bridge").subnet
        assert a.cannot_reach(at_b.ipv4, 80)
        other.publish("id-b", [PortRequest(80, "tcp", "", 8080)])
        assert a.ask(HOST, 8080).startswith("b sees")
        one.publish("id-a", [PortRequest(80, "tcp", "", 8081)])
        assert b.ask(HOST, 8081).startswith("a sees")
    finally:
        other.shutdown(remove_all=True)


def test_a_killed_daemon_is_succeeded(lab: Lab) -> None:
    """The containers run on; the next daemon adopts the living, ports included, and removes the dead."""
    alive, dead = lab.space("alive"), lab.space("dead")
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        manager = Manager(Database(lab.folder / "state.db"), lab.instance)
        manager.startup()
        network = manager.create(NetworkRequest("web"))
        for number, space in enumerate((alive, dead)):
            manager.attach(
                network.id, space.name, space.name, space.pid, index=0, default_route=True, names=[space.name]
            )
            manager.publish(space.name, [PortRequest(80, "tcp", "", 8080 + number)])
        os.write(writer, b"x")
        signal.pause()
    os.read(reader, 1)
    alive.serve(80)
    with lab.neighbour.open() as connection:
        connection.connect((HOST, 8080))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert lab.neighbour.ask(HOST, 8080).startswith("alive sees")
        dead.end()
        manager = lab.manager()
        manager.reconcile({"alive": alive.pid})
        connection.send(b"who")
        assert connection.recv(100).startswith(b"alive sees")
    assert lab.neighbour.ask(HOST, 8080).startswith("alive sees")
    assert lab.host.ask("::1", 8080).startswith("alive sees")
    with lab.host.open() as own, pytest.raises(OSError, match="in use"):
        own.bind(("127.0.0.1", 8080))
    with lab.host.open() as own:
        own.bind(("127.0.0.1", 8081))
    assert [e.container_id for e in manager.endpoints(manager.get("web").id)] == ["alive"]
    answer = manager.lookup("alive", "alive", 1)
    assert answer is not None and len(answer.addresses) == 1
    os.close(reader)
    os.close(writer)


def test_a_plug_that_fails_leaves_nothing(lab: Lab) -> None:
    manager = lab.manager()
    space, endpoint = lab.container(manager, "bridge", "a")
    before = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    manager.create(NetworkRequest("web"))
    with pytest.raises(Exception, match=r"File exists"):
        manager.attach(
            manager.get("web").id, "id-a", "a", space.pid, index=0, default_route=False, names=["a"]
        )
    manager.remove("web")
    after = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[1] for line in after.splitlines()] == [
        line.split()[1] for line in before.splitlines()
    ]
    assert manager.endpoints(endpoint.network_id) == [endpoint]


def test_networks_that_cannot_be(lab: Lab) -> None:
    manager = lab.manager()
    _, endpoint = lab.container(manager, "bridge", "a")
    manager.create(
        NetworkRequest("web", subnet="10.77.0.0/24", gateway="10.77.0.9", ip_range="10.77.0.128/25")
    )
    space = lab.space("b")
    made = manager.attach(manager.get("web").id, "b", "b", space.pid, index=0, default_route=True, names=[])
    assert (made.ipv4, made.gateway) == ("10.77.0.128", "10.77.0.9")
    refused: list[tuple[type[Exception], NetworkRequest]] = [
        (Conflict, NetworkRequest("web")),
        (Denied, NetworkRequest("bridge")),
        (Denied, NetworkRequest("h", driver="host")),
        (NotFound, NetworkRequest("m", driver="macvlan")),
        (InvalidArgument, NetworkRequest("six", subnet6="fd00:9::/64")),
        (InvalidArgument, NetworkRequest("six", enable_ipv6=True, subnet6="fd00:9::1/64")),
        (Unsupported, NetworkRequest("o", options={"com.docker.network.bridge.name": "x"})),
        (InvalidArgument, NetworkRequest("a ")),
        (InvalidArgument, NetworkRequest("a/b")),
        (InvalidArgument, NetworkRequest("s", subnet="10.9.0.1/24")),
        (InvalidArgument, NetworkRequest("g", subnet="10.9.0.0/24", gateway="10.8.0.1")),
        (Conflict, NetworkRequest("lan", subnet="198.18.0.0/25")),
        (Conflict, NetworkRequest("own", subnet="10.77.0.0/16")),
    ]
    for problem, request in refused:
        with pytest.raises(problem):
            manager.create(request)
    with pytest.raises(Conflict, match="active endpoints"):
        manager.remove("web")
    with pytest.raises(Denied):
        manager.remove("bridge")
    with pytest.raises(NotFound):
        manager.remove("nothing")
    with pytest.raises(Conflict):
        other = lab.space("c")
        manager.attach(
            "bridge", "c", "c", other.pid, index=0, default_route=True, names=[], ipv4=endpoint.ipv4
        )


def test_how_long_it_takes(lab: Lab) -> None:
    manager = lab.manager()
    spaces = [lab.space(str(number)) for number in range(30)]
    attach, publish = [], []
    for number, space in enumerate(spaces):
        begin = time.perf_counter()
        manager.attach("bridge", space.name, space.name, space.pid, index=0, default_route=True, names=[])
        middle = time.perf_counter()
        manager.publish(space.name, [PortRequest(80, "tcp", "", 7000 + number)])
        attach.append(middle - begin)
        publish.append(time.perf_counter() - middle)
    print(
        f"attach {statistics.median(attach) * 1e3:.2f} ms, publish {statistics.median(publish) * 1e3:.2f} ms"
    )
    begin = time.perf_counter()
    first, last = spaces[0], manager.endpoints(manager.get("bridge").id)[-1]
    with first.open(socket.SOCK_DGRAM) as own:
        own.connect((last.ipv4, 9))
        own.send(b"x")  # the cable carries from the first moment: the answer is a refusal, not silence
        with pytest.raises(ConnectionRefusedError):
            own.recv(1)
    print(f"first packet {(time.perf_counter() - begin) * 1e3:.2f} ms")
    assert Path("/proc/sys/net/ipv4/ip_forward").read_text().strip() == "1"
