"""The client's contract, over both ways to a real API server: the unix socket, and TLS with a client certificate."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hythe.errors import Denied, Unavailable
from hythe.kube.apiserver.auth.kubeconfig import kubeconfig, write_kubeconfig
from hythe.kube.apiserver.config import Config
from hythe.kube.apiserver.server import ApiServer
from hythe.kube.client.client import JSON_PATCH, STRATEGIC_PATCH, Client
from hythe.kube.client.discovery import discover
from hythe.kube.client.informer import Informer
from hythe.kube.client.resources import CONFIG_MAPS, DEPLOYMENTS, NAMESPACES, PODS, SERVICES
from hythe.kube.client.watching import WatchEvent
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object
from hythe.kube.store.datastore import open_store
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a running one, with its socket and an administrator's kubeconfig; it runs in a thread."""
    folder = tmp_path_factory.mktemp("server")
    ready, ending = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(_serve(folder, ready, ending)))
    thread.start()
    try:
        assert ready.wait(60 * PATIENCE)
        yield folder
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join()
        loop.close()


async def _serve(folder: Path, ready: threading.Event, ending: asyncio.Event) -> None:
    store = await open_store(f"sqlite://{folder / 'store.db'}")
    running = ApiServer(Config(folder, port=0), store)
    try:
        await running.start()
        url = f"https://127.0.0.1:{running.port}"
        admin = kubeconfig(url, running.pki.ca_file.read_bytes(), running.pki.pair("admin"))
        write_kubeconfig(folder / "admin.kubeconfig", admin)
        ready.set()
        await ending.wait()
        await running.stop()
    finally:
        await store.close()


@pytest.fixture(params=["socket", "tls"])
async def api(request: pytest.FixtureRequest, server: Path) -> AsyncIterator[Client]:
    """A client, and a namespace `shop` that is empty."""
    if request.param == "socket":
        made = Client.on_socket(server / "apiserver.sock")
    else:
        made = await asyncio.to_thread(Client.from_kubeconfig, server / "admin.kubeconfig")
    async with made:
        with suppress(ApiError):
            await made.create(NAMESPACES, {"metadata": {"name": "shop"}})
        for kind in (CONFIG_MAPS, SERVICES, DEPLOYMENTS):
            for body in (await made.list(kind, "shop")).items:
                await made.delete(kind, body["metadata"]["name"], "shop")
        yield made


def config(name: str, value: str = "1", **labels: str) -> Object:
    return {"metadata": {"name": name, "namespace": "shop", "labels": labels}, "data": {"v": value}}


async def test_an_object_is_made_read_changed_and_deleted(api: Client) -> None:
    made = await api.create(CONFIG_MAPS, config("a"))
    assert (await api.get(CONFIG_MAPS, "a", "shop")) == made
    made["data"]["v"] = "2"
    changed = await api.update(CONFIG_MAPS, made)
    assert changed["data"] == {"v": "2"}
    with pytest.raises(ApiError) as stale:
        await api.update(CONFIG_MAPS, made)
    assert (stale.value.code, stale.value.reason) == (409, "Conflict")
    with pytest.raises(ApiError) as again:
        await api.create(CONFIG_MAPS, config("a"))
    assert again.value.reason == "AlreadyExists"
    with pytest.raises(ApiError) as other:
        await api.delete(CONFIG_MAPS, "a", "shop", uid="another")
    assert other.value.code == 409
    await api.delete(CONFIG_MAPS, "a", "shop", uid=made["metadata"]["uid"])
    with pytest.raises(ApiError) as gone:
        await api.get(CONFIG_MAPS, "a", "shop")
    assert (gone.value.code, gone.value.message) == (404, 'configmaps "a" not found')


async def test_every_kind_of_patch(api: Client) -> None:
    await api.create(CONFIG_MAPS, config("a"))
    merged = await api.patch(CONFIG_MAPS, "a", {"data": {"v": None, "w": "1"}}, "shop")
    assert merged["data"] == {"w": "1"}
    operations = [{"op": "replace", "path": "/data/w", "value": "2"}]
    assert (await api.patch(CONFIG_MAPS, "a", operations, "shop", kind=JSON_PATCH))["data"] == {"w": "2"}
    service = {"metadata": {"name": "s", "namespace": "shop"}, "spec": {"ports": [{"port": 80, "name": "a"}]}}
    await api.create(SERVICES, service)
    more = {"spec": {"ports": [{"port": 81, "name": "b"}]}}
    strategic = await api.patch(SERVICES, "s", more, "shop", kind=STRATEGIC_PATCH)
    assert sorted(each["port"] for each in strategic["spec"]["ports"]) == [80, 81]
    applied = {"apiVersion": "v1", "kind": "ConfigMap", **config("a", "9")}
    assert (await api.apply(CONFIG_MAPS, applied, manager="m", force=True))["data"]["v"] == "9"


