"""The command `tests/peers/run`: one suite on one runtime, or the table of all results.

    tests/peers/run crun --runtime runc
    tests/peers/run runc --runtime .venv/bin/hythe-runtime --only 'kill|delete'
    tests/peers/run runtime-tools --built DIR --runtime runc
    tests/peers/run table > docs/runtime-conformance.md

or a suite that drives an engine, on an engine, and its table:

    tests/peers/run docker-py --target dockerd
    tests/peers/run docker-py --target hythe --only 'api_exec|models'
    tests/peers/run engine-table > docs/engine-conformance.md

or critest, Kubernetes' tests of a container runtime, on the CRI of one, and its table:

    tests/peers/run critest --built DIR --target containerd
    tests/peers/run critest --built DIR --target hythe --only 'Streaming'
    tests/peers/run cri-table > docs/cri-conformance.md

or the tests of Kubernetes' Python clients, on a cluster of hythe's, and their table:

    tests/peers/run kr8s
    tests/peers/run kubernetes-client --built DIR
    tests/peers/run cluster-table > docs/cluster-conformance.md

Results are kept below --cache (~/.cache/hythe-peers), where `table` finds them; a run on another machine, or in a
virtual machine, that is given the same folder adds its own.
"""

from __future__ import annotations

import argparse
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from tests.peers import cluster, cri_surroundings, cri_targets, driving, report, results, sources
from tests.peers.running import run
from tests.peers.suite import Suite
from tests.peers.suite_critest import Critest
from tests.peers.suite_crun import Crun
from tests.peers.suite_docker_py import DockerPy
from tests.peers.suite_kube_clients import Kr8s, OfficialClient
from tests.peers.suite_runc import Runc
from tests.peers.suite_runtime_tools import RuntimeTools
from tests.peers.tap import Check
from tests.targets import Target, start_dockerd, start_hythe

TABLES = {"table": report.RUNTIMES, "engine-table": report.ENGINES, "cri-table": report.CRI,
          "cluster-table": report.CLUSTERS}  # fmt: skip
SUITES = ("crun", "runc", "runtime-tools", "docker-py", "critest", "kr8s", "kubernetes-client")
ENGINES: dict[str, Callable[[Path], AbstractContextManager[Target]]] = {
    "hythe": start_hythe,
    "dockerd": start_dockerd,
}


def main() -> int:
    """Run what the command line says; 1 when a check failed, so that a shell can tell."""
    wanted = _parser().parse_args()
    cache: Path = wanted.cache.resolve()
    if wanted.suite in TABLES:
        sys.stdout.write(report.page(TABLES[wanted.suite], results.load(cache / "results")))
        return 0
    cache.mkdir(parents=True, exist_ok=True)
    kinds = {
        "docker-py": _driven,
        "critest": _tested,
        "kr8s": _clustered,
        "kubernetes-client": _clustered,
    }
    found = kinds.get(wanted.suite, _ran)(wanted, cache)
    results.save(found, cache / "results")
    counts = report.counts(check for _, check in found.checks())
    print(f"{found.suite} {found.version}, {found.runtime}, cgroup {found.groups}: {counts}")
    return int(any(check.verdict == "fail" for _, check in found.checks()))


def _ran(wanted: argparse.Namespace, cache: Path) -> results.Run:
    """A suite of programs that run a runtime's command line."""
    runtime = shutil.which(wanted.runtime)
    if runtime is None:
        raise SystemExit(f"there is no program {wanted.runtime}; name one with --runtime")
    suite = _suite(wanted.suite, wanted.built)
    return results.Run(
        suite=suite.name,
        version=suite.prepare(cache),
        runtime=Path(runtime).name,
        groups=results.groups(),
        kernel=platform.release(),
        programs=run(suite, Path(runtime).resolve(), re.compile(wanted.only), _tell),
    )


