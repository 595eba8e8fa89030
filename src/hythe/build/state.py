"""How far a stage has come: layers, settings, history, and the key that the next step builds on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hythe.build.cache import CacheRecord, step_key
from hythe.build.describe import Describer
from hythe.store.layers import Layer

NOP: Final = "#(nop) "


@dataclass(frozen=True)
class HistoryEntry:
    """One line of `docker history`. `created` in ns since the epoch; `empty`: the step made no layer."""

    created: int
    created_by: str
    empty: bool
    author: str = ""
    comment: str = ""


@dataclass
class StageState:
    """`layers` from the bottom; `chain` is the id of the topmost chain, None for an empty root.

    `image_id` is the base image's as long as nothing has been done to it.
    """

    describer: Describer
    key: str
    chain: str | None = None
    layers: list[Layer] = field(default_factory=list)
    history: list[HistoryEntry] = field(default_factory=list)
    created: int = 0
    image_id: str = ""

    def add(self, key: str, record: CacheRecord) -> None:
        """Take the outcome of a step, just made or from the cache."""
        empty = not record.chain_id
        if not empty:
            layer = Layer(chain_id=record.chain_id, diff_id=record.diff_id, size=record.size)
            self.layers.append(layer)
            self.chain = record.chain_id
        author = self.describer.author
        self.history.append(HistoryEntry(record.created, record.description, empty, author))
        self.created = record.created
        self.image_id = ""
        self.key = step_key(key, self.chain)

    def nop(self, comment: str, *, spaced: bool = True) -> str:
        """How the classic builder writes down a step that runs nothing: "/bin/sh -c #(nop)  ENV a=b"."""
        shell = " ".join(self.describer.settings.shell_words())
        return f"{shell} {NOP}{' ' if spaced else ''}{comment}"
