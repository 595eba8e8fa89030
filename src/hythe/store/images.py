"""Images: their records, their layers, and what happens to both together.

    images.get("nginx:1.25")  -> Image         images.chain(image)   -> the topmost layer, for Snapshots.prepare
    images.load(tar)                           images.remove("nginx", force=False, in_use=...)

Records and names are in `catalogue.py`, layers in `snapshots.py`. An image is made only when all its layers are
there, in one transaction. Layers go with `collect`: those that no image, no writable tree, no new layer and nobody
asked by `spare` needs. Kept out: registries, and events.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from hythe.errors import Conflict, InvalidArgument
from hythe.oci import digest as digests
from hythe.oci import image as documents
from hythe.oci.image import History, ImageConfig, RootFS, RunConfig
from hythe.oci.platform import host_architecture
from hythe.store import load as loading
from hythe.store import save as saving
from hythe.store.archive.entry import DEFAULT_LIMITS, Limits
from hythe.store.archive.removal import remove_tree
from hythe.store.blobs import Blobs
from hythe.store.catalogue import Catalogue, check_name, check_names
from hythe.store.collector import Collector
from hythe.store.database import Database
from hythe.store.image import Image, ImageUser
from hythe.store.instructions import apply_changes
from hythe.store.layers import Layer
from hythe.store.removal import InUse, Removal, Step
from hythe.store.snapshots import Snapshots
from hythe.wire.times import format_time, parse_created

__all__ = ["HistoryLine", "Image", "ImageUser", "Images", "Pruned"]

_LAYERS: Final = 480


class HistoryLine(NamedTuple):
    """A step of an image's making; `created` in ns since the epoch, `size` of its layer. Only the top has an id."""

    id: str
    created: int
    created_by: str
    size: int
    comment: str
    names: Sequence[str]


class Pruned(NamedTuple):
    steps: list[Step]
    freed: int


