"""One program in namespaces of its own, within a time limit.

The program gets its own process and mount namespaces: whatever it starts or mounts ends with it, also when it does
not end by itself. Its temporary files are below a folder that is removed after it. Control groups are not confined;
`journal.py` removes those.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.suite import Program
from tests.waiting import PATIENCE

_UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--")
# The first process of the namespace reaps what the containers leave; the programs do not. Some expect process ids of
# five digits, as on a machine that has run for a while.
_FIRST = ("sh", "-c", 'echo 20000 > /proc/sys/kernel/ns_last_pid; "$@"; exit $?', "sh")
_NS_GET_PARENT = 0xB702
_FREEZER = Path("/sys/fs/cgroup/freezer")
_KEPT = ("HOME", "LANG", "PATH")


@dataclass(frozen=True)
class Ending:
    """How a program ended: its exit status, None when it was out of time, and what it printed."""

    status: int | None
    output: str
    errors: str


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one program, that every user may enter."""
    with tempfile.TemporaryDirectory(prefix="peers-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)


def run(program: Program, folder: Path, environment: dict[str, str]) -> Ending:
    """Run `program` in `folder` and return when it and all that it started are gone."""
    work, temporary = folder / "work", folder / "tmp"
    for each in (work, temporary):
        each.mkdir()
        each.chmod(0o755)
    for name, path in program.files.items():
        if path.is_dir():
            (work / name).symlink_to(path)
        else:
            shutil.copy(path, work / name)
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    surroundings = {**kept, "TMPDIR": str(temporary), **environment, **program.environment}
    with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [*_UNSHARE, *_FIRST, *_command(program)],
            cwd=work,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            status: int | None = process.wait(program.seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(process)
    return Ending(status, _text(folder / "stdout"), _text(folder / "stderr"))


def _command(program: Program) -> list[str]:
    if program.terminal:
        return [
            "script",
            "--quiet",
            "--return",
            "--flush",
            "--command",
            shlex.join(program.command),
            "/dev/null",
        ]
    return list(program.command)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the first process of the namespace, unless it has ended; `unshare` ends when the last one has."""
    if process.poll() is None:
        _thaw(os.stat(f"/proc/{process.pid}/ns/pid_for_children").st_ino)
        for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        process.wait()


def _thaw(namespace: int) -> None:
    """Thaw what is frozen in it: in version 1, a process in a frozen group does not die of SIGKILL."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            groups = (
                (process / "cgroup").read_text().splitlines() if namespace in _namespaces(process) else []
            )
        except OSError:
            continue  # it has ended
        for line in groups:
            _, controllers, group = line.split(":", 2)
            state = _FREEZER / group.lstrip("/") / "freezer.state"
            if controllers == "freezer" and state.exists():
                state.write_text("THAWED")


def _namespaces(process: Path) -> list[int]:
    """The inodes of the process namespaces that a process is in, its own first (ioctl_ns(2))."""
    found = []
    fd = os.open(process / "ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        while True:
            found.append(os.fstat(fd).st_ino)
            parent = fcntl.ioctl(fd, _NS_GET_PARENT)
            os.close(fd)
            fd = parent
    except OSError:
        return found  # EPERM: the parent is this process's own parent, or there is none
    finally:
        os.close(fd)


def _text(path: Path) -> str:
    return path.read_text(errors="replace")
