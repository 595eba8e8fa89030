"""What is told of namespaces, mounts, names and rules, from what was read."""

from __future__ import annotations

import pytest

from hythe.engine.explain import explanation, mounts, network, users
from hythe.engine.explain.cgroup import own_folder
from hythe.engine.explain.namespaces import compare
from hythe.engine.explain.ruleset import concerning, parse
from hythe.engine.model import Container, ContainerSpec, Endpoint, EndpointRequest, MountPoint
from hythe.errors import InvalidArgument
from hythe.kernel.mountinfo import parse_mountinfo
from hythe.kernel.netlink.links import Link
from hythe.kernel.netlink.survey import Network

RULESET = """\
table inet hythe_abc {
\tset bridges {
\t\ttype ifname
\t\telements = { "hyabc0",
\t\t\t     "hyabc1", "hyabc10" }
\t}

\tset internal {
\t\ttype ifname
\t\telements = { "hyabc10" }
\t}

\tmap published {
\t\ttype inet_proto . inet_service : ipv4_addr . inet_service
\t\telements = { tcp . 8080 : 10.1.1.2 . 80,
\t\t\t     tcp . 8081 : 10.1.1.21 . 80 }
\t}

\tchain publish {
\t\tdnat ip to meta l4proto . th dport map @published
\t}

\tchain from_host {
\t\ttype nat hook output priority -100; policy accept;
\t\tfib daddr type local jump publish
\t}

\tchain inbound {
\t\tiifname @internal drop
\t\tct status dnat accept
\t\tdrop
\t}

\tchain other {
\t\tip daddr 10.9.9.9 drop
\t}

\tchain between {
\t\ttype filter hook forward priority filter; policy accept;
\t\toifname @bridges goto inbound
\t\tiifname @internal drop
\t}
}
table ip filter {
\tchain FORWARD {
\t\ttype filter hook forward priority filter; policy drop;
\t\toifname "hyabc*" counter packets 1 bytes 2 accept comment "hythe abc"
\t\toifname "docker0" accept
\t}
}
"""


def lines_of(*words: str) -> dict[str, list[str]]:
    return {f"{b.table} {b.name}": b.lines for b in concerning(parse(RULESET), words)}


def test_rules_about_a_container_with_a_published_port() -> None:
    assert lines_of("10.1.1.2", "hyabc1") == {
        "inet hythe_abc bridges": ['"hyabc1"'],
        "inet hythe_abc published": ["tcp . 8080 : 10.1.1.2 . 80"],
        "inet hythe_abc publish": ["dnat ip to meta l4proto . th dport map @published"],
        "inet hythe_abc from_host": ["fib daddr type local jump publish"],
        "inet hythe_abc inbound": ["ct status dnat accept", "drop"],
        "inet hythe_abc between": ["oifname @bridges goto inbound"],
        "ip filter FORWARD": ['oifname "hyabc*" counter packets 1 bytes 2 accept comment "hythe abc"'],
    }


def test_rules_about_one_on_an_internal_network() -> None:
    found = lines_of("10.1.1.3", "hyabc10")
    assert found["inet hythe_abc between"] == ["oifname @bridges goto inbound", "iifname @internal drop"]
    assert found["inet hythe_abc inbound"][0] == "iifname @internal drop"
    assert "inet hythe_abc published" not in found
    assert "inet hythe_abc from_host" not in found


def test_no_words_no_rules() -> None:
    assert lines_of() == lines_of("") == lines_of("10.1.1.9") == {}


def test_hooks_are_kept() -> None:
    heads = {block.name: block.head for block in parse(RULESET)}
    assert heads["between"] == "type filter hook forward priority filter; policy accept;"
    assert heads["publish"] == ""


def test_whose_namespaces() -> None:
    found = compare(
        7, {"net": 1, "pid": 2, "ipc": 3}, {"net": 1, "pid": 9}, {"b": {"net": 1, "pid": 2}, "a": {"pid": 2}}
    )
    assert [(one.type, one.relation, one.shared_with) for one in found] == [
        ("net", "host", []),
        ("pid", "shared", ["a", "b"]),
        ("ipc", "own", []),
    ]
    assert found[0].path == "/proc/7/ns/net"


