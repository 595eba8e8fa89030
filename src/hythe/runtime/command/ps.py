"""show the processes of a container"""

from __future__ import annotations

import os
import pwd
import time
from typing import Any, Final, NamedTuple

from hythe.errors import InvalidArgument, Unsupported
from hythe.runtime.command import groups, jsonfile
from hythe.runtime.command.context import Context
from hythe.runtime.command.flags import Flag
from hythe.runtime.command.folder import Folder

USAGE = "[command options] <container-id> [ps options]"
FLAGS: tuple[Flag, ...] = (("format f", "text", "table (default) or json"),)
ARGUMENTS = (1, 1 << 16)
_OPTIONS: Final = frozenset("eAadfxw")
"""Of ps(1), which is not run: which processes are shown is clear, so all but "f" and "x" have no effect."""
_FULL: Final = ("UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD")
_SHORT: Final = ("PID", "TTY", "TIME", "CMD")
_BSD: Final = ("PID", "TTY", "STAT", "TIME", "COMMAND")
_WIDTHS: Final = {"UID": -8, "PID": 7, "PPID": 7, "C": 2, "STIME": -5, "TTY": -8, "STAT": -4, "TIME": 8}
_DAY: Final = 86400


class Process(NamedTuple):
    """`fields` are those of proc_pid_stat(5) after the name."""

    pid: int
    uid: int
    name: str
    fields: list[str]


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    columns = _columns(arguments[1:])
    pids = groups.find(Folder(context.root, arguments[0]).load()["cgroup"]).processes()
    if options["format"] == "json":
        print(jsonfile.encode(sorted(pids)))
    elif options["format"] in ("", "table"):
        print(_line(columns, dict(zip(columns, columns, strict=True))))
        for process in filter(None, map(_read, sorted(pids))):
            print(_line(columns, _values(process, bsd=columns is _BSD)))
    else:
        raise InvalidArgument("invalid format option")
    return 0


def _columns(options: list[str]) -> tuple[str, ...]:
    """Raises Unsupported for an option whose columns are not known here."""
    letters = {letter for word in options for letter in word.removeprefix("-")}
    if not letters <= _OPTIONS:
        raise Unsupported(
            f"ps {' '.join(options)}: no program of the host is run, and of ps(1)'s options only "
            f"{' '.join(sorted(_OPTIONS))} are known"
        )
    if "x" in letters:
        return _BSD
    return _FULL if "f" in letters or not options else _SHORT


def _line(columns: tuple[str, ...], values: dict[str, str]) -> str:
    return " ".join(f"{values[name]:{_aligned(_WIDTHS.get(name, 0))}}" for name in columns)


def _aligned(width: int) -> str:
    return "" if width == 0 else f">{width}" if width > 0 else f"<{-width}"


def _read(pid: int) -> Process | None:
    """None for one that has just ended. Source: proc_pid_stat(5)."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            head, _, tail = file.read().rpartition(")")
        with open(f"/proc/{pid}/cmdline") as file:
            command = file.read().rstrip("\0").replace("\0", " ")
        uid = os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None
    return Process(pid, uid, command or f"[{head.partition('(')[2]}]", tail.split())


def _values(process: Process, *, bsd: bool) -> dict[str, str]:
    fields = process.fields
    ticks = os.sysconf("SC_CLK_TCK")
    used = (int(fields[11]) + int(fields[12])) // ticks
    age = max(1, int(time.clock_gettime(time.CLOCK_BOOTTIME)) - int(fields[19]) // ticks)
    return {
        "UID": _user(process.uid),
        "PID": str(process.pid),
        "PPID": fields[1],
        "C": str(min(99, used * 100 // age)),
        "STIME": time.strftime("%H:%M" if age < _DAY else "%b%d", time.localtime(time.time() - age)),
        "TTY": _terminal(int(fields[4])),
        "STAT": _status(process.pid, fields),
        "TIME": f"{used // 60}:{used % 60:02}"
        if bsd
        else f"{used // 3600:02}:{used // 60 % 60:02}:{used % 60:02}",
        "CMD": process.name,
        "COMMAND": process.name,
    }


def _status(pid: int, fields: list[str]) -> str:
    """The letters of ps(1), PROCESS STATE CODES."""
    state, _, group, session, _, foreground = fields[:6]
    nice, threads = int(fields[16]), int(fields[17])
    priority = "<" if nice < 0 else "N" if nice > 0 else ""
    return (
        state
        + priority
        + ("s" if session == str(pid) else "")
        + ("l" if threads > 1 else "")
        + ("+" if foreground == group else "")
    )


def _user(uid: int) -> str:
    """The host's name for it, or the number, as ps(1) has it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _terminal(number: int) -> str:
    major = os.major(number)
    return f"pts/{os.minor(number)}" if 136 <= major <= 143 else "?"
