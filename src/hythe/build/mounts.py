"""RUN --mount: from what is written in the Dockerfile to mounts for the executor.

    bind     files of the context, a stage or an image; what a writable one is given is thrown away
    cache    a directory kept between builds, by id; `sharing` says who may use it at the same time
    tmpfs    empty, in memory
    secret   a file or a variable that only this command sees; not in the layer, not in the cache's key

A bind is copied out first, unless the context can be shown as it is, so that no link in an image and no race
in a cache directory leads a mount out of its tree (CVE-2024-23651 and its kin).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import posixpath
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from hythe.base.units import parse_size
from hythe.build.content import digest
from hythe.build.context import Source
from hythe.build.copy import Copier
from hythe.build.ignore import Matcher
from hythe.build.syntax.nodes import RunMount
from hythe.build.syntax.position import Word
from hythe.build.tree import Tree
from hythe.errors import InvalidArgument
from hythe.kernel.owners import chown
from hythe.oci.spec import Mount


@dataclass
class Prepared:
    """What one RUN gets. `key` is what of the mounts counts for the cache."""

    mounts: list[Mount] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    key: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class MountContext:
    """What mounts are made from. `temporary` goes when the command has ended; `caches` stays."""

    expand: Callable[[Word], str]
    open_source: Callable[[str], Source]
    secrets: Mapping[str, bytes]
    working_dir: str
    caches: Path
    temporary: Path
    stack: ExitStack

    def value(self, mount: RunMount, name: str, default: str = "") -> str:
        word = mount.fields.get(name)
        return default if word is None else self.expand(word)

    def flag(self, mount: RunMount, name: str) -> bool:
        word = mount.fields.get(name)
        return word is not None and word.text in ("", "true", "1")

    def number(self, mount: RunMount, name: str, default: int, base: int = 10) -> int:
        text = self.value(mount, name)
        try:
            return int(text, base) if text else default
        except ValueError as error:
            raise mount.at.problem(f"invalid value for {name}: {text!r}", "write a number") from error

    def target(self, mount: RunMount, default: str = "") -> str:
        path = self.value(mount, "target", default)
        path = posixpath.normpath("/" + posixpath.join(self.working_dir, path).lstrip("/"))
        if path == "/":
            raise mount.at.problem("a mount cannot cover the root of the image", "name a directory in it")
        return path


def prepare(mounts: tuple[RunMount, ...], context: MountContext) -> Prepared:
    """The mounts of a RUN, ready to be mounted. Their files last until `context.stack` is closed."""
    prepared = Prepared()
    makers = {"bind": _bind, "cache": _cache, "tmpfs": _tmpfs, "secret": _secret}
    for index, mount in enumerate(mounts):
        makers[mount.type](mount, context, prepared, index)
    return prepared


def _bind(mount: RunMount, context: MountContext, prepared: Prepared, index: int) -> None:
    target = context.target(mount)
    name, path = context.value(mount, "from"), context.value(mount, "source")
    writable = context.flag(mount, "readwrite")
    source = context.open_source(name)
    picks = source.pick(path or ".", Matcher())
    if len(picks) != 1:
        raise mount.at.problem(f"source={path} stands for {len(picks)} files", "a mount has one source")
    prepared.key.append(["bind", target, str(writable), digest(picks, owners=True)])
    if source.host is not None and not source.ignore and not writable:
        place = source.host / picks[0].entries[0].path
    else:
        folder = context.temporary / f"bind-{index}"
        folder.mkdir()
        place = folder / "content"
        with Tree.of(folder) as tree:
            Copier(tree).copy(picks[0], "/content", into=False)
    options = ["rbind", "rw" if writable else "ro"]
    prepared.mounts.append(Mount(destination=target, type="bind", source=str(place), options=options))


def _cache(mount: RunMount, context: MountContext, prepared: Prepared, index: int) -> None:
    target = context.target(mount)
    name = context.value(mount, "id", target)
    place = _cache_directory(context, name, context.value(mount, "sharing", "shared"))
    if not place.exists():
        _fill(mount, context, place)
    options = ["rbind", "ro" if context.flag(mount, "readonly") else "rw"]
    prepared.mounts.append(Mount(destination=target, type="bind", source=str(place), options=options))
    prepared.key.append(["cache", target, name])


def _cache_directory(context: MountContext, name: str, sharing: str) -> Path:
    """Where a cache lives. "locked" waits for its turn; "private" takes the first that nobody else uses."""
    base = context.caches / hashlib.sha256(os.fsencode(name)).hexdigest()
    base.mkdir(parents=True, exist_ok=True)
    if sharing == "shared":
        _lock(context, base / "0.lock", fcntl.LOCK_SH)
        return base / "0"
    if sharing == "locked":
        _lock(context, base / "0.lock", fcntl.LOCK_EX)
        return base / "0"
    number = 0
    while not _lock(context, base / f"{number}.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
        number += 1
    return base / str(number)


def _lock(context: MountContext, path: Path, kind: int) -> bool:
    """flock(2) held until the command has ended; False if it is taken and `kind` does not wait."""
    file = context.stack.enter_context(path.open("ab"))
    try:
        fcntl.flock(file, kind)
    except BlockingIOError:
        return False
    return True


def _fill(mount: RunMount, context: MountContext, place: Path) -> None:
    """Make a new cache directory, with the contents that from= and source= name."""
    staging = place.with_suffix(f".{os.getpid()}.new")
    staging.mkdir(exist_ok=True)
    staging.chmod(context.number(mount, "mode", 0o755, 8))
    chown(staging, context.number(mount, "uid", 0), context.number(mount, "gid", 0))
    name = context.value(mount, "from")
    if name:
        path = context.value(mount, "source") or "."
        with Tree.of(staging) as tree:
            for pick in context.open_source(name).pick(path, Matcher()):
                Copier(tree).copy(pick, "/", into=True)
    elif "source" in mount.fields:
        raise mount.at.problem("source= of a cache mount needs from=", "name the stage or image it is in")
    try:
        staging.rename(place)
    except OSError:
        if not place.is_dir():  # another build was first, which is as good
            raise


def _tmpfs(mount: RunMount, context: MountContext, prepared: Prepared, index: int) -> None:
    target = context.target(mount)
    options = ["nosuid", "nodev"]
    size = context.value(mount, "size")
    if size:
        try:
            options.append(f"size={parse_size(size)}")
        except InvalidArgument as error:
            raise mount.at.problem(error.message, error.hint) from error
    prepared.mounts.append(Mount(destination=target, type="tmpfs", source="tmpfs", options=options))
    prepared.key.append(["tmpfs", target, size])


def _secret(mount: RunMount, context: MountContext, prepared: Prepared, index: int) -> None:
    name = context.value(mount, "id") or posixpath.basename(context.value(mount, "target"))
    variable = context.value(mount, "env")
    prepared.key.append(["secret", name, variable])
    data = context.secrets.get(name)
    if data is None:
        if context.flag(mount, "required"):
            raise mount.at.problem(f"secret {name}: not found", f"pass it with --secret id={name},src=FILE")
        return
    if variable:
        prepared.env[variable] = data.decode("utf-8", "surrogateescape")
        if "target" not in mount.fields:
            return
    target = context.target(mount, f"/run/secrets/{name}")
    place = context.temporary / f"secret-{index}"
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    context.stack.callback(place.unlink, missing_ok=True)
    with open(descriptor, "wb") as file:
        file.write(data)
        chown(descriptor, context.number(mount, "uid", 0), context.number(mount, "gid", 0))
        os.fchmod(descriptor, context.number(mount, "mode", 0o400, 8))
    prepared.mounts.append(Mount(destination=target, type="bind", source=str(place), options=["rbind", "ro"]))
