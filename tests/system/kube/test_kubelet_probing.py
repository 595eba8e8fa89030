"""Each way of asking a container, against servers of the test's own on loopback: answers, and how failures read."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any, cast

import grpc
import pytest
from aiohttp import web

from hythe.kube.kubelet.cri.client import Runtime
from hythe.kube.kubelet.probes.ask import Reply, Target, ask
from hythe.kube.objects.types import Object


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """An HTTP server: /ok, /bad, /away (to /ok), /elsewhere (to another host), /slow."""

    async def ok(request: web.Request) -> web.Response:
        return web.Response(text=request.headers.get("X-Say", "ok"))

    async def bad(request: web.Request) -> web.Response:
        return web.Response(status=503)

    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound("/ok" if request.path == "/away" else "http://198.51.100.1/")

    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    app = web.Application()
    for path, handler in {"ok": ok, "bad": bad, "away": away, "elsewhere": away, "slow": slow}.items():
        app.router.add_get(f"/{path}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    yield listener.getsockname()[1]
    await runner.cleanup()


async def asked(probe: Object, timeout: float = 5) -> Reply:
    target = Target(cast(Runtime, None), {"name": "c", "ports": []}, "id", "127.0.0.1")
    return await ask(probe, target, timeout)


def unused() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found: int = taken.getsockname()[1]
    return found


async def test_http(port: int) -> None:
    says = [{"name": "X-Say", "value": "hello"}]
    assert await asked({"httpGet": {"port": port, "path": "/ok", "httpHeaders": says}}) == Reply(
        True, "hello"
    )
    assert await asked({"httpGet": {"port": port, "path": "/away"}}) == Reply(True, "ok")
    assert (await asked({"httpGet": {"port": port, "path": "/elsewhere"}})).well
    failed = await asked({"httpGet": {"port": port, "path": "/bad"}})
    assert failed == Reply(False, "HTTP probe failed with statuscode: 503")
    late = await asked({"httpGet": {"port": port, "path": "/slow"}}, 0.2)
    assert late.output.startswith(f'Get "http://127.0.0.1:{port}/slow": context deadline exceeded')
    nobody = unused()
    refused = await asked({"httpGet": {"port": nobody}})
    url = f"http://127.0.0.1:{nobody}/"
    assert refused.output == f'Get "{url}": dial tcp 127.0.0.1:{nobody}: connect: connection refused'


async def test_tcp(port: int) -> None:
    assert await asked({"tcpSocket": {"port": port}}) == Reply(True)
    nobody = unused()
    refused = await asked({"tcpSocket": {"port": nobody}})
    assert refused == Reply(False, f"dial tcp 127.0.0.1:{nobody}: connect: connection refused")
    unknown = await asked({"tcpSocket": {"port": "web"}})
    assert unknown.broken and not unknown.well


async def test_grpc() -> None:
    """The two messages of grpc.health.v1 are one field each: a name in, a number out."""
    states = {b"": b"\x08\x01", b"\x0a\x03bad": b"\x08\x02"}

    async def check(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        return states[request]

    server = grpc.aio.server()
    handler: Any = grpc.unary_unary_rpc_method_handler(check)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        assert (await asked({"grpc": {"port": port}})).well
        bad = await asked({"grpc": {"port": port, "service": "bad"}})
        assert bad == Reply(False, 'service unhealthy (responded with "NOT_SERVING")')
    finally:
        await server.stop(None)
    gone = unused()
    assert (await asked({"grpc": {"port": gone}}, 1)).output == (
        f'timeout: failed to connect service "127.0.0.1:{gone}" within 1s'
    )
