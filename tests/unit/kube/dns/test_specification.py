"""The records of the Kubernetes DNS specification 1.1.0, section by section, read by dnspython."""

from __future__ import annotations

from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from hythe.kube.dns.answers import Answerer
from hythe.kube.dns.zone import Zone


def service(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def endpoints(
    *found: dict[str, Any], ports: list[dict[str, Any]] | None = None, kind: str = "IPv4"
) -> dict[str, Any]:
    return {"addressType": kind, "endpoints": list(found), "ports": ports or []}


def endpoint(address: str, hostname: str = "", ready: bool | None = True) -> dict[str, Any]:
    made: dict[str, Any] = {"addresses": [address], "conditions": {"ready": ready}}
    return {**made, "hostname": hostname} if hostname else made


HTTP = {"name": "http", "protocol": "TCP", "port": 80}


@pytest.fixture
def zone() -> Zone:
    return Zone("cluster.local.")


def ask(zone: Zone, name: str, kind: str = "A") -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    _, answer = Answerer(zone, servers=list).at_once(query.to_wire())
    assert answer is not None
    read = dns.message.from_wire(answer)
    assert query.is_response(read)
    assert read.flags & dns.flags.AA
    return read


def lines(answer: dns.message.Message) -> list[str]:
    return sorted(" ".join(line.split()) for each in answer.answer for line in each.to_text().splitlines())


def no_data(answer: dns.message.Message) -> bool:
    soa = [each.rdtype for each in answer.authority] == [dns.rdatatype.SOA]
    return answer.rcode() == dns.rcode.NOERROR and not answer.answer and soa


def no_such_name(answer: dns.message.Message) -> bool:
    soa = [each.rdtype for each in answer.authority] == [dns.rdatatype.SOA]
    return answer.rcode() == dns.rcode.NXDOMAIN and not answer.answer and soa


def test_2_2_schema_version(zone: Zone) -> None:
    assert lines(ask(zone, "dns-version.cluster.local.", "TXT")) == [
        'dns-version.cluster.local. 5 IN TXT "1.1.0"'
    ]


def test_2_3_1_address_of_a_service_with_a_cluster_address(zone: Zone) -> None:
    zone.put(service("api", clusterIP="10.96.3.7", clusterIPs=["10.96.3.7"]), [])
    assert lines(ask(zone, "api.shop.svc.cluster.local.")) == ["api.shop.svc.cluster.local. 5 IN A 10.96.3.7"]
    assert no_data(ask(zone, "api.shop.svc.cluster.local.", "AAAA"))


def test_2_3_1_both_families(zone: Zone) -> None:
    zone.put(service("api", clusterIP="10.96.3.7", clusterIPs=["10.96.3.7", "fd00::7"]), [])
    assert lines(ask(zone, "api.shop.svc.cluster.local.", "AAAA")) == [
        "api.shop.svc.cluster.local. 5 IN AAAA fd00::7"
    ]


def test_2_3_2_service_records_of_named_ports(zone: Zone) -> None:
    ports = [HTTP, {"name": "dns", "protocol": "UDP", "port": 53}, {"port": 9000}]
    zone.put(service("api", clusterIP="10.96.3.7", ports=ports), [])
    answer = ask(zone, "_http._tcp.api.shop.svc.cluster.local.", "SRV")
    assert lines(answer) == [
        "_http._tcp.api.shop.svc.cluster.local. 5 IN SRV 0 100 80 api.shop.svc.cluster.local."
    ]
    assert [each.to_text() for each in answer.additional] == ["api.shop.svc.cluster.local. 5 IN A 10.96.3.7"]
    assert lines(ask(zone, "_dns._udp.api.shop.svc.cluster.local.", "SRV"))
    assert no_such_name(ask(zone, "_dns._tcp.api.shop.svc.cluster.local.", "SRV"))
    assert no_data(ask(zone, "api.shop.svc.cluster.local.", "SRV"))


def test_2_3_3_reverse_name_of_a_cluster_address(zone: Zone) -> None:
    zone.put(service("api", clusterIP="10.96.3.7"), [])
    assert lines(ask(zone, "7.3.96.10.in-addr.arpa.", "PTR")) == [
        "7.3.96.10.in-addr.arpa. 5 IN PTR api.shop.svc.cluster.local."
    ]


def test_2_4_1_addresses_of_a_headless_service(zone: Zone) -> None:
    found = [endpoint("10.1.0.2", "db-0"), endpoint("10.1.0.3"), endpoint("10.1.0.4", ready=False)]
    zone.put(service("db", clusterIP="None"), [endpoints(*found)])
    assert lines(ask(zone, "db.shop.svc.cluster.local.")) == [
        "db.shop.svc.cluster.local. 5 IN A 10.1.0.2",
        "db.shop.svc.cluster.local. 5 IN A 10.1.0.3",
    ]
    assert lines(ask(zone, "db-0.db.shop.svc.cluster.local.")) == [
        "db-0.db.shop.svc.cluster.local. 5 IN A 10.1.0.2"
    ]
    assert lines(ask(zone, "10-1-0-3.db.shop.svc.cluster.local.")) == [
        "10-1-0-3.db.shop.svc.cluster.local. 5 IN A 10.1.0.3"
    ]
    assert no_such_name(ask(zone, "10-1-0-4.db.shop.svc.cluster.local."))


def test_2_4_1_no_ready_endpoint_is_no_such_name(zone: Zone) -> None:
    zone.put(service("db", clusterIP="None"), [endpoints(endpoint("10.1.0.4", ready=False))])
    assert no_such_name(ask(zone, "db.shop.svc.cluster.local."))


def test_2_4_1_an_endpoint_of_unknown_readiness_is_ready(zone: Zone) -> None:
    zone.put(service("db", clusterIP="None"), [endpoints(endpoint("10.1.0.4", ready=None))])
    assert len(lines(ask(zone, "db.shop.svc.cluster.local."))) == 1


def test_2_4_2_service_records_of_a_headless_service(zone: Zone) -> None:
    found = [endpoint("10.1.0.2", "db-0"), endpoint("10.1.0.3", "db-1")]
    ports = [{"name": "sql", "protocol": "TCP", "port": 5432}]
    zone.put(service("db", clusterIP="None"), [endpoints(*found, ports=ports)])
    answer = ask(zone, "_sql._tcp.db.shop.svc.cluster.local.", "SRV")
    assert lines(answer) == [
        "_sql._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 50 5432 db-0.db.shop.svc.cluster.local.",
        "_sql._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 50 5432 db-1.db.shop.svc.cluster.local.",
    ]
    assert sorted(each.to_text() for each in answer.additional) == [
        "db-0.db.shop.svc.cluster.local. 5 IN A 10.1.0.2",
        "db-1.db.shop.svc.cluster.local. 5 IN A 10.1.0.3",
    ]


def test_2_4_3_reverse_names_of_endpoints(zone: Zone) -> None:
    zone.put(service("db", clusterIP="None"), [endpoints(endpoint("10.1.0.2", "db-0"))])
    assert lines(ask(zone, "2.0.1.10.in-addr.arpa.", "PTR")) == [
        "2.0.1.10.in-addr.arpa. 5 IN PTR db-0.db.shop.svc.cluster.local."
    ]


def test_2_5_alias_of_an_external_name_inside_the_zone(zone: Zone) -> None:
    zone.put(service("api", clusterIP="10.96.3.7"), [])
    zone.put(service("old", type="ExternalName", externalName="api.shop.svc.cluster.local"), [])
    assert lines(ask(zone, "old.shop.svc.cluster.local.")) == [
        "api.shop.svc.cluster.local. 5 IN A 10.96.3.7",
        "old.shop.svc.cluster.local. 5 IN CNAME api.shop.svc.cluster.local.",
    ]


def test_2_5_the_alias_itself(zone: Zone) -> None:
    zone.put(service("web", type="ExternalName", externalName="www.example.org"), [])
    assert lines(ask(zone, "web.shop.svc.cluster.local.", "CNAME")) == [
        "web.shop.svc.cluster.local. 5 IN CNAME www.example.org."
    ]


def test_pods_by_their_addresses(zone: Zone) -> None:
    assert lines(ask(zone, "10-1-0-9.shop.pod.cluster.local.")) == [
        "10-1-0-9.shop.pod.cluster.local. 5 IN A 10.1.0.9"
    ]
    assert no_data(ask(zone, "10-1-0-9.shop.pod.cluster.local.", "AAAA"))
    assert no_such_name(ask(zone, "10-1-0.shop.pod.cluster.local."))


def test_names_in_between_exist_and_others_do_not(zone: Zone) -> None:
    zone.put(service("api", clusterIP="10.96.3.7", ports=[HTTP]), [])
    for name in ("svc", "shop.svc", "_tcp.api.shop.svc", "pod"):
        assert no_data(ask(zone, f"{name}.cluster.local.")), name
    for name in ("nobody", "nobody.shop.svc", "empty.svc", "a.api.shop.svc"):
        assert no_such_name(ask(zone, f"{name}.cluster.local.")), name


def test_case_does_not_matter_and_comes_back_as_asked(zone: Zone) -> None:
    zone.put(service("api", clusterIP="10.96.3.7"), [])
    answer = ask(zone, "API.Shop.SVC.Cluster.Local.")
    assert answer.answer[0].name.to_text() == "API.Shop.SVC.Cluster.Local."


def test_a_service_that_goes_takes_its_names_with_it(zone: Zone) -> None:
    zone.put(service("api", clusterIP="10.96.3.7", ports=[HTTP]), [])
    zone.put(service("api", clusterIP="10.96.3.8"), [])
    assert lines(ask(zone, "api.shop.svc.cluster.local.")) == ["api.shop.svc.cluster.local. 5 IN A 10.96.3.8"]
    zone.drop(("shop", "api"))
    assert no_such_name(ask(zone, "api.shop.svc.cluster.local."))
    assert no_such_name(ask(zone, "shop.svc.cluster.local."))
    assert not zone.covers("7.3.96.10.in-addr.arpa")


def test_two_headless_services_lead_to_one_pod(zone: Zone) -> None:
    for name in ("one", "two"):
        zone.put(service(name, clusterIP="None"), [endpoints(endpoint("10.1.0.2", "pod"))])
    assert len(lines(ask(zone, "2.0.1.10.in-addr.arpa.", "PTR"))) == 2
    zone.drop(("shop", "one"))
    assert lines(ask(zone, "2.0.1.10.in-addr.arpa.", "PTR")) == [
        "2.0.1.10.in-addr.arpa. 5 IN PTR pod.two.shop.svc.cluster.local."
    ]


def test_addresses_take_turns(zone: Zone) -> None:
    found = [endpoint(f"10.1.0.{number}") for number in (2, 3, 4)]
    zone.put(service("db", clusterIP="None"), [endpoints(*found)])
    answerer = Answerer(zone, servers=list)
    firsts = set()
    for _ in range(3):
        _, answer = answerer.at_once(dns.message.make_query("db.shop.svc.cluster.local.", "A").to_wire())
        assert answer is not None
        firsts.add(dns.message.from_wire(answer).answer[0][0].to_text())
    assert firsts == {"10.1.0.2", "10.1.0.3", "10.1.0.4"}


def test_aliases_in_a_circle_end(zone: Zone) -> None:
    zone.put(service("a", type="ExternalName", externalName="b.shop.svc.cluster.local"), [])
    zone.put(service("b", type="ExternalName", externalName="a.shop.svc.cluster.local"), [])
    answer = ask(zone, "a.shop.svc.cluster.local.")
    assert len(lines(answer)) == 2


def test_the_zone_names_its_authority_and_server(zone: Zone) -> None:
    assert lines(ask(zone, "cluster.local.", "NS")) == ["cluster.local. 5 IN NS ns.dns.cluster.local."]
    assert len(lines(ask(zone, "cluster.local.", "SOA"))) == 1
    assert no_data(ask(zone, "cluster.local.", "A"))


def test_others_names_are_others_affair(zone: Zone) -> None:
    query = dns.message.make_query("example.org.", "A").to_wire()
    read, answer = Answerer(zone, servers=list).at_once(query)
    assert read is not None
    assert answer is None


def test_garbage_is_told_to_be_garbage(zone: Zone) -> None:
    _, answer = Answerer(zone, servers=list).at_once(b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xff")
    assert answer is not None
    assert dns.message.from_wire(answer).rcode() == dns.rcode.FORMERR
