"""What a suite is: programs that drive the runtime named in their environment, and that print TAP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Program:
    """One program of a suite: run in an empty folder with `files` put there, on a terminal if it needs one.

    `groups` are control groups that the program makes itself, without the runtime.
    """

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    seconds: float = 60
    terminal: bool = False
    groups: tuple[str, ...] = ()


class Suite(Protocol):
    """A peer's tests, once they are on this machine."""

    name: str

    def prepare(self, cache: Path) -> str:
        """Fetch and build what is not there yet below `cache`; the version of the suite."""

    def programs(self, runtime: Path) -> list[Program]:
        """The programs in the order to run them, each driving `runtime`, which takes runc's command line."""
