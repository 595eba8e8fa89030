"""An engine to be thrown away: a daemon with roots, a socket and networks of its own, which leaves nothing behind.

It starts in a fraction of a second and has no images; `images` are loaded from archives or made from packages. Its
guard (`guard`) ends it and removes its folder when the context is left, or when this process is no more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hythe.client.blocking.client import Client, connect
from hythe.errors import SystemProblem, Unavailable

_TAIL = 15
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.zst")


@dataclass(frozen=True)
class Engine:
    """`host` is for `hythe.connect`, HYTHE_HOST and DOCKER_HOST; `pid` 0 and no `root` where it is somebody else's."""

    host: str
    pid: int = 0
    root: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        """For programs that are to find it: docker, docker-compose, testcontainers, hythe."""
        return {**os.environ, "HYTHE_HOST": self.host, "DOCKER_HOST": self.host}

    def connect(self, *, timeout: float | None = None) -> Client:
        return connect(self.host, timeout=timeout)

    def add_images(self, *sources: str | Path) -> None:
        """From archives as `docker save` writes them, or by names that `hythe image bootstrap` knows."""
        for source in map(str, sources):
            if source.endswith(ARCHIVES):
                with self.connect() as client, open(source, "rb") as archive:
                    client.images.load(archive)
            else:
                self._bootstrap(source)

    def _bootstrap(self, name: str) -> None:
        command = [sys.executable, "-m", "hythe", "image", "bootstrap", name]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemProblem(f"cannot make the image {name}:\n{done.stderr}")


@contextmanager
def throwaway(*flags: str, images: Sequence[str | Path] = ()) -> Iterator[Engine]:
    """An engine for as long as the context is. `flags` are further ones of `hythe daemon`."""
    root = Path(tempfile.mkdtemp(prefix="hythe-test-"))
    answers, ready = os.pipe()
    command = [sys.executable, "-m", "hythe.testing.guard", "engine", str(root), str(ready), *flags]
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[ready], start_new_session=True)
    try:
        os.close(ready)
        answered = os.read(answers, 1)
        os.close(answers)
        if not answered:
            raise Unavailable(f"the engine did not start; the end of its log:\n{_tail(root / 'daemon.log')}")
        engine = Engine(f"unix://{root / 'api.sock'}", int((root / "daemon.pid").read_text()), root)
        engine.add_images(*images)
        yield engine
    finally:
        _dismiss(guard)


@contextmanager
def borrowed(host: str, label: str) -> Iterator[Engine]:
    """Somebody's engine at `host`: what is made there with `label` is removed in the end."""
    command = [sys.executable, "-m", "hythe.testing.guard", "label", host, label]
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield Engine(host)
    finally:
        _dismiss(guard)


def _dismiss(guard: subprocess.Popen[bytes]) -> None:
    assert guard.stdin is not None
    guard.stdin.close()
    guard.wait()


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"    {line}" for line in lines[-_TAIL:]) or "    (it is empty)"
