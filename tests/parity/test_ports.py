"""Published ports: where they answer, which are chosen, and what happens when one is taken."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.parity.serving import address, from_container, from_host, gateway, idle, serve
from tests.targets import Result, Target, in_network_of
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

UDP_SERVER = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", 53)); print("ready", flush=True)
while True:
    data, peer = s.recvfrom(100); s.sendto(data.upper(), peer)
"""
UDP_CLIENT = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3)
s.sendto(b"ping", ("127.0.0.1", int(sys.argv[1]))); print(s.recv(100).decode())
"""
HOLDER = """
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1], flush=True); sys.stdin.read()
"""


def port_of(target: Target, name: str, inside: str = "80/tcp") -> int:
    """The host's port that leads to the container's."""
    return int(target.inspect(name)["NetworkSettings"]["Ports"][inside][0]["HostPort"])


@contextmanager
def python_in_network(pid: int, script: str) -> Iterator[str]:
    """A script of the host that runs in the network namespace of `pid`; its first line of output."""
    command = ["nsenter", f"--net=/proc/{pid}/ns/net", sys.executable, "-c", script]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


@contextmanager
def taken_port(target: Target) -> Iterator[int]:
    """A port of the daemon's loopback on which another program listens."""
    with python_in_network(target.pid, HOLDER) as line:
        yield int(line)


def test_loopback_only_answers_on_loopback_only(target: Target) -> None:
    serve(target, "web", "-p", "127.0.0.1::80")
    port = port_of(target, "web")
    assert target.docker("port", "web", "80").out == f"127.0.0.1:{port}\n"
    assert from_host(target, f"http://127.0.0.1:{port}/").out == "hello\n"
    assert from_host(target, f"http://{gateway(target)}:{port}/").code != 0
    idle(target, "asker")
    assert from_container(target, "asker", f"http://{gateway(target)}:{port}/", 1).code != 0


def test_every_address_answers(target: Target) -> None:
    serve(target, "web", "-p", "80")
    port = port_of(target, "web")
    assert f"0.0.0.0:{port}" in target.docker("port", "web", "80/tcp").out.split()
    assert from_host(target, f"http://127.0.0.1:{port}/").out == "hello\n"
    assert from_host(target, f"http://{gateway(target)}:{port}/").out == "hello\n"
    idle(target, "asker")
    for client in ("asker", "web"):  # a container reaches itself through the published port, too
        assert from_container(target, client, f"http://{gateway(target)}:{port}/").out == "hello\n", client


def test_a_port_on_a_network_of_the_user(target: Target) -> None:
    target.docker("network", "create", "net")
    serve(target, "web", "--network", "net", "-p", "127.0.0.1::80/tcp")
    assert from_host(target, f"http://127.0.0.1:{port_of(target, 'web')}/").out == "hello\n"
    assert f"127.0.0.1:{port_of(target, 'web')}->80/tcp" in target.docker("ps", "--format", "{{.Ports}}").out


def test_udp(target: Target) -> None:
    idle(target, "echo", "-p", "127.0.0.1::53/udp")
    port = port_of(target, "echo", "53/udp")
    with python_in_network(target.inspect("echo")["State"]["Pid"], UDP_SERVER) as line:
        assert line == "ready"
        for _ in range(2):
            assert target.in_network(sys.executable, "-c", UDP_CLIENT, str(port)).out == "PING\n"


def test_ranges(target: Target) -> None:
    one_of = ["-p", "127.0.0.1:35000-35005:80"]
    serve(target, "first", *one_of, text="first")
    serve(target, "second", *one_of, text="second")
    ports = [port_of(target, name) for name in ("first", "second")]
    assert len({*ports}) == 2 and all(35000 <= port <= 35005 for port in ports)
    for name, port in zip(("first", "second"), ports, strict=True):
        assert from_host(target, f"http://127.0.0.1:{port}/").out == f"{name}\n"
    idle(target, "paired", "-p", "127.0.0.1:35020-35022:80-82")
    assert [port_of(target, "paired", f"{inside}/tcp") for inside in (80, 81, 82)] == [35020, 35021, 35022]


def test_all_exposed_ports(target: Target) -> None:
    idle(target, "exposed", "-P", "--expose", "80", "--expose", "53/udp")
    ports = target.inspect("exposed")["NetworkSettings"]["Ports"]
    assert set(ports) == {"80/tcp", "53/udp"} and all(ports.values())
    idle(target, "closed", "--expose", "80")
    assert target.inspect("closed")["NetworkSettings"]["Ports"] == {"80/tcp": None}


def is_refused(target: Target, port: int) -> Result:
    """A container that wants the port is made, but does not run."""
    done = target.docker(
        "run", "-d", "--name", "late", "-p", f"127.0.0.1:{port}:80", "busybox", "sleep", "100"
    )
    assert done.code == 125
    assert target.inspect("late")["State"]["Status"] == "created"
    return done


def test_a_port_held_by_a_container(target: Target) -> None:
    serve(target, "web", "-p", "127.0.0.1::80")
    port = port_of(target, "web")
    done = is_refused(target, port)
    assert str(port) in done.err and "already" in done.err
    if target.name == "hythe":  # ANCHORS, "The first five minutes": the holder and a free port are named
        assert "web" in done.err
    assert from_host(target, f"http://127.0.0.1:{port}/").out == "hello\n"
    target.docker("rm", "-f", "web")
    assert target.docker("start", "late").code == 0
    assert port_of(target, "late") == port


def test_a_port_held_by_another_program(target: Target) -> None:
    with taken_port(target) as port:
        done = is_refused(target, port)
        assert str(port) in done.err and "already" in done.err
        if target.name == "hythe":
            assert "python" in done.err
    assert target.docker("start", "late").code == 0


def test_one_taken_port_publishes_none(target: Target) -> None:
    with taken_port(target) as port:
        both = ["-p", "127.0.0.1:35030:80", "-p", f"127.0.0.1:{port}:81"]
        assert target.docker("run", "-d", "--name", "both", *both, "busybox", "sleep", "100").code == 125
        idle(target, "free", "-p", "127.0.0.1:35030:80")
    assert in_network_of(target.pid, "ip", "-br", "addr").out.count(gateway(target)) == 1


def test_a_port_closes_with_its_container_and_opens_again(target: Target) -> None:
    serve(target, "web", "-p", "127.0.0.1:35040:80")
    url = "http://127.0.0.1:35040/"
    assert target.docker("stop", "-t", "0", "web").code == 0
    assert "refused" in from_host(target, url).err
    assert target.docker("start", "web").code == 0
    wait_until(lambda: from_host(target, url).out == "hello\n")
    target.docker("rm", "-f", "web")
    serve(target, "next", "-p", "127.0.0.1:35040:80", text="next")
    assert from_host(target, url).out == "next\n"
    assert address(target, "next")
