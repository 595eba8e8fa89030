"""Where the engine keeps things. Below `data` it is durable; below `run` it goes with the next boot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    data: Path
    run: Path

    def log(self, container_id: str) -> Path:
        return self.data / "containers" / container_id / "container.log"

    def bundle(self, container_id: str) -> Path:
        return self.run / "containers" / container_id

    @property
    def warden_socket(self) -> Path:
        return self.run / "warden.sock"

    @property
    def warden_state(self) -> Path:
        return self.run / "warden"

    @property
    def warden_log(self) -> Path:
        return self.run / "warden.log"

    def make(self) -> None:
        for folder in (self.data, self.run, self.warden_state):
            folder.mkdir(parents=True, exist_ok=True, mode=0o711)
        for folder in (self.data / "containers", self.run / "containers"):
            folder.mkdir(exist_ok=True, mode=0o711)
