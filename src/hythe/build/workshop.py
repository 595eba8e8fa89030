"""What every step of one build works with, and the one way in which a step makes a layer.

A layer is made in a snapshot of its own, prepared upon the layers so far, and committed when the step is
done; if anything goes wrong, or the build is cancelled, the snapshot is removed and the store is as before.
With SOURCE_DATE_EPOCH no file of the layer is younger than that (reproducible-builds.org, SOURCE_DATE_EPOCH).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from hythe.base.ids import new_id
from hythe.build.api import BuildCancelled, BuildOptions, Executor
from hythe.build.bases import Bases
from hythe.build.cache import Cache, CacheRecord
from hythe.build.origins import Origins
from hythe.build.progress import Reporter
from hythe.build.state import StageState
from hythe.build.tree import Tree
from hythe.errors import InvalidArgument, NotFound
from hythe.oci.spec import Mount
from hythe.store.image import Image
from hythe.store.images import Images
from hythe.wire.times import SECOND

Make = Callable[[str, Sequence[Mount]], None]


@dataclass(frozen=True)
class Workshop:
    """`temporary` is a directory of this build alone; `caches` belongs to all builds. `epoch` in seconds.

    `made` has the chains of the layers made: the store's collector leaves them alone until the build ends, and
    from then on as long as an image or the cache refers to them.
    """

    images: Images
    cache: Cache
    executor: Executor
    reporter: Reporter
    options: BuildOptions
    bases: Bases
    origins: Origins
    caches: Path
    temporary: Path
    epoch: int | None
    made: set[str] = field(default_factory=set)

    def now(self) -> int:
        """The time for what is made now, in ns since the epoch."""
        return time.time_ns() if self.epoch is None else self.epoch * SECOND

    def check_cancelled(self) -> None:
        if self.options.cancelled():
            raise BuildCancelled

    def step(
        self,
        state: StageState,
        key: str,
        description: str,
        make: Make | None,
        needed: Callable[[], bool] | None = None,
    ) -> None:
        """Do a step or take it from the cache. `make(id, mounts)` fills the layer; None: the step has none.

        `needed`, asked only when the step is done, says whether the layer would hold anything.
        """
        record = None if self.options.no_cache else self.cache.find(key)
        if record is not None and not self._wanted(state, record):
            record = None
        if record is not None:
            self.reporter.cached()
        else:
            record = CacheRecord(self.now(), time.time_ns(), description=description)
            if make is not None and (needed is None or needed()):
                self._layer(state, record, make)
            self.cache.store(key, record)
        state.add(key, record)

    def _wanted(self, state: StageState, record: CacheRecord) -> bool:
        """Whether the state with this step added is one that an image of --cache-from went through."""
        if self.options.cache_from is None:
            return True
        steps = [*(entry.created_by for entry in state.history), record.description]
        layers = [layer.diff_id for layer in state.layers] + ([record.diff_id] if record.diff_id else [])
        return any(
            image.layers[: len(layers)] == layers
            and [entry.created_by for entry in image.config.history[: len(steps)]] == steps
            for image in self.sources
        )

    @cached_property
    def sources(self) -> list[Image]:
        """The images of --cache-from that are here."""
        found = []
        for name in self.options.cache_from or ():
            with suppress(NotFound, InvalidArgument):
                found.append(self.images.get(name))
        return found

    def _layer(self, state: StageState, record: CacheRecord, make: Make) -> None:
        snapshots, id = self.images.snapshots, new_id()
        with ExitStack() as undo:
            mounts = snapshots.prepare(id, state.chain)
            undo.callback(snapshots.remove, id)
            make(id, mounts)
            self.check_cancelled()
            if self.epoch is not None:
                upper, _ = snapshots.paths(id)
                with Tree.of(Path(upper)) as tree:
                    clamp_times(tree.descriptor, self.epoch)
            layer = snapshots.commit(id)
            undo.pop_all()
        self.made.add(layer.chain_id)
        record.created = self.now()
        record.chain_id, record.diff_id, record.size = layer.chain_id, layer.diff_id, layer.size


def clamp_times(directory: int, epoch: int) -> None:
    """Set every modification time below the directory descriptor, and its own, to at most `epoch` (s)."""
    limit = epoch * SECOND
    readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
    try:
        for root, folders, files, descriptor in os.fwalk(".", dir_fd=readable, topdown=False):
            del root
            for name in (*folders, *files):
                status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                if status.st_mtime_ns > limit:
                    os.utime(name, ns=(limit, limit), dir_fd=descriptor, follow_symlinks=False)
        if os.fstat(readable).st_mtime_ns > limit:
            os.utime(readable, ns=(limit, limit))
    finally:
        os.close(readable)
