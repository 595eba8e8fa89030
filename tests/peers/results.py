"""What a run found, kept as JSON below the cache folder: one file for each suite, runtime and version of cgroups."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tests.peers.tap import Check

Groups = Literal["v1", "v2"]
_UNIFIED = Path("/sys/fs/cgroup/cgroup.controllers")


@dataclass
class Run:
    """The checks of each program of `suite`, driving `runtime` on a machine with this version of cgroups."""

    suite: str
    version: str
    runtime: str
    groups: Groups
    kernel: str
    programs: dict[str, list[Check]]

    def checks(self) -> Iterator[tuple[tuple[str, str], Check]]:
        """Each check with its place: the program, and its name in it."""
        for program, checks in self.programs.items():
            for check in checks:
                yield (program, check.name), check


def groups() -> Groups:
    """The version of this machine's control groups: v1 also where both are mounted."""
    return "v2" if _UNIFIED.exists() else "v1"


def save(run: Run, folder: Path) -> None:
    """Write `run`; the programs of an earlier run that this one left out are kept."""
    path = _path(folder, run.suite, run.runtime, run.groups)
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists():
        run.programs = {**_load(path).programs, **run.programs}
    path.write_text(json.dumps(asdict(run), indent=1))


def load(folder: Path) -> Iterable[Run]:
    """All runs there are."""
    return [_load(path) for path in sorted(folder.glob("*.json"))]


def _path(folder: Path, suite: str, runtime: str, groups: Groups) -> Path:
    return folder / f"{suite}.{runtime}.{groups}.json"


def _load(path: Path) -> Run:
    fields = json.loads(path.read_text())
    programs = {name: [Check(**check) for check in checks] for name, checks in fields.pop("programs").items()}
    return Run(**fields, programs=programs)
