"""From a question to an answer: at once from the zone, or by asking the host's name servers.

| the name | answer |
|---|---|
| has records of that type | them, in turn; with SRV the addresses of the targets as additional records |
| exists, but not with that type | no error and no answer, the zone's SOA (NODATA) |
| is in the zone and does not exist | NXDOMAIN and the SOA |
| is an alias (a Service with an external name) | the alias, and what its target means: here, or by others |
| is anybody else's | what the host's servers say, kept for at most half a minute; SERVFAIL when none answers in time |

Kept out: sockets (`server.py`), whom to ask and for how long (`network/upstream.py`, whose limits hold here as well).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

from hythe.kube.dns.zone import Zone
from hythe.network.answers import AnswerCache, cache_key
from hythe.network.resolvers import host_servers
from hythe.network.upstream import Upstream
from hythe.wire import dns, dnsanswers
from hythe.wire.dnsanswers import TYPE_ANY, TYPE_CNAME, TYPE_SRV, Owned

LONGEST: Final = 30
"""Seconds for which an answer of another server is kept."""
_MOST_ALIASES: Final = 8


class Answerer:
    """Answers for one zone. `servers` gives the host's name servers at each question."""

    def __init__(self, zone: Zone, servers: Callable[[], Sequence[str]] = host_servers) -> None:
        self.zone = zone
        self._upstream = Upstream(servers)
        self._cache = AnswerCache(time.monotonic, longest=LONGEST)
        self._turn = count()

    def at_once(self, data: bytes) -> tuple[dns.Query | None, bytes | None]:
        """(question, answer). Without an answer the question is for others (`forward`); without both it is dropped."""
        try:
            query = dns.read_query(data)
        except dns.Malformed:
            return None, dns.write_error(data, dns.FORMERR)
        if query.opcode != 0:
            return query, dns.write_reply(query, rcode=dns.NOTIMP)
        name = query.name.rstrip(".").lower()
        if query.klass == dns.CLASS_IN and self.zone.covers(name):
            return query, self._own(query, name)
        kept = self._cache.get(cache_key(query.question, data))
        return query, dns.as_answer_to(query, kept) if kept is not None else None

    async def forward(self, query: dns.Query, data: bytes) -> bytes:
        """The answer to a question that `at_once` had none for."""
        name = query.name.rstrip(".").lower()
        if query.klass == dns.CLASS_IN and self.zone.covers(name):
            return await self._follow(query, name)
        answer = await self._upstream.ask(query, data)
        if answer is None:
            return dns.write_reply(query, rcode=dns.SERVFAIL)
        self._cache.put(cache_key(query.question, data), answer)
        return dns.as_answer_to(query, answer)

    def _own(self, query: dns.Query, name: str) -> bytes | None:
        """None when an alias leads to somebody else's name."""
        chain, end = self._chase(name, query.kind)
        if chain and not self.zone.covers(end):
            return None
        found = self._matching(end, query.kind)
        if not found:
            rcode = dns.NOERROR if self.zone.exists(end) else dns.NXDOMAIN
            return dnsanswers.write(query, chain, [self.zone.authority], rcode=rcode)
        turn = next(self._turn) % len(found)
        turned = found[turn:] + found[:turn]
        return dnsanswers.write(query, [*chain, *turned], additional=self._additional(turned))

    def _chase(self, name: str, kind: int) -> tuple[list[Owned], str]:
        """(aliases on the way, the name where they end)."""
        chain: list[Owned] = []
        while kind not in (TYPE_CNAME, TYPE_ANY) and len(chain) < _MOST_ALIASES:
            found = [record for record in self.zone.records(name) if record.kind == TYPE_CNAME]
            if not found:
                break
            chain.append(found[0])
            name = dns.read_name(found[0].data, 0)[0].lower()
        return chain, name

    def _matching(self, name: str, kind: int) -> list[Owned]:
        return [record for record in self.zone.records(name) if kind in (record.kind, TYPE_ANY)]

    def _additional(self, answers: Sequence[Owned]) -> list[Owned]:
        targets = dict.fromkeys(
            dns.read_name(record.data, 6)[0] for record in answers if record.kind == TYPE_SRV
        )
        return [record for target in targets for record in self.zone.addresses(target)]

    async def _follow(self, query: dns.Query, name: str) -> bytes:
        """The aliases and what others say of the name they lead to; the aliases alone if nobody answers."""
        chain, end = self._chase(name, query.kind)
        message = dnsanswers.ask(dns.random_id(), end, query.kind)
        answer = await self._upstream.ask(dns.read_query(message), message)
        if answer is None:
            return dnsanswers.write(query, chain)
        try:
            further = dnsanswers.read(answer)
        except dns.Malformed:
            further = []
        return dnsanswers.write(query, [*chain, *further])
