"""Networks of the user and the default ones, and which names and peers a container reaches on them."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

import pytest

from tests.parity.serving import address, from_container, gateway, idle, serve
from tests.targets import Target

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

LINKS = ["sh", "-c", "ls /sys/class/net"]
SUBNET = ["--subnet", "10.99.7.0/24", "--gateway", "10.99.7.1", "--ip-range", "10.99.7.128/25"]


def test_containers_on_the_default_bridge_reach_each_other_by_address(target: Target) -> None:
    serve(target, "web")
    idle(target, "asker")
    config = target.inspect("bridge", "network")["IPAM"]["Config"][0]
    assert ipaddress.ip_address(address(target, "web")) in ipaddress.ip_network(config["Subnet"])
    assert from_container(target, "asker", f"http://{address(target, 'web')}/").out == "hello\n"
    assert from_container(target, "asker", "http://web/").code != 0  # names are for networks of the user


def test_a_network_is_described_as_it_was_asked_for(target: Target) -> None:
    made = target.docker("network", "create", *SUBNET, "--label", "k=v", "--attachable", "described")
    assert made.code == 0, made.err
    details = target.inspect("described", "network")
    assert details["Id"] == made.out.strip()
    assert details["IPAM"]["Config"] == [
        {"Subnet": "10.99.7.0/24", "IPRange": "10.99.7.128/25", "Gateway": "10.99.7.1"}
    ]
    shown = [
        details[key] for key in ("Name", "Driver", "Scope", "Labels", "Internal", "EnableIPv6", "Attachable")
    ]
    assert shown == ["described", "bridge", "local", {"k": "v"}, False, False, True]


def test_addresses_come_from_the_range_or_are_fixed(target: Target) -> None:
    target.docker("network", "create", *SUBNET, "ranged")
    first, fixed = idle(target, "first", "--network", "ranged"), "10.99.7.77"
    idle(target, "fixed", "--network", "ranged", "--ip", fixed)
    assert ipaddress.ip_address(address(target, "first", "ranged")) in ipaddress.ip_network("10.99.7.128/25")
    assert address(target, "fixed", "ranged") == fixed
    members = target.inspect("ranged", "network")["Containers"]
    assert members[first]["IPv4Address"] == f"{address(target, 'first', 'ranged')}/24"
    taken = target.docker("run", "--rm", "--network", "ranged", "--ip", fixed, "busybox", "true")
    assert taken.code == 125 and "in use" in taken.err.lower()


def test_networks_are_listed_and_removed(target: Target) -> None:
    target.docker("network", "create", "--label", "mine", "listed")
    names = target.docker("network", "ls", "--format", "{{.Name}} {{.Driver}} {{.Scope}}").out.splitlines()
    for line in ("bridge bridge local", "host host local", "none null local", "listed bridge local"):
        assert line in names
    assert target.docker("network", "ls", "-f", "label=mine", "--format", "{{.Name}}").out == "listed\n"
    assert target.docker("network", "rm", "listed").out == "listed\n"
    assert target.docker("network", "ls", "-q", "-f", "name=listed").out == ""


def test_what_cannot_be_created_or_removed_is_one_clear_error(target: Target) -> None:
    target.docker("network", "create", *SUBNET, "first")
    twice = target.docker("network", "create", "first")
    overlapping = target.docker("network", "create", "--subnet", "10.99.0.0/16", "second")
    idle(target, "member", "--network", "first")
    busy = target.docker("network", "rm", "first")
    fixed = target.docker("network", "rm", "bridge")
    missing = target.docker("network", "rm", "nosuchnetwork")
    assert [each.code for each in (twice, overlapping, busy, fixed, missing)] == [1] * 5
    assert "network with name first already exists" in twice.err
    assert "overlap" in overlapping.err
    assert "has active endpoints" in busy.err
    assert "pre-defined network and cannot be removed" in fixed.err
    # an older docker has words of its own for what is not found
    assert re.search("network nosuchnetwork not found|No such network: nosuchnetwork", missing.err)


def test_an_unknown_network_leaves_no_running_container(target: Target) -> None:
    done = target.docker("run", "--rm", "--network", "nosuchnetwork", "busybox", "true")
    assert done.code == 125
    assert "network nosuchnetwork not found" in done.err
    assert target.docker("ps", "-aq").out == ""


def test_prune_takes_unused_networks_only(target: Target) -> None:
    for name in ("used", "unused"):
        target.docker("network", "create", name)
    idle(target, "member", "--network", "used")
    assert target.docker("network", "prune", "-f").out.split() == ["Deleted", "Networks:", "unused"]
    assert "used\n" in target.docker("network", "ls", "--format", "{{.Name}}").out


def test_names_and_aliases_are_found_on_a_network_of_the_user(target: Target) -> None:
    target.docker("network", "create", "net")
    id = serve(target, "web", "--network", "net", "--network-alias", "shop", "--network-alias", "front")
    idle(target, "asker", "--network", "net")
    for name in ("web", "shop", "front", id[:12]):
        assert from_container(target, "asker", f"http://{name}/").out == "hello\n", name
    lookup = target.docker("exec", "asker", "nslookup", "-type=a", "web").out
    assert address(target, "web", "net") in lookup
    assert from_container(target, "asker", "http://nosuchname/").code != 0


def test_one_alias_stands_for_several_containers(target: Target) -> None:
    target.docker("network", "create", "net")
    for name in ("one", "two"):
        idle(target, name, "--network", "net", "--network-alias", "service")
    idle(target, "asker", "--network", "net")
    found = target.docker("exec", "asker", "nslookup", "-type=a", "service").out
    assert all(address(target, name, "net") in found for name in ("one", "two"))
    target.docker("stop", "-t", "0", "one")
    found = target.docker("exec", "asker", "nslookup", "-type=a", "service").out
    assert found.count(address(target, "two", "net")) == 1 and "one" not in found


def test_networks_are_apart(target: Target) -> None:
    for name in ("here", "there"):
        target.docker("network", "create", name)
    serve(target, "web", "--network", "there")
    idle(target, "asker", "--network", "here")
    idle(target, "outsider")
    for asker in ("asker", "outsider"):
        assert from_container(target, asker, f"http://{address(target, 'web', 'there')}/", 1).code != 0
        assert from_container(target, asker, "http://web/").code != 0


def test_connect_and_disconnect_while_running(target: Target) -> None:
    target.docker("network", "create", "late")
    serve(target, "web", "--network", "late")
    idle(target, "asker")
    assert target.docker("network", "connect", "--alias", "guest", "late", "asker").code == 0
    assert target.docker("exec", "asker", *LINKS).out.split() == ["eth0", "eth1", "lo"]
    assert from_container(target, "asker", "http://web/").out == "hello\n"
    assert target.docker("exec", "web", "nslookup", "-type=a", "guest").code == 0
    assert target.docker("network", "disconnect", "late", "asker").code == 0
    assert target.docker("exec", "asker", *LINKS).out.split() == ["eth0", "lo"]
    assert from_container(target, "asker", "http://web/").code != 0
    assert list(target.inspect("asker")["NetworkSettings"]["Networks"]) == ["bridge"]


def test_none_host_and_the_network_of_another(target: Target) -> None:
    own = ["readlink", "/proc/self/ns/net"]
    assert target.docker("run", "--rm", "--network", "none", "busybox", *LINKS).out == "lo\n"
    up = target.docker("run", "--rm", "--network", "none", "busybox", "ping", "-c1", "-W1", "127.0.0.1")
    assert up.code == 0, up.out
    ours = str(Path(f"/proc/{target.pid}/ns/net").readlink())
    assert target.docker("run", "--rm", "--network", "host", "busybox", *own).out == f"{ours}\n"
    serve(target, "web")
    shared = ["run", "--rm", "--network", "container:web", "busybox"]
    assert target.docker(*shared, *own).out == target.docker("exec", "web", *own).out
    assert target.docker(*shared, "wget", "-qO-", "http://127.0.0.1/").out == "hello\n"
    assert target.docker(*shared, "hostname").out == target.docker("exec", "web", "hostname").out


def test_an_internal_network_leads_nowhere_else(target: Target) -> None:
    target.docker("network", "create", "--internal", "inner")
    serve(target, "web", "--network", "inner")
    serve(target, "outside")
    idle(target, "asker", "--network", "inner", "--cap-add", "NET_ADMIN")
    assert from_container(target, "asker", "http://web/").out == "hello\n"
    # dockerd 20.10 gives a default route, newer ones and hythe give none; it must lead nowhere in any case
    target.docker("exec", "asker", "ip", "route", "replace", "default", "via", gateway(target, "inner"))
    assert from_container(target, "asker", f"http://{address(target, 'outside')}/", 1).code != 0


def test_a_network_with_ipv6(target: Target) -> None:
    subnet = ["--ipv6", "--subnet", "fd00:99:7::/64", "--gateway", "fd00:99:7::f"]
    made = target.docker("network", "create", *subnet, "six")
    assert made.code == 0, made.err
    details = target.inspect("six", "network")
    assert details["EnableIPv6"]
    assert [each for each in details["IPAM"]["Config"] if ":" in each["Subnet"]] == [
        {"Subnet": "fd00:99:7::/64", "Gateway": "fd00:99:7::f"}
    ]
    first = idle(target, "first", "--network", "six", "--network-alias", "one")
    idle(target, "fixed", "--network", "six", "--ip6", "fd00:99:7::77")
    shown = target.inspect("fixed")["NetworkSettings"]["Networks"]["six"]
    assert (shown["GlobalIPv6Address"], shown["GlobalIPv6PrefixLen"]) == ("fd00:99:7::77", 64)
    assert shown["IPv6Gateway"] == "fd00:99:7::f"
    assert shown["IPAMConfig"]["IPv6Address"] == "fd00:99:7::77"
    own = target.inspect("first")["NetworkSettings"]["Networks"]["six"]["GlobalIPv6Address"]
    assert target.inspect("six", "network")["Containers"][first]["IPv6Address"] == f"{own}/64"
    assert target.docker("exec", "first", "ping", "-6", "-c1", "-w10", "fd00:99:7::77").code == 0
    answer = target.docker("exec", "fixed", "nslookup", "-type=aaaa", "one").out
    assert own in answer
    hosts = target.docker("exec", "fixed", "cat", "/etc/hosts").out
    assert "fd00:99:7::77" in hosts
    taken = target.docker("run", "--rm", "--network", "six", "--ip6", own, "busybox", "true")
    assert taken.code == 125 and "in use" in taken.err.lower()
    target.docker("network", "disconnect", "six", "first")
    assert target.docker("network", "connect", "--ip6", "fd00:99:7::88", "six", "first").code == 0
    assert "fd00:99:7::88" in target.docker("exec", "first", "ip", "-6", "addr").out


def test_a_subnet_of_ipv6_alone(target: Target) -> None:
    """Clients that say no more than the subnet are served by both; dockerd leaves it at that."""
    assert target.docker("network", "create", "--subnet", "fd00:99:8::/64", "alone").code == 0
    idle(target, "fixed", "--network", "alone", "--ip6", "fd00:99:8::77")
    shown = target.inspect("fixed")["NetworkSettings"]["Networks"]["alone"]
    assert shown["IPAMConfig"]["IPv6Address"] == "fd00:99:8::77"
    if target.name == "hythe":
        assert target.inspect("alone", "network")["EnableIPv6"]
        assert shown["GlobalIPv6Address"] == "fd00:99:8::77"
