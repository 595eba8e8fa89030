"""A live copy: lists, watches, lost history, lost deletions, handlers."""

from __future__ import annotations

import asyncio

from hythe.kube.client.informer import Handler, Informer
from hythe.kube.client.resources import CONFIG_MAPS
from hythe.kube.client.shared import SharedInformers
from hythe.kube.objects import status
from hythe.kube.objects.types import Object
from tests.kube_double import FakeClock, MemoryApi, memory_client


def config(name: str, value: str = "", **labels: str) -> Object:
    return {"metadata": {"name": name, "namespace": "n", "labels": labels}, "data": {"v": value}}


class Heard:
    def __init__(self) -> None:
        self.news: list[str] = []

    def handler(self) -> Handler:
        return Handler(
            lambda body: self.news.append(f"+{body['metadata']['name']}"),
            lambda before, now: self.news.append(f"{before['data']['v']}>{now['data']['v']}"),
            lambda body: self.news.append(f"-{body['metadata']['name']}"),
        )

    def take(self) -> list[str]:
        news, self.news = self.news, []
        return news


async def started(clock: FakeClock) -> tuple[MemoryApi, Informer, Heard, asyncio.Task[None]]:
    api, client = memory_client(clock)
    api.put(CONFIG_MAPS, config("a", "1"))
    informer = Informer(client, CONFIG_MAPS, clock=clock, indexes={"value": lambda body: [body["data"]["v"]]})
    heard = Heard()
    informer.add_handler(heard.handler())
    task = asyncio.create_task(informer.run())
    await clock.advance(0)
    return api, informer, heard, task


async def test_what_is_there_and_what_comes_is_heard_once_and_indexed() -> None:
    clock = FakeClock()
    api, informer, heard, task = await started(clock)
    assert informer.has_synced
    assert heard.take() == ["+a"]
    api.put(CONFIG_MAPS, config("b", "2"))
    api.put(CONFIG_MAPS, config("a", "2"))
    await clock.advance(0)
    assert heard.take() == ["+b", "1>2"]
    assert [each["metadata"]["name"] for each in informer.cache.by("value", "2")] == ["b", "a"]
    assert informer.cache.by("value", "1") == []
    api.remove(CONFIG_MAPS, "a", "n")
    await clock.advance(0)
    assert heard.take() == ["-a"]
    assert informer.cache.keys() == ["n/b"]
    task.cancel()


async def test_a_lost_history_becomes_a_new_list_whose_differences_are_heard() -> None:
    clock = FakeClock()
    api, informer, heard, task = await started(clock)
    task.cancel()
    heard.take()
    api.put(CONFIG_MAPS, config("b", "1"))
    api.put(CONFIG_MAPS, config("a", "7"))
    api.put(CONFIG_MAPS, config("c", "1"))
    api.remove(CONFIG_MAPS, "c", "n")
    api.compacted = api.revision
    task = asyncio.create_task(informer.run())
    await clock.advance(5)
    assert sorted(heard.take()) == ["+b", "1>7"]
    assert informer.version == str(api.revision)
    task.cancel()


async def test_an_object_that_was_replaced_unseen_is_heard_as_deleted_and_added() -> None:
    clock = FakeClock()
    api, informer, heard, task = await started(clock)
    task.cancel()
    heard.take()
    api.remove(CONFIG_MAPS, "a", "n")
    api.put(CONFIG_MAPS, config("a", "9"))
    api.compacted = api.revision
    task = asyncio.create_task(informer.run())
    await clock.advance(5)
    assert heard.take() == ["-a", "+a"]
    task.cancel()


async def test_a_server_that_fails_is_asked_again_later_and_later() -> None:
    clock = FakeClock()
    api, client = memory_client(clock)
    api.fail = lambda _method, _path: status.internal_error("not now")
    informer = Informer(client, CONFIG_MAPS, clock=clock)
    task = asyncio.create_task(informer.run())
    await clock.advance(60)
    assert 6 <= len(api.requests) <= 25
    assert not informer.has_synced
    api.fail = lambda _method, _path: None
    await clock.advance(16)
    assert informer.has_synced
    task.cancel()


async def test_one_handlers_mistake_does_not_keep_the_others_from_hearing() -> None:
    clock = FakeClock()
    api, informer, heard, task = await started(clock)
    heard.take()

    def wrong(_body: Object) -> None:
        raise RuntimeError("a mistake")

    informer._handlers.insert(0, Handler(wrong))
    api.put(CONFIG_MAPS, config("b"))
    await clock.advance(0)
    assert heard.take() == ["+b"]
    task.cancel()


async def test_a_copy_that_broke_is_made_anew() -> None:
    clock = FakeClock()
    api, client = memory_client(clock)
    broken = [True]

    def transform(body: Object) -> Object:
        if broken.pop() if broken else False:
            raise KeyError("spec")
        return body

    api.put(CONFIG_MAPS, config("a"))
    informer = Informer(client, CONFIG_MAPS, clock=clock, transform=transform)
    task = asyncio.create_task(informer.run())
    await clock.advance(0)
    assert not informer.has_synced
    await clock.advance(2)
    assert informer.cache.keys() == ["n/a"]
    task.cancel()


async def test_a_late_handler_hears_of_what_is_there_and_shared_informers_are_one() -> None:
    clock = FakeClock()
    api, client = memory_client(clock)
    api.put(CONFIG_MAPS, config("a"))
    informers = SharedInformers(client, clock=clock)
    informers.of(CONFIG_MAPS)
    informers.start()
    await informers.synced()
    heard = Heard()
    informers.of(CONFIG_MAPS, {"v": lambda body: [body["data"]["v"]]}).add_handler(heard.handler())
    assert heard.take() == ["+a"]
    assert len(informers.of(CONFIG_MAPS).cache.by("v", "")) == 1
    assert len([each for each in api.requests if each[0] == "GET"]) == 1
    await informers.stop()
