"""Filters that have an agent answer (runtime-spec, config-linux.md, Seccomp): what it is told, for whom it answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtimes import Runtime
from tests.seccomp_agent import Agent, listening

pytestmark = pytest.mark.root
TRY = ("sh", "-c", "mkdir /tmp/x 2>&1; test ! -e /tmp/x")
REFUSED = "mkdir: can't create directory '/tmp/x': Invalid cross-device link\n"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with listening(tmp_path) as found:
        yield found


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_the_first_process(runtime: Runtime, agent: Agent, *, no_new_privileges: bool) -> None:
    bundle = runtime.bundle(
        *TRY,
        process={"args": list(TRY), "noNewPrivileges": no_new_privileges},
        linux={"seccomp": agent.profile("read", "openat", "close", "execve")},
        annotations={"a": "b"},
    )
    assert runtime.ok("run", "--bundle", bundle, "asked") == REFUSED
    [told] = agent.told
    assert told["fds"] == ["seccompFd"] and told["metadata"] == "marker"
    assert told["pid"] == told["state"]["pid"] > 1
    assert (told["state"]["id"], told["state"]["status"]) == ("asked", "creating")
    assert told["state"]["bundle"] == str(bundle)
    assert told["state"]["annotations"].items() >= {"a": "b"}.items()


def test_an_exec_has_a_listener_of_its_own(runtime: Runtime, agent: Agent) -> None:
    id = runtime.running(linux={"seccomp": agent.profile()})
    assert runtime("exec", id, *TRY).out == REFUSED
    first, second = agent.told
    assert second["state"]["pid"] == first["pid"] != second["pid"]
    assert (second["state"]["id"], second["state"]["status"]) == (id, "running")


def test_a_created_one(runtime: Runtime, agent: Agent) -> None:
    id = runtime.created(*TRY, linux={"seccomp": agent.profile()})
    runtime.ok("start", id)
    runtime.until(id, "stopped")
    assert [told["state"]["id"] for told in agent.told] == [id]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"listenerPath": ""}, "listenerPath is not set"),
        ({"listenerPath": "/nowhere/agent.sock"}, "failed to connect with seccomp agent"),
        ({"defaultAction": "SCMP_ACT_NOTIFY"}, "cannot be used as default action"),
        ({"syscalls": [{"names": ["write"], "action": "SCMP_ACT_NOTIFY"}]}, "write syscall"),
    ],
)
def test_refused(runtime: Runtime, agent: Agent, changes: dict[str, str], words: str) -> None:
    profile = agent.profile() | changes
    done = runtime("run", "--bundle", runtime.bundle("true", linux={"seccomp": profile}), "refused")
    assert done.code != 0
    assert words in done.err
    assert not runtime.groups()
