"""The commands for the packet filter: a change is one transaction; removing what is gone never fails."""

from __future__ import annotations

from hythe.kernel.nftables import Nftables
from hythe.network.firewall import Firewall
from hythe.network.model import NetworkRecord, PortBound, PublishedRecord


class Recorder(Nftables):
    """Takes commands and runs none."""

    def __init__(self) -> None:
        self.runs: list[list[str]] = []

    def run(self, commands: str) -> str:
        self.runs.append(commands.splitlines())
        return ""


def network(**fields: object) -> NetworkRecord:
    return NetworkRecord("i", "web", "bridge", 0, bridge="hyabcd0", internal=bool(fields.get("internal")))


def test_a_network_is_elements_of_sets() -> None:
    recorder = Recorder()
    firewall = Firewall(recorder, "abcd")
    firewall.add_network(network(internal=True))
    assert recorder.runs == [
        [
            'add element inet hythe_abcd bridges { "hyabcd0" }',
            'add element inet hythe_abcd within { "hyabcd0" . "hyabcd0" }',
            'add element inet hythe_abcd internal { "hyabcd0" }',
        ]
    ]


def test_ports_go_to_the_map_of_their_address_and_ipv6_to_none() -> None:
    recorder = Recorder()
    ports = [
        PortBound(80, "tcp", "", 8080),
        PortBound(80, "tcp", "0.0.0.0", 8081),
        PortBound(53, "udp", "127.0.0.1", 5353),
        PortBound(80, "tcp", "::1", 8080),
    ]
    firewall = Firewall(recorder, "abcd")
    firewall.add_ports(PublishedRecord("c", "web", "10.0.0.2", ports))
    assert recorder.runs == [
        [
            "add element inet hythe_abcd published { tcp . 8080 : 10.0.0.2 . 80 }",
            "add element inet hythe_abcd published { tcp . 8081 : 10.0.0.2 . 80 }",
            "add element inet hythe_abcd published_at { 127.0.0.1 . udp . 5353 : 10.0.0.2 . 53 }",
            "add element inet hythe_abcd themselves { 10.0.0.2 . 10.0.0.2 }",
        ]
    ]
    firewall.add_ports(PublishedRecord("c", "web", "10.0.0.2", ports[3:]))
    assert len(recorder.runs) == 1


def test_removal_adds_first_so_that_a_missing_element_is_no_error() -> None:
    recorder = Recorder()
    ports = [PortBound(80, "tcp", "", 8080)]
    Firewall(recorder, "abcd").remove_ports(PublishedRecord("c", "web", "10.0.0.2", ports))
    (commands,) = recorder.runs
    assert commands[:2] == [
        "add element inet hythe_abcd published { tcp . 8080 : 10.0.0.2 . 80 }",
        "delete element inet hythe_abcd published { tcp . 8080 }",
    ]
