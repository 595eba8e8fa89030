"""Registries behind a token server: which scopes are asked for, as whom, and what an identity token is good for."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from hythe.oci import reference
from hythe.oci.platform import parse as platform
from hythe.registry import catalog
from hythe.registry.credentials import NOBODY, Credentials
from hythe.registry.failures import Refused, RegistryProblem, Unknown
from hythe.registry.inspect import inspect
from hythe.registry.login import login
from hythe.registry.parts import Parts
from hythe.registry.pull import Puller
from hythe.registry.settings import Settings
from hythe.registry.sources import Sources
from hythe.store.database import Database
from hythe.store.images import Images
from tests.registry_double import DOCKER_INDEX, Registry, layer, serving

pytestmark = pytest.mark.root

ALICE = Credentials("alice", "secret")
SETTINGS = Settings()


class TokenServer:
    """Sits before a registry. Who has no password gets tokens for `open` repositories only."""

    def __init__(self, registry: Registry, *open: str) -> None:
        self.registry, self.open = registry, open
        self.grants: list[dict[str, list[str]]] = []
        self.valid: set[str] = set()
        registry.hook = self.hook

    async def hook(self, request: web.Request) -> web.StreamResponse | None:
        if request.path == "/token":
            return await self._grant(request)
        scope = "" if request.path == "/v2/" else request.path.removeprefix("/v2/").rsplit("/", 2)[0]
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in self.valid and (not scope or scope in token):
            return None
        asked = f',scope="repository:{scope}:pull"' if scope else ""
        more = ',error="insufficient_scope"' if token in self.valid else ""
        realm = f'Bearer realm="{self.registry.url}/token",service="registry"{asked}{more}'
        return web.json_response(
            {"errors": [{"code": "UNAUTHORIZED"}]}, status=401, headers={"WWW-Authenticate": realm}
        )

    async def _grant(self, request: web.Request) -> web.Response:
        form = parse_qs((await request.read()).decode()) if request.method == "POST" else {}
        query = {name: request.query.getall(name) for name in request.query}
        self.grants.append(query | form)
        known = "Authorization" in request.headers or form.get("refresh_token") == ["refresh"]
        if "Authorization" in request.headers and request.headers["Authorization"] != ALICE.basic:
            return web.json_response({"details": "incorrect username or password"}, status=401)
        scopes = " ".join(query.get("scope", form.get("scope", [])))
        granted = scopes if known or any(name in scopes for name in self.open) else "nothing"
        token = f"{len(self.grants)}/{granted.replace(' ', '/')}"
        self.valid.add(token)
        answer = {"token": token} | ({"refresh_token": "refresh"} if query.get("offline_token") else {})
        return web.json_response(answer)


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with serving() as running:
        running.image("team/app", "1", layer({"one": b"1"}))
        yield running


@pytest.fixture
def images(tmp_path: Path) -> Images:
    return Images(tmp_path, Database(tmp_path / "hythe.db"))


def puller(images: Images, tmp_path: Path) -> Puller:
    return Puller(images, Sources(Database(tmp_path / "sources.db")), Parts(tmp_path / "parts"), SETTINGS)


async def pull(images: Images, tmp_path: Path, name: str, who: Credentials, wanted: str = "") -> str:
    chosen = platform(wanted) if wanted else None
    pulled = await puller(images, tmp_path).pull(reference.parse(name), chosen, who, lambda _: None)
    return pulled.digest


async def test_one_token_for_all_requests_to_a_repository(
    registry: Registry, images: Images, tmp_path: Path
) -> None:
    server = TokenServer(registry)
    await pull(images, tmp_path, f"{registry.host}/team/app:1", ALICE)
    [grant] = server.grants
    assert grant == {"service": ["registry"], "scope": ["repository:team/app:pull"], "account": ["alice"]}
    tokens = {each.authorization for each in registry.requests("GET", "/team/app/")}
    assert tokens == {"Bearer 1/repository:team/app:pull"}


async def test_nobody_may_have_what_is_open(registry: Registry, images: Images, tmp_path: Path) -> None:
    registry.image("free", "1", layer({"two": b"2"}))
    server = TokenServer(registry, "free")
    await pull(images, tmp_path, f"{registry.host}/free:1", NOBODY)
    assert "account" not in server.grants[0]
    denied = f"pull access denied for {registry.host}/team/app, repository does not exist or may require 'docker login'"
    with pytest.raises(Unknown, match=f"{denied}: denied: requested access to the resource is denied"):
        await pull(images, tmp_path, f"{registry.host}/team/app:1", NOBODY)


async def test_a_token_that_is_refused_is_replaced_once(
    registry: Registry, images: Images, tmp_path: Path
) -> None:
    server = TokenServer(registry)
    ask = server.hook

    async def forgetful(request: web.Request) -> web.StreamResponse | None:
        if "/blobs/" in request.path and len(server.grants) == 1:
            server.valid.clear()
        return await ask(request)

    registry.hook = forgetful
    await pull(images, tmp_path, f"{registry.host}/team/app:1", ALICE)
    assert len(server.grants) == 2


async def test_login_gives_an_identity_token_that_does_for_the_password(
    registry: Registry, images: Images, tmp_path: Path
) -> None:
    server = TokenServer(registry)
    assert await login(registry.host, ALICE, SETTINGS) == "refresh"
    assert server.grants[0]["offline_token"] == ["true"]
    server.grants.clear()
    await pull(images, tmp_path, f"{registry.host}/team/app:1", Credentials(identity_token="refresh"))
    assert server.grants[0]["grant_type"] == ["refresh_token"]
    with pytest.raises(RegistryProblem, match="failed with status: 401 Unauthorized"):
        await login(registry.host, Credentials("alice", "wrong"), SETTINGS)
    with pytest.raises(Refused, match="unauthorized: incorrect username or password"):
        await pull(images, tmp_path, f"{registry.host}/team/app:1", Credentials("alice", "wrong"))


async def test_a_token_of_the_users_own_is_shown_as_it_is(
    registry: Registry, images: Images, tmp_path: Path
) -> None:
    server = TokenServer(registry)
    server.valid.add("mine/team/app")
    await pull(images, tmp_path, f"{registry.host}/team/app:1", Credentials(registry_token="mine/team/app"))
    assert server.grants == []


# ---- indexes and lists --------------------------------------------------------------------------


def several(registry: Registry) -> None:
    """An index "all" of images for some platforms, each with another layer."""
    described = []
    for architecture, variant in (("amd64", ""), ("arm64", "v8"), ("arm", "v6"), ("arm", "v5")):
        tar = layer({architecture + variant: b""})
        digest = registry.image("all", f"{architecture}{variant}", tar, architecture=architecture)
        platform = {"os": "linux", "architecture": architecture} | ({"variant": variant} if variant else {})
        described.append(registry.descriptor(digest, "all", platform=platform))
    unknown = {"os": "unknown", "architecture": "unknown"}
    described.append(registry.descriptor(digest, "all", platform=unknown))
    document = {"schemaVersion": 2, "mediaType": DOCKER_INDEX, "manifests": described}
    registry.manifest("all", "latest", document)


@pytest.mark.parametrize(
    ("wanted", "chosen"), [("linux/amd64", "amd64"), ("linux/arm64", "arm64v8"), ("linux/arm/v7", "armv6")]
)
async def test_the_platform_is_chosen_from_an_index(
    registry: Registry, images: Images, tmp_path: Path, wanted: str, chosen: str
) -> None:
    several(registry)
    index = await pull(images, tmp_path, f"{registry.host}/all:latest", NOBODY, wanted)
    [image] = images.list()
    config = json.loads(registry.manifests["all", chosen][1])["config"]["digest"]
    assert image.id == config and image.digests == [f"{registry.host}/all@{index}"]


async def test_what_an_index_has(registry: Registry) -> None:
    several(registry)
    descriptor, platforms = await inspect(reference.parse(f"{registry.host}/all:latest"), NOBODY, SETTINGS)
    assert descriptor["mediaType"] == DOCKER_INDEX
    assert {"os": "linux", "architecture": "arm", "variant": "v6"} in platforms


async def test_tags_come_in_pages(registry: Registry) -> None:
    async def paged(request: web.Request) -> web.StreamResponse | None:
        if not request.path.endswith("/tags/list"):
            return None
        if "last" in request.query:
            return web.json_response({"name": "many", "tags": ["c"]})
        headers = {"Link": '</v2/many/tags/list?n=2&last=b>; rel="next"'}
        return web.json_response({"name": "many", "tags": ["a", "b", "not a tag"]}, headers=headers)

    registry.hook = paged
    found = await catalog.all_tags(reference.parse(f"{registry.host}/many"), NOBODY, SETTINGS)
    assert [one.tag for one in found] == ["a", "b", "c"]
