"""The results of all runs as one page: for each program, how each runtime did, and why where one did not pass."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.peers.results import Run
from tests.peers.tap import Check

_REASONS = Path(__file__).with_name("reasons.toml")
_RUNTIMES = """# Runtime conformance

The test suites of other OCI runtimes, on `hythe-runtime` and, for the baseline, on Debian's runc. Generated; each part
is made, and made again, with

    tests/peers/run SUITE --runtime runc
    tests/peers/run SUITE --runtime .venv/bin/hythe-runtime
    tests/peers/run table > docs/runtime-conformance.md

A number is checks passed of checks made; skipped ones (the suite's own word that something is not there) are in
neither. v1 and v2 are the versions of control groups, each on a machine of its own. Set aside are checks about what
only the suite's own runtime has.
"""
_ENGINES = """# Engine conformance

The integration tests of Docker's clients, unmodified, on hythe and, for the baseline, on Debian's dockerd, each started
with roots of its own. Generated; made, and made again, with

    tests/peers/run docker-py --target dockerd
    tests/peers/run docker-py --target hythe
    tests/peers/run engine-table > docs/engine-conformance.md

A number is tests passed of tests made; skipped ones are in neither. v1 and v2 are the versions of control groups. Not
run are the files about Swarm, plugins, and programs that keep passwords. Set aside are tests that need Swarm mode or a
registry.
"""
_CRI = """# CRI conformance

critest, Kubernetes' own tests of a container runtime, unmodified, on hythe's CRI and, for the baseline, on that of
Debian's containerd, each started with roots of its own. Generated; made, and made again, with

    tests/peers/run critest --built DIR --target containerd
    tests/peers/run critest --built DIR --target hythe
    tests/peers/run cri-table > docs/cri-conformance.md

A number is specs passed of specs made; skipped ones (the suite's own word that something is not there) are in neither.
The images are stand-ins made of busybox (`tests/peers/cri_surroundings.py`). Set aside are specs that the stand-ins
cannot pass on any runtime.
"""
_CLUSTERS = """# Cluster conformance

The integration tests of Kubernetes' Python clients, unmodified, on a cluster of hythe's that is started for them.
Generated; made, and made again, with

    tests/peers/run kr8s
    tests/peers/run kubernetes-client --built DIR
    tests/peers/run cluster-table > docs/cluster-conformance.md

A number is tests passed of tests made; skipped ones are in neither. The images are stand-ins made of busybox
(`tests/peers/cluster.py`). Set aside are tests that the stand-ins cannot pass on any cluster.
"""


@dataclass(frozen=True)
class Kind:
    """Suites that are set side by side on one page: `baseline` is what the others are compared with."""

    suites: tuple[str, ...]
    baseline: str
    head: str


RUNTIMES = Kind(("crun", "runc", "runtime-tools"), "runc", _RUNTIMES)
ENGINES = Kind(("docker-py",), "dockerd", _ENGINES)
CRI = Kind(("critest",), "containerd", _CRI)
CLUSTERS = Kind(("kr8s", "kubernetes-client"), "hythe", _CLUSTERS)


@dataclass(frozen=True)
class Reason:
    """Why checks do not pass; `aside` when they are no measure of another runtime."""

    case: re.Pattern[str]
    why: str
    aside: bool


def counts(checks: Iterable[Check]) -> str:
    """The number of checks of each verdict, in words."""
    found = Counter(check.verdict for check in checks)
    return f"{found['ok']} ok, {found['fail']} failed, {found['skip']} skipped"


def reasons(suite: str) -> list[Reason]:
    """What `reasons.toml` says of a suite."""
    entries = tomllib.loads(_REASONS.read_text()).get(suite, [])
    return [Reason(re.compile(entry["case"]), entry["why"], entry.get("aside", False)) for entry in entries]


def reason_of(known: Sequence[Reason], program: str, check: str) -> Reason | None:
    """The first reason whose case this is."""
    return next((reason for reason in known if reason.case.match(f"{program}: {check}")), None)


def lost(baseline: Run, other: Run) -> list[tuple[str, str]]:
    """The checks that `baseline` passes and `other` does not, those set aside left out."""
    known = reasons(baseline.suite)
    theirs = {place: check.verdict for place, check in other.checks()}
    return [
        place
        for place, check in baseline.checks()
        if check.verdict == "ok" and theirs.get(place) != "ok" and not _aside(known, place)
    ]


def page(kind: Kind, runs: Iterable[Run]) -> str:
    """The whole document about one kind of suites."""
    by_suite: dict[str, list[Run]] = {}
    for run in runs:
        if run.suite in kind.suites:
            by_suite.setdefault(run.suite, []).append(run)
    ordered = {
        suite: sorted(found, key=lambda run: (run.groups, run.runtime != kind.baseline, run.runtime))
        for suite, found in sorted(by_suite.items())
    }
    return "\n".join(
        [kind.head, _summary(kind, ordered), *(_section(suite, found) for suite, found in ordered.items())]
    )


def _summary(kind: Kind, suites: dict[str, list[Run]]) -> str:
    rows = []
    for suite, runs in suites.items():
        for run in runs:
            known = reasons(suite)
            found = Counter(check.verdict for place, check in run.checks() if not _aside(known, place))
            baseline = next(
                (each for each in runs if each.runtime == kind.baseline and each.groups == run.groups), run
            )
            behind = len(lost(baseline, run)) if run is not baseline else "-"
            ahead = len(lost(run, baseline)) if run is not baseline else "-"
            who = (suite, run.version, run.groups, run.kernel, run.runtime)
            rows.append([*who, found["ok"], found["fail"], found["skip"], behind, ahead])
    head = [
        "suite",
        "version",
        "cgroup",
        "kernel",
        "runtime",
        "ok",
        "failed",
        "skipped",
        f"only {kind.baseline}",
        "only this",
    ]
    return _table(head, rows)


def _section(suite: str, runs: Sequence[Run]) -> str:
    heads = [f"{run.runtime}, {run.groups}" for run in runs]
    programs = list(dict.fromkeys(program for run in runs for program in run.programs))
    passed = [[program, *(_passed(run.programs.get(program)) for run in runs)] for program in programs]
    return "\n".join(
        [
            f"## {suite}\n",
            _table(["program", *heads], passed),
            "Not passed by all, without those that all skip:\n",
            _table(["check", *heads, "reason"], _exceptions(suite, runs)),
            "Set aside:\n",
            _table(["check", *heads, "reason"], _exceptions(suite, runs, aside=True)),
        ]
    )


def _exceptions(suite: str, runs: Sequence[Run], aside: bool = False) -> list[list[object]]:
    known = reasons(suite)
    verdicts = [{place: check.verdict for place, check in run.checks()} for run in runs]
    rows: list[list[object]] = []
    for place in dict.fromkeys(place for found in verdicts for place in found):
        told = [found.get(place, "-") for found in verdicts]
        reason = reason_of(known, *place)
        if (
            (reason is not None and reason.aside) is aside
            and not {"ok"} >= set(told)
            and not {"skip"} >= set(told)
        ):
            rows.append([f"{place[0]}: {place[1]}", *told, reason.why if reason else ""])
    return rows


def _passed(checks: Sequence[Check] | None) -> str:
    if checks is None:
        return "-"
    found = Counter(check.verdict for check in checks)
    made = found["ok"] + found["fail"]
    return f"{found['ok']}/{made}" if made else "skipped"


def _aside(known: Sequence[Reason], place: tuple[str, str]) -> bool:
    reason = reason_of(known, *place)
    return reason is not None and reason.aside


def _table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    return "\n".join([_line(head), "|" + "---|" * len(head), *(_line(row) for row in rows), ""])


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
