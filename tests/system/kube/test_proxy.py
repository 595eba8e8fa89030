"""Services with real packets: a proxy in a network namespace, pods on a bridge, a neighbour on the LAN."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv4Network
from typing import Any

import pytest

from hythe.kernel.nftables import Nftables
from hythe.kube.client.shared import SharedInformers
from hythe.kube.proxy.proxy import ServiceProxy, remove
from hythe.network.coexist import Coexistence
from tests.kube_double import FakeClock, MemoryApi, memory_client
from tests.system.kube.conftest import (
    CLUSTER_PODS,
    NODE,
    PODS,
    SERVICE_RANGE,
    Node,
    put_endpoints,
    put_service,
)
from tests.system.network.conftest import HOST, NEIGHBOUR
from tests.waiting import PATIENCE

pytestmark = pytest.mark.root

WEB = "10.96.0.10"


@asynccontextmanager
async def proxying(node: Node, api: MemoryApi, client: Any) -> AsyncIterator[ServiceProxy]:
    informers = SharedInformers(client)
    proxy = ServiceProxy(
        informers, instance=node.instance, node=NODE, services=IPv4Network(SERVICE_RANGE), pods=[CLUSTER_PODS]
    )
    proxy.set_own_pods([PODS])
    informers.start()
    task = asyncio.create_task(proxy.run())
    try:
        async with asyncio.timeout(10 * PATIENCE):
            await proxy.ready()
        yield proxy
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await informers.stop()
        remove(node.instance, IPv4Network(SERVICE_RANGE))


async def rules(proxy: ServiceProxy, wanted: str, *, gone: bool = False) -> float:
    """Wait until the table has (or has not) a text; gives the seconds it took."""
    begun = time.monotonic()
    filter_ = Nftables()
    try:
        while (wanted in filter_.text(f"list table ip {proxy.table}")) == gone:
            assert time.monotonic() - begun < 10 * PATIENCE, wanted
            await asyncio.sleep(0.005)
    finally:
        filter_.close()
    return time.monotonic() - begun


@pytest.fixture
def memory() -> tuple[MemoryApi, Any]:
    return memory_client(FakeClock())


async def test_a_service_is_balanced_for_pods_and_the_host(node: Node, memory: tuple[MemoryApi, Any]) -> None:
    api, client = memory
    asker = node.pod(2)
    for number in (3, 4):
        node.pod(number, 8080)
    put_service(api, "web", WEB)
    put_endpoints(api, "web", 3, 4, port=8080)
    async with proxying(node, api, client):
        for who in (asker, node.host):
            seen = Counter([(await asyncio.to_thread(who.ask, WEB, 80))[:4] for _ in range(40)])
            assert set(seen) == {"pod3", "pod4"}, seen
            assert min(seen.values()) >= 6, seen


async def test_node_ports_on_every_address_of_the_node(node: Node, memory: tuple[MemoryApi, Any]) -> None:
    api, client = memory
    node.pod(3, 8080)
    asker = node.pod(4)
    put_service(api, "web", WEB, type="NodePort", ports=[{"name": "p", "port": 80, "nodePort": 30080}])
    put_endpoints(api, "web", 3, port=8080)
    async with proxying(node, api, client):
        for who, address in (
            (node.neighbour, HOST), (node.host, HOST), (node.host, "127.0.0.1"), (asker, HOST),
            (asker, "10.240.0.1"),
        ):  # fmt: skip
            answer = await asyncio.to_thread(who.ask, address, 30080)
            assert answer.startswith("pod3 sees"), (who.name, address)
            assert NEIGHBOUR not in answer, "it comes back through the node, so the node's address is seen"
        assert await asyncio.to_thread(node.neighbour.cannot_reach, HOST, 30081)


async def test_local_policy_keeps_the_clients_address(node: Node, memory: tuple[MemoryApi, Any]) -> None:
    api, client = memory
    node.pod(3, 8080)
    asker = node.pod(4)
    put_service(
        api, "web", WEB, type="NodePort", externalTrafficPolicy="Local",
        ports=[{"name": "p", "port": 80, "nodePort": 30080}],
    )  # fmt: skip
    elsewhere = {"addresses": ["10.240.9.9"], "nodeName": "there", "conditions": {"ready": True}}
    put_endpoints(api, "web", 3, elsewhere, port=8080)
    async with proxying(node, api, client) as proxy:
        for _ in range(6):
            answer = await asyncio.to_thread(node.neighbour.ask, HOST, 30080)
            assert answer == f"pod3 sees {NEIGHBOUR}"
        put_endpoints(api, "web", elsewhere, port=8080)
        await rules(proxy, "tcp . 30080 : drop")
        assert await asyncio.to_thread(node.neighbour.cannot_reach, HOST, 30080)
        put_endpoints(api, "web", 3, port=8080)
        await rules(proxy, "tcp . 30080 : drop", gone=True)
        assert await asyncio.to_thread(asker.ask, HOST, 30080)


async def test_external_addresses_and_the_load_balancers(node: Node, memory: tuple[MemoryApi, Any]) -> None:
    api, client = memory
    node.pod(3, 8080)
    put_service(api, "web", WEB, externalIPs=["10.96.200.1"])
    put_service(
        api, "lb", "10.96.0.11", type="LoadBalancer", ingress=[HOST], ports=[{"name": "p", "port": 81}]
    )
    put_service(
        api, "shut", "10.96.0.12", type="LoadBalancer", ingress=[HOST], ports=[{"name": "p", "port": 82}],
        loadBalancerSourceRanges=["203.0.113.0/24"],
    )  # fmt: skip
    for name in ("web", "lb", "shut"):
        put_endpoints(api, name, 3, port=8080)
    async with proxying(node, api, client):
        assert await asyncio.to_thread(node.neighbour.ask, "10.96.200.1", 80)
        assert await asyncio.to_thread(node.neighbour.ask, HOST, 81)
        assert await asyncio.to_thread(node.neighbour.cannot_reach, HOST, 82)


async def test_a_pod_reaches_itself_through_its_service(node: Node, memory: tuple[MemoryApi, Any]) -> None:
    api, client = memory
    pod = node.pod(3, 8080)
    put_service(api, "web", WEB)
    put_endpoints(api, "web", 3, port=8080)
    async with proxying(node, api, client):
        assert (await asyncio.to_thread(pod.ask, WEB, 80)).startswith("pod3 sees")


async def test_without_endpoints_and_unknown_addresses_are_refused_at_once(
    node: Node, memory: tuple[MemoryApi, Any]
) -> None:
    api, client = memory
    asker = node.pod(2)
    put_service(api, "web", WEB, type="NodePort", ports=[{"name": "p", "port": 80, "nodePort": 30080}])
    async with proxying(node, api, client):
        for who in (asker, node.host):
            for address, port in ((WEB, 80), (WEB, 81), ("10.96.7.7", 80)):
                with pytest.raises(ConnectionRefusedError):
                    await asyncio.to_thread(who.ask, address, port)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.to_thread(node.neighbour.ask, HOST, 30080)


async def test_a_client_with_affinity_stays_and_moves_on(node: Node, memory: tuple[MemoryApi, Any]) -> None:
    api, client = memory
    asker = node.pod(2)
    for number in (3, 4, 5):
        node.pod(number, 8080)
    put_service(api, "web", WEB, sessionAffinity="ClientIP")
    put_endpoints(api, "web", 3, 4, 5, port=8080)
    async with proxying(node, api, client) as proxy:
        answers = {await asyncio.to_thread(asker.ask, WEB, 80) for _ in range(12)}
        assert len(answers) == 1
        chosen = int(answers.pop()[3])
        put_endpoints(api, "web", *({3, 4, 5} - {chosen}), port=8080)
        await rules(proxy, f"10.240.0.{chosen}", gone=True)
        answers = {await asyncio.to_thread(asker.ask, WEB, 80) for _ in range(12)}
        assert len(answers) == 1
        assert int(answers.pop()[3]) != chosen


async def test_udp_is_sent_elsewhere_when_an_endpoint_goes(node: Node, memory: tuple[MemoryApi, Any]) -> None:
    api, client = memory
    asker = node.pod(2)
    for number in (3, 4):
        node.pod(number, udp=(53,))
    put_service(api, "names", WEB, ports=[{"name": "p", "port": 53, "protocol": "UDP"}])
    put_endpoints(api, "names", 3, port=53, protocol="UDP")
    async with proxying(node, api, client) as proxy:
        with asker.open(socket.SOCK_DGRAM) as own:  # one socket: one flow for conntrack
            own.connect((WEB, 53))

            def said() -> str:
                own.send(b"who")
                return own.recv(100).decode()[:4]

            assert await asyncio.to_thread(said) == "pod3"
            put_endpoints(api, "names", 4, port=53, protocol="UDP")
            await rules(proxy, ". 53 . 0 : 10.240.0.4 . 53")
            own.settimeout(1)
            answers, end = set(), time.monotonic() + 10 * PATIENCE
            while "pod4" not in answers and time.monotonic() < end:
                with suppress(OSError):
                    answers.add(await asyncio.to_thread(said))
                await asyncio.sleep(0.01)
            assert "pod4" in answers


async def test_changes_are_small_transactions_whatever_came_before(
    node: Node, memory: tuple[MemoryApi, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Each kind of rule is added to a table that is there already: libnftables reads it back before."""
    api, client = memory
    asker = node.pod(2)
    node.pod(3, 8080, udp=(8080,))
    async with proxying(node, api, client) as proxy:
        ports = [{"name": name, "port": 53, "protocol": name.upper()} for name in ("tcp", "udp", "sctp")]
        put_service(api, "plain", WEB, type="NodePort", ports=[{**each, "nodePort": 30053} for each in ports])
        put_service(api, "sticky", "10.96.0.11", sessionAffinity="ClientIP", ports=ports)
        put_service(
            api, "local", "10.96.0.12", type="NodePort", externalTrafficPolicy="Local",
            ports=[{**each, "nodePort": 30054} for each in ports],
        )  # fmt: skip
        await rules(proxy, "10.96.0.12 . sctp . 53")
        for name in ("plain", "sticky", "local"):
            for protocol in ("TCP", "UDP", "SCTP"):
                part = protocol.lower()
                put_endpoints(api, name, 3, port=8080, protocol=protocol, part=part, name=part)
        await rules(proxy, "10.96.0.12 . sctp . 53 : goto refuse", gone=True)
        for address in (WEB, "10.96.0.11", "10.96.0.12"):
            for udp in (False, True):
                assert (await asyncio.to_thread(asker.ask, address, 53, udp=udp))[:4] == "pod3"
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_an_endpoint_removed_under_load_fails_no_request(
    node: Node, memory: tuple[MemoryApi, Any], caplog: pytest.LogCaptureFixture
) -> None:
    api, client = memory
    asker = node.pod(2)
    for number in (3, 4):
        node.pod(number, 8080)
    put_service(api, "web", WEB)
    put_endpoints(api, "web", 3, 4, port=8080)
    failed: list[str] = []
    seen: Counter[str] = Counter()
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            try:
                seen[asker.ask(WEB, 80)[:4]] += 1
            except OSError as error:
                failed.append(str(error))

    async with proxying(node, api, client) as proxy:
        with asker.open() as long:  # a connection that lasts
            await asyncio.to_thread(long.connect, (WEB, 80))
            workers = [threading.Thread(target=load) for _ in range(2)]
            for worker in workers:
                worker.start()
            try:
                for turn in range(6):
                    kept = 3 + turn % 2
                    put_endpoints(api, "web", kept, port=8080)
                    await rules(proxy, f"{WEB} . tcp . 80 : goto pick/tcp/1")
                    await asyncio.sleep(0.1)
                    put_endpoints(api, "web", 3, 4, port=8080)
                    await asyncio.sleep(0.1)
            finally:
                stop.set()
                for worker in workers:
                    await asyncio.to_thread(worker.join)
            long.send(b"who")
            assert (await asyncio.to_thread(long.recv, 100))[:3] == b"pod"
    assert failed == []
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
    assert seen["pod3"] > 10, seen
    assert seen["pod4"] > 10, seen


