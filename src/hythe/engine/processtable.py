"""The table of `top`: a container's processes in the columns that options of ps(1) ask for.

dockerd runs the host's ps and picks lines by their pid. Here nothing is run: the options that choose columns are read
(-f, -F, u, -o and their like; those that choose processes have no effect, since it is clear which are meant), and the
columns come from proc_pid_stat(5) and its neighbours. Options that are not known are refused by name.
"""

from __future__ import annotations

import os
import pwd
import shlex
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hythe.errors import InvalidArgument, Unsupported

_FULL: Final = "UID=user PID=pid PPID=ppid C=c STIME=stime TTY=tty TIME=time CMD=args"
_SHORT: Final = "PID=pid TTY=tty TIME=time CMD=comm"
_USER: Final = (
    "USER=user PID=pid %CPU=pcpu %MEM=pmem VSZ=vsz RSS=rss TTY=tty STAT=stat START=stime TIME=bsdtime "
    "COMMAND=args"
)
_BSD: Final = "PID=pid TTY=tty STAT=stat TIME=bsdtime COMMAND=args"
_SELECTING: Final = frozenset("eAadxwT")
_DAY: Final = 86400
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class _Process:
    """`fields` are those of proc_pid_stat(5) after the name; `age` in seconds."""

    pid: int
    uid: int
    gid: int
    name: str
    command: str
    fields: list[str]

    @property
    def age(self) -> int:
        return max(1, int(time.clock_gettime(time.CLOCK_BOOTTIME) - int(self.fields[19]) / _TICKS))

    @property
    def seconds(self) -> int:
        """Of processor time."""
        return (int(self.fields[11]) + int(self.fields[12])) // _TICKS


Columns = list[tuple[str, Callable[[_Process], str]]]


def columns(options: str) -> Columns:
    """Titles and values for options such as "-ef", "aux", "-eo pid,user". Raises InvalidArgument, Unsupported."""
    try:
        words = shlex.split(options) or ["-ef"]
    except ValueError as error:
        raise InvalidArgument(f"cannot read the ps arguments {options!r}: {error}") from error
    formats: list[str] = []
    letters = ""
    while words:
        word = words.pop(0)
        chosen, separator, listed = _format_of(word)
        letters += chosen
        if separator:
            if not listed and not words:
                raise InvalidArgument(f"ps: {word} needs a list of columns", hint="write such as -o pid,comm")
            formats.append(listed or words.pop(0))
    if unknown := sorted(set(letters) - _SELECTING - set("fFu")):
        raise Unsupported(
            f"ps arguments {options!r} are not supported: {''.join(unknown)}",
            hint="no program of the host is run; known are -e, -f, -F, aux and -o COLUMNS",
        )
    if formats:
        return [column for listed in formats for column in _listed(listed)]
    chosen = _USER if "u" in letters else _FULL if set("fF") & set(letters) else _SHORT
    return list(_named(_BSD if "x" in letters and chosen is _SHORT else chosen))


def _format_of(word: str) -> tuple[str, str, str]:
    """(letters, "o" if a list of columns follows, what of it stands in the same word)."""
    if word.startswith("--"):
        name, _, listed = word.removeprefix("--").partition("=")
        if name != "format":
            raise Unsupported(f"ps: --{name} is not supported", hint="use -o COLUMNS")
        return "", "o", listed
    return word.removeprefix("-").partition("o")


def _named(table: str) -> Iterable[tuple[str, Callable[[_Process], str]]]:
    for entry in table.split():
        title, _, name = entry.partition("=")
        yield title, _VALUES[name][1]


def _listed(text: str) -> Iterable[tuple[str, Callable[[_Process], str]]]:
    """ "pid,user=WHO": a title of one's own after "=", up to the end."""
    names, renamed, title = text.partition("=")
    wanted = names.replace(",", " ").split()
    for number, name in enumerate(wanted):
        if name.lower() not in _VALUES:
            raise InvalidArgument(f"ps: unknown user-defined format specifier {name!r}")
        usual, value = _VALUES[name.lower()]
        yield (title if renamed and number == len(wanted) - 1 else usual), value


