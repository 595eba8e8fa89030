from __future__ import annotations

import pytest

from hythe.client.config.ports import Port, exposed_ports, parse_expose, parse_port, port_bindings
from hythe.errors import InvalidArgument


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("80", [Port(80)]),
        ("8080:80", [Port(80, host_port="8080")]),
        ("8080:80/udp", [Port(80, "udp", host_port="8080")]),
        ("127.0.0.1:8080:80/tcp", [Port(80, "tcp", "127.0.0.1", "8080")]),
        ("127.0.0.1::80", [Port(80, "tcp", "127.0.0.1")]),
        ("[::1]:8080:80", [Port(80, "tcp", "::1", "8080")]),
        ("0:80", [Port(80)]),
        ("8000-8001:80-81", [Port(80, host_port="8000"), Port(81, host_port="8001")]),
        ("8000-8010:80", [Port(80, host_port="8000-8010")]),
        ("published=8080,target=80,protocol=udp", [Port(80, "udp", host_port="8080")]),
    ],
)
def test_every_form_of_publish(text: str, ports: list[Port]) -> None:
    assert parse_port(text) == ports


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "80:x",
        "70000",
        "8000-8001:80-82",
        "80/icmp",
        "a.b:80:80",
        "[::1:80:80",
        "90-80:1",
        "target=x",
    ],
)
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_port(text)


def test_bindings_and_exposed_ports() -> None:
    ports = parse_port("8080:80") + parse_port("127.0.0.1:9090:80")
    assert port_bindings(ports) == {
        "80/tcp": [{"HostIp": "", "HostPort": "8080"}, {"HostIp": "127.0.0.1", "HostPort": "9090"}]
    }
    assert exposed_ports(ports, parse_expose("53/udp")) == {"80/tcp": {}, "53/udp": {}}
