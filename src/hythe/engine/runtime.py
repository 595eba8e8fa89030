"""What the engine asks of a runtime: the OCI life cycle, with the container's streams.

A container is *created* (its namespaces, root and limits exist, and a process waits before exec), the engine
plugs in networks meanwhile, then it is *started*. It *exits* once, and is *deleted* to leave nothing behind.
The runtime, not the engine, is the parent of every process and owns its streams and its log, so that the
engine may end and come back at any time: `containers()` says what is there then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hythe.oci.spec import Mount, Process, Resources
from hythe.runtime.protocol import Program


@dataclass(frozen=True)
class LogFile:
    """Where output goes, rotated to PATH.1 ... PATH.(max_files - 1): frames of `wire/logframes` for the driver local,
    lines of `wire/jsonlog` for json-file, each with the JSON object `attributes`. With journald each line goes to the
    journal too, with the fields in `journal`.
    """

    driver: str
    path: Path
    max_size: int
    max_files: int
    attributes: str = ""
    journal: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Streams:
    """How a process is connected. Without `stdin` its standard input is /dev/null."""

    terminal: bool = False
    stdin: bool = False
    stdin_once: bool = False
    log: LogFile | None = None


@dataclass(frozen=True)
class Attachment:
    """A client's connected socket, to be spoken to by the runtime itself; `head` was read from it already."""

    fd: int
    stdin: bool
    stdout: bool
    stderr: bool
    multiplexed: bool
    detach_keys: Sequence[int] = ()
    head: bytes = b""


@dataclass(frozen=True)
class Exit:
    """`exit_code` is 128 + n for a process ended by signal n; `at` in nanoseconds since the epoch."""

    id: str
    exec_id: str | None
    exit_code: int
    oom: bool
    at: int


@dataclass(frozen=True)
class Running:
    """What a runtime knows of a container it holds; `status` is created, running, paused or stopped."""

    id: str
    pid: int
    status: str
    exit: Exit | None
    execs: dict[str, int] = field(default_factory=dict)


class Runtime(Protocol):
    """Errors: CannotStart (with docker's exit code), NotFound, Conflict, SystemProblem, Unsupported."""

    def on_exit(self, callback: Callable[[Exit], None]) -> None:
        """Call back on the event loop for every exit, of containers and of execs, after output is drained."""

    async def create(
        self,
        id: str,
        bundle: Path,
        rootfs: Sequence[Mount],
        streams: Streams,
        on_namespaces: Callable[[int], None] | None = None,
        program: Program | None = None,
    ) -> int:
        """The pid of the waiting process. `on_namespaces(pid)` is called as soon as its namespaces exist.

        `program`: another OCI runtime, which is to make this container and is asked for all that changes it.
        """

    async def start(self, id: str) -> None: ...

    async def exec(
        self, id: str, exec_id: str, process: Process, streams: Streams, attachment: Attachment | None
    ) -> int: ...

    async def attach(self, id: str, exec_id: str | None, attachment: Attachment) -> None: ...

    async def resize(self, id: str, exec_id: str | None, height: int, width: int) -> None: ...

    async def reopen_log(self, id: str) -> None:
        """Begin the log's file anew, which somebody has moved away. Conflict where it does not run."""

    async def kill(self, id: str, signal: int, *, exec_id: str | None = None) -> None: ...

    async def pause(self, id: str) -> None: ...

    async def resume(self, id: str) -> None: ...

    async def update(self, id: str, resources: Resources) -> list[str]:
        """Warnings: what could not be done as it was asked for."""

    async def delete(self, id: str, *, force: bool = False) -> None:
        """Leave nothing of it behind. With `force` also of one that runs; none at all is no error then."""

    async def containers(self) -> list[Running]: ...
