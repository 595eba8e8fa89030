"""Network devices of the host that become a container's (runtime-spec 1.3), by hythe-runtime."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtimes import Runtime, started

pytestmark = pytest.mark.root
HOST = f"devices{os.getpid()}"


def ip(*arguments: str) -> str:
    done = subprocess.run(["ip", "-n", HOST, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """Its commands run in a network namespace that is the host's for them, with one device."""
    subprocess.run(["ip", "netns", "add", HOST], check=True)
    try:
        ip("link", "add", "card0", "mtu", "1400", "type", "veth", "peer", "name", "far0")
        ip("link", "set", "far0", "up")
        ip("address", "add", "198.18.7.1/24", "dev", "card0", "label", "card0:one")
        ip("address", "add", "2001:db8::7/64", "dev", "card0", "nodad")
        ip("address", "add", "198.18.8.1/24", "dev", "card0", "valid_lft", "100", "preferred_lft", "100")
        ip("address", "add", "198.18.9.1/24", "dev", "card0", "scope", "link")
        with started("hythe", tmp_path) as found:
            own, into = found.command, ["nsenter", f"--net=/run/netns/{HOST}"]
            monkeypatch.setattr(found, "command", lambda *words: [*into, *own(*words)])
            yield found
    finally:
        subprocess.run(["ip", "netns", "del", HOST], check=True)


def ran(runtime: Runtime, devices: Any, *command: str, namespaces: Any = None) -> Any:
    """`run` of a container with them."""
    config = runtime.config(*command)
    config["linux"]["netDevices"] = devices
    if namespaces is not None:
        config["linux"]["namespaces"] = namespaces
    bundle = runtime.bundle()
    (bundle / "config.json").write_text(json.dumps(config))
    return runtime("run", "--bundle", bundle, bundle.name)


@pytest.mark.parametrize(
    ("given", "name"), [({"name": "inner0"}, "inner0"), ({}, "card0"), ({"name": "net%d"}, "net0")]
)
def test_a_device_keeps_what_it_has(runtime: Runtime, given: dict[str, str], name: str) -> None:
    done = ran(runtime, {"card0": given}, "busybox", "ip", "address")
    assert done.code == 0, done.err
    shown = done.out[done.out.index(f" {name}@") :]
    assert "UP" in shown.splitlines()[0] and "mtu 1400" in shown
    assert "inet 198.18.7.1/24" in shown and "inet6 2001:db8::7/64 scope global" in shown
    assert "198.18.8.1" not in shown and "198.18.9.1" not in shown


@pytest.mark.parametrize(
    ("devices", "words"),
    [
        ({"nothere": {}}, "there is no network device nothere"),
        ({"card0": {"name": "lo"}}, "has a device lo already"),
        ({"card0": {"name": "far/too"}}, "is no name of a network device"),
        (["card0"], "linux.netDevices is not an object"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(runtime: Runtime, devices: Any, words: str) -> None:
    done = ran(runtime, devices, "true")
    assert done.code != 0 and words in done.err, done
    assert not runtime.ids()
    assert "198.18.7.1" in ip("address", "show", "card0")


def test_the_hosts_own_namespace(runtime: Runtime) -> None:
    kinds = [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "cgroup")]
    done = ran(runtime, {"card0": {}}, "true", namespaces=kinds)
    assert done.code != 0 and "needs a network namespace" in done.err
