"""Exec, attach and port-forward through the streaming server, in everything that Kubernetes' clients speak."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import grpc
import pytest
from cri_api.v1 import api_pb2 as cri

from hythe.wire import spdy as framing
from tests.cri import Client, Pod, code_of, words
from tests.outside.cri.spdy import spdy_client
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.root

ECHO = "while true; do nc -l -p 9000 -e cat; done"
V4, V5 = "v4.channel.k8s.io", "v5.channel.k8s.io"


@pytest.fixture
def pod(client: Client) -> Pod:
    return client.pod()


@pytest.fixture
def container(client: Client, pod: Pod) -> str:
    return client.run(pod, "sleep", "1000")


def exec_url(client: Client, id: str, *command: str, stdin: bool = True, tty: bool = False) -> str:
    request = cri.ExecRequest(container_id=id, cmd=command, stdin=stdin, stdout=True, stderr=not tty, tty=tty)
    return str(client.runtime.Exec(request).url)


def forward_url(client: Client, pod: Pod, *ports: int) -> str:
    return str(client.runtime.PortForward(cri.PortForwardRequest(pod_sandbox_id=pod.id, port=ports)).url)


def listens(client: Client, id: str, port: int) -> None:
    """Wait until somebody does, in the container's network."""
    wait_until(
        lambda: f":{port:04X} 00000000" in client.exec(id, "cat", "/proc/net/tcp", "/proc/net/tcp6")[1]
    )


def run_web(client: Client, pod: Pod) -> None:
    id = client.run(pod, *words("echo page > /tmp/x", "exec httpd -f -p 8000 -h /tmp"), name="web")
    listens(client, id, 8000)


