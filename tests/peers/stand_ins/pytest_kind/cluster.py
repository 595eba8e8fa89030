"""The cluster that is there already, at KUBECONFIG."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class KindCluster:
    def __init__(self, name: str, image: str | None = None) -> None:
        self.name, self.image = name, image
        self.kubeconfig_path = Path(os.environ["KUBECONFIG"])

    def create(self) -> None:
        """It is there."""

    def delete(self) -> None:
        """It stays."""

    def kubectl(self, *arguments: str) -> str:
        return subprocess.check_output(
            ["kubectl", "--kubeconfig", self.kubeconfig_path, *arguments], text=True
        )
