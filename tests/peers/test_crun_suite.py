"""crun's own tests: whatever Debian's runc passes on this machine, hythe-runtime passes too."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.peers import report, results, sources
from tests.peers.running import run
from tests.peers.suite import Program, Suite
from tests.peers.suite_crun import Crun

pytestmark = [pytest.mark.root, pytest.mark.slow]

HYTHE = Path(sys.executable).with_name("hythe-runtime")


class _Comparable(Crun):
    """Without the programs that no runtime but crun is measured by."""

    def programs(self, runtime: Path) -> list[Program]:
        known = report.reasons(self.name)
        return [each for each in super().programs(runtime) if not _is_aside(known, each.name)]


def _is_aside(known: list[report.Reason], program: str) -> bool:
    reason = report.reason_of(known, program, "")
    return reason is not None and reason.aside


@pytest.fixture(scope="module")
def suite() -> Suite:
    cache = sources.default_cache()
    cache.mkdir(parents=True, exist_ok=True)
    found = _Comparable()
    found.prepare(cache)
    return found


def test_no_fewer_passes_than_runc(suite: Suite) -> None:
    runc = shutil.which("runc")
    assert runc is not None
    baseline, ours = (_run(suite, Path(runtime)) for runtime in (runc, HYTHE))
    assert sum(check.verdict == "ok" for _, check in baseline.checks()) > 50
    assert report.lost(baseline, ours) == []


def _run(suite: Suite, runtime: Path) -> results.Run:
    programs = run(suite, runtime, re.compile(""), lambda program, checks: None)
    return results.Run(suite.name, "", runtime.name, results.groups(), platform.release(), programs)
