"""Events: one for the same news, one for much alike, none for too much."""

from __future__ import annotations

from hythe.kube.client.recorder import NORMAL, Recorder
from hythe.kube.client.resources import EVENTS
from hythe.kube.objects import status
from hythe.kube.objects.types import Object
from tests.kube_double import FakeClock, MemoryApi, memory_client

POD: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "shop", "uid": "u"}}


def recorder() -> tuple[FakeClock, MemoryApi, Recorder]:
    clock = FakeClock()
    api, client = memory_client(clock)
    return clock, api, Recorder(client, "test", host="n1", clock=clock)


async def test_the_same_news_is_one_event_that_is_counted() -> None:
    clock, api, made = recorder()
    for _ in range(3):
        made.event(POD, NORMAL, "Pulled", "there")
        await made.flush()
        await clock.advance(5)
    [event] = api.all(EVENTS)
    assert (event["count"], event["reason"], event["message"], event["type"]) == (
        3,
        "Pulled",
        "there",
        "Normal",
    )
    assert event["involvedObject"] == {
        "kind": "Pod",
        "namespace": "shop",
        "name": "x",
        "uid": "u",
        "apiVersion": "v1",
    }
    assert event["source"] == {"component": "test", "host": "n1"}
    assert event["firstTimestamp"] < event["lastTimestamp"]
    assert event["metadata"]["namespace"] == "shop"


async def test_what_differs_only_in_its_message_is_combined_after_ten() -> None:
    clock, api, made = recorder()
    for number in range(14):
        made.event(POD, NORMAL, "Scaled", f"to {number}")
        await made.flush()
        await clock.advance(1)
    events = api.all(EVENTS)
    assert len(events) == 11
    combined = [each for each in events if each["message"].startswith("(combined from similar events): ")]
    assert [(each["count"], each["message"][-5:]) for each in combined] == [(4, "to 13")]


async def test_one_object_cannot_flood_the_server() -> None:
    clock, api, made = recorder()
    for number in range(60):
        made.event(POD, NORMAL, f"Reason{number}", "x")
    await made.flush()
    assert len(api.all(EVENTS)) == 25
    await clock.advance(301)
    made.event(POD, NORMAL, "Later", "x")
    await made.flush()
    assert len(api.all(EVENTS)) == 26


async def test_an_event_that_is_gone_is_written_anew_and_a_refusal_stops_nothing() -> None:
    _clock, api, made = recorder()
    made.event(POD, NORMAL, "Pulled", "there")
    await made.flush()
    api.remove(EVENTS, api.all(EVENTS)[0]["metadata"]["name"], "shop")
    made.event(POD, NORMAL, "Pulled", "there")
    await made.flush()
    assert [each["count"] for each in api.all(EVENTS)] == [1]
    api.fail = lambda _method, _path: status.forbidden("events", "x", "no")
    made.event(POD, NORMAL, "Other", "x")
    await made.flush()
    api.fail = lambda _method, _path: None
    made.event(POD, NORMAL, "Third", "x")
    await made.flush()
    assert {each["reason"] for each in api.all(EVENTS)} == {"Pulled", "Third"}
