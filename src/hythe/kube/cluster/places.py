"""Where a cluster keeps things, told from its data directory and its id.

DATA_DIR/  /var/lib/hythe/kube       durable, its owner's alone
  cluster.json                       what was chosen when it was made: id, ranges, port, token
  admin.kubeconfig                   for kubectl
  server/                            certificates, store.db, apiserver.sock
  agent/                             the node's certificate, volumes of pods, logs of containers
  engine/                            the engine's data root
  log/                               of the three programs
RUN_DIR/   /run/hythe-kube/ID        gone with the next boot
  up.json                            pid and start time of the supervisor
  hythe.sock, cri.sock, engine/      the engine's
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEFAULT_DATA_DIR: Final = Path("/var/lib/hythe/kube")
RUN: Final = Path("/run/hythe-kube")


@dataclass(frozen=True)
class Places:
    """Of the cluster whose files are in `data`."""

    data: Path
    id: str

    @property
    def run(self) -> Path:
        return RUN / self.id

    @property
    def settings(self) -> Path:
        return settings_file(self.data)

    @property
    def kubeconfig(self) -> Path:
        return self.data / "admin.kubeconfig"

    @property
    def server(self) -> Path:
        return self.data / "server"

    @property
    def agent(self) -> Path:
        return self.data / "agent"

    @property
    def engine(self) -> Path:
        return self.data / "engine"

    @property
    def logs(self) -> Path:
        return self.data / "log"

    @property
    def supervisor(self) -> Path:
        return self.run / "up.json"

    @property
    def alone(self) -> Path:
        """There once the engine is the only program that is left."""
        return self.run / "alone"

    @property
    def engine_run(self) -> Path:
        return self.run / "engine"

    @property
    def engine_host(self) -> str:
        return f"unix://{self.run / 'hythe.sock'}"

    @property
    def cri(self) -> str:
        return f"unix://{self.run / 'cri.sock'}"


def settings_file(data: Path) -> Path:
    return data / "cluster.json"
