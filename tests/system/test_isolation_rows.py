"""`hythe demo isolation`: every row shows what it says, on the bare machine and in containers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.targets import Target, start_hythe

pytestmark = pytest.mark.root

COUNTED = ("S3", "S4")
"""Rows that compare amounts of work: how much depends on what else the machine does."""


def share(felt: dict[str, Any]) -> int:
    found = re.search(r"(\d+)%", felt["Felt"])
    assert found, felt
    return int(found[1])


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with start_hythe(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.mark.slow
def test_each_row_fails_on_a_bare_machine_and_holds_with_hythe(daemon: Target) -> None:
    done = daemon.hythe("demo", "isolation", "--format", "json", "--seconds", "1", timeout=180)
    assert done.code == 0, done.err
    rows = {row["Row"]: row for row in json.loads(done.out)}
    assert {key.split()[0] for key in rows} == {"S1", "S2", "S3", "S4", "S5", "S6"}
    for key, row in rows.items():
        if key in COUNTED:
            assert share(row["WithHythe"]) > share(row["WithoutHythe"]), row
        else:
            assert row["WithHythe"]["Held"] and not row["WithoutHythe"]["Held"], row
    assert "OOM-killed (exit 137)" in rows["S2"]["WithHythe"]["Felt"]


def test_nothing_stays(daemon: Target) -> None:
    images, containers = daemon.docker("images", "-q").out, daemon.docker("ps", "-aq").out
    groups = [path for path in Path("/sys/fs/cgroup").glob("**/hythe-demo-*") if path.is_dir()]
    done = daemon.hythe("demo", "isolation", "--only", "S1,S5", timeout=60)
    assert done.code == 0, done.err
    assert daemon.docker("images", "-q").out == images
    assert daemon.docker("ps", "-aq").out == containers
    left = [path for path in Path("/sys/fs/cgroup").glob("**/hythe-demo-*") if path.is_dir()]
    assert left == groups
    assert "hythe-demo" not in Path("/proc/self/mountinfo").read_text()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--only", "S9"], "no row 'S9'"),
        (["--seconds", "soon"], "invalid --seconds"),
        (["--format", "xml"], "invalid --format"),
    ],
)
def test_mistakes(daemon: Target, words: list[str], why: str) -> None:
    done = daemon.hythe("demo", "isolation", *words)
    assert done.code != 0 and why in done.err
