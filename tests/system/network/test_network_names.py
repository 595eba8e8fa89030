"""The name server in real namespaces, asked by dnspython; the servers behind it work, hang or refuse."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import dns.message
import dns.rcode
import dns.rdatatype
import dns.reversename
import pytest

from hythe.network.manager import Manager
from hythe.network.model import NetworkRequest
from hythe.network.nameserver import NameServer

if TYPE_CHECKING:
    from tests.system.network.conftest import Lab, Space

pytestmark = pytest.mark.root
SERVER = ("127.0.0.11", 53)


async def ask(space: Space, name: str, kind: str = "A", *, tcp: bool = False) -> dns.message.Message:
    """A question from inside the namespace, by way of a thread so that the loop can answer it."""
    query = dns.message.make_query(name, kind)

    def work() -> dns.message.Message:
        if not tcp:
            with space.open(socket.SOCK_DGRAM) as own:
                own.settimeout(6)
                own.sendto(query.to_wire(), SERVER)
                return dns.message.from_wire(own.recv(65535))
        with space.open() as own:
            own.settimeout(6)
            own.connect(SERVER)
            wire = query.to_wire()
            own.sendall(struct.pack(">H", len(wire)) + wire)
            (length,) = struct.unpack(">H", own.recv(2))
            data = b""
            while len(data) < length:
                data += own.recv(length - len(data))
            return dns.message.from_wire(data)

    answer = await asyncio.to_thread(work)
    assert query.is_response(answer)
    return answer


def addresses(answer: dns.message.Message) -> list[str]:
    return [item.to_text() for rrset in answer.answer for item in rrset]


@asynccontextmanager
async def upstream(address: str, records: dict[str, str] | None, seen: list[str]) -> AsyncIterator[str]:
    """A name server of dnspython's making on the host: None as records hangs; "big." needs TCP."""

    def reply(wire: bytes, udp: bool) -> bytes | None:
        query = dns.message.from_wire(wire)
        name = query.question[0].name.to_text()
        seen.append(name)
        if records is None:
            return None
        answer = dns.message.make_response(query)
        if name in records:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "A", records[name]))
        elif name == "big." and udp:
            answer.flags |= dns.flags.TC
        elif name == "big.":
            answer.answer.append(
                dns.rrset.from_text(name, 60, "IN", "A", *[f"10.9.8.{n}" for n in range(200)])
            )
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()

    class Datagrams(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast(asyncio.DatagramTransport, transport)

        def datagram_received(self, data: bytes, peer: tuple[str, int]) -> None:
            answer = reply(data, True)
            if answer is not None:
                self.transport.sendto(answer, peer)

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack(">H", await reader.readexactly(2))
        answer = reply(await reader.readexactly(length), False)
        if answer is not None:
            writer.write(struct.pack(">H", len(answer)) + answer)
        writer.close()

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Datagrams, local_addr=(address, 5300)
    )
    server = await asyncio.start_server(stream, address, 5300)
    try:
        yield f"{address}#5300"
    finally:
        transport.close()
        server.close()


@asynccontextmanager
async def served(
    manager: Manager, servers: list[str], *spaces: tuple[Space, str]
) -> AsyncIterator[Callable[[], NameServer]]:
    names = NameServer(lambda: servers)
    try:
        for space, container_id in spaces:
            await names.serve(container_id, space.pid, manager)
        yield lambda: names
    finally:
        await names.close()


