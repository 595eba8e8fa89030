"""Registries that lie: nothing they send is used before it is proved, and nobody's credentials go astray.

ANCHORS: CVE-2021-41190, 2026-53493 (ambiguous manifest, amplifying index), CVE-2020-15157, 2024-3727 (foreign layers,
token realm elsewhere, bad digest). After each, the store is as it was.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hythe.errors import HytheError, NotFound, Unsupported
from hythe.oci import reference
from hythe.registry.credentials import NOBODY, Credentials
from hythe.registry.failures import BadContent, Refused, RegistryProblem, Unreachable
from hythe.registry.parts import Parts
from hythe.registry.pull import Puller
from hythe.registry.settings import Patience, Settings
from hythe.registry.sources import Sources
from hythe.store.database import Database
from hythe.store.images import Images
from tests.registry_double import DOCKER_INDEX, DOCKER_LAYER, DOCKER_MANIFEST, Registry, layer, serving
from tests.waiting import PATIENCE

pytestmark = pytest.mark.root

QUICK = Patience(connect=2 * PATIENCE, silence=0.5, document=2 * PATIENCE, attempts=2, pause=0.01)
ALICE = Credentials("alice", "secret")
BASIC = "Basic YWxpY2U6c2VjcmV0"
ONE = layer({"one": b"1" * 4096})


class Bench:
    """A store, and pulling into it."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "hythe.db")
        self.images = Images(folder, self.database)
        self.folder = folder

    async def pull(self, name: str, who: Credentials = NOBODY, **settings: Any) -> list[str]:
        """The statuses that were told."""
        told: list[str] = []
        settings = {"patience": QUICK} | settings
        parts = Parts(self.folder / "registry")
        puller = Puller(self.images, Sources(self.database), parts, Settings(**settings))
        await puller.pull(reference.parse(name).with_tag(), None, who, lambda one: told.append(one["status"]))
        return told

    def is_empty(self) -> bool:
        self.images.collect()
        blobs = [path for path in (self.folder / "blobs").rglob("*") if path.is_file()]
        return not (self.images.list() or self.images.snapshots.layers.all() or blobs)

    def parts(self) -> list[Path]:
        return list((self.folder / "registry").iterdir())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with serving() as running:
        running.image("app", "latest", ONE)
        yield running


async def refused(bench: Bench, registry: Registry, kind: type[HytheError], words: str) -> None:
    with pytest.raises(kind, match=words):
        await bench.pull(f"{registry.host}/app")
    assert bench.is_empty()


async def test_an_honest_one_is_believed(bench: Bench, registry: Registry) -> None:
    assert (await bench.pull(f"{registry.host}/app"))[-1].startswith("Digest: sha256:")
    assert [image.names for image in bench.images.list()] == [[f"{registry.host}/app:latest"]]
    assert bench.parts() == []


async def test_nobody_on_the_way_is_asked_to_compress(bench: Bench, registry: Registry) -> None:
    encodings: set[str] = set()

    async def hook(request: web.Request) -> web.StreamResponse | None:
        encodings.add(request.headers.get("Accept-Encoding", ""))
        return None

    registry.hook = hook
    await bench.pull(f"{registry.host}/app")
    assert encodings == {"identity"}


# ---- content that is not what it was said to be -------------------------------------------------


async def test_a_layer_with_another_digest(bench: Bench, registry: Registry) -> None:
    blob = json.loads(registry.manifests["app", "latest"][1])["layers"][0]["digest"]
    registry.blobs[blob] = bytes(reversed(registry.blobs[blob]))
    await refused(bench, registry, BadContent, "filesystem layer verification failed")
    assert bench.parts() == []


async def test_a_layer_that_unpacks_to_another_digest(bench: Bench, registry: Registry) -> None:
    document = registry.image_document(ONE)
    document["layers"] = registry.image_document(layer({"two": b"2"}))["layers"]
    registry.manifest("app", "latest", document)
    await refused(bench, registry, HytheError, "the layer's content has the digest")
    assert bench.parts() == []


async def test_a_layer_longer_than_its_manifest_says(bench: Bench, registry: Registry) -> None:
    document = registry.image_document(ONE)
    document["layers"][0]["size"] -= 1
    registry.manifest("app", "latest", document)
    await refused(bench, registry, BadContent, "longer than the")


async def test_a_configuration_with_another_digest(bench: Bench, registry: Registry) -> None:
    config = json.loads(registry.manifests["app", "latest"][1])["config"]["digest"]
    registry.blobs[config] = registry.blobs[config].replace(b"true", b"evil")
    await refused(bench, registry, BadContent, "not what its digest says")