async def test_lists_come_in_pages_of_one_moment(api: Client) -> None:
    for number in range(7):
        await api.create(CONFIG_MAPS, config(f"c{number}", half=str(number % 2)))
    assert (await api.page(CONFIG_MAPS, "shop", limit=3)).remaining == 4
    page = await api.page(CONFIG_MAPS, "shop", limit=3, labels="half")
    assert (len(page.items), page.remaining, bool(page.token)) == (
        3,
        0,
        True,
    )  # nobody counts what is selected
    await api.create(CONFIG_MAPS, config("late", half="0"))
    rest = await api.page(CONFIG_MAPS, "shop", limit=10, labels="half", token=page.token)
    assert [each["metadata"]["name"] for each in rest.items] == ["c3", "c4", "c5", "c6"]
    whole = await api.list(CONFIG_MAPS, "shop", labels="half=0", limit=2)
    assert [each["metadata"]["name"] for each in whole.items] == ["c0", "c2", "c4", "c6", "late"]
    assert whole.items[0]["kind"] == "ConfigMap"
    chosen = await api.list(CONFIG_MAPS, fields="metadata.name=c3")
    assert [each["metadata"]["name"] for each in chosen.items] == ["c3"]
    await api.delete_collection(CONFIG_MAPS, "shop", labels="half=1")
    left = await api.list(CONFIG_MAPS, "shop", labels="half")
    assert len(left.items) == 5


async def test_a_status_is_written_apart_and_generations_count_specs(api: Client) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    made = await api.create(DEPLOYMENTS, {"metadata": {"name": "d", "namespace": "shop"}, "spec": spec})
    made["status"] = {"replicas": 3, "observedGeneration": 1}
    made["spec"]["replicas"] = 9
    written = await api.update_status(DEPLOYMENTS, made)
    assert (written["status"]["replicas"], written["spec"]["replicas"]) == (3, 1)
    assert written["metadata"]["generation"] == 1
    scale = await api.get(DEPLOYMENTS, "d", "shop", subresource="scale")
    assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 1)


async def test_a_watch_tells_each_change_once_from_where_it_is_asked(api: Client) -> None:
    start = (await api.create(CONFIG_MAPS, config("a")))["metadata"]["resourceVersion"]
    heard: list[WatchEvent] = []

    async def listen() -> None:
        async for event in api.watch(CONFIG_MAPS, "shop", version=start):
            heard.append(event)
            if event.type == "DELETED":
                return

    task = asyncio.create_task(listen())
    await api.create(CONFIG_MAPS, config("b"))
    await api.patch(CONFIG_MAPS, "a", {"data": {"v": "x" * 200_000}}, "shop")
    await api.delete(CONFIG_MAPS, "b", "shop")
    async with asyncio.timeout(10 * PATIENCE):
        await task
    told = [(each.type, each.object["metadata"]["name"]) for each in heard if each.type != "BOOKMARK"]
    assert told == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]
    assert len(next(each for each in heard if each.type == "MODIFIED").object["data"]["v"]) == 200_000


async def test_a_watch_ends_when_its_time_is_over_and_a_future_version_is_refused(api: Client) -> None:
    async with asyncio.timeout(20 * PATIENCE):
        async for _ in api.watch(CONFIG_MAPS, "shop", version="", seconds=1):
            pass
    with pytest.raises(ApiError):
        async for _ in api.watch(CONFIG_MAPS, "shop", version="no number"):
            pass


async def test_an_informer_follows_a_real_server(api: Client) -> None:
    await api.create(CONFIG_MAPS, config("a"))
    informer = Informer(api, CONFIG_MAPS, namespace="shop", labels="!hidden")
    task = asyncio.create_task(informer.run())
    async with asyncio.timeout(10 * PATIENCE):
        await informer.synced()
        await api.create(CONFIG_MAPS, config("b"))
        await api.create(CONFIG_MAPS, config("c", hidden="yes"))
        await api.delete(CONFIG_MAPS, "a", "shop")
        while informer.cache.keys() != ["shop/b"]:
            await asyncio.sleep(0.01)
    task.cancel()


async def test_discovery_names_the_kinds_and_what_can_be_done(api: Client) -> None:
    found = await discover(api)
    deletable = found.having("list", "watch", "delete")
    assert {PODS, DEPLOYMENTS, CONFIG_MAPS}.issubset(deletable)
    assert not any("/" in each.plural for each in deletable)
    assert found.stale == []


async def test_many_requests_at_once_share_connections(api: Client) -> None:
    await asyncio.gather(*(api.create(CONFIG_MAPS, config(f"m{number}")) for number in range(100)))
    assert (
        len(
            [
                each
                for each in (await api.list(CONFIG_MAPS, "shop")).items
                if each["metadata"]["name"][0] == "m"
            ]
        )
        == 100
    )


async def test_a_server_of_another_authority_is_not_trusted(
    server: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    store = await open_store(f"sqlite://{other / 'store.db'}")
    try:
        stranger = ApiServer(Config(other, port=0), store)
        await stranger.start()
        text = (server / "admin.kubeconfig").read_text()
        own_port = text.split("https://127.0.0.1:")[1].split('"')[0]
        (server / "wrong").write_text(text.replace(own_port, str(stranger.port)))
        async with Client.from_kubeconfig(server / "wrong") as api:
            with pytest.raises(Denied, match="not trusted"):
                await api.get(NAMESPACES, "default")
        await stranger.stop()
    finally:
        await store.close()


async def test_where_nobody_answers_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot reach unix://"):
        await Client.on_socket(tmp_path / "none").get(NAMESPACES, "x")
