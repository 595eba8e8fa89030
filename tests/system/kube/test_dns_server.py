"""Cluster DNS over real sockets on loopback: UDP, TCP, truncation, and what it asks others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import dns.asyncquery
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rrset

from hythe.kube.dns.answers import Answerer
from hythe.kube.dns.server import DnsServer
from hythe.kube.dns.zone import Zone
from tests.waiting import PATIENCE

HERE = "127.0.0.1"
Asked = Callable[[dns.message.Message], dns.message.Message | None]


class Upstream(asyncio.DatagramProtocol):
    """A name server of the host; `answer` may keep silent by giving None."""

    def __init__(self, answer: Asked) -> None:
        self._answer, self.questions = answer, 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.questions += 1
        answer = self._answer(dns.message.from_wire(data))
        if answer is not None:
            self.transport.sendto(answer.to_wire(), address)


@asynccontextmanager
async def upstream(answer: Asked) -> AsyncIterator[tuple[Upstream, str]]:
    """It, and where it is as the resolver writes it."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: Upstream(answer), local_addr=(HERE, 0))
    try:
        yield protocol, f"{HERE}#{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()


@asynccontextmanager
async def serving(zone: Zone, *servers: str) -> AsyncIterator[DnsServer]:
    server = DnsServer(Answerer(zone, servers=lambda: servers), HERE)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def ask(
    server: DnsServer, name: str, kind: str = "A", *, tcp: bool = False, edns: int = -1
) -> dns.message.Message:
    query = dns.message.make_query(name, kind, use_edns=edns if edns < 0 else 0, payload=max(edns, 0))
    way = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    return await way(query, HERE, port=server.port, timeout=10 * PATIENCE)


def with_address(address: str, ttl: int = 300) -> Asked:
    def answer(query: dns.message.Message) -> dns.message.Message:
        made = dns.message.make_response(query, recursion_available=True)
        made.answer = [dns.rrset.from_text(query.question[0].name, ttl, "IN", "A", address)]
        return made

    return answer


def many(count: int) -> Zone:
    """A headless Service with so many endpoints."""
    zone = Zone("cluster.local")
    found = [{"addresses": [f"10.240.{n // 250}.{1 + n % 250}"], "conditions": {}} for n in range(count)]
    body = {"metadata": {"name": "db", "namespace": "shop"}, "spec": {"clusterIP": "None"}}
    zone.put(body, [{"addressType": "IPv4", "endpoints": found, "ports": []}])
    return zone


async def test_the_same_over_udp_and_tcp() -> None:
    async with serving(many(2)) as server:
        for tcp in (False, True):
            answer = await ask(server, "db.shop.svc.cluster.local", tcp=tcp)
            assert {each.to_text() for each in answer.answer[0]} == {"10.240.0.1", "10.240.0.2"}


async def test_what_does_not_fit_is_asked_for_again_over_tcp() -> None:
    async with serving(many(100)) as server:
        cut = await ask(server, "db.shop.svc.cluster.local")
        assert cut.flags & dns.flags.TC
        assert not cut.answer
        wide = await ask(server, "db.shop.svc.cluster.local", edns=4096)
        assert not wide.flags & dns.flags.TC
        assert len(wide.answer[0]) == 100
        assert len((await ask(server, "db.shop.svc.cluster.local", tcp=True)).answer[0]) == 100


async def test_other_names_are_asked_for_once_and_kept() -> None:
    async with upstream(with_address("192.0.2.80")) as (other, place), serving(many(1), place) as server:
        for tcp in (False, True, False):
            answer = await ask(server, "example.org", tcp=tcp)
            assert answer.answer[0][0].to_text() == "192.0.2.80"
        assert other.questions == 1


async def test_an_alias_to_another_zone_comes_with_what_it_means_there() -> None:
    zone = many(1)
    body = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"type": "ExternalName", "externalName": "www.example.org"},
    }
    zone.put(body, [])
    async with upstream(with_address("192.0.2.80")) as (_, place), serving(zone, place) as server:
        answer = await ask(server, "web.shop.svc.cluster.local")
    lines = [line for each in answer.answer for line in each.to_text().splitlines()]
    assert lines == [
        "web.shop.svc.cluster.local. 5 IN CNAME www.example.org.",
        "www.example.org. 300 IN A 192.0.2.80",
    ]


async def test_silent_servers_cost_a_bounded_time_and_never_the_clusters_own_names() -> None:
    async with upstream(lambda _: None) as (_, place), serving(many(1), place) as server:
        slow = asyncio.create_task(ask(server, "example.org"))
        begun = time.monotonic()
        for _ in range(50):
            await ask(server, "db.shop.svc.cluster.local")
        assert time.monotonic() - begun < 2 * PATIENCE
        assert (await slow).rcode() == dns.rcode.SERVFAIL
        begun = time.monotonic()
        assert (await ask(server, "example.net")).rcode() == dns.rcode.SERVFAIL
        assert time.monotonic() - begun < 2 * PATIENCE, "those known to be silent are not waited for"


async def test_without_any_server_the_rest_fails_at_once() -> None:
    async with serving(many(1)) as server:
        assert (await ask(server, "example.org")).rcode() == dns.rcode.SERVFAIL


async def test_a_port_that_is_taken_is_told() -> None:
    async with serving(many(1)) as server:
        other = DnsServer(Answerer(Zone("cluster.local"), servers=list), HERE)
        try:
            await other.start(server.port)
        except Exception as error:  # noqa: BLE001 - its words are what is looked at
            assert f"{HERE}:{server.port}" in str(error)
        else:
            raise AssertionError("two servers on one port")
