"""Garbage collection: layers and configurations that nothing refers to any more.

Roots are the images, the writable trees of containers, layers too new to belong to anything yet, and whatever is
asked by `spare`. Everything below a root stays with it. Counting would be quicker and could go wrong; this reads
the state as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain as joined

from hythe.errors import NotFound
from hythe.oci import digest as digests
from hythe.store.blobs import Blobs
from hythe.store.catalogue import Catalogue
from hythe.store.snapshots import Snapshots


class Collector:
    def __init__(self, catalogue: Catalogue, snapshots: Snapshots, blobs: Blobs) -> None:
        self._catalogue, self._snapshots, self._blobs = catalogue, snapshots, blobs
        self._questions: list[Callable[[], Iterable[str]]] = []

    def spare(self, needed: Callable[[], Iterable[str]]) -> None:
        """Ask `needed` for chain ids at each run."""
        self._questions.append(needed)

    def run(self) -> list[str]:
        """Remove what is not needed; the chain ids of the layers removed, topmost first."""
        layers = self._snapshots.layers
        spared = {chain for needed in self._questions for chain in needed()}
        with self._catalogue.lock, layers.lock:
            kept = self._ancestors(spared | layers.fresh() | self._of_trees() | self._of_images())
            doomed = sorted((c for c in layers.all() if c not in kept), key=self._height, reverse=True)
            images = {image.id for image in self._catalogue.list()}
            for digest in [digest for digest in self._blobs.all() if digest not in images]:
                self._blobs.delete(digest)
            paths = layers.take(doomed)
        layers.drop(paths)
        return doomed

    def _of_images(self) -> set[str]:
        return set(joined.from_iterable(digests.chain_ids(image.layers) for image in self._catalogue.list()))

    def _of_trees(self) -> set[str]:
        found = set()
        for key in self._snapshots.keys():  # noqa: SIM118  a method of ours
            try:
                parent = self._snapshots.parent(key)
            except NotFound:
                continue  # being removed
            if parent is not None:
                found.add(parent)
        return found

    def _ancestors(self, chains: Iterable[str]) -> set[str]:
        kept: set[str] = set()
        for chain in chains:
            current: str | None = chain
            while current is not None and current not in kept and self._snapshots.exists(current):
                kept.add(current)
                current = self._snapshots.layers.get(current).parent
        return kept

    def _height(self, chain: str) -> int:
        return len(self._snapshots.layers.ancestry(chain))