class Images:
    """The images below `root`, which also has their blobs and layers. Safe for several threads."""

    def __init__(self, root: Path, database: Database, limits: Limits = DEFAULT_LIMITS) -> None:
        self.blobs = Blobs(root / "blobs")
        self.snapshots = Snapshots(root / "snapshots", limits)
        self._limits = limits
        self._incoming = root / "incoming"
        remove_tree(self._incoming)
        self._incoming.mkdir(parents=True, mode=0o700)
        self._catalogue = Catalogue(database, self.blobs)
        self._collector = Collector(self._catalogue, self.snapshots, self.blobs)

    # ---- looking --------------------------------------------------------------------------------

    def get(self, ref: str) -> Image:
        """By name, id or the beginning of an id. Raises NotFound ("No such image: x")."""
        return self._catalogue.find(ref)

    def list(self) -> list[Image]:
        """All images, those with names and the others."""
        return self._catalogue.list()

    def chain(self, image: Image) -> str | None:
        """The chain id of the topmost layer; None for an image without layers."""
        chains = digests.chain_ids(image.layers)
        return chains[-1] if chains else None

    def layers(self, image: Image) -> Sequence[Layer]:
        """From the bottom up."""
        return [self.snapshots.layers.get(chain).layer for chain in digests.chain_ids(image.layers)]

    def layer_sizes(self, image: Image) -> Sequence[int]:
        """Bytes of each layer, from the bottom up."""
        return [layer.size for layer in self.layers(image)]

    def chains(self) -> Counter[str]:
        """How many images have each layer, by its chain id."""
        return Counter(chain for image in self.list() for chain in digests.chain_ids(image.layers))

    def shared_sizes(self) -> dict[str, int]:
        """Bytes of layers that an image has in common with others, by its id."""
        uses = self.chains()
        return {
            image.id: sum(layer.size for layer in self.layers(image) if uses[layer.chain_id] > 1)
            for image in self.list()
        }

    def layers_size(self) -> int:
        """Bytes of all layers, each counted once, whatever the number of images that share it."""
        return sum(self.snapshots.layers.get(chain).size for chain in self.snapshots.layers.all())

    def history(self, image: Image) -> Sequence[HistoryLine]:
        """Newest first."""
        sizes = iter(self.layer_sizes(image))
        lines = [
            HistoryLine(
                "<missing>", parse_created(step.created), step.created_by,
                0 if step.empty_layer else next(sizes, 0), step.comment, (),
            )
            for step in image.config.history
        ]  # fmt: skip
        if lines:
            lines[-1] = lines[-1]._replace(id=image.id, names=image.names)
        return lines[::-1]

    # ---- names ----------------------------------------------------------------------------------

    def check_name(self, name: str) -> str:
        """The name as `tag` would store it. Raises InvalidArgument."""
        return check_name(name)

    def tag(self, ref: str, new_name: str) -> None:
        """Give a further name; whatever had it before loses it."""
        name = check_name(new_name)
        with self._catalogue.lock:
            self._catalogue.name(self.get(ref).id, name)

    # ---- making ---------------------------------------------------------------------------------

    def create(
        self, config: ImageConfig, layers: Sequence[Layer], names: Sequence[str] = (), *, parent: str = ""
    ) -> Image:
        """An image of layers that are there, bottom up. The same image a second time only gets the names."""
        if [layer.diff_id for layer in layers] != config.rootfs.diff_ids:
            raise InvalidArgument("the layers are not those that the image's configuration names")
        return self._add(documents.encode(config), layers, names, parent)

    def _add(self, data: bytes, layers: Sequence[Layer], names: Sequence[str], parent: str = "") -> Image:
        if len(layers) > _LAYERS:
            raise InvalidArgument(f"an image cannot have more than {_LAYERS} layers", hint="merge some steps")
        given = check_names(names)
        with self._catalogue.lock, self.snapshots.layers.lock:
            for layer in layers:
                self.snapshots.layers.get(layer.chain_id)
            image = self._catalogue.add(data, sum(layer.size for layer in layers), given, parent)
            self.snapshots.layers.settle(layer.chain_id for layer in layers)
        return image

    def keep_pulled(self, data: bytes, layers: Sequence[Layer], name: str | None, digest: str) -> bool:
        """An image as a registry has it: `data` is its configuration, `digest` "nginx@sha256:...", `name` "nginx:1.25".

        Whether anything has changed by that.
        """
        if [layer.diff_id for layer in layers] != documents.decode(data).rootfs.diff_ids:
            raise InvalidArgument("the layers are not those that the image's configuration names")
        with self._catalogue.change():
            before = self._catalogue.holder(name or digest)
            image = self._add(data, layers, [name] if name else [])
            self._catalogue.add_digest(image.id, digest)
        return before != image.id

    def add_digest(self, ref: str, digest: str) -> None:
        """A registry has the image `ref` as `digest`, "nginx@sha256:..."."""
        with self._catalogue.change():
            self._catalogue.add_digest(self.get(ref).id, digest)

    def import_rootfs(
        self,
        tar: BinaryIO,
        name: str | None = None,
        changes: Sequence[str] = (),
        message: str = "",
        *,
        config: RunConfig | None = None,
        created: int | None = None,
        architecture: str = "",
    ) -> Image:
        """An image of one layer from an archive of a root file system, compressed or not.

        `changes` are Dockerfile instructions ("CMD [\\"sh\\"]") on top of `config`; `created` in ns since the epoch.
        """
        names = [check_name(name)] if name else []
        run = config or RunConfig()
        apply_changes(run, changes)
        layer = self.snapshots.layers.unpack(tar)
        when = format_time(time.time_ns() if created is None else created)
        host, variant = host_architecture()
        document = ImageConfig(
            architecture=architecture or host,
            variant="" if architecture else variant,
            created=when,
            config=run,
            rootfs=RootFS(diff_ids=[layer.diff_id]),
            history=[History(created=when, comment=message or "Imported from -")],
        )
        return self.create(document, [layer], names)

    def load(self, tar: BinaryIO) -> Sequence[str]:
        """Take in an archive of `docker save` or an OCI layout: what was loaded, by name or else by id.

        All of it or, after an error, none.
        """
        others = self.snapshots.layers.fresh()
        with tempfile.TemporaryDirectory(dir=self._incoming) as folder:
            plans = loading.read(tar, Path(folder), self._limits)
            try:
                ready = [(plan, loading.unpack_layers(plan, self.snapshots)) for plan in plans]
            except BaseException:
                self._give_up(plans, others)
                raise
        loaded: list[str] = []
        with self._catalogue.change():
            for plan, layers in ready:
                image = self._add(plan.config, layers, plan.names)
                loaded += check_names(plan.names) or [image.id]
        return loaded

    def _give_up(self, plans: Iterable[loading.Plan], others: set[str]) -> None:
        """Layers of a load that failed are of no use to anybody, unless something else holds them."""
        self.snapshots.layers.settle({chain for plan in plans for chain in plan.chains} - others)
        self.collect()

    def save(self, refs: Sequence[str], out: BinaryIO) -> None:
        """Write images as one archive that is both docker's format and an OCI layout.

        A repository's name without a tag means all its tags, an id the image without any name.
        """
        saving.write(saving.select(self._catalogue, refs), self.blobs, self.snapshots.layers, out)

    # ---- removing -------------------------------------------------------------------------------

    def remove(self, ref: str, force: bool, in_use: InUse) -> Sequence[Step]:
        """Take a name away, or delete the image: ("Untagged", name), ("Deleted", id of image or layer) in order.

        `in_use(id)` gives the containers made from an image. Raises Conflict in docker's words (`removal.py`).
        """
        steps: list[Step] = []
        with self._catalogue.change():
            Removal(self._catalogue, in_use, force, steps).run(ref)
        if any(kind == "Deleted" for kind, _ in steps):
            steps += [("Deleted", chain) for chain in self.collect()]
        return steps

    def prune(
        self, in_use: InUse, *, named: bool = False, accept: Callable[[Image], bool] = lambda image: True
    ) -> Pruned:
        """Remove images without a name and a container; with `named` also those with names."""
        before, steps = self.layers_size(), list[Step]()
        for image in self.list():
            if (named or not image.names) and accept(image) and not in_use(image.id):
                try:
                    steps += self.remove(image.id, True, in_use)
                except Conflict:
                    continue  # images were built upon it
        steps += [("Deleted", chain) for chain in self.collect()]
        return Pruned(steps, max(before - self.layers_size(), 0))

    def spare(self, needed: Callable[[], Iterable[str]]) -> None:
        """Register a question: which chains are needed, for instance as a build cache."""
        self._collector.spare(needed)

    def collect(self) -> Sequence[str]:
        """Remove layers and blobs that nothing needs; the chain ids removed."""
        return self._collector.run()
