"""Which container is meant, and the heads and bodies that a tunnel passes on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hythe.kube.apiserver.heads import body_of, read_head
from hythe.kube.apiserver.subresources.containers import chosen
from hythe.kube.apiserver.subresources.proxy import Target, target_of
from hythe.kube.objects.status import ApiError


def _pod(*names: str, init: tuple[str, ...] = (), default: str = "") -> dict[str, Any]:
    notes = {"kubectl.kubernetes.io/default-container": default} if default else {}
    spec = {
        "containers": [{"name": name} for name in names],
        "initContainers": [{"name": name} for name in init],
    }
    return {"metadata": {"name": "web", "annotations": notes}, "spec": spec}


def test_the_container_that_is_meant() -> None:
    assert chosen(_pod("a"), "") == "a"
    assert chosen(_pod("a", "b"), "b") == "b"
    assert chosen(_pod("a", "b", default="b"), "") == "b"
    assert chosen(_pod("a", init=("i",)), "i") == "i"
    with pytest.raises(ApiError) as unclear:
        chosen(_pod("a", "b", init=("i",)), "")
    expected = "a container name must be specified for pod web, choose one of: [a b] or one of the init containers: [i]"
    assert unclear.value.message == expected
    with pytest.raises(ApiError, match="container c is not valid for pod web"):
        chosen(_pod("a"), "c")


def test_what_a_proxy_is_pointed_at() -> None:
    assert target_of("web") == Target("http", "web", "")
    assert target_of("web:80") == Target("http", "web", "80")
    assert target_of("https:web:443") == Target("https", "web", "443")
    with pytest.raises(ApiError):
        target_of("a:b:c:d")


async def _body(raw: bytes) -> tuple[int, bytes]:
    reader = asyncio.StreamReader()
    reader.feed_data(raw)
    reader.feed_eof()
    head = await read_head(reader)
    return head.status, b"".join([chunk async for chunk in body_of(head, "GET", reader)])


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", (200, b"abc")),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n",
            (200, b"abcde"),
        ),
        (b"HTTP/1.0 404 Not Found\r\n\r\nuntil the end", (404, b"until the end")),
        (b"HTTP/1.1 204 No Content\r\n\r\nnothing", (204, b"")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", (200, b"")),
    ],
)
async def test_bodies_of_every_length(raw: bytes, expected: tuple[int, bytes]) -> None:
    assert await _body(raw) == expected


async def test_what_is_no_head() -> None:
    with pytest.raises(ValueError):
        await _body(b"nonsense\r\n\r\n")
    with pytest.raises(asyncio.IncompleteReadError):
        await _body(b"HTTP/1.1 200")