async def test_a_change_of_endpoints_is_in_the_table_within_a_tenth_of_a_second_beside_a_thousand_services(
    node: Node, memory: tuple[MemoryApi, Any]
) -> None:
    api, client = memory
    for number in range(1000):
        put_service(api, f"s{number}", f"10.96.{4 + number // 250}.{1 + number % 250}")
        put_endpoints(api, f"s{number}", 2 + number % 200, port=8080)
    async with proxying(node, api, client) as proxy:
        taken = []
        for number in range(5):
            address = f"10.240.77.{number}"
            one = {"addresses": [address], "nodeName": NODE, "conditions": {"ready": True}}
            begun = time.monotonic()
            put_endpoints(api, f"s{number}", one, port=8080)
            while address not in await asyncio.to_thread(_target, proxy, f"10.96.4.{1 + number}"):
                assert time.monotonic() - begun < 10 * PATIENCE
            taken.append(time.monotonic() - begun)
        assert min(taken) < 0.1 * PATIENCE, taken  # the rest is what a busy machine adds


def _target(proxy: ServiceProxy, address: str) -> str:
    filter_ = Nftables()
    try:
        return filter_.text(f"get element ip {proxy.table} tcp_targets {{ {address} . 80 . 0 }}")
    finally:
        filter_.close()