async def test_a_manifest_other_than_the_one_asked_for(bench: Bench, registry: Registry) -> None:
    digest = registry.image("app", "latest", ONE)
    other = registry.manifests["app", registry.image("app", "other", layer({"evil": b""}))]
    registry.manifests["app", digest] = other
    with pytest.raises(BadContent, match="has the digest"):
        await bench.pull(f"{registry.host}/app@{digest}")
    assert bench.is_empty()


# ---- documents that mean two things, or too much ------------------------------------------------


@pytest.mark.parametrize("announced", ["application/vnd.oci.image.index.v1+json", "text/html", DOCKER_INDEX])
async def test_a_manifest_announced_as_something_else(
    bench: Bench, registry: Registry, announced: str
) -> None:
    registry.manifests["app", "latest"] = (announced, registry.manifests["app", "latest"][1])
    await refused(bench, registry, BadContent, "media type|announced")


async def test_a_manifest_that_is_an_index_too(bench: Bench, registry: Registry) -> None:
    document = registry.image_document(ONE) | {"manifests": []}
    registry.manifest("app", "latest", document)
    await refused(bench, registry, BadContent, "ambiguous")


async def test_an_endless_chain_of_indexes(bench: Bench, registry: Registry) -> None:
    """No index can contain its own digest, but a registry can make up a new one for each that is asked for."""
    digest = registry.image("app", "inner", ONE)
    for depth in range(40):
        described = [registry.descriptor(digest, "app")]
        index = {
            "schemaVersion": 2,
            "mediaType": DOCKER_INDEX,
            "manifests": described,
            "annotations": {"n": str(depth)},
        }
        digest = registry.manifest("app", "latest", index)
    registry.asked.clear()
    await refused(bench, registry, BadContent, "leads to more than 4 others")
    assert len(registry.requests("GET", "/manifests/")) <= 6


async def test_an_index_that_lists_too_much(bench: Bench, registry: Registry) -> None:
    one = registry.descriptor(registry.image("app", "inner", ONE), "app")
    registry.manifest(
        "app", "latest", {"schemaVersion": 2, "mediaType": DOCKER_INDEX, "manifests": [one] * 2000}
    )
    await refused(bench, registry, BadContent, "more than 1000 others")


async def test_an_index_without_this_machine(bench: Bench, registry: Registry) -> None:
    one = registry.descriptor(
        registry.image("app", "inner", ONE), "app", platform={"os": "linux", "architecture": "pdp11"}
    )
    registry.manifest("app", "latest", {"schemaVersion": 2, "mediaType": DOCKER_INDEX, "manifests": [one]})
    await refused(bench, registry, NotFound, "no matching manifest for linux/")


async def test_a_giant_manifest(bench: Bench, registry: Registry) -> None:
    async def endless(request: web.Request) -> web.StreamResponse | None:
        if "/manifests/" not in request.path:
            return None
        response = web.StreamResponse(headers={"Content-Type": DOCKER_MANIFEST})
        await response.prepare(request)
        while True:
            await response.write(b" " * 65536)

    registry.hook = endless
    await refused(bench, registry, BadContent, "sent more than")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": -1}, "below 0"),
        ({"digest": "sha256:../../../../etc/passwd"}, "not a valid digest"),
        ({"digest": "md5:d41d8cd98f00b204e9800998ecf8427e"}, "not a valid digest"),
    ],
)
async def test_descriptors_that_are_none(
    bench: Bench, registry: Registry, change: dict[str, Any], words: str
) -> None:
    document = registry.image_document(ONE)
    document["layers"][0] |= change
    registry.manifest("app", "latest", document)
    await refused(bench, registry, BadContent, words)


async def test_more_layers_than_the_configuration_names(bench: Bench, registry: Registry) -> None:
    document = registry.image_document(ONE)
    document["layers"] *= 2
    registry.manifest("app", "latest", document)
    await refused(bench, registry, BadContent, "names 1 layers, its manifest 2")


# ---- elsewhere ----------------------------------------------------------------------------------


async def test_layers_from_elsewhere_are_refused_and_their_place_never_asked(
    bench: Bench, registry: Registry
) -> None:
    async with serving() as elsewhere:
        document = registry.image_document(ONE)
        document["layers"][0] |= {
            "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "urls": [f"{elsewhere.url}/v2/x/blobs/{document['layers'][0]['digest']}"],
        }
        registry.manifest("app", "latest", document)
        await refused(bench, registry, Unsupported, "fetched from elsewhere than its registry")
        document["layers"][0]["mediaType"] = DOCKER_LAYER
        registry.manifest("app", "latest", document)
        await bench.pull(f"{registry.host}/app")  # the registry has the layer too
        assert elsewhere.asked == []


