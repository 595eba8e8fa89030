"""The name server that containers on user networks have at 127.0.0.11, one per container.

    container's namespace                     | the daemon
    program -> 127.0.0.11:53 (UDP, TCP) ------+--> event loop --> names of the asker's networks
                                              |        else  --> cache --> the host's servers
                                              |                            (from the host's namespace)

A socket belongs to the network namespace it was made in, so a thread enters the container's namespace, makes
the two sockets and leaves; from then on they are ordinary sockets of the event loop. Nothing runs inside the
container, and each asker is known by the socket the question came in on. Kept out: what the names are
(`names.py`), the conversation (`dialogue.py`), asking others (`upstream.py`), the format (`wire/dns.py`).
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count

from hythe.errors import SystemProblem
from hythe.kernel.netlink.namespace import inside, open_namespace
from hythe.network.answers import AnswerCache, cache_key
from hythe.network.dialogue import CONNECTIONS, Dialogue
from hythe.network.names import Answer, Resolver
from hythe.network.resolvers import host_servers
from hythe.network.upstream import Upstream
from hythe.wire import dns

ADDRESS, PORT = "127.0.0.11", 53
TTL = 5  # seconds: containers come and go, and a lookup costs a fraction of a millisecond


class NameServer:
    """All containers' name servers. `servers` gives the host's name servers at each question."""

    def __init__(self, servers: Callable[[], Sequence[str]] = host_servers) -> None:
        self._upstream = Upstream(servers)
        self._cache = AnswerCache(time.monotonic)
        self._running: dict[str, _Instance] = {}

    async def serve(self, container_id: str, pid: int, resolver: Resolver) -> None:
        """Answer at 127.0.0.11:53 inside the namespace of process `pid`; done already is no error."""
        if container_id in self._running:
            return
        sockets = await asyncio.to_thread(_sockets_inside, pid)
        instance = _Instance(container_id, resolver, self._upstream, self._cache)
        self._running[container_id] = instance
        try:
            await instance.start(*sockets)
        except BaseException:
            await self.stop(container_id)
            raise

    async def stop(self, container_id: str) -> None:
        """Close a container's sockets, without which its namespace could not end. Not serving is no error."""
        instance = self._running.pop(container_id, None)
        if instance is not None:
            await instance.stop()

    async def close(self) -> None:
        for container_id in list(self._running):
            await self.stop(container_id)


def _sockets_inside(pid: int) -> tuple[socket.socket, socket.socket]:
    """(UDP, TCP listening) sockets in the network namespace of `pid`."""
    try:
        with ExitStack() as undo:
            namespace = open_namespace(pid)
            try:
                with inside(namespace):
                    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
                    undo.callback(datagrams.close)
                    streams = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
                    undo.callback(streams.close)
            finally:
                os.close(namespace)
            datagrams.bind((ADDRESS, PORT))
            streams.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            streams.bind((ADDRESS, PORT))
            streams.listen(CONNECTIONS)
            undo.pop_all()
            return datagrams, streams
    except OSError as error:
        raise SystemProblem(f"cannot serve names to process {pid}: {error.strerror}") from error


class _Instance:
    """One container's answers."""

    def __init__(self, container_id: str, resolver: Resolver, upstream: Upstream, cache: AnswerCache) -> None:
        self._id, self._resolver, self._upstream, self._cache = container_id, resolver, upstream, cache
        self._dialogue = Dialogue(self, f"name server of {container_id}")
        self._turn = count()

    async def start(self, datagrams: socket.socket, streams: socket.socket) -> None:
        await self._dialogue.start(datagrams, streams)

    async def stop(self) -> None:
        await self._dialogue.stop()

    def at_once(self, data: bytes) -> tuple[dns.Query | None, bytes | None]:
        """(question, answer). Without an answer the question is for others; without both it is dropped."""
        try:
            query = dns.read_query(data)
        except dns.Malformed:
            return None, dns.write_error(data, dns.FORMERR)
        if query.opcode != 0:
            return query, dns.write_reply(query, rcode=dns.NOTIMP)
        known = (
            self._resolver.lookup(self._id, query.name, query.kind) if query.klass == dns.CLASS_IN else None
        )
        if known is not None:
            return query, self._own(query, known)
        kept = self._cache.get(cache_key(query.question, data))
        return query, dns.as_answer_to(query, kept) if kept is not None else None

    def _own(self, query: dns.Query, known: Answer) -> bytes:
        """Our answer; of several addresses another one comes first each time."""
        if not known.exists:
            return dns.write_reply(query, rcode=dns.NXDOMAIN)
        turn = next(self._turn) % len(known.addresses) if known.addresses else 0
        turned = known.addresses[turn:] + known.addresses[:turn]
        records = [dns.address_record(address, TTL) for address in turned]
        records += [dns.pointer_record(name, TTL) for name in known.names]
        return dns.write_reply(query, records)

    async def forward(self, query: dns.Query, data: bytes) -> bytes:
        answer = await self._upstream.ask(query, data)
        if answer is None:
            # A single label that is no container's name is most likely a mistyped or stopped service: say so,
            # where a failure would make the asker try again.
            unknown = "." not in query.name.rstrip(".")
            return dns.write_reply(query, rcode=dns.NXDOMAIN if unknown else dns.SERVFAIL)
        self._cache.put(cache_key(query.question, data), answer)
        return dns.as_answer_to(query, answer)
