"""A small world for the network tests: a host, a neighbour on its LAN, and containers, all namespaces.

    neighbour 198.18.0.2 ---- lan0 198.18.0.1  "host": the test's own thread is in it
                                                 |-- bridges of the Manager under test -- containers

The machine's own namespace is never touched. Sockets are real; they are made while the thread is inside a
namespace and stay in it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from hythe.base.ids import new_id
from hythe.kernel.namespaces import CLONE_NEWNET, setns, unshare
from hythe.kernel.netlink.namespace import inside, open_namespace
from hythe.network.manager import Manager
from hythe.network.model import EndpointRecord
from hythe.store.database import Database
from tests.waiting import PATIENCE

HOST, NEIGHBOUR = "198.18.0.1", "198.18.0.2"
PATIENT = 10.0 * PATIENCE
"""A first packet may be lost while a new interface comes up, and TCP sends the next a second later."""
SHORT = 1.0 * PATIENCE
"""What is not answered at all is waited for as long as this."""


def ip(*arguments: str) -> str:
    """iproute2, as the peer that sets up and looks on."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True)
    return done.stdout


@dataclass
class Space:
    """A network namespace held by a sleeping process."""

    pid: int
    descriptor: int
    name: str = ""

    def end(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.descriptor)
            self.pid = 0

    def open(self, kind: int = socket.SOCK_STREAM, family: int = socket.AF_INET) -> socket.socket:
        with inside(self.descriptor):
            made = socket.socket(family, kind)
        made.settimeout(PATIENT)
        return made

    def serve(self, port: int, *, address: str = "", udp: bool = False) -> None:
        """Answer everyone with "NAME sees ADDRESS", on threads, until the socket's namespace ends."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = self.open(socket.SOCK_DGRAM if udp else socket.SOCK_STREAM, family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.settimeout(None)
        if udp:
            threading.Thread(target=self._serve_udp, args=(listener,), daemon=True).start()
        else:
            listener.listen()
            threading.Thread(target=self._serve_tcp, args=(listener,), daemon=True).start()

    def _serve_tcp(self, listener: socket.socket) -> None:
        while True:
            client, peer = listener.accept()
            threading.Thread(target=self._answer, args=(client, peer[0]), daemon=True).start()

    def _answer(self, client: socket.socket, peer: str) -> None:
        with client:
            while data := client.recv(65536):
                client.sendall(f"{self.name} sees {peer}".encode() if data == b"who" else data)

    def _serve_udp(self, listener: socket.socket) -> None:
        while True:
            _, peer = listener.recvfrom(100)
            listener.sendto(f"{self.name} sees {peer[0]}".encode(), peer)

    def ask(self, address: str, port: int, *, udp: bool = False, within: float = PATIENT) -> str:
        """What the server there says to one in this namespace; raises OSError if it cannot be reached."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.open(socket.SOCK_DGRAM if udp else socket.SOCK_STREAM, family) as own:
            own.settimeout(within)
            own.connect((address, port))
            own.send(b"who")
            return own.recv(100).decode()

    def reaches(self, address: str, port: int, *, udp: bool = False) -> bool:
        try:
            return bool(self.ask(address, port, udp=udp))
        except OSError:
            return False

    def cannot_reach(self, address: str, port: int, *, udp: bool = False) -> bool:
        try:
            self.ask(address, port, udp=udp, within=SHORT)
        except OSError:
            return True
        return False

    def sysctl(self, name: str, value: str) -> None:
        with inside(self.descriptor):
            Path("/proc/sys", name).write_text(value)

    def run(self, *command: str) -> str:
        with inside(self.descriptor):
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def new_space(name: str) -> Space:
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        unshare(CLONE_NEWNET)
        os.write(tell, b"x")
        while True:
            signal.pause()
    os.read(ready, 1)
    os.close(ready)
    os.close(tell)
    return Space(pid, open_namespace(pid), name)


@dataclass
class Lab:
    """The world of one test."""

    host: Space
    neighbour: Space
    folder: Path
    instance: str
    stack: ExitStack

    def manager(self) -> Manager:
        """A started manager over the test's database; `shutdown` is up to the test, or done at the end."""
        manager = Manager(Database(self.folder / "state.db"), self.instance)
        manager.startup()
        self.stack.callback(manager.shutdown, remove_all=True)
        return manager

    def eventually(self, check: Callable[[], bool], seconds: float = 5.0) -> bool:
        """Whether `check` comes true in time; for what another program or thread does in its own."""
        end = time.monotonic() + seconds * PATIENCE
        while not check():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def space(self, name: str) -> Space:
        made = new_space(name)
        self.stack.callback(made.end)
        return made

    def container(
        self, manager: Manager, network: str, name: str, *names: str
    ) -> tuple[Space, EndpointRecord]:
        """A namespace plugged into a network, with a server on tcp and udp 80; its id is "id-NAME"."""
        made = self.space(name)
        endpoint = manager.attach(
            manager.get(network).id,
            f"id-{name}",
            name,
            made.pid,
            index=0,
            default_route=True,
            names=[name, *names],
        )
        made.serve(80)
        made.serve(80, udp=True)
        return made, endpoint


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    if os.geteuid() != 0:
        pytest.fail("these tests need root: run them with make test-system")
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
        ip("route", "add", "default", "via", NEIGHBOUR)
        neighbour.run("ip", "link", "set", "lo", "up")
        neighbour.run("ip", "addr", "add", f"{NEIGHBOUR}/24", "dev", "eth0")
        neighbour.run("ip", "link", "set", "eth0", "up")
        neighbour.serve(7)
        yield Lab(host, neighbour, tmp_path, new_id()[:12], stack)
