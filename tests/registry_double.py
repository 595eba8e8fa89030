"""A registry that does what a test tells it: honest by itself, lying where a hook says so.

It speaks as much of the distribution specification as pulling and pushing take, keeps everything in memory, and
remembers every request. `hook(request)` may answer instead of it; None lets it go on.

    async with serving() as registry:            # in the test's own event loop
    with in_thread() as registry:                # beside a daemon that is driven from a test without one
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

Hook = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(files: dict[str, bytes]) -> bytes:
    """A tar of files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


@dataclass(frozen=True)
class Asked:
    """`range` and `authorization` are the headers of these names, "" without."""

    method: str
    path: str
    range: str
    authorization: str
    body: bytes


@dataclass
class Registry:
    """`url` once it runs; `manifests` by repository and tag or digest, as media type and bytes."""

    url: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    hook: Hook | None = None

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    # ---- content --------------------------------------------------------------------------------

    def blob(self, data: bytes) -> str:
        digest = digest_of(data)
        self.blobs[digest] = data
        return digest

    def manifest(self, repository: str, ref: str, document: dict[str, Any], media_type: str = "") -> str:
        """Put a document in place under a tag and under its digest, which is given back."""
        data = json.dumps(document).encode()
        digest, kind = digest_of(data), media_type or document["mediaType"]
        self.manifests[repository, ref] = self.manifests[repository, digest] = (kind, data)
        return digest

    def image(
        self, repository: str, tag: str, *layers: bytes, architecture: str = "amd64", **changes: Any
    ) -> str:
        """An image of plain tars; `changes` replace fields of the manifest. The manifest's digest."""
        return self.manifest(
            repository, tag, self.image_document(*layers, architecture=architecture) | changes
        )

    def image_document(self, *layers: bytes, architecture: str = "amd64") -> dict[str, Any]:
        """The manifest of an image whose blobs are in place."""
        packed = [gzip.compress(each, 1, mtime=0) for each in layers]
        config = json.dumps(
            {
                "architecture": architecture,
                "os": "linux",
                "config": {"Cmd": ["true"]},
                "rootfs": {"type": "layers", "diff_ids": [digest_of(each) for each in layers]},
            }
        ).encode()
        return {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST,
            "config": {"mediaType": DOCKER_CONFIG, "size": len(config), "digest": self.blob(config)},
            "layers": [
                {"mediaType": DOCKER_LAYER, "size": len(each), "digest": self.blob(each)} for each in packed
            ],
        }

    def descriptor(self, digest: str, repository: str, **more: Any) -> dict[str, Any]:
        """Of a manifest, for an index."""
        kind, data = self.manifests[repository, digest]
        return {"mediaType": kind, "digest": digest, "size": len(data)} | more

    def requests(self, method: str, part: str) -> list[Asked]:
        return [each for each in self.asked if each.method == method and part in each.path]

    # ---- answers --------------------------------------------------------------------------------

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = request.headers
        asked = Asked(
            request.method, request.path_qs, headers.get("Range", ""), headers.get("Authorization", ""),
            await request.read(),
        )  # fmt: skip
        self.asked.append(asked)
        if self.hook is not None and (told := await self.hook(request)) is not None:
            return told
        path = request.path.removeprefix("/v2/")
        if not path:
            return web.Response(text="{}")
        repository, kind, ref = path.rsplit("/", 2)
        if kind == "manifests":
            return self._manifest(repository, ref)
        if kind == "blobs" and ref in self.blobs:
            return self.content(request, self.blobs[ref])
        return _error(404, "BLOB_UNKNOWN")

    def _manifest(self, repository: str, ref: str) -> web.Response:
        if (repository, ref) not in self.manifests:
            return _error(404, "MANIFEST_UNKNOWN")
        kind, data = self.manifests[repository, ref]
        headers = {"Content-Type": kind, "Docker-Content-Digest": digest_of(data)}
        return web.Response(body=data, headers=headers)

    def content(self, request: web.Request, data: bytes) -> web.Response:
        """A blob, or the rest of it that was asked for."""
        start = request.headers.get("Range", "").removeprefix("bytes=").partition("-")[0]
        if not start:
            return web.Response(body=data)
        headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        return web.Response(status=206, body=data[int(start) :], headers=headers)


class Accepting:
    """Takes uploads into the registry's blobs. `breaks`: the first PATCH ends after that many bytes."""

    def __init__(self, registry: Registry, breaks: int = 0) -> None:
        self.registry, self.breaks = registry, breaks
        self.received = bytearray()
        registry.hook = self.hook

    async def hook(self, request: web.Request) -> web.StreamResponse | None:
        place = {"Location": "/v2/upload/1?state=x"}
        if request.method == "HEAD":
            known = request.path.rpartition("/")[2] in self.registry.blobs
            return web.Response(status=200 if known else 404)
        if request.method == "DELETE":
            return web.Response(status=403)
        if request.method == "POST":
            self.received.clear()
            return web.Response(status=202, headers=place)
        if request.method == "PATCH":
            self.received += self.registry.asked[-1].body
            if self.breaks:
                del self.received[self.breaks :]
                self.breaks = 0
                assert request.transport is not None
                request.transport.close()
            return web.Response(status=202, headers=place)
        if request.method == "GET" and "/upload/" in request.path:
            return web.Response(status=204, headers=place | {"Range": f"0-{len(self.received) - 1}"})
        if request.method == "PUT":
            return self._put(request)
        return None

    def _put(self, request: web.Request) -> web.Response:
        body = self.registry.asked[-1].body
        if "/manifests/" in request.path:
            repository, _, tag = request.path.removeprefix("/v2/").rpartition("/manifests/")
            document = json.loads(body)
            blobs = [document["config"], *document["layers"]]
            assert all(one["digest"] in self.registry.blobs for one in blobs), (
                "the manifest came before its blobs"
            )
            self.registry.manifests[repository, tag] = (request.headers["Content-Type"], body)
            return web.Response(status=201)
        content = bytes(self.received) + body
        if self.registry.blob(content) != request.query["digest"]:
            return web.json_response({"errors": [{"code": "DIGEST_INVALID"}]}, status=400)
        return web.Response(status=201)


def _error(status: int, code: str) -> web.Response:
    message = code.lower().replace("_", " ")
    return web.json_response({"errors": [{"code": code, "message": message}]}, status=status)


@asynccontextmanager
async def serving() -> AsyncIterator[Registry]:
    """On a free port of 127.0.0.1."""
    registry = Registry()
    application = web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/{rest:.*}", registry.answer)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        registry.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield registry
    finally:
        await runner.cleanup()


@contextmanager
def in_thread() -> Iterator[Registry]:
    """The same, with an event loop of its own."""
    loop, ready, done = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    found: list[Registry] = []

    async def run() -> None:
        async with serving() as registry:
            found.append(registry)
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), name="registry")
    thread.start()
    try:
        assert ready.wait(10)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()
