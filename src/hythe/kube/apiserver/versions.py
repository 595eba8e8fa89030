"""Which Kubernetes this server is: clients choose their ways by it."""

from __future__ import annotations

import platform
import sys
from typing import Final

from hythe.kube.objects.types import Object

MINOR: Final = 32
VERSION: Final = f"v1.{MINOR}.0+hythe"


def version() -> Object:
    """What `kubectl version` shows, and what clients choose their ways by."""
    return {
        "major": "1",
        "minor": str(MINOR),
        "gitVersion": VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": f"python{platform.python_version()}",
        "compiler": platform.python_implementation(),
        "platform": f"{sys.platform}/{_machine()}",
    }


def _machine() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
