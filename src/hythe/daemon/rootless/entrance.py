"""The daemon's way into its namespaces: new ones with a keeper, or those of a keeper that lives.

Done before anything is imported that starts a thread, since only a process of one thread can have a new user
namespace. What goes wrong is one error, with the command that mends it.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hythe.base.sockets import Taken
from hythe.daemon.rootless import ids
from hythe.daemon.rootless.keeper import KINDS, PACKET, Order, run
from hythe.errors import HytheError, InvalidArgument, SystemProblem, Unavailable
from hythe.kernel import mounts, process
from hythe.kernel import namespaces as ns

_NEW: Final = ns.CLONE_NEWUSER | ns.CLONE_NEWNS | ns.CLONE_NEWNET
_LONGEST: Final = 107
_RESOLV_CONF: Final = "/etc/resolv.conf"


@dataclass
class Inside:
    """Where a rootless daemon is. `lifeline` is for whoever is to keep the namespaces; see `keeper`."""

    keeper: socket.socket
    lifeline: int
    uplink: str
    servers: list[str]
    warnings: list[str] = field(default_factory=list)

    def bound(self, address: str, protocol: str, port: int) -> socket.socket:
        """A socket bound in the host's network namespace. Raises OSError as bind(2) does."""
        order = {"op": "bind", "address": address, "protocol": protocol, "port": port}
        words, fds = _asked(self.keeper, order)
        if not fds:
            number, holder = int(words["errno"]), words["holder"]
            if number == errno.EADDRINUSE:
                raise Taken(number, os.strerror(number), tuple(holder) if holder else None)
            raise OSError(number, os.strerror(number))
        return socket.socket(fileno=fds[0])


def enter(run_root: Path) -> Inside:
    """Become root of the user's namespaces. Raises HytheError; the process is to end then."""
    try:
        run_root.mkdir(parents=True, exist_ok=True, mode=0o711)
    except OSError as error:
        raise SystemProblem(
            f"cannot use {run_root}: {error.strerror}",
            hint="log in anew for a session that has an $XDG_RUNTIME_DIR, or set it to a directory of your own, "
            "or give --exec-root",
        ) from error
    path = run_root / "keeper.sock"
    if len(bytes(path)) > _LONGEST:
        raise InvalidArgument(f"{path} is too long for a socket", hint="give a shorter --exec-root")
    with _alone(run_root):
        inside = _joined(path)
        if inside is None:
            inside = _made(path)
            _use_servers(inside)
    return inside


@contextmanager
def _alone(run_root: Path) -> Iterator[None]:
    lock = os.open(run_root / "keeper.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _joined(path: Path) -> Inside | None:
    """Into the namespaces of the keeper that listens at `path`; None where there is none."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        line.connect(str(path))
        words, fds = _asked(line, {"op": "join"})
    except OSError:  # no keeper, or one that has just ended
        line.close()
        return None
    lifeline, *namespaces = fds
    _move_beside(line)
    for fd, kind in zip(namespaces, KINDS, strict=True):
        ns.setns(fd, {"user": ns.CLONE_NEWUSER, "mnt": ns.CLONE_NEWNS, "net": ns.CLONE_NEWNET}[kind])
        os.close(fd)
    return _inside(line, lifeline, words, [])


def _move_beside(line: socket.socket) -> None:
    """Into the keeper's control group, whose neighbours are those of the containers; it may not be allowed."""
    pid = int.from_bytes(line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4], "little")
    with suppress(OSError):
        for text in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            number, _, place = text.partition("::")
            for top in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
                procs = Path(f"{top}{place}/cgroup.procs")
                if number == "0" and procs.exists():
                    procs.write_text("0")


def _made(path: Path) -> Inside:
    """Into new ones, with a new keeper."""
    uid, gid = os.getuid(), os.getgid()
    choice = ids.choose(uid)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        before = os.umask(0o077)
        listener.bind(str(path))
        os.umask(before)
        listener.listen(8)
        line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        order = Order(os.getpid(), path, path.stat().st_ino, choice.subordinate)
        _forked(order, theirs, listener)
        theirs.close()
    try:
        ns.unshare(_NEW)
        if choice.subordinate is None:
            ids.write_single(uid, gid)
    except OSError as error:
        line.close()
        raise _refused(error) from error
    line.send(b"made")
    words, fds = _asked(line, None)
    if "error" in words:
        raise Unavailable(words["error"], hint=words["hint"])
    return _inside(line, fds[0], words, [choice.warning] if choice.warning else [])


def _forked(order: Order, line: socket.socket, listener: socket.socket) -> None:
    if os.fork():
        return
    code = 1
    try:
        process.close_all_but(
            (line.fileno(), listener.fileno())
        )  # the lock, and whatever this process was given
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1):
            os.dup2(null, fd)
        log = os.open(order.path.with_name("keeper.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 2)
        code = run(order, line, listener)
    finally:
        os._exit(code)


def _inside(line: socket.socket, lifeline: int, words: dict[str, Any], warnings: list[str]) -> Inside:
    warnings += [words["warning"]] if words["warning"] else []
    return Inside(line, lifeline, words["uplink"], words["servers"], warnings)


def _asked(line: socket.socket, order: dict[str, Any] | None) -> tuple[dict[str, Any], list[int]]:
    """The answer and the descriptors that came with it. Raises OSError when the keeper has gone."""
    if order is not None:
        line.send(json.dumps(order).encode())
    packet, fds, _, _ = socket.recv_fds(line, PACKET, 8)
    if not packet:
        raise ConnectionResetError(errno.ECONNRESET, "the keeper of the namespaces has ended")
    return json.loads(packet), list(fds)


def _use_servers(inside: Inside) -> None:
    """Put the way out's name server in the place of the host's, in this mount namespace alone."""
    if not inside.servers or not os.path.exists(_RESOLV_CONF):  # noqa: PTH110
        return
    with tempfile.NamedTemporaryFile("w", prefix="hythe-resolv-") as file:
        file.writelines(f"nameserver {server}\n" for server in inside.servers)
        file.flush()
        tree = mounts.clone(file.name)
        place = os.open(_RESOLV_CONF, os.O_PATH | os.O_CLOEXEC)
        try:
            mounts.attach(tree, place, name=_RESOLV_CONF)
        finally:
            os.close(place)
            os.close(tree)


def _refused(error: OSError) -> HytheError:
    """Why there is no user namespace for an ordinary user, with the command that mends it."""
    settings = (
        ("user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=15000"),
        ("kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1",
         "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"),
    )  # fmt: skip
    for name, bad, command in settings:
        with suppress(OSError):
            if Path("/proc/sys", name).read_text().strip() == bad:
                setting = name.replace("/", ".")
                return Unavailable(
                    f"an ordinary user cannot have a user namespace here: {setting} is {bad}",
                    hint=f"{command}; or run hythe as root",
                )
    return Unavailable(
        f"an ordinary user cannot have a user namespace here: {error.strerror}", hint="run hythe as root"
    )
