"""The DNS codec against dnspython, and against bytes that nobody should send."""

from __future__ import annotations

from ipaddress import IPv4Address

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.wire import dns as ours


def query(name: str, kind: str = "A", *, edns: int = -1) -> bytes:
    return dns.message.make_query(name, kind, use_edns=edns).to_wire()


def test_a_question_is_read() -> None:
    read = ours.read_query(query("Web.Front.", "AAAA"))
    assert (read.name, read.kind, read.klass, read.opcode) == ("Web.Front", ours.TYPE_AAAA, ours.CLASS_IN, 0)
    assert (read.size, read.edns) == (512, False)


def test_the_size_that_an_asker_can_take_comes_from_edns() -> None:
    wire = dns.message.make_query("web.", "A", use_edns=0, payload=4096).to_wire()
    assert (ours.read_query(wire).size, ours.read_query(wire).edns) == (4096, True)


@pytest.mark.parametrize("edns", [-1, 0])
def test_an_answer_is_what_a_client_expects(edns: int) -> None:
    question = dns.message.make_query("web.", "A", use_edns=edns)
    read = ours.read_query(question.to_wire())
    records = [ours.address_record(IPv4Address(f"10.0.0.{n}"), 5) for n in (1, 2)]
    answer = dns.message.from_wire(ours.write_reply(read, records))
    assert question.is_response(answer)
    assert answer.answer == [dns.rrset.from_text("web.", 5, "IN", "A", "10.0.0.1", "10.0.0.2")]
    assert answer.flags & dns.flags.AA and answer.flags & dns.flags.RA
    assert answer.edns == edns


def test_a_pointer_answer() -> None:
    question = dns.message.make_query("2.0.0.10.in-addr.arpa.", "PTR")
    read = ours.read_query(question.to_wire())
    answer = dns.message.from_wire(ours.write_reply(read, [ours.pointer_record("web.front", 5)]))
    assert answer.answer[0][0].to_text() == "web.front."


def test_truncation_keeps_the_question_and_says_so() -> None:
    question = dns.message.make_query("web.", "A")
    read = ours.read_query(question.to_wire())
    records = [ours.address_record(IPv4Address(n), 5) for n in range(100)]
    answer = dns.message.from_wire(ours.truncate(read, ours.write_reply(read, records)))
    assert question.is_response(answer) and answer.flags & dns.flags.TC and not answer.answer


def test_the_life_of_an_answer_is_its_shortest_ttl_and_it_ages() -> None:
    question = dns.message.make_query("x.example.", "A", use_edns=0)
    answer = dns.message.make_response(question)
    answer.answer.append(dns.rrset.from_text("x.example.", 60, "IN", "CNAME", "y.example."))
    answer.answer.append(dns.rrset.from_text("y.example.", 20, "IN", "A", "192.0.2.1"))
    wire = answer.to_wire()
    outline = ours.read_reply(wire)
    assert (outline.lifetime, outline.rcode, outline.truncated) == (20, ours.NOERROR, False)
    older = dns.message.from_wire(ours.aged(wire, outline.ttl_offsets, 30))
    assert [rrset.ttl for rrset in older.answer] == [30, 0]


def test_a_negative_answer_lives_as_long_as_the_soa_says() -> None:
    answer = dns.message.make_response(dns.message.make_query("no.example.", "A"))
    answer.set_rcode(dns.rcode.NXDOMAIN)
    answer.authority.append(dns.rrset.from_text("example.", 900, "IN", "SOA", "a. b. 1 2 3 4 30"))
    assert ours.read_reply(answer.to_wire()).lifetime == 30
    answer.authority.clear()
    assert ours.read_reply(answer.to_wire()).lifetime == 0
    answer.set_rcode(dns.rcode.SERVFAIL)
    assert ours.read_reply(answer.to_wire()).lifetime == 0


def test_another_askers_spelling_and_id_are_put_in() -> None:
    first, second = dns.message.make_query("x.example.", "A"), dns.message.make_query("X.eXample.", "A")
    answer = dns.message.make_response(first)
    answer.answer.append(dns.rrset.from_text("x.example.", 60, "IN", "A", "192.0.2.1"))
    own = ours.as_answer_to(ours.read_query(second.to_wire()), answer.to_wire())
    read = dns.message.from_wire(own)
    assert read.id == second.id and "X.eXample." in read.question[0].to_text()


HEADER = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"\x12\x34",
        HEADER,
        HEADER + b"\x03we",
        HEADER + b"\xc0\x0c\x00\x01\x00\x01",  # points at itself
        HEADER + b"\xc0\x20\x00\x01\x00\x01",  # points forwards
        HEADER + b"\x80\x00\x00\x01\x00\x01",
        HEADER + (b"\x3f" + b"a" * 63) * 5 + b"\x00\x00\x01\x00\x01",
        HEADER + b"\x00\x00\x01",
        HEADER[:5] + b"\x02" + HEADER[6:] + b"\x00\x00\x01\x00\x01" * 2,
        b"\x12\x34\x81" + HEADER[3:] + b"\x00\x00\x01\x00\x01",
        HEADER[:11] + b"\x09\x00\x00\x01\x00\x01",
    ],
)
def test_nonsense_is_malformed(wire: bytes) -> None:
    with pytest.raises(ours.Malformed):
        ours.read_query(wire)


@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_malformed(wire: bytes) -> None:
    for read in (ours.read_query, ours.read_reply):
        try:
            read(wire)
        except ours.Malformed:
            continue


@given(st.lists(st.text("abc-_0", min_size=1, max_size=63), max_size=4))
def test_names_come_back_as_they_went(labels: list[str]) -> None:
    encoded = ours.encode_name(".".join(labels)) if sum(map(len, labels)) + len(labels) < 254 else b"\0"
    assert ours.read_name(encoded, 0) == (".".join(labels) if len(encoded) > 1 else "", len(encoded))


def test_an_error_answers_questions_only() -> None:
    assert ours.write_error(b"\x12\x34\x81\x00" + bytes(8), ours.FORMERR) is None
    assert ours.write_error(b"\x12", ours.FORMERR) is None
    error = ours.write_error(HEADER, ours.FORMERR)
    assert error is not None and dns.message.from_wire(error).rcode() == 1


def test_names_that_cannot_be_encoded() -> None:
    for name in ("a" * 64, ".".join(["a" * 63] * 4), "a..b"):
        with pytest.raises(ours.Malformed):
            ours.encode_name(name)
