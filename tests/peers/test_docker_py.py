"""docker-py's own integration tests: whatever passes on dockerd passes on hythe, or `reasons.toml` says why not.

The quick part runs some files on hythe alone; the whole, on both, is slow.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.peers import driving, report, results, sources
from tests.peers.suite_docker_py import DockerPy
from tests.targets import Target, start_dockerd, start_hythe

pytestmark = pytest.mark.root

QUICK = re.compile(r"^(api_(exec|volume|client)|client|errors|models_(networks|volumes))$")


@pytest.fixture(scope="module")
def suite() -> DockerPy:
    cache = sources.default_cache()
    cache.mkdir(parents=True, exist_ok=True)
    found = DockerPy()
    found.prepare(cache)
    return found


@pytest.mark.slow
def test_the_quick_ones_pass(suite: DockerPy, tmp_path_factory: pytest.TempPathFactory) -> None:
    ours = _run(suite, start_hythe, tmp_path_factory.mktemp("ours"), QUICK)
    assert sum(check.verdict == "ok" for _, check in ours.checks()) > 30
    assert _unexplained([place for place, check in ours.checks() if check.verdict == "fail"]) == []


@pytest.mark.slow
def test_no_fewer_passes_than_on_dockerd(suite: DockerPy, tmp_path_factory: pytest.TempPathFactory) -> None:
    # short names: the path of a socket in there has to be shorter than 108 bytes
    baseline = _run(suite, start_dockerd, tmp_path_factory.mktemp("theirs"), re.compile(""))
    ours = _run(suite, start_hythe, tmp_path_factory.mktemp("ours"), re.compile(""))
    assert sum(check.verdict == "ok" for _, check in baseline.checks()) > 200
    assert _unexplained(report.lost(baseline, ours)) == []


def _run(
    suite: DockerPy,
    start: Callable[[Path], AbstractContextManager[Target]],
    root: Path,
    only: re.Pattern[str],
) -> results.Run:
    with start(root) as target:
        driving.make_images(target)
        programs = driving.run(suite, target, only, lambda program, checks: None)
    return results.Run(suite.name, "", target.name, results.groups(), platform.release(), programs)


def _unexplained(places: list[tuple[str, str]]) -> list[tuple[str, str]]:
    known = report.reasons(DockerPy.name)
    return [place for place in places if report.reason_of(known, *place) is None]