class Channels:
    """What came on each channel of a WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket, self.received = socket, dict[int, bytes]()

    async def send(self, channel: int, data: bytes) -> None:
        await self.socket.send_bytes(bytes([channel]) + data)

    async def read(self) -> bool:
        """One message; False at the end."""
        message = await self.socket.receive(20 * PATIENCE)
        if message.type is not aiohttp.WSMsgType.BINARY:
            return False
        self.received[message.data[0]] = self.received.get(message.data[0], b"") + message.data[1:]
        return True

    async def until(self, channel: int, text: bytes) -> None:
        while text not in self.received.get(channel, b""):
            assert await self.read(), self.received

    async def rest(self) -> dict[int, bytes]:
        while await self.read():
            pass
        return self.received

    @property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.received[3])
        return found


async def opened(session: aiohttp.ClientSession, url: str, *protocols: str) -> Channels:
    return Channels(await session.ws_connect(url, protocols=protocols))


# ---- WebSocket ------------------------------------------------------------------------------------


async def test_streams_apart_and_an_exit_code(client: Client, container: str) -> None:
    url = exec_url(client, container, *words("cat", "echo problem >&2", "exit 9"))
    async with aiohttp.ClientSession() as session:
        channels = await opened(session, url, V5)
        assert channels.socket.protocol == V5
        await channels.send(0, b"through\n")
        await channels.send(255, b"\0")
        received = await channels.rest()
        assert (received[1], received[2]) == (b"through\n", b"problem\n")
        assert channels.status["details"]["causes"] == [{"reason": "ExitCode", "message": "9"}]
        assert channels.socket.close_code == 1000


async def test_success_without_a_protocol_is_silent(client: Client, container: str) -> None:
    url = exec_url(client, container, "echo", "hello", stdin=False)
    async with aiohttp.ClientSession() as session:
        channels = await opened(session, url)
        assert await channels.rest() == {1: b"hello\n"}


async def test_a_terminal_and_its_size(client: Client, container: str) -> None:
    url = exec_url(client, container, "sh", tty=True)
    async with aiohttp.ClientSession() as session:
        channels = await opened(session, url, V4)
        await channels.send(4, b'{"Width":91,"Height":17}')
        await channels.send(0, b"stty size\n")
        await channels.until(1, b"17 91")
        await channels.send(0, b"exit\n")
        await channels.rest()
        assert channels.status["status"] == "Success" and 2 not in channels.received


async def test_a_program_that_is_not_there(client: Client, container: str) -> None:
    async with aiohttp.ClientSession() as session:
        channels = await opened(session, exec_url(client, container, "/nope"), V5)
        await channels.rest()
        assert channels.status["reason"] == "InternalError"
        assert "no such file or directory" in channels.status["message"]


async def test_whoever_leaves_a_terminal_ends_its_program(client: Client, container: str) -> None:
    url = exec_url(client, container, "sleep", "4321", tty=True)
    async with aiohttp.ClientSession() as session:
        channels = await opened(session, url, V4)
        await asyncio.to_thread(wait_until, lambda: "sleep 4321" in client.exec(container, "ps")[1])
        await channels.socket.close()
    await asyncio.to_thread(wait_until, lambda: "sleep 4321" not in client.exec(container, "ps")[1])


async def test_attach_with_input(client: Client, pod: Pod) -> None:
    id = client.run(
        pod, "sh", "-c", "while read x; do echo got $x; done", name="in", stdin=True, stdin_once=True
    )
    request = cri.AttachRequest(container_id=id, stdin=True, stdout=True, stderr=True)
    url = client.runtime.Attach(request).url
    async with aiohttp.ClientSession() as session:
        channels = await opened(session, url, V5)
        await channels.send(0, b"one\n")
        await channels.until(1, b"got one\n")
        await channels.send(255, b"\0")
        await channels.rest()
        assert channels.status["status"] == "Success"
    assert client.ended(id).exit_code == 0
    assert [text for _, _, _, text in client.lines(pod, "in")] == ["got one\n"]


async def test_ports_on_channels(client: Client, pod: Pod) -> None:
    id = client.run(pod, "sh", "-c", ECHO, name="echo")
    await asyncio.to_thread(listens, client, id, 9000)
    async with aiohttp.ClientSession() as session:
        channels = await opened(session, forward_url(client, pod, 9000, 9), V4)
        await channels.until(3, struct.pack("<H", 9))
        await channels.send(0, b"around")
        await channels.until(0, struct.pack("<H", 9000) + b"around")
        await channels.until(3, b"Connection refused")
        await channels.socket.close()


async def test_large_input_and_output(client: Client, container: str) -> None:
    """More than all buffers between the two ends."""
    url, data = exec_url(client, container, "cat"), bytes(range(256)) * 4096 * 8
    async with aiohttp.ClientSession() as session:
        channels = Channels(await session.ws_connect(url, protocols=[V5], max_msg_size=0))

        async def send() -> None:
            for start in range(0, len(data), 30000):
                await channels.send(0, data[start : start + 30000])
            await channels.send(255, b"\0")

        sending = asyncio.ensure_future(send())
        assert (await channels.rest())[1] == data
        await sending


# ---- SPDY -----------------------------------------------------------------------------------------


def test_exec_on_spdy(client: Client, container: str) -> None:
    url = exec_url(client, container, *words("cat", "echo problem >&2", "exit 4"))
    with spdy_client(url, V4, "v3.channel.k8s.io") as spdy:
        assert "101 Switching Protocols" in spdy.head and f"X-Stream-Protocol-Version: {V4}" in spdy.head
        error, stdin, stdout, stderr = (spdy.open(kind) for kind in ("error", "stdin", "stdout", "stderr"))
        spdy.write(framing.Framer.ping(77))
        spdy.send(stdin, b"through", last=True)
        spdy.until_ended(error, stdout, stderr)
        assert (spdy.received[stdout], spdy.received[stderr]) == (b"through", b"problem\n")
        assert json.loads(spdy.received[error])["details"]["causes"][0]["message"] == "4"
        assert spdy.pongs == [77]


def test_many_connections_to_a_port_on_spdy(client: Client, pod: Pod) -> None:
    run_web(client, pod)
    with spdy_client(forward_url(client, pod), "portforward.k8s.io") as spdy:
        for number in range(20):
            _, data = (spdy.open(kind, port="8000", requestid=str(number)) for kind in ("error", "data"))
            spdy.send(data, b"GET /x HTTP/1.0\r\n\r\n")
            spdy.until_ended(data)
            assert spdy.received[data].endswith(b"page\n"), (number, spdy.received[data])
        error = spdy.open("error", port="8001", requestid="no")
        spdy.open("data", port="8001", requestid="no")
        spdy.until_ended(error)
        assert b"localhost:8001" in spdy.received[error] and b"refused" in spdy.received[error]


async def test_the_tunnel_of_spdy_in_a_websocket(client: Client, pod: Pod) -> None:
    run_web(client, pod)
    framer = framing.Framer()
    async with aiohttp.ClientSession() as session:
        tunnel = await session.ws_connect(forward_url(client, pod), protocols=["SPDY/3.1+portforward.k8s.io"])
        sent = framer.syn_stream(1, {"streamtype": "error", "port": "8000", "requestid": "0"})
        sent += framer.syn_stream(3, {"streamtype": "data", "port": "8000", "requestid": "0"})
        sent += framer.data(3, b"GET /x HTTP/1.0\r\n\r\n")
        for start in range(0, len(sent), 7):
            await tunnel.send_bytes(sent[start : start + 7])
        received, ended = b"", False
        while not ended:
            message = await tunnel.receive(20 * PATIENCE)
            for event in framer.feed(message.data):
                if isinstance(event, framing.Data) and event.stream == 3:
                    received, ended = received + event.data, event.fin
        assert received.endswith(b"page\n")
        await tunnel.close()


# ---- what is not let in -----------------------------------------------------------------------------


def test_a_token_opens_one_stream(client: Client, container: str) -> None:
    url = exec_url(client, container, "true")
    with spdy_client(url, V4) as first:
        assert "101" in first.head
    for other in (url, url[:-3] + "abc", url.replace("/exec/", "/attach/")):
        with spdy_client(other, V4) as second:
            assert second.head.startswith("HTTP/1.1 404"), other


@contextmanager
def bare(url: str) -> Iterator[socket.socket]:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), 20 * PATIENCE) as connection:
        yield connection


def answer(connection: socket.socket) -> bytes:
    received = b""
    try:
        while piece := connection.recv(4096):
            received += piece
    except ConnectionResetError:
        pass
    return received


@pytest.mark.parametrize(
    "request_of_a_stranger",
    [
        b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"GET %b HTTP/1.1\r\nOrigin: http://evil\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"POST %b HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
        b"X-Stream-Protocol-Version: v9\r\n\r\n",
        b"nonsense %b\r\n\r\n",
        b"GET " + b"x" * 40000 + b"%b\r\n\r\n",
    ],
)
def test_what_is_no_upgrade_is_refused(client: Client, container: str, request_of_a_stranger: bytes) -> None:
    url = exec_url(client, container, "true")
    with bare(url) as connection:
        connection.sendall(request_of_a_stranger % urlsplit(url).path.encode())
        assert answer(connection).startswith(b"HTTP/1.1 400")


def test_garbage_after_the_upgrade_ends_the_stream_and_nothing_else(client: Client, container: str) -> None:
    for garbage in (b"\xff" * 4096, b"\x80\x03\x00\x01\x00\xff\xff\xff"):
        with spdy_client(exec_url(client, container, "cat"), V4) as spdy:
            spdy.write(garbage)
            spdy.until_over()
    assert client.exec(container, "echo", "alive")[1] == "alive\n"


def test_streams_that_are_not_asked_for(client: Client, container: str) -> None:
    with spdy_client(exec_url(client, container, "cat"), V4) as spdy:
        spdy.open("error")
        spdy.open("something")
        spdy.until_over()


def test_nothing_is_opened_in_what_does_not_run(client: Client, pod: Pod) -> None:
    id = client.run(pod, "true", name="short")
    client.ended(id)
    with pytest.raises(grpc.RpcError) as refused:
        exec_url(client, id, "true")
    assert code_of(refused.value) == grpc.StatusCode.FAILED_PRECONDITION
    with pytest.raises(grpc.RpcError) as nothing:
        client.runtime.Exec(
            cri.ExecRequest(container_id=client.run(pod, "sleep", "9", name="x"), cmd=["true"])
        )
    assert code_of(nothing.value) == grpc.StatusCode.INVALID_ARGUMENT
