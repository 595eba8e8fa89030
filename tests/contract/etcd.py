"""A real etcd server for tests, on loopback and in a folder of its own."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from pathlib import Path
from types import TracebackType

from hythe.kube.store.datastore import open_store
from tests.waiting import wait_until


class Etcd:
    """Runs within a `with`. Debian's package `etcd-server` has the program."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port, self._peer_port = _free_port(), _free_port()

    @property
    def address(self) -> str:
        return f"etcd://127.0.0.1:{self.port}"

    def start(self) -> None:
        client, peer = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self._peer_port}"
        command = ["etcd", "--name", "test", "--data-dir", str(self._folder / "data")]
        command += ["--listen-client-urls", client, "--advertise-client-urls", client]
        command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
        command += ["--initial-cluster", f"test={peer}", "--log-level", "error"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._answers, 30, "an etcd that answers")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def empty(self) -> None:
        """No keys; where there are many, a new server without any."""
        store = await open_store(self.address)
        records = (await store.list("/")).records
        if len(records) < 500:
            await asyncio.gather(*(store.delete(record.key, record.revision) for record in records))
        await store.close()
        if len(records) >= 500:
            self.stop()
            shutil.rmtree(self._folder / "data")
            self.start()

    def _answers(self) -> bool:
        with socket.socket() as trying:
            trying.settimeout(1)
            return trying.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self) -> Etcd:
        self.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
