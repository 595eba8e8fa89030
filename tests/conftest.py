"""What all tests share: the target switch, a daemon to drive, and the rule that nothing is skipped unseen.

`--target hythe` (the default) starts a daemon of ours with roots of its own, `hythe+runc` and `hythe+crun` one whose
containers run on that runtime, `hythe+rootless` an ordinary user's; `--target dockerd` starts a real dockerd, in a
network namespace of its own, for the same tests. A test that is skipped fails the run unless `tests/may_skip.txt`
names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.rootless import start_rootless
from tests.targets import Target, start_dockerd, start_hythe, start_hythe_on
from tests.tidy import tidied

TARGETS: dict[str, Callable[[Path], AbstractContextManager[Target]]] = {
    "hythe": start_hythe,
    "hythe+runc": start_hythe_on("runc"),
    "hythe+crun": start_hythe_on("crun"),
    "hythe+rootless": start_rootless,
    "dockerd": start_dockerd,
}
MAY_SKIP = Path(__file__).with_name("may_skip.txt")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--target", default="hythe", choices=list(TARGETS), help="who answers the API")
    parser.addoption(
        "--runtime", default="hythe", choices=["hythe", "runc", "crun"], help="whose command line"
    )


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A running engine that speaks the Docker API, with a busybox image in it."""
    start = TARGETS[request.config.getoption("--target")]
    with start(tmp_path_factory.mktemp("target")) as running:
        yield running


@pytest.fixture
def tidy(target: Target) -> Iterator[None]:
    """Whatever the test makes in the engine is taken away again."""
    with tidied(target):
        yield


class _Skips:
    """Collects skipped tests and fails the session for those that may not be."""

    def __init__(self) -> None:
        self.allowed = {line.strip() for line in MAY_SKIP.read_text().splitlines() if line.strip()}
        self.forbidden: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and report.nodeid.partition("[")[0] not in self.allowed:
            self.forbidden.append(f"{report.nodeid}: {report.longrepr}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.forbidden:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self.forbidden:
            terminalreporter.write_line(f"FAILED, skipped but not in may_skip.txt: {line}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Skips(), "hythe-skips")
