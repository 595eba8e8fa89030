"""Hooks: programs of the host that the configuration wants run at points of a container's life.

Each gets the container's state (runtime.md, State) as JSON on its standard input and exactly the environment that
is written for it; where none is, the runtime's PATH, which programs written for other runtimes count on (for
startContainer, all that the container's program has). One that fails, or takes longer than its `timeout` in seconds,
fails its point: what that means differs (runtime-spec 1.2, config.md, POSIX-platform Hooks), and the caller knows.
createContainer and startContainer are run by the container's first process, inside its namespaces: the one in the
directory of the root to be, the other as the program's user and under its filter. All others are run by the runtime.
"""

from __future__ import annotations

import os
import select
import signal
from typing import Any

from hythe.errors import InvalidArgument, SystemProblem
from hythe.kernel import identity

POINTS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
BEFORE_START = POINTS[:4]
"""Those for which the container's first process waits: it needs the state for its own, or the others to have run."""
_OUTPUT_LIMIT = 4096
_KILL = 9


def check(hooks: dict[str, Any]) -> None:
    """Raises InvalidArgument for what could not be run whatever the host has."""
    for point, entries in hooks.items():
        if point not in POINTS:
            raise InvalidArgument(f"config.json: hooks.{point} is not a point of the life cycle")
        for entry in entries or ():
            if not str(entry.get("path", "")).startswith("/"):
                raise InvalidArgument(
                    f"config.json: hooks.{point}: path {entry.get('path')!r} is not absolute"
                )
            timeout = entry.get("timeout")
            if timeout is not None and (not isinstance(timeout, int) or timeout <= 0):
                raise InvalidArgument(f"config.json: hooks.{point}: timeout {timeout!r} is not above 0")


def run(point: str, hooks: dict[str, Any], state: str, environment: dict[str, str] | None = None) -> None:
    """Run a point's hooks in order; the first that fails ends it. Raises SystemProblem.

    `environment` is for those that have none of their own.
    """
    if environment is None:
        environment = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    for number, hook in enumerate(hooks.get(point) or ()):
        try:
            _run(hook, state, environment)
        except (OSError, SystemProblem) as error:
            text = error.strerror if isinstance(error, OSError) else str(error)
            raise SystemProblem(
                f"error running hook #{number} of {point} ({hook['path']}): {text}"
            ) from error


def run_all(point: str, hooks: dict[str, Any], state: str) -> list[str]:
    """Run all hooks of a point whose failures do not count; what failed, as warnings."""
    warnings: list[str] = []
    for hook in hooks.get(point) or ():
        try:
            run(point, {point: [hook]}, state)
        except SystemProblem as error:
            warnings.append(str(error))
    return warnings


def _run(hook: dict[str, Any], state: str, environment: dict[str, str]) -> None:
    """Raises SystemProblem, OSError."""
    given, output = os.memfd_create("state"), os.memfd_create("output")
    try:
        os.write(given, state.encode())
        os.lseek(given, 0, os.SEEK_SET)
        pid = os.posix_spawn(
            hook["path"],
            hook.get("args") or [hook["path"]],
            environment if hook.get("env") is None else _environment(hook["env"]),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, fd, number) for number, fd in ((0, given), (1, output), (2, output))
            ],
            setsigmask=(),
            setsigdef=(13, 25),  # SIGPIPE and SIGXFSZ, which Python ignores
        )
        in_time = _wait(pid, hook.get("timeout"))
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if not in_time:
            raise SystemProblem(f"it did not end within {hook['timeout']} s and was killed")
        if code != 0:
            said = os.pread(output, _OUTPUT_LIMIT, 0).decode(errors="replace").strip()
            how = f"exit status {code}" if code > 0 else f"signal: {(signal.strsignal(-code) or '').lower()}"
            raise SystemProblem(f"{how}, output: {said}")
    finally:
        os.close(given)
        os.close(output)


def _environment(entries: list[str]) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def _wait(pid: int, seconds: int | None) -> bool:
    """Whether it has ended in time; if not, it is killed. Without a limit, the caller's own wait is enough."""
    if seconds is None:
        return True  # nothing is called that a container's filter might not know
    pidfd = identity.pidfd_open(pid)
    try:
        poller = select.poll()
        poller.register(pidfd, select.POLLIN)
        if poller.poll(seconds * 1000):
            return True
        os.kill(pid, _KILL)
        return False
    finally:
        os.close(pidfd)