async def test_names_aliases_and_reverse_on_the_askers_networks_only(lab: Lab) -> None:
    manager = lab.manager()
    for name in ("front", "back"):
        manager.create(NetworkRequest(name))
    a, at_a = lab.container(manager, "front", "a", "alias")
    b, at_b = lab.container(manager, "front", "b", "alias")
    c, _ = lab.container(manager, "back", "c")
    async with served(manager, [], (a, "id-a"), (b, "id-b"), (c, "id-c")):
        assert addresses(await ask(a, "b")) == [at_b.ipv4]
        assert addresses(await ask(a, "B.FRONT")) == [at_b.ipv4]
        assert addresses(await ask(a, "b", tcp=True)) == [at_b.ipv4]
        both = [addresses(await ask(a, "alias")) for _ in range(2)]
        assert both[0] == both[1][::-1] and set(both[0]) == {at_a.ipv4, at_b.ipv4}
        nothing = await ask(a, "b", "AAAA")
        assert nothing.rcode() == dns.rcode.NOERROR and not nothing.answer
        back = await ask(a, dns.reversename.from_address(at_b.ipv4).to_text(), "PTR")
        assert addresses(back) == ["b.front."]
        assert (await ask(c, "b")).rcode() == dns.rcode.NXDOMAIN
        assert (await ask(a, "nobody")).rcode() == dns.rcode.NXDOMAIN
        assert (await ask(a, "nobody.example")).rcode() == dns.rcode.SERVFAIL
        manager.detach(manager.get("front").id, "id-b")
        assert addresses(await ask(a, "alias")) == [at_a.ipv4]
        assert (await ask(a, "b")).rcode() == dns.rcode.NXDOMAIN


async def test_the_rest_is_forwarded_cached_and_fetched_over_tcp(lab: Lab) -> None:
    manager = lab.manager()
    manager.create(NetworkRequest("front"))
    a, _ = lab.container(manager, "front", "a")
    seen: list[str] = []
    async with (
        upstream("127.0.0.2", {"x.example.": "192.0.2.7"}, seen) as server,
        served(manager, [server], (a, "id-a")),
    ):
        for _ in range(3):
            assert addresses(await ask(a, "x.example")) == ["192.0.2.7"]
        assert seen == ["x.example."]
        assert (await ask(a, "y.example")).rcode() == dns.rcode.NXDOMAIN
        assert len(addresses(await ask(a, "big", tcp=True))) == 200
        over_udp = await ask(a, "big")
        assert over_udp.flags & dns.flags.TC and not over_udp.answer


async def test_a_dead_server_costs_little_once_and_nothing_later(lab: Lab) -> None:
    manager = lab.manager()
    manager.create(NetworkRequest("front"))
    a, _ = lab.container(manager, "front", "a")
    records = {f"{n}.example.": "192.0.2.7" for n in range(20)}
    # The first refuses (nobody listens there), the second hangs, the third answers.
    async with (
        upstream("127.0.0.2", None, []) as hanging,
        upstream("127.0.0.3", records, []) as good,
        served(manager, ["127.0.0.4#5300", hanging, good], (a, "id-a")),
    ):
        begin = time.monotonic()
        assert addresses(await ask(a, "0.example")) == ["192.0.2.7"]
        first = time.monotonic() - begin
        begin = time.monotonic()
        for number in range(1, 20):
            assert addresses(await ask(a, f"{number}.example")) == ["192.0.2.7"]
        later = time.monotonic() - begin
    assert first < 0.8
    assert later < 0.2 * 5


async def test_without_any_server_that_answers_a_question_is_given_up_soon(lab: Lab) -> None:
    manager = lab.manager()
    manager.create(NetworkRequest("front"))
    a, _ = lab.container(manager, "front", "a")
    async with upstream("127.0.0.2", None, []) as hanging, served(manager, [hanging], (a, "id-a")):
        assert (await ask(a, "x.example")).rcode() == dns.rcode.SERVFAIL
        begin = time.monotonic()
        assert (await ask(a, "y.example")).rcode() == dns.rcode.SERVFAIL
        assert (await ask(a, "typo")).rcode() == dns.rcode.NXDOMAIN
        assert time.monotonic() - begin < 2


async def test_how_many_questions_a_second(lab: Lab) -> None:
    manager = lab.manager()
    manager.create(NetworkRequest("front"))
    a, at_a = lab.container(manager, "front", "a")
    async with served(manager, [], (a, "id-a")):
        assert addresses(await ask(a, "a")) == [at_a.ipv4]
        wire = dns.message.make_query("a", "A").to_wire()

        def many(count: int) -> float:
            with a.open(socket.SOCK_DGRAM) as own:
                own.connect(SERVER)
                begin = time.perf_counter()
                for _ in range(count):
                    own.send(wire)
                    own.recv(512)
                return count / (time.perf_counter() - begin)

        rate = await asyncio.to_thread(many, 3000)
    print(f"{rate:.0f} questions a second, one asker, one at a time")
