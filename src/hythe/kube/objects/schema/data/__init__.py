"""The data made by scripts/kube-schemas, and how it is read: one piece at a time.

A file is one JSON object, compressed with zstandard. Reading it splits it into the text of each entry, which takes a
millisecond; an entry becomes Python objects when it is first asked for. So a process that handles few kinds pays for
few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import zstandard


class Pieces(Mapping[str, Any]):
    """A read-only mapping whose values are decoded when they are first looked at, and kept."""

    def __init__(self, packed: bytes) -> None:
        text = zstandard.ZstdDecompressor().decompress(packed)
        self._texts = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = msgspec.json.decode(self._texts[name])
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@cache
def read(name: str) -> Pieces:
    """The file `name`: definitions, descriptions, kinds or types."""
    return Pieces(resources.files(__package__).joinpath(f"{name}.json.zst").read_bytes())
