"""A real store and builder for the builder's system tests, and a small executor: fork, mount, chroot, exec.

The executor stands in for the engine's: it has no network of its own, no cgroup and no seccomp, but mounts
the prepared root in a mount namespace of its own as a container would, so layers hold what a command did.
"""

from __future__ import annotations

import ctypes
import io
import os
import stat
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hythe.build.api import BuildOptions, RunStep
from hythe.build.builder import Builder
from hythe.build.rootfs import open_tree
from hythe.kernel import overlay
from hythe.store.database import Database
from hythe.store.images import Image, Images
from tests.targets import busybox_tar

_CLONE_NEWNS, _MS_BIND_REC, _MS_PRIVATE_REC = 0x20000, 0x5000, 0x44000


@dataclass
class ForkExecutor:
    """Runs steps; remembers them in `steps`. `folder` is for mount points, one a run, removed after it."""

    folder: Path
    steps: list[RunStep] = field(default_factory=list)

    def run(self, step: RunStep, output: Callable[[int, bytes], None]) -> int:
        self.steps.append(step)
        root = self.folder / step.id
        root.mkdir(parents=True)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            self._inside(step, root, writing)
        os.close(writing)
        with open(reading, "rb", buffering=0) as pipe:
            while data := pipe.read(1 << 16):
                output(1, data)
        _, status = os.waitpid(child, 0)
        root.rmdir()
        return os.waitstatus_to_exitcode(status)

    def _inside(self, step: RunStep, root: Path, writing: int) -> None:
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            assert libc.unshare(_CLONE_NEWNS) == 0
            assert libc.mount(b"none", b"/", None, _MS_PRIVATE_REC, None) == 0
            overlay.mount(overlay.from_options(step.rootfs[0]["options"]), str(root))
            for mount in step.mounts:
                target = root / mount["destination"].lstrip("/")
                if mount["type"] == "bind" and Path(mount["source"]).is_file():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.touch()
                else:
                    target.mkdir(parents=True, exist_ok=True)
                if mount["type"] == "tmpfs":
                    assert libc.mount(b"tmpfs", bytes(target), b"tmpfs", 0, None) == 0
                else:
                    assert libc.mount(mount["source"].encode(), bytes(target), None, _MS_BIND_REC, None) == 0
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            os.chroot(root)
            os.chdir(step.cwd)
            user, _, group = step.user.partition(":")
            if group.isdecimal():
                os.setgid(int(group))
            if user.isdecimal():
                os.setuid(int(user))
            os.execvpe(step.args[0], list(step.args), dict(entry.split("=", 1) for entry in step.env))
        except (OSError, AssertionError, KeyError) as error:
            os.write(2, f"{error!r}\n".encode())
        finally:
            os._exit(127)


class Workbench:
    """Images with busybox in it, a builder, and a context that is written anew for each build."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(folder / "metadata.sqlite")
        self.images = Images(folder / "images", self.database)
        self.images.import_rootfs(io.BytesIO(busybox_tar()), "busybox:latest", ['CMD ["sh"]'])
        self.executor = ForkExecutor(folder / "run")
        self.builder = Builder(self.images, self.database, folder / "build", self.executor)
        self.messages: list[dict[str, Any]] = []
        self._contexts = 0

    def context(self, files: Mapping[str, str | bytes | Path]) -> Path:
        """A new directory with these files; a Path is a symbolic link to it."""
        self._contexts += 1
        folder = self.folder / f"context-{self._contexts}"
        folder.mkdir()
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                path.symlink_to(content)
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    def build(
        self, dockerfile: str, files: Mapping[str, str | bytes | Path] | None = None, **options: Any
    ) -> Image:
        context = self.context({"Dockerfile": dockerfile, **(files or {})})
        self.messages = []
        return self.builder.build(context, BuildOptions(**options), self.messages.append)

    @property
    def text(self) -> str:
        """The stream of the last build."""
        return "".join(message.get("stream", "") for message in self.messages)

    def files(self, image: Image, below: str = "") -> dict[str, str]:
        """Path -> "TYPE MODE UID:GID content", for all that is in the image below a directory."""
        found: dict[str, str] = {}
        with open_tree(self.images.snapshots.view(self.images.chain(image))) as tree:
            top = tree.directory(below)
            try:
                for root, folders, files, descriptor in os.fwalk(".", dir_fd=top):
                    for name in (*folders, *files):
                        path = f"{root}/{name}".removeprefix("./")
                        found[path] = _describe(name, descriptor)
            finally:
                os.close(top)
        return found

    def read(self, image: Image, path: str) -> str:
        with open_tree(self.images.snapshots.view(self.images.chain(image))) as tree:
            return tree.text(path)

    def close(self) -> None:
        self.database.close()


def _describe(name: str, descriptor: int) -> str:
    status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
    text = f"{stat.filemode(status.st_mode)} {status.st_uid}:{status.st_gid}"
    if stat.S_ISLNK(status.st_mode):
        return f"{text} -> {os.readlink(name, dir_fd=descriptor)}"
    if stat.S_ISREG(status.st_mode) and status.st_size < 100:
        with open(os.open(name, os.O_RDONLY, dir_fd=descriptor), "rb") as file:
            return f"{text} {file.read().decode(errors='replace')}"
    return text


def archive(members: Mapping[str, tuple[bytes, str]]) -> bytes:
    """A tar archive: name -> (type, content or link target); all owned by 5:6, mode 644."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, (kind, text) in members.items():
            info = tarfile.TarInfo(name)
            info.type, info.uid, info.gid = kind, 5, 6
            info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
            if kind == tarfile.REGTYPE:
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
            else:
                info.linkname = text
                tar.addfile(info)
    return out.getvalue()
