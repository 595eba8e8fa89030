"""Filters that have an agent answer, under the warden: from outside of a user namespace, with every flag."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.seccomp_agent import listening
from tests.system.runtime_harness import Refused, Warden, in_user_namespace, running
from tests.targets import start_hythe

pytestmark = pytest.mark.root
FLAGS = ("TSYNC", "LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV")


@pytest.fixture(scope="module")
def warden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warden]:
    with running(tmp_path_factory.mktemp("warden")) as found:
        yield found


def test_a_filter_that_notifies(warden: Warden, tmp_path: Path) -> None:
    """The agent is told from outside of the user namespace, for the first process and for an exec."""
    with listening(tmp_path) as agent:
        config = in_user_namespace(warden, ["/bin/sleep", "60"])
        config["linux"]["seccomp"] = agent.profile("read", "openat", "close", "execve")
        id = warden.create(config)
        warden.call("start", id=id)
        code, output = warden.exec(id, ["/bin/mkdir", "/tmp/x"])
        assert (code, output.split(b": ")[-1]) == (1, b"Invalid cross-device link\n")
        first, second = agent.told
        assert first["pid"] == first["state"]["pid"] == second["state"]["pid"] == warden.created["pid"]
        assert [told["state"]["status"] for told in agent.told] == ["creating", "running"]
        warden.call("delete", id=id, force=True)
    id = warden.create(config)  # and now there is none who listens
    with pytest.raises(Refused, match="failed to connect with seccomp agent"):
        warden.call("start", id=id)
    warden.event("exit", id, exec=None)
    warden.call("delete", id=id)


@pytest.mark.parametrize("flags", [*[[flag] for flag in FLAGS], FLAGS])
def test_flags(warden: Warden, tmp_path: Path, flags: list[str]) -> None:
    with listening(tmp_path) as agent:
        config = warden.config(["/bin/mkdir", "/tmp/x"])
        names = [f"SECCOMP_FILTER_FLAG_{flag}" for flag in flags]
        config["linux"]["seccomp"] = agent.profile(flags=names)
        code, output = warden.run(config)
        assert (code, output.split(b": ")[-1]) == (1, b"Invalid cross-device link\n")


def test_under_the_engine(tmp_path: Path) -> None:
    """Docker's API passes on where the agent listens, for the container and for each exec."""
    (tmp_path / "engine").mkdir()
    with start_hythe(tmp_path / "engine") as engine:
        with listening(tmp_path) as agent:
            profile = tmp_path / "profile.json"
            profile.write_text(json.dumps(agent.profile("read", "openat", "close", "execve")))
            flags = ["--name", "asked", "--security-opt", f"seccomp={profile}"]
            done = engine.docker("run", "-d", *flags, "busybox", "sleep", "1000")
            assert done.code == 0, done.err
            tried = engine.docker("exec", "asked", "mkdir", "/x")
            assert "Invalid cross-device link" in tried.err
            id, pid = done.out.strip(), engine.inspect("asked")["State"]["Pid"]
            assert [told["state"]["id"] for told in agent.told] == [id, id]
            assert [told["state"]["pid"] for told in agent.told] == [pid, pid]
            engine.docker("rm", "-f", "asked")
        refused = engine.docker("run", "--rm", "--security-opt", f"seccomp={profile}", "busybox", "true")
        assert refused.code != 0
        assert "failed to connect with seccomp agent" in refused.err
