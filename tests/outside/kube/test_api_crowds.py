"""Clients that are slow, many, or gone: the others do not notice."""

from __future__ import annotations

import gzip
import json
import socket
import time
from http.client import HTTPConnection
from pathlib import Path

from tests.outside.kube.api import Api, config_map
from tests.outside.kube.server import Server
from tests.waiting import PATIENCE, wait_until

BIG = "x" * 200_000
MB = 1024 * 1024


def _resident(server: Server) -> int:
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024


def test_a_watcher_that_does_not_read_costs_no_memory_and_no_time(
    server: Server, api: Api, room: str
) -> None:
    lazy = []
    for _ in range(20):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(api.path))
        connection.sendall(f"GET {room}/configmaps?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        lazy.append(connection)
    try:
        before = _resident(server)
        longest = 0.0
        for index in range(60):
            began = time.monotonic()
            api.ok("POST", f"{room}/configmaps", {**config_map(f"c{index}"), "data": {"a": BIG}})
            longest = max(longest, time.monotonic() - began)
        grown = _resident(server) - before
        assert longest < 5 * PATIENCE
        assert grown < 100 * MB, f"{grown // MB} MiB for 12 MB of changes and 20 watchers"
    finally:
        for connection in lazy:
            connection.close()


def test_watches_end_with_their_clients(server: Server, api: Api, room: str) -> None:
    def watching() -> int:
        said = api("GET", "/metrics").body.decode()
        mark = 'apiserver_longrunning_requests{verb="watch",resource="configmaps"} '
        return int(said.partition(mark)[2].partition("\n")[0] or 0)

    before = watching()
    held = []
    for _ in range(30):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(api.path))
        connection.sendall(f"GET {room}/configmaps?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        held.append(connection)
    wait_until(lambda: watching() == before + 30, 20)
    for connection in held:
        connection.close()
    wait_until(lambda: watching() == before, 20)


def test_a_head_that_never_ends_holds_nobody_up(api: Api, room: str) -> None:
    stuck = []
    for _ in range(50):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(api.path))
        connection.sendall(b"POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n")
        stuck.append(connection)
    try:
        api.ok("POST", f"{room}/configmaps", config_map("one"))
    finally:
        for connection in stuck:
            connection.close()


def test_large_answers_are_compressed_for_who_takes_that(api: Api, room: str) -> None:
    for index in range(3):
        api.ok("POST", f"{room}/configmaps", {**config_map(f"c{index}"), "data": {"a": BIG}})
    plain = api("GET", f"{room}/configmaps")
    assert "content-encoding" not in plain.headers
    packed = api("GET", f"{room}/configmaps", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.body)) == plain.body
    assert len(packed.body) < 20_000


def test_a_client_that_hangs_up_in_the_middle_of_a_body(api: Api, room: str) -> None:
    class Cut(HTTPConnection):
        def connect(self) -> None:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(str(api.path))

    connection = Cut("localhost")
    connection.putrequest("POST", f"{room}/configmaps")
    connection.putheader("Content-Length", "1000")
    connection.putheader("Content-Type", "application/json")
    connection.endheaders()
    connection.send(b'{"metadata":{"name":"cut"}')
    connection.close()
    time.sleep(0.2)
    assert api("GET", f"{room}/configmaps/cut").code == 404
