"""`hythe update`: change the limits of containers that are there."""

from __future__ import annotations

from typing import Any, Final

from hythe.cli.failure import UsageProblem, WrongCount
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.client.config.container import RunOptions, resources
from hythe.client.config.limits import restart_policy
from hythe.errors import InvalidArgument

_TEXTS: Final = (
    ("-m --memory", "memory limit, such as 512m"),
    ("--memory-swap", "memory and swap together; -1: no limit"),
    ("--memory-reservation", "memory kept for it when memory is short"),
    ("--cpus", "how many CPUs it may use, such as 1.5"),
    ("--cpuset-cpus", "which CPUs"),
    ("--cpuset-mems", "which memory nodes"),
    ("--restart", "no, always, unless-stopped, on-failure[:N]"),
)


class _Options(RunOptions):
    def __init__(self) -> None:
        super().__init__()
        self.containers: list[str] = []


def update(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "update", "[OPTIONS] CONTAINER...", "Change the limits of containers.")
    for names, help in _TEXTS:
        parser.text(*names.split(), metavar="VALUE", help=help)
    parser.number("-c", "--cpu-shares", help="weight beside others")
    parser.number("--cpu-quota", help="microseconds of CPU in each period")
    parser.number("--cpu-period", help="length of the period in microseconds")
    parser.number("--cpu-rt-period", help="period of real-time scheduling in microseconds")
    parser.number("--cpu-rt-runtime", help="microseconds of real-time CPU in each of these")
    parser.number("--blkio-weight", help="10 to 1000: share of block devices' time beside others")
    parser.number("--pids-limit", help="how many processes and threads; -1: no limit")
    parser.accept("--kernel-memory", why="kernels count that with the other memory")
    parser.add_argument("containers", nargs="+", metavar="CONTAINER")
    options = parser.read(argv, _Options())
    changes = _changes(options)
    if not changes:
        raise WrongCount("nothing is to be changed", hint="give a limit; see hythe update --help")

    def one(name: str) -> str:
        for warning in session.client.containers.update(name, changes).get("Warnings") or []:
            session.err(f"WARNING: {warning}")
        return name

    return session.each(options.containers, one)


def _changes(options: _Options) -> dict[str, Any]:
    try:
        changes = {key: value for key, value in resources(options).items() if value}
    except InvalidArgument as error:
        raise UsageProblem(error.message, hint=error.hint) from error
    if options.restart:
        changes["RestartPolicy"] = restart_policy(options.restart)
    return changes