def table(pids: Iterable[int], options: str) -> tuple[list[str], list[list[str]]]:
    """(titles, a row for each process that still lives)."""
    wanted = columns(options)
    found = [process for pid in sorted(pids) if (process := _read(pid)) is not None]
    return [title for title, _ in wanted], [[value(each) for _, value in wanted] for each in found]


def _read(pid: int) -> _Process | None:
    """None for one that has just ended."""
    folder = Path(f"/proc/{pid}")
    try:
        head, _, tail = (folder / "stat").read_text(errors="replace").rpartition(")")
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        owner = folder.stat()
    except OSError:
        return None
    name = head.partition("(")[2]
    return _Process(pid, owner.st_uid, owner.st_gid, name, command or f"[{name}]", tail.split())


def _user(process: _Process) -> str:
    """The host's name for it, as ps shows it; the number where there is none."""
    try:
        return pwd.getpwuid(process.uid).pw_name
    except KeyError:
        return str(process.uid)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _elapsed(process: _Process) -> str:
    days, rest = divmod(process.age, _DAY)
    clock = _clock(rest)
    return f"{days}-{clock}" if days else clock.removeprefix("00:")


def _began(process: _Process) -> str:
    form = "%H:%M" if process.age < _DAY else "%b%d"
    return time.strftime(form, time.localtime(time.time() - process.age))


def _terminal(process: _Process) -> str:
    """By its device number: pseudo-terminals have the majors 136 to 143, the console's 4 (devices.txt)."""
    number = int(process.fields[4])
    major, minor = os.major(number), os.minor(number)
    if number == 0:
        return "?"
    return f"pts/{(major - 136) * 256 + minor}" if 136 <= major <= 143 else f"tty{minor}"


def _state(process: _Process) -> str:
    """The letters of ps(1), PROCESS STATE CODES."""
    fields = process.fields
    nice = int(fields[16])
    return (
        fields[0]
        + ("<" if nice < 0 else "N" if nice > 0 else "")
        + ("s" if fields[3] == str(process.pid) else "")
        + ("l" if int(fields[17]) > 1 else "")
        + ("+" if fields[5] == fields[2] else "")
    )


def _memory_share(process: _Process) -> str:
    pages = os.sysconf("SC_PHYS_PAGES")
    return f"{int(process.fields[21]) * 100 / pages:.1f}"


_VALUES: Final[dict[str, tuple[str, Callable[[_Process], str]]]] = {
    "pid": ("PID", lambda p: str(p.pid)),
    "ppid": ("PPID", lambda p: p.fields[1]),
    "pgid": ("PGID", lambda p: p.fields[2]),
    "sid": ("SID", lambda p: p.fields[3]),
    "user": ("USER", _user),
    "euser": ("EUSER", _user),
    "uid": ("UID", lambda p: str(p.uid)),
    "gid": ("GID", lambda p: str(p.gid)),
    "comm": ("COMMAND", lambda p: p.name),
    "args": ("COMMAND", lambda p: p.command),
    "command": ("COMMAND", lambda p: p.command),
    "cmd": ("CMD", lambda p: p.command),
    "c": ("C", lambda p: str(min(99, p.seconds * 100 // p.age))),
    "pcpu": ("%CPU", lambda p: f"{p.seconds * 100 / p.age:.1f}"),
    "%cpu": ("%CPU", lambda p: f"{p.seconds * 100 / p.age:.1f}"),
    "pmem": ("%MEM", _memory_share),
    "%mem": ("%MEM", _memory_share),
    "rss": ("RSS", lambda p: str(int(p.fields[21]) * _PAGE // 1024)),
    "vsz": ("VSZ", lambda p: str(int(p.fields[20]) // 1024)),
    "tty": ("TT", _terminal),
    "stat": ("STAT", _state),
    "s": ("S", lambda p: p.fields[0]),
    "state": ("S", lambda p: p.fields[0]),
    "stime": ("STIME", _began),
    "start": ("STARTED", _began),
    "etime": ("ELAPSED", _elapsed),
    "etimes": ("ELAPSED", lambda p: str(p.age)),
    "time": ("TIME", lambda p: _clock(p.seconds)),
    "bsdtime": ("TIME", lambda p: f"{p.seconds // 60}:{p.seconds % 60:02}"),
    "ni": ("NI", lambda p: p.fields[16]),
    "nlwp": ("NLWP", lambda p: p.fields[17]),
}
