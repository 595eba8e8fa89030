"""show the processes of a container"""

from __future__ import annotations

import os
import pwd
import time
from typing import Any

from hythe.errors import InvalidArgument, Unsupported
from hythe.runtime.command import groups, jsonfile
from hythe.runtime.command.context import Context
from hythe.runtime.command.flags import Flag
from hythe.runtime.command.folder import Folder

USAGE = "[command options] <container-id>"
FLAGS: tuple[Flag, ...] = (("format f", "text", "table (default) or json"),)
ARGUMENTS = (1, 1 << 16)
_HEAD = ("UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD")
_DAY = 86400


def action(context: Context, options: dict[str, Any], arguments: list[str]) -> int:
    if len(arguments) > 1:
        raise Unsupported("options of ps(1) are not supported: no program of the host is run")
    pids = groups.find(Folder(context.root, arguments[0]).load()["cgroup"]).processes()
    if options["format"] == "json":
        print(jsonfile.encode(sorted(pids)))
    elif options["format"] in ("", "table"):
        _print_table(sorted(pids))
    else:
        raise InvalidArgument("invalid format option")
    return 0


def _print_table(pids: list[int]) -> None:
    """In the columns of `ps -ef`."""
    rows = [_HEAD, *filter(None, map(_row, pids))]
    for uid, pid, ppid, cpu, began, terminal, used, command in rows:
        print(f"{uid:<8} {pid:>7} {ppid:>7} {cpu:>2} {began:<5} {terminal:<8} {used:>8} {command}")


def _row(pid: int) -> tuple[str, ...] | None:
    """None for one that has just ended. Source: proc_pid_stat(5)."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            head, _, tail = file.read().rpartition(")")
        with open(f"/proc/{pid}/cmdline") as file:
            command = file.read().rstrip("\0").replace("\0", " ")
        uid = os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None
    fields = tail.split()
    ticks = os.sysconf("SC_CLK_TCK")
    used = (int(fields[11]) + int(fields[12])) // ticks
    age = max(1, int(time.clock_gettime(time.CLOCK_BOOTTIME)) - int(fields[19]) // ticks)
    began = time.strftime("%H:%M" if age < _DAY else "%b%d", time.localtime(time.time() - age))
    clock = f"{used // 3600:02}:{used // 60 % 60:02}:{used % 60:02}"
    name = command or f"[{head.partition('(')[2]}]"
    return (
        _user(uid),
        str(pid),
        fields[1],
        str(min(99, used * 100 // age)),
        began,
        _terminal(int(fields[4])),
        clock,
        name,
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
