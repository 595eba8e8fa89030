"""Tokens, cluster-info, and which certificate requests are signed: what stands between a stranger and the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.errors import InvalidArgument
from hythe.kube.apiserver.admission.certificates import CertificateRequests
from hythe.kube.apiserver.admission.chain import Review
from hythe.kube.apiserver.definitions import Definitions
from hythe.kube.apiserver.identity import User
from hythe.kube.cluster import cluster_info, tokens
from hythe.kube.cluster.cluster_info import ClusterInfo
from hythe.kube.cluster.joining import _request
from hythe.kube.cluster.signing import SIGNER, USAGES, Asked, judge, read
from hythe.kube.objects.schema.resources import builtin

NODE = Asked("system:node:two", ("system:nodes",), ("two", "192.0.2.3"))
TAKEN = ("kubernetes", "10.96.0.1", "192.0.2.2")
INFO = ClusterInfo("10.96.0.0/16", "10.240.0.0/16", "cluster.local", "10.96.0.10")


def request(**spec: Any) -> dict[str, Any]:
    basis = {
        "signerName": SIGNER,
        "username": "system:bootstrap:abcdef",
        "groups": ["system:bootstrappers", "system:authenticated"],
        "usages": list(USAGES),
    }
    return {"metadata": {"name": "node-two"}, "spec": {**basis, **spec}}


def test_a_token_says_whose_it_is() -> None:
    authority = b"-----BEGIN CERTIFICATE-----\nabc\n"
    bare = tokens.parse("abcdef.0123456789abcdef")
    whole = tokens.parse(bare._replace(authority=tokens.digest(authority)).text)
    assert whole.bearer == "abcdef.0123456789abcdef"
    assert whole.matches(authority)
    assert not whole.matches(b"another")
    assert not bare.matches(authority), "without the hash nobody is believed"


@pytest.mark.parametrize("text", ["", "abc.def", "ABCDEF.0123456789abcdef", "12::abcdef.0123456789abcdef"])
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid token"):
        tokens.parse(text)


def test_a_node_with_a_token_is_signed() -> None:
    assert judge(request(), NODE, TAKEN) == "two"


def test_a_node_may_renew_its_own_and_no_others() -> None:
    own = {"username": "system:node:two", "groups": ["system:nodes"]}
    other = {"username": "system:node:one", "groups": ["system:nodes"]}
    assert judge(request(**own), NODE, TAKEN) == "two"
    assert judge(request(**other), NODE, TAKEN) == ""


@pytest.mark.parametrize(
    ("spec", "asked"),
    [
        ({}, NODE._replace(name="kubernetes-admin")),
        ({}, NODE._replace(groups=("system:nodes", "system:masters"))),
        ({}, NODE._replace(groups=("system:masters",))),
        ({}, NODE._replace(name="system:node:")),
        ({}, NODE._replace(hosts=("192.0.2.2",))),
        ({}, NODE._replace(hosts=("two", "kubernetes"))),
        ({"usages": ["cert sign"]}, NODE),
    ],
)
def test_whoever_asks_for_more_is_denied(spec: dict[str, Any], asked: Asked) -> None:
    with pytest.raises(InvalidArgument):
        judge(request(**spec), asked, TAKEN)


def test_what_is_not_ours_is_left_alone() -> None:
    assert judge(request(signerName="example.com/other"), NODE, TAKEN) == ""
    assert judge(request(groups=["system:authenticated"], username="jane"), NODE, TAKEN) == ""


def test_a_nodes_request_says_what_it_will_be() -> None:
    key, pem = _request("two", "192.0.2.3")
    assert read(pem) == NODE
    assert b"PRIVATE KEY" in key
    with pytest.raises(InvalidArgument):
        read(b"nonsense")


def test_cluster_info_comes_back_as_it_was_written() -> None:
    ((_, body), *_) = cluster_info.objects(INFO, "https://192.0.2.2:6443", b"PEM")
    assert cluster_info.read(body) == (INFO, b"PEM")
    for broken in ({}, {"data": {"kubeconfig": "{}"}}, {"data": {**body["data"], "hythe": "{}"}}):
        with pytest.raises(InvalidArgument, match="not that of a hythe cluster"):
            cluster_info.read(broken)


async def test_the_server_writes_who_asks() -> None:
    definition = Definitions(builtin()).built_in("certificates.k8s.io", "v1", "certificatesigningrequests")
    asker = User("jane", groups=("system:authenticated",))
    forged = request(groups=["system:bootstrappers"], uid="1")

    def review(operation: str, obj: dict[str, Any], old: dict[str, Any] | None = None) -> Review:
        return Review(
            operation=operation, definition=definition, subresource="", namespace="", name="node-two",
            obj=obj, old=old, user=asker, dry_run=False, warnings=[],
        )  # fmt: skip

    await CertificateRequests().admit(review("CREATE", forged))
    assert forged["spec"]["username"] == "jane"
    assert forged["spec"]["groups"] == ["system:authenticated"]
    assert "uid" not in forged["spec"]
    changed = request(groups=["system:bootstrappers"])
    await CertificateRequests().admit(review("UPDATE", changed, forged))
    assert changed["spec"]["groups"] == ["system:authenticated"]
