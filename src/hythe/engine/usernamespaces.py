"""Which containers get a user namespace of their own, and which of the host's ids stand behind it.

Root in a container is then nobody in particular on the host: an id out of a pool, 65536 of them for each container
that runs, never the same for two. Owners on disk stay what they are without it, since image layers, volumes and
bind mounts are shown through the mapping (Linux 5.19 and later); so an id means something only while its container
runs, and nothing has to be kept or changed when it ends.

Some containers stay in the host's user namespace (`reason_for_host`): those that are asked to, those that share
something of the host's, and those whose capabilities the kernel only heeds there. A container that shares a
namespace with another one shares its user namespace too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hythe.engine.model import HostOptions
from hythe.engine.security import capabilities
from hythe.errors import Unavailable
from hythe.kernel import mounts, overlay, usernamespaces
from hythe.kernel.usernamespaces import Entry, Mapping
from hythe.oci.spec import Mount

SIZE: Final = 1 << 16
FIRST: Final = 0x70000000
LAST: Final = 0x7FFDFFFF
"""A part of the range that no distribution hands out (systemd, "Users, Groups, UIDs and GIDs")."""

MODES: Final = ("private", "host")
HOST_ONLY: Final = frozenset(
    f"CAP_{name}"
    for name in """SYS_MODULE SYS_RAWIO SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG SYS_PACCT
    IPC_LOCK SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_CONTROL AUDIT_READ LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE LEASE
    DAC_READ_SEARCH BPF PERFMON""".split()
)
"""Those of little or no effect outside of the first user namespace: who asks for one means the host."""

_HOLD: Final = (
    "import ctypes, sys; sys.exit(1) if ctypes.CDLL(None).unshare(0x10000000) else print(flush=True); "
    "sys.stdin.read()"
)


@dataclass(frozen=True)
class UserNamespace:
    """A container's: `root` is the host's id of its root; `path`: the one to join, "" for a new one."""

    root: int
    path: str = ""
    size: int = SIZE

    def mapping(self) -> Mapping:
        return Mapping((Entry(0, self.root, self.size),), (Entry(0, self.root, self.size),))


def reason_for_host(host: HostOptions) -> str:
    """Why a container is to stay in the host's user namespace; "" where nothing speaks for it."""
    if host.userns_mode == "host":
        return "it was asked for"
    if host.privileged:
        return "it is privileged"
    modes = {
        "network": host.network_mode, "pid": host.pid_mode, "ipc": host.ipc_mode, "uts": host.uts_mode,
    }  # fmt: skip
    for kind, mode in modes.items():
        if mode == "host":
            return f"it shares the host's {kind} namespace"
    if host.device_cgroup_rules:
        return "device rules are for nodes that only the host's root can make"
    added = set(capabilities(host.cap_add, host.cap_drop, privileged=False)) & HOST_ONLY
    return f"{min(added)} has no effect elsewhere" if added else ""


def idmaps(sources: Iterable[Mount], users: UserNamespaces) -> dict[str, str]:
    """The mount option for each bind mount's source; "" where it cannot be mapped, nor what is no bind mount."""
    words: dict[str, str] = {}
    for mount in sources:
        source, recursive = mount["source"], "rbind" in (mount.get("options") or [])
        words[source] = users.word_for(source, recursive=recursive) if mount["type"] == "bind" else ""
    return words


def mapped(mount: Mount, words: dict[str, str]) -> Mount:
    """The mount with its source's option out of `idmaps`."""
    word = words.get(mount.get("source", ""))
    return mount if word is None else {**mount, "options": [*mount.get("options", []), word]}


class UserNamespaces:
    """`default` is what a container gets that asks for nothing: "private" or "host"."""

    def __init__(self, default: str, first: int = FIRST, last: int = LAST) -> None:
        self.default = default
        self._first, self._count = first, (last + 1 - first) // SIZE
        self._next = 0
        self._used: set[int] = set()
        self._probe = -1
        self._unavailable = ""

    def reason_for_host(self, mode: str) -> str:
        """Why a container that asks for `mode`, "" for nothing, stays in the host's whatever it is; "" otherwise."""
        if not mode and self.default == "host":
            return "the daemon's configuration says host"
        return self._unavailable

    # ---- ids ------------------------------------------------------------------------------------

    def take(self) -> int:
        """The first of 65536 ids that nothing else has. Raises Unavailable when there are no more."""
        for step in range(self._count):
            number = (self._next + step) % self._count
            if number not in self._used:
                self._used.add(number)
                self._next = number + 1
                return self._first + number * SIZE
        raise Unavailable(
            f"all {self._count} ranges of user ids are in use", hint="--userns host needs none; see uid-pool"
        )

    def claim(self, root: int) -> None:
        """A container that runs already has it."""
        self._used.add((root - self._first) // SIZE)

    def release(self, root: int) -> None:
        self._used.discard((root - self._first) // SIZE)

    # ---- what can be mapped -----------------------------------------------------------------------

    def try_out(self, data: Path) -> None:
        """Find out whether images below `data` can be shown through a mapping."""
        try:
            self._probe = _namespace()
            _try_overlay(data, self._probe)
        except OSError as error:
            self._unavailable = f"owners of files in {data} cannot be mapped: {error.strerror}"

    def word_for(self, source: str, *, recursive: bool) -> str:
        """The mount option that maps the owners of a bind mount of `source`: "" where its file system cannot."""
        for word in ("ridmap", "idmap") if recursive else ("idmap",):
            try:
                tree = mounts.clone(source, recursive=recursive)
            except OSError:
                return "idmap"  # the start will say what is wrong with it
            try:
                mounts.idmap(tree, self._probe, recursive=word == "ridmap")
                return word
            except OSError:
                continue
            finally:
                os.close(tree)
        return ""

    def close(self) -> None:
        if self._probe >= 0:
            os.close(self._probe)
            self._probe = -1


def _namespace() -> int:
    """A descriptor of a user namespace to try with. It takes a process that is not this one, which has threads."""
    mapping = UserNamespace(FIRST).mapping()
    holder = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        if not holder.stdout.read(1):
            raise OSError(0, "user namespaces cannot be made (sysctl user.max_user_namespaces)")
        usernamespaces.write(holder.pid, mapping)
        return os.open(f"/proc/{holder.pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)


def _try_overlay(data: Path, namespace: int) -> None:
    """In a thread of its own, which an older kernel gives a mount namespace of its own."""
    problems: list[OSError] = []

    def attempt() -> None:
        with tempfile.TemporaryDirectory(prefix="userns-", dir=data) as folder:
            names = [f"{folder}/{name}" for name in ("lower", "upper", "work")]
            for name in names:
                Path(name).mkdir()
            layers = overlay.Layers([names[0]], names[1], names[2], [])
            try:
                root = overlay.detached_for(layers, namespace, UserNamespace(FIRST).mapping(), folder)
                if os.fstatvfs(root).f_flag & os.ST_RDONLY:
                    raise OSError(0, "what is mounted through a mapping cannot be written")
                os.close(root)
            except OSError as error:
                problems.append(error)

    thread = threading.Thread(target=attempt, name="userns-probe")
    thread.start()
    thread.join()
    if problems:
        raise problems[0]
