"""What names mean to whom."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from hythe.network.answers import AnswerCache, cache_key
from hythe.network.model import EndpointRecord, NetworkRecord
from hythe.network.names import TYPE_A, TYPE_AAAA, TYPE_PTR, Answer, Directory
from hythe.network.resolvers import servers

FRONT = NetworkRecord("f", "front", "bridge", 0)
BACK = NetworkRecord("b", "back", "bridge", 0)


def endpoint(container: str, network: NetworkRecord, ipv4: str, *names: str) -> EndpointRecord:
    return EndpointRecord(
        id=container + network.id,
        network_id=network.id,
        container_id=container,
        container_name=container,
        interface="eth0",
        host_interface="",
        ipv4=ipv4,
        prefix=24,
        gateway="",
        mac="",
        names=[container, *names],
        pid=1,
    )


def directory() -> Directory:
    known = Directory()
    known.add(endpoint("a", FRONT, "10.0.0.2", "App"), FRONT)
    known.add(endpoint("b", FRONT, "10.0.0.3", "app"), FRONT)
    known.add(endpoint("b", BACK, "10.0.1.3"), BACK)
    known.add(endpoint("c", BACK, "10.0.1.4"), BACK)
    return known


def test_names_are_seen_on_shared_networks_only() -> None:
    known = directory()
    assert known.lookup("a", "b", TYPE_A) == Answer((IPv4Address("10.0.0.3"),))
    assert known.lookup("c", "b", TYPE_A) == Answer((IPv4Address("10.0.1.3"),))
    assert known.lookup("a", "c", TYPE_A) is None
    assert known.lookup("b", "c", TYPE_A) == Answer((IPv4Address("10.0.1.4"),))
    assert known.lookup("stranger", "a", TYPE_A) is None


def test_aliases_case_dots_and_the_networks_name() -> None:
    known = directory()
    both = Answer((IPv4Address("10.0.0.2"), IPv4Address("10.0.0.3")))
    for name in ("app", "APP", "app.", "app.front"):
        assert known.lookup("a", name, TYPE_A) == both
    assert known.lookup("a", "app.back", TYPE_A) is None
    assert known.lookup("a", "app", 28) == Answer()


def test_addresses_of_ipv6() -> None:
    known = directory()
    six = endpoint("d", FRONT, "10.0.0.9", "app")
    six.ipv6 = "fd00::9"
    known.add(six, FRONT)
    assert known.lookup("a", "d", TYPE_AAAA) == Answer((IPv6Address("fd00::9"),))
    assert known.lookup("a", "d", TYPE_A) == Answer((IPv4Address("10.0.0.9"),))
    assert known.lookup("a", "app", TYPE_AAAA) == Answer((IPv6Address("fd00::9"),))
    assert known.lookup("a", "b", TYPE_AAAA) == Answer()
    assert known.lookup("a", IPv6Address("fd00::9").reverse_pointer, TYPE_PTR) == Answer(names=("d.front",))
    for name in (IPv6Address("fd00::8").reverse_pointer, "1.2.ip6.arpa", "x.ip6.arpa"):
        assert known.lookup("a", name, TYPE_PTR) is None


def test_reverse() -> None:
    known = directory()
    assert known.lookup("a", "3.0.0.10.in-addr.arpa.", TYPE_PTR) == Answer(names=("b.front",))
    assert known.lookup("a", "4.1.0.10.in-addr.arpa", TYPE_PTR) is None
    assert known.lookup("a", "x.in-addr.arpa", TYPE_PTR) is None


def test_an_endpoint_that_left_is_unknown() -> None:
    known = directory()
    known.remove(endpoint("b", FRONT, "10.0.0.3"))
    assert known.lookup("a", "app", TYPE_A) == Answer((IPv4Address("10.0.0.2"),))
    assert known.lookup("b", "a", TYPE_A) is None
    assert known.lookup("b", "c", TYPE_A) is not None


def test_the_hosts_servers() -> None:
    text = "# a comment\nnameserver 192.0.2.1\nnameserver\nnameserver nonsense\nsearch x\nnameserver ::1\n"
    assert servers(text) == ["192.0.2.1", "::1"]


def answer(name: bytes, ttl: int) -> bytes:
    question = bytes((len(name),)) + name + b"\0\0\1\0\1"
    record = b"\xc0\x0c\0\1\0\1" + ttl.to_bytes(4, "big") + b"\0\4\x0a\0\0\1"
    return b"\0\1\x81\x80\0\1\0\1\0\0\0\0" + question + record


def test_answers_are_kept_for_their_ttl_and_no_more_than_so_many() -> None:
    now = [100.0]
    cache = AnswerCache(lambda: now[0], entries=2)
    for name in (b"a", b"b", b"c"):
        cache.put(name, answer(name, 10))
    assert cache.get(b"a") is None
    now[0] += 4
    assert cache.get(b"b") == answer(b"b", 6)
    now[0] += 6
    assert cache.get(b"b") is None
    cache.put(b"d", answer(b"d", 0))
    cache.put(b"e", b"nonsense")
    assert cache.get(b"d") is None and cache.get(b"e") is None


def test_the_same_question_in_another_case_is_the_same_key() -> None:
    head, tail = b"\0\1\1\0\0\1\0\0\0\0\0\0", b"\0\0\1\0\1"
    keys = {cache_key(name + tail, head + name + tail) for name in (b"\1a", b"\1A")}
    assert len(keys) == 1
