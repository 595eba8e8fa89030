"""An ordinary user's daemon: a user that only a mount namespace of its own knows, on a host of its own.

Nothing of the machine is changed. In the mount namespace /etc/passwd, subuid and subgid are others, and programs may
be missing (an empty file lies over each); the interpreter and the sources are shown where any user may read them. The
network namespace is the "host": an interface with a default route, an address that can be reached through it, and
nothing beyond.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import hythe
from tests.targets import Target, import_busybox, remove_containers, started
from tests.waiting import PATIENCE, wait_until

UID: Final = 48123
FIRST: Final = 2000000
COUNT: Final = 65536
HOST_ADDRESS: Final = "203.0.113.5"
_NETWORK: Final = f"""
ip link set lo up
ip link add up0 type veth peer name up1
ip address add 198.51.100.2/24 dev up0
ip link set up0 up
ip link set up1 up
ip route add default via 198.51.100.1
ip address add {HOST_ADDRESS}/32 dev lo
"""


@dataclass(frozen=True)
class Stage:
    """Where the user is: `root` is a folder of the user's, `host` the pid of a process in the host's namespaces.

    `group`: the control group that is delegated to the user, in which the user's commands run.
    """

    root: Path
    host: int
    setup: str
    group: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": f"{self.root}/home",
            "XDG_RUNTIME_DIR": f"{self.root}/run",
            "PYTHONPATH": f"{self.root}/src:{self.root}/site",
            "LD_LIBRARY_PATH": f"{self.root}/python/lib",  # the interpreter may have a libpython of its own
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HYTHE_TEST_TIMEOUT": str(PATIENCE),
        }

    def command(self, *words: str) -> list[str]:
        """`words` run as the user."""
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        user = [
            "setpriv",
            "--reuid",
            str(UID),
            "--regid",
            str(UID),
            "--clear-groups",
            "env",
            "-i",
            *variables,
            *words,
        ]
        join = f"echo 0 > {self.group}/cgroup.procs" if self.group else ""
        script = f"set -e\n{self.setup}\n{join}\nexec {shlex.join(user)}"
        return ["nsenter", f"--net=/proc/{self.host}/ns/net", "unshare", "--mount", "sh", "-c", script]

    def hythe(self, *words: str) -> list[str]:
        """hythe's command line, as the user."""
        return self.command(self.python, "-m", "hythe", *words)

    def run(self, command: list[str], timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=timeout * PATIENCE, check=False
        )

    @property
    def python(self) -> str:
        """The interpreter, as the user sees it."""
        real, base = Path(sys.executable).resolve(), Path(sys.base_prefix).resolve()
        return str(real if base == Path("/usr") else self.root / "python" / real.relative_to(base))


@contextmanager
def staged(
    *, subordinate: bool = True, missing: tuple[str, ...] = (), delegated: bool = False
) -> Iterator[Stage]:
    """`subordinate`: whether the user has such ids; `missing`: programs that are not installed; `delegated`: whether
    the user has a control group.
    """
    with ExitStack() as stack:
        root = Path(tempfile.mkdtemp(prefix="hythe-rootless-"))
        stack.callback(shutil.rmtree, root)
        root.chmod(0o755)
        for name in ("home", "run"):
            (root / name).mkdir(0o700)
            os.chown(root / name, UID, UID)
        os.mknod(root / "tun", 0o020666, os.makedev(10, 200))
        (root / "tun").chmod(0o666)
        holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        stack.callback(holder.wait)
        stack.callback(holder.kill)
        _until_apart(holder.pid)
        subprocess.run(["nsenter", f"--net=/proc/{holder.pid}/ns/net", "sh", "-ec", _NETWORK], check=True)
        group = stack.enter_context(_delegated()) if delegated else None
        yield Stage(root, holder.pid, _setup(root, subordinate=subordinate, missing=missing), group)


@contextmanager
def _delegated() -> Iterator[Path]:
    """A group of the user's, with all controllers that version 2's tree has here, as systemd delegates one."""
    top = Path("/sys/fs/cgroup")
    top = top if (top / "cgroup.controllers").exists() else top / "unified"
    for controller in (top / "cgroup.controllers").read_text().split():
        (top / "cgroup.subtree_control").write_text(f"+{controller}")
    group = top / f"hythe-test-{os.getpid()}"
    group.mkdir()
    try:
        for path in (group, *(group / f"cgroup.{name}" for name in ("procs", "threads", "subtree_control"))):
            os.chown(path, UID, UID)
        os.setxattr(group, "user.delegate", b"1")
        yield group
    finally:
        wait_until(lambda: "populated 0" in (group / "cgroup.events").read_text(), what="an empty group")
        left = [path for path in sorted(group.rglob("*"), reverse=True) if path.is_dir()]
        for path in (*left, group):
            path.rmdir()


def _until_apart(pid: int) -> None:
    own = Path("/proc/self/ns/net").readlink()
    wait_until(lambda: Path(f"/proc/{pid}/ns/net").readlink() != own)


def _setup(root: Path, *, subordinate: bool, missing: tuple[str, ...]) -> str:
    """Shell commands that make the mount namespace."""
    lines = Path("/etc/passwd").read_text() + f"rootless:x:{UID}:{UID}::{root}/home:/bin/sh\n"
    ids = f"rootless:{FIRST}:{COUNT}\n" if subordinate else ""
    shown = {
        "passwd": (lines, "/etc/passwd"),
        "subuid": (ids, "/etc/subuid"),
        "subgid": (ids, "/etc/subgid"),
    }
    commands = []
    for name, (text, place) in shown.items():
        (root / name).write_text(text)
        commands.append(f"mount --bind {root}/{name} {place}")
    (root / "nothing").touch(0o644)
    for program in missing:
        path = shutil.which(program)
        assert path is not None, f"{program} is not installed (scripts/install-debian)"
        commands.append(f"mount --bind {root}/nothing {Path(path).resolve()}")
    folders = {"src": Path(hythe.__file__).parent.parent, "site": Path(sysconfig.get_path("purelib"))}
    if Path(sys.base_prefix).resolve() != Path("/usr"):
        folders["python"] = Path(sys.base_prefix).resolve()
    for name, folder in folders.items():
        (root / name).mkdir()
        commands.append(f"mount --rbind {folder} {root}/{name}")
    if Path("/dev/net/tun").exists():
        commands.append(f"mount --bind {root}/tun /dev/net/tun")
    return "\n".join(commands)


@contextmanager
def daemon_on(stage: Stage, *options: str) -> Iterator[Target]:
    """The user's daemon with a busybox image; at the end all containers are removed and it is ended."""
    socket = f"{stage.root}/run/hythe/hythe.sock"
    host = f"unix://{socket}"
    with ExitStack() as stack:
        command, log = stage.hythe("daemon", *options), stage.root / "daemon.log"
        process = started(command, log, Path(socket), stack)
        stack.callback(_clean_up, process, command, log, host)
        import_busybox(host)
        yield Target("hythe", host, process.pid, stage.root, clients=stage.host)


def _clean_up(process: subprocess.Popen[bytes], command: list[str], log: Path, host: str) -> None:
    """Remove all containers, by another daemon if a test has killed the first."""
    with ExitStack() as stack:
        if process.poll() is not None:
            started(command, log, Path(host.removeprefix("unix://")), stack)
        remove_containers(host)


@contextmanager
def start_rootless(root: Path) -> Iterator[Target]:
    """A target for the tests of what an engine does; `root` is root's and is left alone."""
    with staged(delegated=True) as stage, daemon_on(stage) as target:
        yield target
