"""Which images there are and what they are called: the database's records, indexed in memory.

A name belongs to one image; giving it to another takes it from the first, which may be left without any
("dangling"). Each change is one transaction. Kept out: layers, and when an image may be removed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from hythe.errors import InvalidArgument, NotFound, SystemProblem
from hythe.oci import image as documents
from hythe.oci import reference
from hythe.oci.digest import PREFIX, is_digest
from hythe.store.blobs import Blobs
from hythe.store.database import Database
from hythe.store.image import Image, ImageRecord
from hythe.wire.times import parse_created

_HEX: Final = frozenset("0123456789abcdef")


class Catalogue:
    """The images by id and by name. `lock` makes several calls one step."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database, self._blobs = database, blobs
        self._records = database.collection("images", ImageRecord)
        self.lock = threading.RLock()
        self._images: dict[str, Image] = {}
        self._names: dict[str, str] = {}
        self._read()

    def _read(self) -> None:
        self._images, self._names = {}, {}
        for record in self._records.all().values():
            self._index(record)

    @contextmanager
    def change(self) -> Iterator[None]:
        """Several changes as one: all of them, or none, in the database as in memory."""
        with self.lock:
            try:
                with self._database.transaction():
                    yield
            except BaseException:
                self._read()
                raise

    def list(self) -> list[Image]:
        with self.lock:
            return list(self._images.values())

    def find(self, ref: str) -> Image:
        """By id, name, name@digest or the beginning of an id. Raises NotFound, InvalidArgument."""
        with self.lock:
            exact = self._images.get(ref if ref.startswith(PREFIX) else PREFIX + ref)
            if exact is not None:
                return exact
            bare = ref.removeprefix(PREFIX)
            is_id = is_digest(PREFIX + bare) or ref.startswith(PREFIX)
            found = None if is_id else self._by_name(ref)
            found = found or self._by_prefix(bare)
        if found is None:
            raise NotFound(f"No such image: {ref if is_id else reference.familiar(ref)}")
        return found

    def is_name(self, ref: str) -> bool:
        """Whether `ref` finds an image by a name and not by its id."""
        image = self.find(ref)
        return not image.id.removeprefix(PREFIX).startswith(ref.removeprefix(PREFIX))

    def children(self, id: str) -> Sequence[Image]:
        return [image for image in self.list() if image.parent == id]

    def add(self, data: bytes, size: int, names: Sequence[str], parent: str = "") -> Image:
        """Store an image by the bytes of its configuration, and give it names. One that is there gets the names."""
        with self.change():
            id = self._blobs.put(data)
            if id not in self._images:
                self._store(ImageRecord(id, [], [], size, parent))
            for name in names:
                self.name(id, name)
            return self._images[id]

    def name(self, id: str, name: str) -> None:
        """Give a name, as `check_name` returns it, to an image, and take it from the one that has it."""
        with self.change():
            holder = self._names.get(name)
            if holder != id:
                if holder is not None:
                    self.unname(name)
                record = self._record(id)
                record.names.append(name)
                record.tagged = time.time_ns()
                self._store(record)

    def unname(self, name: str) -> None:
        """Take a name away; a name that nothing has is no error."""
        with self.change():
            id = self._names.get(name)
            if id is not None:
                record = self._record(id)
                record.names.remove(name)
                self._store(record)

    def holder(self, name: str) -> str | None:
        """The id of the image that has this name, "nginx:1.25", or this digest, "nginx@sha256:..."."""
        with self.lock:
            return self._names.get(name) or next(
                (i.id for i in self._images.values() if name in i.digests), None
            )

    def add_digest(self, id: str, digest: str) -> None:
        """A registry has the image as "nginx@sha256:..."; an image that had this digest before has it no more."""
        with self.change():
            holder = self.holder(digest)
            if holder != id:
                if holder is not None:
                    self.remove_digest(digest)
                record = self._record(id)
                record.digests.append(digest)
                self._store(record)

    def remove_digest(self, digest: str) -> None:
        with self.change():
            id = self.holder(digest)
            if id is not None:
                record = self._record(id)
                record.digests.remove(digest)
                self._store(record)

    def delete(self, id: str) -> None:
        """Forget an image and all its names."""
        with self.lock:
            self._records.delete(id)
            image = self._images.pop(id)
            for name in image.names:
                del self._names[name]

    # ---- how ------------------------------------------------------------------------------------

    def _by_name(self, ref: str) -> Image | None:
        name = reference.parse(ref)
        if name.digest is not None:
            wanted = f"{name.familiar_name}@{name.digest}"
            by_digest = (image for image in self._images.values() if wanted in image.digests)
            by_id = self._images.get(name.digest)
            named = by_id is not None and self._has_repository(by_id, name.familiar_name)
            return by_id if named else next(by_digest, None)
        id = self._names.get(name.with_tag().familiar)
        return None if id is None else self._images[id]

    def _has_repository(self, image: Image, repository: str) -> bool:
        return any(reference.parse(name).familiar_name == repository for name in image.names)

    def _by_prefix(self, prefix: str) -> Image | None:
        if not prefix or not _HEX.issuperset(prefix):
            return None
        found = [image for id, image in self._images.items() if id.startswith(PREFIX + prefix)]
        if len(found) > 1:
            raise InvalidArgument(f"ambiguous image id: {prefix}", hint="give more of its characters")
        return found[0] if found else None

    def _record(self, id: str) -> ImageRecord:
        image = self._images[id]
        return ImageRecord(id, list(image.names), list(image.digests), image.size, image.parent, image.tagged)

    def _store(self, record: ImageRecord) -> None:
        self._records.put(record.id, record)
        self._index(record)

    def _index(self, record: ImageRecord) -> None:
        try:
            config = documents.decode(self._blobs.read(record.id))
        except (NotFound, InvalidArgument) as error:
            raise SystemProblem(f"the configuration of the image {record.id} is damaged: {error}") from error
        old = self._images.get(record.id)
        for name in old.names if old is not None else ():
            self._names.pop(name, None)
        self._images[record.id] = Image(
            record.id,
            record.names,
            record.digests,
            config,
            config.rootfs.diff_ids,
            record.size,
            parse_created(config.created),
            record.parent,
            record.tagged,
        )
        self._names.update(dict.fromkeys(record.names, record.id))


def check_name(text: str) -> str:
    """A name that an image can be given, as docker shows it. Raises InvalidArgument."""
    name = reference.parse(text)
    if name.digest is not None:
        raise InvalidArgument(
            "refusing to create a tag with a digest reference", hint="leave out @sha256:..."
        )
    return name.with_tag().familiar


def check_names(texts: Iterable[str]) -> list[str]:
    """Each name once, in order."""
    return list(dict.fromkeys(map(check_name, texts)))