def challenged(registry: Registry, challenge: str) -> None:
    """The registry answers 401 to whoever shows nothing."""

    async def hook(request: web.Request) -> web.StreamResponse | None:
        if "Authorization" in request.headers:
            return None
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    registry.hook = hook


async def test_credentials_are_not_sent_to_a_realm_of_another_site(bench: Bench, registry: Registry) -> None:
    async with serving() as thief:
        realm = thief.url.replace("127.0.0.1", "localhost")
        challenged(registry, f'Bearer realm="{realm}/token",service="x"')
        with pytest.raises(RegistryProblem, match="to be sent to another site, localhost: refused"):
            await bench.pull(f"{registry.host}/app", ALICE)
        assert thief.asked == []
        with pytest.raises(HytheError):  # told that it is meant, it is asked
            await bench.pull(f"{registry.host}/app", ALICE, token_hosts=("localhost",))
        assert thief.asked[0].authorization == BASIC


@pytest.mark.parametrize(
    "realm",
    [
        "file:///etc/passwd",
        "http://a:b@127.0.0.1/",
        "http://[",
        "https://x:0/",
        "",
        "http://registry.example/token",
    ],
)
async def test_realms_that_are_none(bench: Bench, registry: Registry, realm: str) -> None:
    challenged(registry, f'Bearer realm="{realm}",service="x"')
    with pytest.raises(RegistryProblem, match=r"no URL|not encrypted"):
        await bench.pull(f"{registry.host}/app", ALICE)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_takes_no_credentials_along(bench: Bench, registry: Registry, status: int) -> None:
    challenged(registry, 'Basic realm="x"')
    async with serving() as elsewhere:
        elsewhere.blobs = registry.blobs
        ask = registry.hook
        assert ask is not None

        async def hook(request: web.Request) -> web.StreamResponse | None:
            if "/blobs/" in request.path and "Authorization" in request.headers:
                return web.Response(status=status, headers={"Location": elsewhere.url + request.path})
            return await ask(request)

        registry.hook = hook
        await bench.pull(f"{registry.host}/app", ALICE)
        assert len(elsewhere.asked) == 2
        assert {each.authorization for each in elsewhere.asked} == {""}
        assert BASIC in {each.authorization for each in registry.asked}


async def test_a_signed_url_is_asked_for_as_it_was_given(bench: Bench, registry: Registry) -> None:
    signed, seen = "?signature=a%2Fb%2Bc%7E+d&expires=%31", list[str]()

    async def hook(request: web.Request) -> web.StreamResponse | None:
        if "/blobs/" in request.path and not request.query_string:
            return web.Response(status=307, headers={"Location": registry.url + request.path + signed})
        seen.append(request.raw_path)
        return None

    registry.hook = hook
    await bench.pull(f"{registry.host}/app")
    assert [path.endswith(signed) for path in seen if "/blobs/" in path] == [True, True]


async def test_who_was_redirected_to_is_shown_nothing_when_it_asks(bench: Bench, registry: Registry) -> None:
    """CVE-2020-15157: a 401 of another host is no reason to show it anything."""
    challenged(registry, 'Basic realm="x"')
    async with serving() as thief:
        challenged(thief, f'Bearer realm="{thief.url}/token",service="x"')
        ask = registry.hook
        assert ask is not None

        async def hook(request: web.Request) -> web.StreamResponse | None:
            if "/blobs/" in request.path and "Authorization" in request.headers:
                return web.Response(status=307, headers={"Location": thief.url + request.path})
            return await ask(request)

        registry.hook = hook
        with pytest.raises(Refused):
            await bench.pull(f"{registry.host}/app", ALICE)
        assert thief.asked and {each.authorization for each in thief.asked} == {""}
    assert bench.is_empty()


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://x/", "", "http://[", "http://x:99999999/"]
)
async def test_redirects_to_what_is_no_url(bench: Bench, registry: Registry, target: str) -> None:
    async def hook(request: web.Request) -> web.StreamResponse | None:
        if "/blobs/" not in request.path:
            return None
        return web.Response(status=307, headers={"Location": target})

    registry.hook = hook
    await refused(bench, registry, RegistryProblem, "no URL|redirects more than")


# ---- patience -----------------------------------------------------------------------------------


