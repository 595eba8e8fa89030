"""The programs of a suite that drives an engine by its API, one after the other, on a target of `tests.targets`.

The suites want images of a registry's: here they are made of the machine's busybox, under the names that they have
there. What a program leaves behind in the engine is taken away after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from tests.peers import confined, tap
from tests.peers.suite import Program
from tests.peers.tap import Check
from tests.targets import Target
from tests.tidy import tidied
from tests.waiting import PATIENCE

_NAMES = ("alpine:latest", "alpine:3.10")
_ALPINE = """FROM busybox
RUN echo 'postgres:x:70:70:postgres:/var/lib/postgresql:/bin/sh' >> /etc/passwd && mkdir /var/opt
CMD ["sh"]
"""


class Driver(Protocol):
    """A suite whose programs are clients of an engine."""

    def programs(self, host: str) -> list[Program]:
        """The programs in the order to run them, each driving the engine at `host` (as DOCKER_HOST has it)."""


def make_images(target: Target) -> None:
    """What the suites expect to find, or to pull."""
    for name in _NAMES:
        built = target.docker("build", "-t", name, "-", stdin=_ALPINE.encode())
        assert built.code == 0, built.err


def run(
    suite: Driver, target: Target, only: re.Pattern[str], tell: Callable[[str, list[Check]], None]
) -> dict[str, list[Check]]:
    """The checks of each program whose name has `only` in it; `tell` hears of each as it ends."""
    found = {}
    for program in suite.programs(target.host):
        if not only.search(program.name):
            continue
        with confined.scratch() as folder, tidied(target):
            ended = confined.run(program, folder, {"HOME": str(folder)})
        found[program.name] = tap.judge(ended.output, ended.errors, ended.status, program.seconds * PATIENCE)
        tell(program.name, found[program.name])
    return found
