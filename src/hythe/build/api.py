"""What the builder takes and what it asks of others: the contract with the engine.

    builder = Builder(images, database, root, executor)
    image = builder.build(context, BuildOptions(tags=["web:1"]), progress)

`build` blocks and is called in a thread; any number may run side by side. Everything it reports goes to
`progress` as docker's messages (`progress.py`). Running a command is not the builder's business: an
`Executor` does that, in a container that has the given root.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from hythe.errors import HytheError
from hythe.oci.spec import Mount

Message = dict[str, Any]
Progress = Callable[[Message], None]


def never() -> bool:
    """The default for `cancelled`."""
    return False


@dataclass(frozen=True)
class StepLimits:
    """What each RUN may use: memory, swap and /dev/shm in bytes, CPU as docker's numbers; 0 and "" are no limit."""

    memory: int = 0
    memory_swap: int = 0
    cpu_shares: int = 0
    cpu_quota: int = 0
    cpu_period: int = 0
    cpuset_cpus: str = ""
    shm_size: int = 64 * 1024 * 1024


@dataclass(frozen=True)
class BuildOptions:
    """How to build.

    `dockerfile` is a path in the context, or, with `dockerfile_text`, only its name in messages. `tags` are
    names for the result. `network` is for every RUN that does not choose its own. `platform` is "os/arch".
    `extra_hosts` are "name:address". `secrets` are for RUN --mount=type=secret, by id. `build_args` without a
    value (None) leave the default in place. SOURCE_DATE_EPOCH among the build args fixes all times. With
    `cache_from` only steps that one of these images is made of are taken from the cache.
    """

    dockerfile: str = "Dockerfile"
    dockerfile_text: str | None = None
    tags: Sequence[str] = ()
    build_args: Mapping[str, str | None] = field(default_factory=dict)
    target: str = ""
    no_cache: bool = False
    cache_from: Sequence[str] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    network: str = "default"
    pull: bool = False
    platform: str = ""
    extra_hosts: Sequence[str] = ()
    secrets: Mapping[str, bytes] = field(default_factory=dict)
    limits: StepLimits = StepLimits()
    cancelled: Callable[[], bool] = never


@dataclass(frozen=True)
class RunStep:
    """One command to run to its end.

    `rootfs` is what Snapshots.prepare gave; `mounts` come on top of the usual ones (proc, dev, sys,
    resolv.conf, hosts), in this order, their targets made where missing. `user` is text as in USER, looked up
    in the root file system by the executor. `network` is "default", "none", "host" or a network's name.
    `hosts` are "name:address". `id` is 64 hexadecimal characters, free to be used as the container's.
    """

    rootfs: Sequence[Mount]
    mounts: Sequence[Mount]
    args: Sequence[str]
    env: Sequence[str]
    cwd: str
    user: str
    network: str = "default"
    hosts: Sequence[str] = ()
    id: str = ""
    limits: StepLimits = StepLimits()
    cancelled: Callable[[], bool] = never


class Fetch(Protocol):
    """Fetches an image from its registry; given by the engine."""

    def __call__(self, name: str, platform: str, progress: Progress) -> None:
        """The image `name` is in the store afterwards. `platform` is "os/arch" or "".

        Raises HytheError; BuildCancelled if the build was given up meanwhile.
        """
        ...


class Executor(Protocol):
    """Runs a step in a container; given by the engine."""

    def run(self, step: RunStep, output: Callable[[int, bytes], None]) -> int:
        """The exit code of the command. `output` gets (1 or 2, bytes) as they come, from any thread.

        Returns only when the container is gone. Raises CannotStart when the command could not be run, and
        should end the container and raise BuildCancelled soon after `step.cancelled()` turns true.
        """
        ...


class RunFailed(HytheError):
    """A RUN ended with a code other than 0; `exit_code` is that code, `command` what was run."""

    def __init__(self, command: str, exit_code: int) -> None:
        super().__init__(f"The command '{command}' returned a non-zero code: {exit_code}")
        self.command, self.exit_code = command, exit_code


class BuildCancelled(HytheError):
    """The build was given up because `BuildOptions.cancelled` said so."""

    def __init__(self) -> None:
        super().__init__("the build was cancelled")
