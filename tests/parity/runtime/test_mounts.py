"""Mounts as the container sees them: their order, and those that become read-only once they are filled."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.runtimes import Runtime
from tests.system.runtime_harness import default_mounts

pytestmark = pytest.mark.root

USER = {
    "namespaces": [{"type": kind} for kind in ("user", "pid", "network", "mount", "ipc", "uts", "cgroup")],
    "uidMappings": [{"containerID": 0, "hostID": 0, "size": 65536}],
    "gidMappings": [{"containerID": 0, "hostID": 0, "size": 65536}],
}


def new() -> str:
    return "c" + secrets.token_hex(4)


@pytest.mark.parametrize("linux", [{}, USER], ids=["host", "user"])
def test_their_order_is_that_of_the_configuration(
    runtime: Runtime, tmp_path: Path, linux: dict[str, Any]
) -> None:
    """Linux 6.8 and later list mounts in the order in which they were made."""
    tmp_path.chmod(0o755)
    plain = default_mounts()
    bind = [
        {"destination": f"/var/{name}", "type": "bind", "source": str(tmp_path), "options": ["rbind"]}
        for name in ("first", "last")
    ]
    mounts = [plain[0], bind[0], *plain[1:], bind[1]]
    out = runtime.ok(
        "run", "-b", runtime.bundle("cat", "/proc/self/mountinfo", mounts=mounts, linux=linux), new()
    )
    seen = [line.split()[4] for line in out.splitlines()]
    wanted = [entry["destination"] for entry in mounts]
    assert [place for place in seen if place in wanted] == wanted


def test_a_read_only_dev_is_filled(runtime: Runtime) -> None:
    mounts = default_mounts()
    next(entry for entry in mounts if entry["destination"] == "/dev")["options"].append("ro")
    script = (
        "grep ^tmpfs./dev. /proc/mounts; echo x > /dev/null; ls /dev/pts/ptmx; touch /dev/x || echo refused"
    )
    out = runtime.ok("run", "-b", runtime.bundle("sh", "-c", script, mounts=mounts), new()).splitlines()
    assert "ro" in out[0].split()[3].split(",")
    assert out[1:] == ["/dev/pts/ptmx", "refused"]


def test_a_read_only_tmpfs_takes_the_mounts_below_it(runtime: Runtime, tmp_path: Path) -> None:
    mounts = [
        *default_mounts(),
        {"destination": "/var", "type": "tmpfs", "source": "tmpfs", "options": ["ro"]},
        {"destination": "/var/below", "type": "bind", "source": str(tmp_path), "options": ["bind"]},
    ]
    script = "touch /var/below/x; touch /var/x || echo refused"
    out = runtime.ok("run", "-b", runtime.bundle("sh", "-c", script, mounts=mounts), new())
    assert out == "refused\n"
    assert (tmp_path / "x").exists()


def test_unknown_properties_have_no_effect(runtime: Runtime) -> None:
    """runtime-spec, config.md, Extensibility."""
    bundle = runtime.bundle("echo", "yes", colour="red", linux={"smell": {"a": 1}}, process={"taste": []})
    assert runtime.ok("run", "-b", bundle, new()) == "yes\n"
