"""An API server of our own for unmodified clients: a process with a folder of its own, ended by pid."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import PATIENCE, wait_until

SECONDS = 60 * PATIENCE


@dataclass(frozen=True)
class Answer:
    """What a command said. `said` is both streams."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Server:
    """`folder` holds its data, kubeconfig and the clients' caches; `kept` is where its store has its files."""

    folder: Path
    pid: int
    kept: Path

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "data" / "admin.kubeconfig"

    @property
    def socket(self) -> Path:
        return self.folder / "data" / "apiserver.sock"

    @property
    def env(self) -> dict[str, str]:
        """An environment in which kubectl speaks to this server, with caches and a home of its own."""
        cache = str(self.folder / "cache")
        return {
            **os.environ,
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": cache,
            "HOME": str(self.folder),
        }

    def run(self, *words: str, program: str = "kubectl", stdin: str = "", **env: str) -> Answer:
        """Run kubectl (or a sibling of it)."""
        done = subprocess.run(
            [program, *words],
            input=stdin,
            capture_output=True,
            text=True,
            env={**self.env, **env},
            timeout=SECONDS,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def kubectl(self, *words: str, stdin: str = "", **env: str) -> str:
        """Its output; the command must succeed."""
        answer = self.run(*words, stdin=stdin, **env)
        assert answer.code == 0, answer.said
        return answer.out

    def refused(self, *words: str, stdin: str = "") -> str:
        """What it says; the command must fail."""
        answer = self.run(*words, stdin=stdin)
        assert answer.code != 0, answer.said
        return answer.err


@contextmanager
def started(folder: Path, datastore: str = "", kept: Path | None = None) -> Iterator[Server]:
    """A running server whose kubeconfig is written; on SQLite unless another store, with its folder, is named."""
    words = [sys.executable, "-m", "hythe.kube.apiserver", "--data-dir", str(folder / "data"), "--port", "0"]
    words += ["--datastore", datastore] if datastore else []
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        server = Server(folder, process.pid, kept or folder / "data")
        wait_until(server.kubeconfig.exists, 30, "the server's kubeconfig")
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(SECONDS)


def siblings() -> list[str]:
    """kubectls of other minors beside the one that is called (the one here is a switch between them)."""
    found = shutil.which("kubectl")
    assert found, "kubectl is not installed"
    return sorted(str(each) for each in Path(found).resolve().parent.glob("kubectl.1.*")) or [found]
