"""A plugin that has pytest say each test's outcome as TAP, between the lines of its own report."""

from __future__ import annotations

import pytest


class _Reporter:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._told: set[str] = set()

    def _say(self, line: str) -> None:
        terminal = self._config.pluginmanager.getplugin("terminalreporter")
        terminal.ensure_newline()
        terminal.write_line(line)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._say(f"1..{len(session.items)}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Once for each test: at its first failure or skip, or when its body has passed."""
        if report.nodeid in self._told or (report.passed and report.when != "call"):
            return
        self._told.add(report.nodeid)
        name = report.nodeid.partition("::")[2]
        if report.passed:
            self._say(f"ok - {name}")
        elif report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else "expected to fail"
            self._say(f"ok - {name} # skip {' '.join(reason.split())}")
        else:
            self._say(f"not ok - {name}")
            for line in report.longreprtext.splitlines()[-40:]:
                self._say(f"# {line}")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Reporter(config), "tap-reporter")