async def test_an_endless_401_is_asked_twice(bench: Bench, registry: Registry) -> None:
    async def hook(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})

    registry.hook = hook
    with pytest.raises(Refused, match="unauthorized: authentication required"):
        await bench.pull(f"{registry.host}/app", ALICE)
    assert len(registry.asked) == 3  # who are you, the manifest, the manifest once more


async def test_an_endless_redirect(bench: Bench, registry: Registry) -> None:
    async def hook(request: web.Request) -> web.StreamResponse | None:
        if "/blobs/" not in request.path:
            return None
        return web.Response(status=307, headers={"Location": request.path})

    registry.hook = hook
    await refused(bench, registry, BadContent, "redirects more than 5 times")


def dripping(registry: Registry, part: str, pause: float) -> None:
    """The registry sends this a byte at a time."""

    async def hook(request: web.Request) -> web.StreamResponse | None:
        if part not in request.path:
            return None
        response = web.StreamResponse(headers={"Content-Type": DOCKER_MANIFEST})
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(pause)

    registry.hook = hook


@pytest.mark.parametrize(("part", "pause"), [("/manifests/", 0.05), ("/blobs/", 0.05), ("/blobs/", 1000.0)])
async def test_one_that_hardly_sends_anything(
    bench: Bench, registry: Registry, part: str, pause: float
) -> None:
    dripping(registry, part, pause)
    began = time.monotonic()
    await refused(bench, registry, RegistryProblem, "no answer in time|bytes in 0.5 seconds|[Tt]imeout")
    assert time.monotonic() - began < 10 * PATIENCE


async def test_a_layer_that_ends_too_early_goes_on_where_it_ended(bench: Bench, registry: Registry) -> None:
    big = layer({"noise": os.urandom(3 << 20)})
    registry.image("app", "latest", ONE, big)
    cut = max(registry.blobs, key=lambda digest: len(registry.blobs[digest]))
    attempts: list[str] = []

    async def hook(request: web.Request) -> web.StreamResponse | None:
        if cut not in request.path:
            return None
        attempts.append(request.headers.get("Range", ""))
        if len(attempts) > 1:
            return None
        response = web.StreamResponse(headers={"Content-Length": str(len(registry.blobs[cut]))})
        await response.prepare(request)
        await response.write(registry.blobs[cut][: 2 << 20])
        await asyncio.sleep(0.2 * PATIENCE)  # what is not read yet when a connection breaks is lost
        assert request.transport is not None
        request.transport.close()
        return response

    registry.hook = hook
    told = await bench.pull(f"{registry.host}/app")
    assert attempts[0] == "" and attempts[1].startswith("bytes=") and attempts[1] != "bytes=0-"
    assert len(attempts) == 2 and any(status.startswith("Retrying in") for status in told)
    assert len(bench.images.list()) == 1


async def test_one_that_always_ends_too_early_is_given_up(bench: Bench, registry: Registry) -> None:
    async def hook(request: web.Request) -> web.StreamResponse | None:
        if "/blobs/" not in request.path:
            return None
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    registry.hook = hook
    await refused(bench, registry, Unreachable, "Get ")


@pytest.mark.parametrize(("status", "attempts"), [(429, 2), (503, 2), (403, 1)])
async def test_one_that_has_too_much_to_do_is_asked_again(
    bench: Bench, registry: Registry, status: int, attempts: int
) -> None:
    blob = json.loads(registry.manifests["app", "latest"][1])["layers"][0]["digest"]

    async def hook(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=status) if blob in request.path else None

    registry.hook = hook
    await refused(bench, registry, Refused, f"the registry answered {status}")
    assert len(registry.requests("GET", blob)) == attempts


@pytest.mark.parametrize("answer", ["bytes 0-9/10", "", "bytes 7-9/10"])
async def test_another_part_than_the_one_asked_for(bench: Bench, registry: Registry, answer: str) -> None:
    manifest = json.loads(registry.manifests["app", "latest"][1])
    blob = manifest["layers"][0]["digest"]

    async def hook(request: web.Request) -> web.StreamResponse | None:
        if blob not in request.path:
            return None
        return web.Response(status=206, body=b"x" * 10, headers={"Content-Range": answer} if answer else {})

    registry.hook = hook
    await refused(bench, registry, BadContent, "another part|verification failed|longer than")


Answer = Callable[[web.Request], web.StreamResponse]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"tags": 3}', b"\xff\xfe", b'{"a":' * 100_000])
async def test_manifests_that_are_none(bench: Bench, registry: Registry, body: bytes) -> None:
    registry.manifests["app", "latest"] = (DOCKER_MANIFEST, body)
    await refused(bench, registry, BadContent, "manifest")