def _driven(wanted: argparse.Namespace, cache: Path) -> results.Run:
    """A suite of programs that are clients of an engine, which is started for them."""
    suite = DockerPy(wanted.built)
    version = suite.prepare(cache)
    with (
        tempfile.TemporaryDirectory(prefix="peers-engine-", ignore_cleanup_errors=True) as root,
        ENGINES[wanted.target](Path(root)) as target,
    ):
        driving.make_images(target)
        programs = driving.run(suite, target, re.compile(wanted.only), _tell)
    return results.Run(suite.name, version, target.name, results.groups(), platform.release(), programs)


def _tested(wanted: argparse.Namespace, cache: Path) -> results.Run:
    """critest, on a container runtime that is started for it."""
    if wanted.built is None:
        raise SystemExit("critest is in no package: name the folder that it was built in, with --built")
    suite = Critest(wanted.built)
    version = suite.prepare(cache)
    target = "containerd" if wanted.target == "containerd" else "hythe"
    with ExitStack() as stack:
        folders = [
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ct-", ignore_cleanup_errors=True)))
            for _ in range(3)
        ]
        around = stack.enter_context(cri_surroundings.surroundings(folders[0]))
        endpoint = stack.enter_context(cri_targets.TARGETS[target](folders[1], around))
        programs = suite.run(endpoint, around, folders[2], wanted.only)
    for program, checks in programs.items():
        _tell(program, checks)
    return results.Run(suite.name, version, target, results.groups(), platform.release(), programs)


def _clustered(wanted: argparse.Namespace, cache: Path) -> results.Run:
    """A suite of programs that are clients of a cluster, which is started for them."""
    if wanted.suite == "kubernetes-client" and wanted.built is None:
        raise SystemExit("the official client's tests are in no package: name a checkout with --built")
    suite = Kr8s(wanted.built) if wanted.suite == "kr8s" else OfficialClient(wanted.built)
    version = suite.prepare(cache)
    with ExitStack() as stack:
        folders = [
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kt-", ignore_cleanup_errors=True)))
            for _ in range(2)
        ]
        around = stack.enter_context(
            cri_surroundings.surroundings(folders[0], cluster.IMAGES, address=cluster.ADDRESS)
        )
        kubeconfig = stack.enter_context(cluster.started(folders[1], around))
        programs = cluster.run(suite.programs(around, kubeconfig), re.compile(wanted.only), _tell)
    return results.Run(suite.name, version, "hythe", results.groups(), platform.release(), programs)


def _parser() -> argparse.ArgumentParser:
    shown = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(prog="tests/peers/run", description=__doc__, formatter_class=shown)
    parser.add_argument("suite", choices=[*SUITES, *TABLES])
    parser.add_argument(
        "--target",
        default="hythe",
        choices=[*ENGINES, "containerd"],
        help="docker-py: the engine, hythe or dockerd; critest: hythe or containerd (hythe)",
    )
    parser.add_argument("--runtime", default="runc", help="the runtime's program, by name or path (runc)")
    parser.add_argument(
        "--only", default="", metavar="PATTERN", help="only programs whose name has this in it"
    )
    parser.add_argument(
        "--built", type=Path, metavar="DIR", help="runtime-tools or critest as built, or a client's checkout"
    )
    default = sources.default_cache()
    parser.add_argument(
        "--cache", type=Path, default=default, metavar="DIR", help=f"sources and results ({default})"
    )
    return parser


def _suite(name: str, built: Path | None) -> Suite:
    if name == "crun":
        return Crun()
    if name == "runc":
        return Runc()
    if built is None:
        raise SystemExit(
            "runtime-tools' tests are in no package: name the folder that it was built in, with --built"
        )
    return RuntimeTools(built)


def _tell(program: str, checks: list[Check]) -> None:
    print(f"{program}: {report.counts(checks)}", flush=True)
    for check in checks:
        if check.verdict == "fail":
            print(f"    not ok: {check.name}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
