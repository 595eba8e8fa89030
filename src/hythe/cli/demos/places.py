"""Where a demonstration's programs run: side by side on one bare machine, or each in a container.

A row of a demonstration is written once, against `Place`. The programs are scripts for busybox, which runs them
alike in both. The bare machine is a stand-in, so that nobody's real one comes to harm: one control group with
256 MiB of memory and 100 processes for all programs together, one small disk, no other limits, no namespaces
but one for that disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

MEMORY: Final = 256 << 20
PROCESSES: Final = 100
DISK: Final = 16 << 20

Limits = Mapping[str, Any]
"""HostConfig's words: Memory, NanoCpus, PidsLimit, Tmpfs...; a bare machine has none for a single program."""


class End(NamedTuple):
    """How a program ended: `code` as a shell tells it (128 + signal); `oom` where that is reported."""

    code: int
    oom: bool


class Program(Protocol):
    """A script that runs."""

    def ended(self) -> End | None:
        """None while it runs."""

    def stop(self) -> None:
        """TERM, then KILL after a moment."""

    def output(self) -> str:
        """What it has printed so far."""


class Place(Protocol):
    """`data` is where programs begin: a small disk. `bulk` is a folder on a real one; `device` that one's block device,
    "" where there is none.
    """

    data: str
    bulk: str
    device: str

    def start(self, name: str, script: str, limits: Limits) -> Program: ...

    def close(self) -> None:
        """End everything and leave nothing."""
