"""What an engine writes into a container's /etc/hosts, /etc/hostname and /etc/resolv.conf."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parity.serving import address, gateway, idle
from tests.targets import Target

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

DNS = ["--dns", "192.0.2.53", "--dns-search", "example.test", "--dns-option", "ndots:2"]


def hosts(text: str) -> dict[str, list[str]]:
    """Name -> addresses."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        where, *names = line.partition("#")[0].split() or [""]
        for name in names:
            found.setdefault(name, []).append(where)
    return found


def test_hosts_names_the_container_itself_and_what_is_added(target: Target) -> None:
    added = ["--add-host", "db:10.1.2.3", "--add-host", "outside:host-gateway"]
    idle(target, "named", "--hostname", "box", *added)
    found = hosts(target.docker("exec", "named", "cat", "/etc/hosts").out)
    assert "127.0.0.1" in found["localhost"]
    assert found["box"] == [address(target, "named")]
    assert found["db"] == ["10.1.2.3"]
    assert found["outside"] == [gateway(target)]
    assert target.docker("exec", "named", "cat", "/etc/hostname").out == "box\n"


def test_hosts_lists_each_network(target: Target) -> None:
    target.docker("network", "create", "net")
    idle(target, "named", "--hostname", "box", "--domainname", "example.test", "--network", "net")
    found = hosts(target.docker("exec", "named", "cat", "/etc/hosts").out)
    assert found["box"] == found["box.example.test"] == [address(target, "named", "net")]
    target.docker("network", "connect", "bridge", "named")
    found = hosts(target.docker("exec", "named", "cat", "/etc/hosts").out)
    assert set(found["box"]) == {address(target, "named", name) for name in ("net", "bridge")}


def test_hosts_stays_when_the_program_changes_it_and_is_new_after_a_restart(target: Target) -> None:
    idle(target, "named", "--hostname", "box")
    assert target.docker("exec", "named", "sh", "-c", "echo 10.9.9.9 mine >> /etc/hosts").code == 0
    assert "mine" in hosts(target.docker("exec", "named", "cat", "/etc/hosts").out)
    target.docker("restart", "-t", "0", "named")
    found = hosts(target.docker("exec", "named", "cat", "/etc/hosts").out)
    assert found["box"] == [address(target, "named")]


def test_the_default_bridge_takes_the_name_servers_of_the_host(target: Target) -> None:
    wanted = [
        line for line in Path("/etc/resolv.conf").read_text().splitlines() if line.startswith("nameserver")
    ]
    given = target.docker("run", "--rm", "busybox", "cat", "/etc/resolv.conf").out
    if not any("127.0.0." in line for line in wanted):  # loopback servers are replaced
        assert [line for line in given.splitlines() if line.startswith("nameserver")] == wanted


def test_name_servers_are_given_as_asked_for(target: Target) -> None:
    given = target.docker("run", "--rm", *DNS, "busybox", "cat", "/etc/resolv.conf").out.splitlines()
    assert {"nameserver 192.0.2.53", "search example.test", "options ndots:2"} <= set(given)


def test_a_network_of_the_user_has_a_name_server_of_its_own(target: Target) -> None:
    target.docker("network", "create", "net")
    run = ["run", "--rm", "--network", "net", *DNS, "busybox", "cat", "/etc/resolv.conf"]
    given = target.docker(*run).out.splitlines()
    assert "nameserver 127.0.0.11" in given and "search example.test" in given
    assert "nameserver 192.0.2.53" not in given


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--add-host", "db:10.1.2.300"], "invalid IP address in add-host"),
        (["--dns", "not-an-address"], "not-an-address"),
        (["--network", "none", "--network", "host"], "none"),
    ],
)
def test_nonsense_is_refused(target: Target, option: list[str], words: str) -> None:
    done = target.docker("run", "--rm", *option, "busybox", "true")
    assert done.code == 125
    assert words in done.err
    assert target.docker("ps", "-aq").out == ""
