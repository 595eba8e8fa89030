"""The programs of a suite, one after the other, each judged and tidied up after."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.peers import confined, journal, tap
from tests.peers.suite import Suite
from tests.peers.tap import Check
from tests.waiting import PATIENCE

ADAPTER = Path(__file__).with_name("adapter")


def run(
    suite: Suite, runtime: Path, only: re.Pattern[str], tell: Callable[[str, list[Check]], None]
) -> dict[str, list[Check]]:
    """The checks of each program whose name has `only` in it; `tell` hears of each as it ends."""
    found = {}
    for program in suite.programs(ADAPTER):
        if not only.search(program.name):
            continue
        with confined.scratch() as folder:
            written = folder / "journal"
            surroundings = {
                "PEERS_RUNTIME": str(runtime),
                "PEERS_ROOT": str(folder / "state"),
                "PEERS_JOURNAL": str(written),
            }
            before = journal.existing()
            try:
                ended = confined.run(program, folder, surroundings)
            finally:
                journal.clear(journal.read(written), runtime, program.groups, before)
        checks = tap.judge(ended.output, ended.errors, ended.status, program.seconds * PATIENCE)
        found[program.name] = checks
        tell(program.name, checks)
    return found
