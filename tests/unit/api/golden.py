"""Bodies recorded from the docker CLI 28, and answers of a dockerd 20.10, to compare shapes with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).parent / "golden"


def load(name: str) -> Any:
    return msgspec.json.decode((FOLDER / f"{name}.json").read_bytes())


def missing_keys(theirs: Any, ours: Any, where: str = "$") -> list[str]:
    """Keys of dockerd's answer that ours lacks, however deep; lists are compared by their first elements."""
    if isinstance(theirs, dict):
        if not isinstance(ours, dict):
            return [] if ours is None else [where]
        found = []
        for key, value in theirs.items():
            if key not in ours:
                found.append(f"{where}.{key}")
            else:
                found += missing_keys(value, ours[key], f"{where}.{key}")
        return found
    if isinstance(theirs, list) and theirs and isinstance(ours, list) and ours:
        return missing_keys(theirs[0], ours[0], f"{where}[0]")
    return []