def record(*points: MountPoint) -> Container:
    return Container(
        "i" * 64, "c", 0, ContainerSpec("x"), "sha256:0", [], [], "", "", "", {}, [], "", None, [], [], list(points)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "origin", "volume"),
    [
        ("1 0 0:50 / / rw - overlay overlay rw,lowerdir=/x", "root", ""),
        ("1 0 8:1 /volumes/v/_data /data rw - ext4 /dev/sda rw", "volume", "v"),
        ("1 0 8:1 /volumes/v/_data/in /data/in rw - ext4 /dev/sda rw", "volume", "v"),
        ("1 0 8:1 /home /mine ro - ext4 /dev/sda rw", "bind", ""),
        ("1 0 0:9 / /scratch rw - tmpfs tmpfs rw", "tmpfs", ""),
        ("1 0 8:1 /run/hosts /etc/hosts rw - ext4 /dev/sda rw", "engine", ""),
        ("1 0 0:6 /null /proc/keys rw - devtmpfs devtmpfs rw", "masked", ""),
        ("1 0 0:7 / /proc/acpi ro - tmpfs tmpfs ro", "masked", ""),
        ("1 0 0:8 /sys /proc/sys ro - proc proc rw", "read-only", ""),
        ("1 0 0:8 / /proc rw - proc proc rw", "standard", ""),
        ("1 0 0:8 / /proc/x rw - proc proc rw", "standard", ""),
        ("1 0 0:10 / /database rw - tmpfs tmpfs rw", "other", ""),
    ],
)
def test_why_a_mount_is_there(line: str, origin: str, volume: str) -> None:
    asked = record(
        MountPoint("volume", "/v", "/data", volume="v"),
        MountPoint("bind", "/home", "/mine/"),
        MountPoint("tmpfs", "", "/scratch"),
    )
    (entry,) = parse_mountinfo(line)
    found = mounts.origin(entry, asked)
    assert found[:2] == (origin, volume)
    assert found[2].startswith("below the ") == (entry.point == "/data/in")


def test_an_overlay_does_not_tell_its_layers_as_options() -> None:
    (entry,) = parse_mountinfo("1 0 0:50 / / rw,relatime - overlay overlay rw,lowerdir=/a:/b")
    (seen,) = mounts.seen([entry], [], record())
    assert seen.options == ["rw", "relatime"]


def test_names_of_users() -> None:
    text = "root:x:0:0::/:/bin/sh\nbroken\nme:x:0:0\nodd:x:many:0\nnobody:x:65534:65534\n"
    assert users.parse_names(text) == {0: "root", 65534: "nobody"}


def test_resolv_conf() -> None:
    text = "# no\nnameserver 127.0.0.11\nsearch a\nsearch b c\noptions ndots:0 edns0\nnameserver\n"
    found = network.parse_resolv(text, own_server=True)
    assert (found.servers, found.search) == (["127.0.0.11"], ["b", "c"])
    assert found.options == ["ndots:0", "edns0"]
    assert found.hythe
    assert not network.parse_resolv(text, own_server=False).hythe


def test_an_interface_and_its_other_end() -> None:
    there = Network(
        [
            Link(1, "lo", True, 65536, 0, "00:00:00:00:00:00", ""),
            Link(2, "eth0", True, 1500, 0, "02:00:00:00:00:01", "veth", 40),
        ],
        {2: ["10.1.0.2/24", "fd00::2/64"]},
        [],
    )
    here = {
        40: Link(40, "hv1", True, 1500, 41, "", "veth", 2),
        41: Link(41, "hy1", True, 1500, 0, "", "bridge"),
        2: Link(2, "eth0", True, 1500, 0, "", ""),
    }
    endpoints = {"eth0": Endpoint("id", "net1", EndpointRequest(), interface="eth0")}
    lo, eth0 = network.interfaces(there, here, endpoints, shared=False)
    assert (lo.kind, lo.mac, lo.host_name, lo.network) == ("loopback", "", "", "")
    assert (eth0.host_index, eth0.host_name, eth0.bridge, eth0.network) == (40, "hv1", "hy1", "net1")
    assert eth0.addresses == ["10.1.0.2/24", "fd00::2/64"]
    assert network.interfaces(there, here, {}, shared=True)[1].host_name == ""


def test_groups_of_its_own() -> None:
    assert own_folder("/sys/fs/cgroup/h/abc", "abc") == "/sys/fs/cgroup/h/abc"
    assert own_folder("/sys/fs/cgroup/h/abc/init.scope", "abc") == "/sys/fs/cgroup/h/abc"
    assert own_folder("/sys/fs/cgroup/h/abcd", "abc") == ""
    assert own_folder("/sys/fs/cgroup", "abc") == ""


def test_sections() -> None:
    assert explanation.checked([]) == list(explanation.RUNNING)
    assert explanation.checked(["mounts", "state"]) == ["state", "mounts"]
    with pytest.raises(InvalidArgument, match="no section 'x'"):
        explanation.checked(["x"])
    assert set(explanation.STOPPED) < set(explanation.RUNNING)
