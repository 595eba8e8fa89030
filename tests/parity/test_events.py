"""`docker events`: what is told, in which order, with which attributes, and how it is selected."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.parity.serving import idle
from tests.targets import Target
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

LAST = "the-last-one"


def now() -> str:
    return f"{time.time():.9f}"


@contextmanager
def heard(target: Target, *options: str) -> Iterator[list[dict[str, Any]]]:
    """Collects the events from here to the end of the block; a volume made then marks the end."""
    events: list[dict[str, Any]] = []
    since = now()
    yield events
    target.docker("volume", "create", LAST)
    shown = target.docker("events", "--since", since, "--until", now(), "--format", "{{json .}}", *options)
    assert shown.code == 0, shown.err
    events.extend(json.loads(line) for line in shown.out.splitlines())


def actions(events: list[dict[str, Any]], kind: str) -> list[str]:
    return [each["Action"] for each in events if each["Type"] == kind]


def test_the_life_of_a_container(target: Target) -> None:
    with heard(target) as events:
        target.docker("run", "--rm", "--name", "brief", "--label", "k=v", "busybox", "sh", "-c", "exit 3")
    assert actions(events, "container") == ["create", "attach", "start", "die", "destroy"]
    assert actions(events, "network") == ["connect", "disconnect"]
    died = next(each for each in events if each["Action"] == "die")
    attributes = died["Actor"]["Attributes"]
    assert (attributes["exitCode"], attributes["name"], attributes["image"]) == ("3", "brief", "busybox")
    assert attributes["k"] == "v"
    assert died["scope"] == "local" and died["timeNano"] // 10**9 == died["time"]
    assert [each["timeNano"] for each in events] == sorted(each["timeNano"] for each in events)


def test_what_is_done_to_a_container(target: Target) -> None:
    id = idle(target, "busy")
    with heard(target, "-f", f"container={id}") as events:
        for command in ("pause", "unpause"):
            target.docker(command, "busy")
        target.docker("exec", "busy", "true")
        target.docker("rename", "busy", "busier")
        target.docker("rename", "busier", "busy")
        target.docker("restart", "-t", "0", "busy")
        target.docker("kill", "-s", "USR1", "busy")
        target.docker("stop", "-t", "0", "busy")
    names = [each["Action"].partition(":")[0] for each in events if each["Actor"]["ID"] == id]
    wanted = ["pause", "unpause", "exec_create", "exec_start", "exec_die", "rename", "rename"]
    assert names[:7] == wanted
    for word in ("restart", "kill", "die", "stop", "start"):
        assert word in names[7:]


def test_networks_volumes_and_images(target: Target) -> None:
    with heard(target) as events:
        target.docker("network", "create", "net")
        target.docker("volume", "create", "vol")
        target.docker("tag", "busybox", "other:1")
        idle(target, "user", "--network", "net", "-v", "vol:/data")
        target.docker("rm", "-f", "user")
        target.docker("rmi", "other:1")
        target.docker("volume", "rm", "vol")
        target.docker("network", "rm", "net")
    assert actions(events, "network") == ["create", "connect", "disconnect", "destroy"]
    volume = [each for each in events if each["Type"] == "volume" and each["Actor"]["ID"] == "vol"]
    # dockerd tells of a volume again when a container names it
    told = list(dict.fromkeys(each["Action"] for each in volume))
    assert told == ["create", "mount", "unmount", "destroy"]
    assert actions(events, "image") == ["tag", "untag"]


def test_selection(target: Target) -> None:
    with heard(target, "-f", "type=container", "-f", "event=start", "-f", "label=k=v") as events:
        idle(target, "with", "--label", "k=v")
        idle(target, "without")
    assert [(each["Action"], each["Actor"]["Attributes"]["name"]) for each in events] == [("start", "with")]


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (["container=web"], {"web1", "web2"}),
        (["container=web1", "container=other"], {"web1", "other"}),
        (["container=eb1"], set()),
        (["image=busybox"], {"web1", "web2", "other"}),
        (["image=busybox:latest"], set()),
        (["image=busy"], set()),
        (["event=creat"], set()),
        (["event=create", "label=k"], {"web1"}),
        (["event=create", "label=k=v", "label=other"], set()),
        (["type=container", "scope=swarm"], set()),
        (["type=network", "type=volume"], set()),
        (["network=net"], set()),
    ],
)
def test_every_filter(target: Target, filters: list[str], wanted: set[str]) -> None:
    options = [word for each in filters for word in ("-f", each)]
    with heard(target, *options) as events:
        for name, label in (("web1", "k=v"), ("web2", "x=y"), ("other", "x=y")):
            assert target.docker("create", "--name", name, "--label", label, "busybox", "true").code == 0
    told = {each["Actor"]["Attributes"]["name"] for each in events if each["Type"] == "container"}
    assert told == wanted


def test_actions_that_say_more_are_found_by_their_beginning(target: Target) -> None:
    id = idle(target, "busy")
    with heard(target, "-f", "event=exec_create", "-f", f"container={id[:12]}") as events:
        assert target.docker("exec", "busy", "true").code == 0
    assert actions(events, "container") == ["exec_create: true "]


def test_health_and_memory_are_told(target: Target) -> None:
    with heard(target, "-f", "type=container") as events:
        target.docker("run", "-d", "--name", "well", "--health-cmd", "true", "--health-interval", "100ms", "busybox",
                      "sleep", "100")  # fmt: skip
        deadline = time.monotonic() + 10
        while (
            target.inspect("well")["State"]["Health"]["Status"] != "healthy" and time.monotonic() < deadline
        ):
            time.sleep(0.05)
    assert "health_status: healthy" in actions(events, "container")


def test_they_come_as_they_happen(target: Target) -> None:
    command = ["docker", "events", "--since", now(), "-f", "container=live", "--format", "{{.Action}}"]
    with subprocess.Popen(command, env=target.env, stdout=subprocess.PIPE, text=True) as listener:
        limit = threading.Timer(20 * PATIENCE, listener.kill)  # ends the reading, if nothing is told
        limit.start()
        try:
            assert listener.stdout is not None
            idle(target, "live")
            assert [listener.stdout.readline() for _ in range(2)] == ["create\n", "start\n"]
            target.docker("rm", "-f", "live")
            assert [listener.stdout.readline() for _ in range(3)] == ["kill\n", "die\n", "destroy\n"]
        finally:
            limit.cancel()
            listener.kill()
