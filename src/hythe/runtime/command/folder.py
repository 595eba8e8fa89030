"""Containers on disk: ROOT/ID/, with state.json, start.sock while it is created, filter.bpf where it has one.

What a container's status is, is found out each time: its first process is known by pid and start time; start.sock
exists from create until start; a paused one is frozen. Commands that change a container hold a lock on its folder;
those that only look read state.json, which is always whole.
"""

# ruff: noqa: PTH103, PTH110
from __future__ import annotations

import os
from typing import Any, TypedDict, cast

from hythe.errors import Conflict, InvalidArgument, NotFound
from hythe.kernel import identity
from hythe.runtime.command import jsonfile

START_SOCKET = "start.sock"
_STATE = "state.json"
_ID_LIMIT = 1024


class State(TypedDict):
    """state.json. `cgroup` is the group's path; `own_pid`: everything ends with the first process.

    `own_mounts`: the root is that of the mount namespace; `linux`: what of that part of config.json an exec has, too.
    """

    id: str
    pid: int
    start_time: int
    bundle: str
    rootfs: str
    cgroup: str
    own_pid: bool
    own_mounts: bool
    created: str
    owner: str
    annotations: dict[str, str]
    hooks: dict[str, Any]
    resources: dict[str, Any]
    linux: dict[str, Any]


def checked_id(id: str) -> str:
    """Raises InvalidArgument with runc's words."""
    allowed = id.replace("_", "a").replace("+", "a").replace("-", "a").replace(".", "a")
    if not (allowed.isascii() and allowed.isalnum()) or id in (".", "..") or len(id) > _ID_LIMIT:
        raise InvalidArgument("invalid container ID format")
    return id


class Folder:
    """ROOT/ID."""

    def __init__(self, root: str, id: str) -> None:
        self.id = checked_id(id)
        self.root = root
        self.path = f"{root}/{id}"

    def make(self) -> None:
        """Raises Conflict where the id is taken."""
        os.makedirs(self.root, mode=0o711, exist_ok=True)
        try:
            os.mkdir(self.path, 0o700)  # noqa: PTH102
        except FileExistsError as error:
            raise Conflict("container with given ID already exists") from error

    def remove(self) -> None:
        """With what is in it; nothing to do where it is gone."""
        try:
            names = os.listdir(self.path)  # noqa: PTH208
        except FileNotFoundError:
            return
        for name in names:
            os.unlink(f"{self.path}/{name}")  # noqa: PTH108
        os.rmdir(self.path)  # noqa: PTH106

    def load(self) -> State:
        """Raises NotFound with runc's words."""
        try:
            return cast(State, jsonfile.read(f"{self.path}/{_STATE}"))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound("container does not exist") from error

    def drafted(self, state: State) -> jsonfile.Draft:
        """state.json, which nobody sees before it is published. Raises OSError."""
        return jsonfile.draft(f"{self.path}/{_STATE}", jsonfile.encode(state), 0o600)

    def store(self, state: State) -> None:
        jsonfile.write(f"{self.path}/{_STATE}", state)

    @property
    def waits_for_start(self) -> bool:
        return os.path.exists(f"{self.path}/{START_SOCKET}")

    def locked(self) -> Lock:
        """No other command changes this container meanwhile. Raises NotFound."""
        return Lock(self.path)


class Lock:
    """flock(2) on a container's folder, for the length of a `with`."""

    def __init__(self, path: str) -> None:
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotFound("container does not exist") from error

    def __enter__(self) -> None:
        import fcntl

        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def status(folder: Folder, state: State) -> str:
    """created, running, paused or stopped (runtime.md, State; "paused" is runc's)."""
    if not identity.alive(state["pid"], state["start_time"]):
        return "stopped"
    if folder.waits_for_start:
        return "created"
    return "paused" if _frozen(state) else "running"


def _frozen(state: State) -> bool:
    from hythe.runtime.command import groups

    return groups.find(state["cgroup"]).frozen()


def shown(folder: Folder, state: State) -> dict[str, Any]:
    """The state as `state` and `list` print it."""
    return described(state, status(folder, state))


def described(state: State, now: str) -> dict[str, Any]:
    """The same, for the status `now`; hooks read it too."""
    value: dict[str, Any] = {
        "ociVersion": "1.2.0",
        "id": state["id"],
        "pid": 0 if now == "stopped" else state["pid"],
        "status": now,
        "bundle": state["bundle"],
        "rootfs": state["rootfs"],
        "created": state["created"],
    }
    if state["annotations"]:
        value["annotations"] = state["annotations"]
    value["owner"] = state["owner"]
    return value


def every(root: str) -> list[Folder]:
    """Folders of all containers, by id."""
    try:
        names = sorted(os.listdir(root))  # noqa: PTH208
    except FileNotFoundError:
        return []
    return [Folder(root, name) for name in names if os.path.exists(f"{root}/{name}/{_STATE}")]
