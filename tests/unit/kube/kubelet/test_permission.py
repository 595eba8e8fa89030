from __future__ import annotations

from typing import Any, cast

import pytest

from hythe.kube.client.client import Client
from hythe.kube.kubelet.api.exchange import Refused, Request
from hythe.kube.kubelet.api.permission import Caller, Permission, caller_of


class _Reviewer:
    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.allowed = {"ann"}

    async def create(self, resource: Any, body: Any) -> Any:
        self.asked.append(body["spec"])
        return {**body, "status": {"allowed": body["spec"]["user"] in self.allowed}}


def request(path: str, method: str = "GET") -> Request:
    return Request(method, path, {}, {}, [])


def test_a_certificate_says_who_it_is() -> None:
    subject = ((("organizationName", "a"),), (("organizationName", "b"),), (("commonName", "ann"),))
    assert caller_of({"subject": subject}) == Caller("ann", ("a", "b"))
    assert caller_of({}) == Caller("", ())


async def test_masters_may_everything_and_nobody_is_asked() -> None:
    reviewer = _Reviewer()
    await Permission(cast(Client, reviewer), "n").check(
        Caller("x", ("system:masters",)), request("/exec/a/b/c")
    )
    assert not reviewer.asked


async def test_others_may_what_they_may_do_to_nodes() -> None:
    reviewer, now = _Reviewer(), [0.0]
    permission = Permission(cast(Client, reviewer), "n", lambda: now[0])
    for _ in range(2):
        await permission.check(Caller("ann", ("g",)), request("/stats/summary"))
    (only,) = reviewer.asked
    assert only["groups"] == ["g"] and only["resourceAttributes"] == {
        "verb": "get", "version": "v1", "resource": "nodes", "subresource": "stats", "name": "n",
    }  # fmt: skip
    with pytest.raises(Refused) as caught:
        await permission.check(Caller("bob", ()), request("/exec/a/b/c", "POST"))
    assert caught.value.code == 403
    assert caught.value.message == "Forbidden (user=bob, verb=create, resource=nodes, subresource=proxy)"
    reviewer.allowed.add("bob")
    now[0] = 31.0
    await permission.check(Caller("bob", ()), request("/exec/a/b/c", "POST"))
