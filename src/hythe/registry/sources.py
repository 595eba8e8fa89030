"""Which blobs a layer is known as, and in which repositories: what makes a push send nothing twice.

A layer's content (diff id) can be compressed in many ways; a registry knows each by the digest of the compressed blob.
What has been pulled or pushed is remembered here: the registry is asked for that blob before anything is sent, or told
to take it from another of its repositories (distribution-spec, "Mounting a blob from another repository").
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from hythe.oci.manifest import Descriptor
from hythe.store.database import Database

_REMEMBERED: Final = 32


class Source(Struct, frozen=True):
    """A blob in a repository of a registry."""

    registry: str
    repository: str
    digest: str
    size: int
    media_type: str

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(self.media_type, self.digest, self.size)


class _Known(Struct):
    sources: list[Source] = []


class Sources:
    """The latest for each layer, by diff id."""

    def __init__(self, database: Database) -> None:
        self._known = database.collection("layer_sources", _Known)

    def of(self, diff_id: str) -> list[Source]:
        """Latest first."""
        known = self._known.get(diff_id)
        return known.sources if known is not None else []

    def add(self, diff_id: str, source: Source) -> None:
        known = self.of(diff_id)
        if known[:1] != [source]:
            others = [each for each in known if each != source]
            self._known.put(diff_id, _Known([source, *others][:_REMEMBERED]))
