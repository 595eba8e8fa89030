"""Layers on their way: one file for each, below the data root, that is continued by the next pull.

What nobody has continued for a day is removed when the daemon starts. Kept out: what is in them (`blobs.py`).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from hythe.oci import digest as digests

_KEPT: Final = 24 * 3600.0


class Parts:
    """The parts in the folder `root`, by the layer that they become and the blob that they are of."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for entry in root.iterdir():
            if entry.stat().st_mtime < time.time() - _KEPT:
                entry.unlink()

    def path(self, chain: str, blob: str) -> Path:
        return self._root / f"{digests.hexadecimal(chain)}-{digests.hexadecimal(blob)[:16]}"

    def temporary(self, name: str) -> Path:
        """A place for what is made here to be sent."""
        return self._root / f"out-{name}"
