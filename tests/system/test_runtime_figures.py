"""Figures of a group, beside those that runc prints for the same one."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hythe.kernel.cgroups import detect
from hythe.kernel.cgroups.report import report
from tests.system.runtime_harness import busybox_root

pytestmark = pytest.mark.root

MIB = 1 << 20


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[str], str, str]]:
    """(runc and its options, id, path of the control group) of a container that sleeps."""
    bundle = tmp_path_factory.mktemp("bundle")
    busybox_root(bundle / "rootfs")
    subprocess.run(["runc", "spec"], cwd=bundle, check=True)
    id = f"hythe-figures-{os.getpid()}"
    config = json.loads((bundle / "config.json").read_text())
    config["process"] |= {"args": ["/bin/sleep", "600"], "terminal": False}
    config["linux"]["cgroupsPath"] = f"/{id}"
    config["linux"]["resources"] |= {
        "memory": {"limit": 64 * MIB, "swap": 96 * MIB},
        "pids": {"limit": 20},
        "cpu": {"quota": 50000, "period": 100000, "cpus": "0"},
    }
    (bundle / "config.json").write_text(json.dumps(config))
    command = ["runc", "--root", str(bundle / "state")]
    with Path(os.devnull).open("r+b") as nothing:
        subprocess.run(
            [*command, "run", "--detach", "--bundle", str(bundle), id],
            stdin=nothing, stdout=nothing, check=True,
        )  # fmt: skip
    try:
        yield command, id, f"/{id}"
    finally:
        subprocess.run([*command, "delete", "--force", id], check=True)


def names(value: Any, path: str = "") -> set[str]:
    """Paths of all keys, but for what the kernel names."""
    if not isinstance(value, dict) or path == "memory.raw":
        return {path}
    return {found for key, inner in value.items() for found in names(inner, f"{path}.{key}".strip("."))}


def test_the_same_names_and_limits_as_runc(running: tuple[list[str], str, str]) -> None:
    command, id, path = running
    shown = subprocess.run([*command, "events", "--stats", id], check=True, capture_output=True).stdout
    theirs, ours = json.loads(shown)["data"], report(detect().group(path).statistics())
    ignored = {"memory.usage.max", "memory.swap.max", "memory.kernel.max", "memory.kernel.usage"}
    assert names(theirs) - names(ours) <= ignored | {name for name in names(theirs) if ".psi" in name}
    for group, key in (("memory", "usage"), ("memory", "swap")):
        assert ours[group][key]["limit"] == theirs[group][key]["limit"]
    assert ours["pids"] == theirs["pids"]
    assert ours["cpuset"].get("cpus") == [0]
    assert set(ours["memory"]["raw"]) == set(theirs["memory"]["raw"])
    assert ours["cpu"]["usage"]["total"] >= theirs["cpu"]["usage"]["total"]
