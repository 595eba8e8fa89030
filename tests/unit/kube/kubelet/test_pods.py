from __future__ import annotations

import io
from typing import Any

import pytest
from cri_api.v1 import api_pb2 as cri

from hythe.errors import InvalidArgument
from hythe.kube.kubelet.api.logfile import LogReader, Options, tail_offset
from hythe.kube.kubelet.cri.observed import State
from hythe.kube.kubelet.images.references import policy, with_tag
from hythe.kube.kubelet.lifecycle.admission import refusal
from hythe.kube.kubelet.lifecycle.garbage import garbage
from hythe.kube.kubelet.pods import resources, security
from hythe.kube.kubelet.pods.dns import Resolver, hostname, parse_resolv_conf, resolver, uts_name
from hythe.kube.kubelet.pods.hosts import hosts_file
from hythe.kube.objects.types import Object
from tests.unit.kube.kubelet.pods_double import one, pod, record, sandbox, seen, sidecar


def asking(name: str = "a", **resources_: Any) -> Object:
    return one(name, resources=resources_)


BOTH = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("containers", "qos"),
    [
        ([one("a")], "BestEffort"),
        ([asking(limits=BOTH)], "Guaranteed"),
        ([asking(limits=BOTH, requests={"cpu": "1000m", "memory": "1024Mi"})], "Guaranteed"),
        ([asking(limits=BOTH), one("b")], "Burstable"),
        ([asking(requests={"cpu": "1m"})], "Burstable"),
        ([asking(limits={"cpu": "1"})], "Burstable"),
        ([asking(requests={"cpu": "0"})], "BestEffort"),
    ],
)
def test_qos_classes(containers: list[Object], qos: str) -> None:
    assert resources.qos_class(pod(containers=containers)) == qos


def test_figures_for_control_groups() -> None:
    limits = resources.container_limits(
        asking(requests={"cpu": "250m"}, limits={"cpu": "500m", "memory": "64Mi"})
    )
    assert limits == resources.Limits(256, 50_000, 64 * 2**20)
    assert resources.container_limits(one("a")) == resources.Limits(2, None, None)
    assert resources.container_limits(asking(limits={"cpu": "1m"})).cpu_quota == 1000


def test_a_pod_asks_for_its_containers_or_its_largest_init_container() -> None:
    wanted = pod(
        containers=[asking("a", requests={"cpu": "1"}), asking("b", requests={"cpu": "1"})],
        inits=[sidecar("s", resources={"requests": {"cpu": "1"}}), asking("i", requests={"cpu": "5"})],
    )
    assert resources.effective(wanted, "requests", "cpu") == 6
    assert resources.effective(wanted, "limits", "cpu") is None


def test_oom_scores() -> None:
    capacity = 8 * 2**30
    assert resources.oom_score_adj(pod(), one("a"), capacity) == 1000
    sure = asking(limits=BOTH)
    assert resources.oom_score_adj(pod(containers=[sure]), sure, capacity) == -997
    some = asking(requests={"memory": "4Gi"})
    assert resources.oom_score_adj(pod(containers=[some]), some, capacity) == 500
    little = asking(requests={"cpu": "1m"})
    assert resources.oom_score_adj(pod(containers=[little]), little, capacity) == 999


HOST = parse_resolv_conf("nameserver 1.1.1.1\nsearch home\noptions edns0 # x\n")


def test_resolvers() -> None:
    assert Resolver(["1.1.1.1"], ["home"], ["edns0"]) == HOST
    first = resolver(pod(), HOST, ["10.96.0.10"], "cluster.local")
    assert first.servers == ["10.96.0.10"] and first.options == ["ndots:5"]
    assert first.searches == ["ns.svc.cluster.local", "svc.cluster.local", "cluster.local", "home"]
    assert resolver(pod(hostNetwork=True), HOST, ["10.96.0.10"], "c") == HOST
    assert resolver(pod(dnsPolicy="Default"), HOST, ["10.96.0.10"], "c") == HOST
    config = {
        "nameservers": ["9.9.9.9"],
        "searches": ["x"],
        "options": [{"name": "ndots", "value": "1"}, {"name": "q"}],
    }
    own = resolver(pod(dnsPolicy="None", dnsConfig=config), HOST, ["10.96.0.10"], "c")
    assert own == Resolver(["9.9.9.9"], ["x"], ["ndots:1", "q"])
    mixed = resolver(pod(dnsConfig=config), HOST, ["10.96.0.10"], "c")
    assert mixed.options == ["ndots:1", "q"] and mixed.servers == ["10.96.0.10", "9.9.9.9"]


def test_names_of_a_pod() -> None:
    wanted = pod(hostname="h", subdomain="sub")
    assert hostname(wanted, "c.l") == ("h", "sub.ns.svc.c.l")
    assert (
        uts_name(wanted | {"spec": wanted["spec"] | {"setHostnameAsFQDN": True}}, "c.l") == "h.sub.ns.svc.c.l"
    )
    with pytest.raises(ValueError, match="too long"):
        uts_name(pod(hostname="h" * 60, subdomain="sub", setHostnameAsFQDN=True), "cluster.local")
    text = hosts_file(pod(hostAliases=[{"ip": "1.2.3.4", "hostnames": ["x", "y"]}]), ["10.0.0.2"], "p", "")
    assert "10.0.0.2\tp\n" in text and text.endswith("# Entries added by HostAliases.\n1.2.3.4\tx\ty\n")