async def test_what_another_program_flushed_comes_back(node: Node, memory: tuple[MemoryApi, Any]) -> None:
    api, client = memory
    node.pod(3, 8080)
    put_service(api, "web", WEB)
    put_endpoints(api, "web", 3, port=8080)
    async with proxying(node, api, client) as proxy:
        subprocess.run(["nft", "flush", "ruleset"], check=True)
        for _ in range(200):
            found = subprocess.run(
                ["nft", "list", "table", "ip", proxy.table], capture_output=True, check=False
            )
            if found.returncode == 0:
                break
            await asyncio.sleep(0.02)
        assert await asyncio.to_thread(node.host.ask, WEB, 80)


async def test_beside_a_program_that_drops_what_it_does_not_know(
    node: Node, memory: tuple[MemoryApi, Any]
) -> None:
    """As dockerd and ufw do. The engine keeps its bridges open in their chain (`network/coexist.py`)."""
    api, client = memory
    asker = node.pod(2)
    node.pod(3, 8080)
    put_service(api, "web", WEB, type="NodePort", ports=[{"name": "p", "port": 80, "nodePort": 30080}])
    put_endpoints(api, "web", 3, port=8080)
    rules_of_dockerd = (
        "table ip filter { chain FORWARD { type filter hook forward priority filter; policy drop; }; }"
    )
    subprocess.run(["nft", rules_of_dockerd], check=True)
    open_bridges = Coexistence("br0", node.instance)
    open_bridges.start()
    try:
        async with proxying(node, api, client):
            assert await asyncio.to_thread(asker.ask, WEB, 80)
            assert await asyncio.to_thread(node.neighbour.ask, HOST, 30080)
            assert await asyncio.to_thread(node.host.ask, WEB, 80)
    finally:
        open_bridges.stop(remove=True)


async def test_two_clusters_side_by_side_and_nothing_left(node: Node, memory: tuple[MemoryApi, Any]) -> None:
    api, client = memory
    node.pod(3, 8080)
    put_service(api, "web", WEB)
    put_endpoints(api, "web", 3, port=8080)
    before = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout
    async with proxying(node, api, client):
        other = ServiceProxy(
            SharedInformers(client),
            instance="otherother",
            node=NODE,
            services=IPv4Network(SERVICE_RANGE),
            pods=[],
        )
        with pytest.raises(Exception, match="another cluster or route of this machine has the range"):
            other._begin()
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
    assert "hythe_kube" not in tables
    assert subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout == before