@pytest.mark.parametrize(
    ("name", "wanted", "rule"),
    [
        ("nginx", "nginx:latest", "Always"), ("nginx:1", "nginx:1", "IfNotPresent"),
        ("host:5000/a/b", "host:5000/a/b:latest", "Always"),
        (f"a@sha256:{'0' * 64}", f"a@sha256:{'0' * 64}", "IfNotPresent"),
    ],
)  # fmt: skip
def test_image_names(name: str, wanted: str, rule: str) -> None:
    assert with_tag(name) == wanted
    assert policy({"image": name}) == rule


@pytest.mark.parametrize("name", ["", "UPPER", "a::b", "a/b:c:d", "-x", "a b"])
def test_image_names_that_are_none(name: str) -> None:
    with pytest.raises(InvalidArgument, match="Failed to apply default image tag"):
        with_tag(name)


def test_non_root() -> None:
    strict = pod(securityContext={"runAsNonRoot": True})
    image = cri.Image(id="x")
    assert "image will run as root" in security.refuses_root(strict, one("a"), image)
    assert "non-numeric user (www)" in security.refuses_root(strict, one("a"), cri.Image(username="www"))
    assert not security.refuses_root(strict, one("a", securityContext={"runAsUser": 5}), image)
    assert not security.refuses_root(strict, one("a"), cri.Image(uid=cri.Int64Value(value=5)))
    assert "breaks non-root" in security.refuses_root(
        strict, one("a", securityContext={"runAsUser": 0}), image
    )
    assert not security.refuses_root(pod(), one("a"), image)


def test_admission() -> None:
    free = {"cpu": "2", "memory": "1Gi", "pods": "2"}
    big, small = (
        pod(containers=[asking(requests={"cpu": "1500m"})]),
        pod(containers=[asking(requests={"cpu": "1"})]),
    )
    assert refusal(big, [], free, {}) is None
    assert refusal(small, [big], free, {}) == (
        "OutOfcpu",
        "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000, used: 1500, capacity: 2000",
    )
    assert refusal(small, [big | {"status": {"phase": "Succeeded"}}], free, {}) is None
    full = refusal(pod(), [pod(), pod()], free, {})
    assert full is not None and full.reason == "OutOfpods"
    chosen = refusal(pod(nodeSelector={"disk": "ssd"}), [], free, {"disk": "hdd"})
    assert chosen is not None and chosen.reason == "NodeAffinity"
    port = one("a", ports=[{"containerPort": 80, "hostPort": 80}])
    taken = refusal(pod(containers=[port]), [pod(containers=[port])], free, {})
    assert taken is not None and taken.reason == "NodePorts"
    sysctl = refusal(
        pod(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}), [], free, {}
    )
    assert sysctl is not None and sysctl.message == 'forbidden sysctl: "kernel.msgmax" not allowlisted'


def test_garbage_keeps_the_last_that_ended() -> None:
    ended = [record("a", State.EXITED, attempt=number) for number in range(3)]
    there = seen(*ended, record("a", attempt=3), record("b", State.EXITED))
    assert [each.id for each in garbage(there, 1).containers] == ["a-1", "a-0"]
    assert garbage(seen(*ended[:1], record("b", State.EXITED)), 1).nothing
    old = sandbox(ready=False), sandbox(attempt=1)
    assert [each.id for each in garbage(seen(sandboxes=old), 1).sandboxes] == ["s0"]
    needed = record("a", State.EXITED, sandbox="s0"), record("a", attempt=1, sandbox="s1")
    assert garbage(seen(*needed, sandboxes=old), 1).nothing


LOG = b"""\
2026-01-01T00:00:01.5Z stdout F one
2026-01-01T00:00:02Z stderr F two
2026-01-01T00:00:03Z stdout P thr
2026-01-01T00:00:03Z stdout F ee
"""


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (Options(), b"one\ntwo\nthree\n"),
        (Options(tail=0), b""),
        (Options(tail=3), b"two\nthree\n"),
        (Options(tail=9), b"one\ntwo\nthree\n"),
        (Options(stream="stderr"), b"two\n"),
        (Options(limit=5), b"one\nt"),
        (Options(since="2026-01-01T00:00:01.6Z"), b"two\nthree\n"),
        (Options(timestamps=True, tail=3), b"2026-01-01T00:00:02Z two\n2026-01-01T00:00:03Z three\n"),
    ],
)
def test_reading_a_log(options: Options, wanted: bytes) -> None:
    reader = LogReader(io.BytesIO(LOG), options)
    out = b""
    while piece := reader.read():
        out += piece
    assert out == wanted


def test_a_log_that_grows_is_read_on() -> None:
    file = io.BytesIO()
    reader = LogReader(file, Options())
    for piece, wanted in ((LOG[:30], b""), (LOG[30:50], b"one\n"), (LOG[50:], b"two\nthree\n")):
        at = file.tell()
        file.write(piece)
        file.seek(at)
        assert reader.read() == wanted


def test_the_last_lines_of_a_large_file() -> None:
    file = io.BytesIO(b"x" * 50 + b"\n" + (b"y" * 99 + b"\n") * 3000)
    assert tail_offset(file, 2000) == 51 + 100 * 1000
    assert tail_offset(file, 5000) == 0
