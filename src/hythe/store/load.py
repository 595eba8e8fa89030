"""Reading archives of images: what `docker save` writes, old and new, and OCI image layouts (image-layout.md).

The archive is unpacked into a folder of its own (`store.archive`: nothing gets out of it), then read as files:
`manifest.json` says what is in docker's form, `index.json` what is in OCI's. Every blob named by a digest is checked
against it; every layer is checked against its diff id while it is unpacked. All is understood before anything is
stored. Indexes are followed to a small depth and count, so that a small archive cannot stand for endless work.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
from msgspec import Struct

from hythe.errors import InvalidArgument, NotFound, Unsupported
from hythe.kernel.paths import openat2
from hythe.oci import digest as digests
from hythe.oci import image as documents
from hythe.oci import manifest as manifests
from hythe.oci import media
from hythe.oci.manifest import Descriptor, Index, Manifest
from hythe.oci.platform import host_architecture
from hythe.store.archive.compression import plain
from hythe.store.archive.entry import BadArchive, Limits
from hythe.store.archive.reader import Reader
from hythe.store.archive.unpack import Unpacker
from hythe.store.layers import Layer
from hythe.store.snapshots import Snapshots

_DEPTH: Final = 4
_IMAGES: Final = 256
_DOCUMENT: Final = 4 << 20
_CHUNK: Final = 1 << 20
_IMAGE_NAME: Final = "io.containerd.image.name"
_REF_NAME: Final = "org.opencontainers.image.ref.name"


@dataclass(frozen=True)
class Plan:
    """One image to be loaded: its configuration's bytes, the layers' files (in `folder`) bottom up, its names."""

    folder: Path
    config: bytes
    diff_ids: list[str]
    layers: list[str]
    names: list[str]

    @property
    def chains(self) -> list[str]:
        return digests.chain_ids(self.diff_ids)


class _DockerImage(Struct, rename="pascal"):
    """An element of manifest.json (docker's image/spec/v1.2.md)."""

    config: str
    layers: list[str]
    repo_tags: list[str] | None = None


def read(tar: BinaryIO, folder: Path, limits: Limits) -> list[Plan]:
    """Unpack into the empty `folder` and understand it. Raises InvalidArgument, Unsupported, NotFound."""
    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        reader = Reader(plain(tar), limits)
        Unpacker(root, owners=False, devices=False).run(reader)
        if not reader.ended:
            raise BadArchive("the archive is truncated: it has no end marker")
        layout = _Layout(root, folder)
        if layout.has("manifest.json"):
            return list(layout.docker())
        if layout.has("index.json"):
            return list(layout.oci())
    finally:
        os.close(root)
    raise InvalidArgument(
        "the archive holds no images: there is neither manifest.json nor index.json in it",
        hint="for the files of a root file system use import",
    )


def unpack_layers(plan: Plan, snapshots: Snapshots) -> list[Layer]:
    """Unpack the layers that are not there yet; all of them, bottom up."""
    made: list[Layer] = []
    root = os.open(plan.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for path, diff_id in zip(plan.layers, plan.diff_ids, strict=True):
            with _open(root, path) as file:
                made.append(snapshots.apply(made[-1].chain_id if made else None, file, diff_id))
    finally:
        os.close(root)
    return made


def _open(root: int, path: str) -> BinaryIO:
    """A file of the unpacked archive; links in it stay inside of it."""
    try:
        descriptor = openat2(root, path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise NotFound(f"the archive lacks {path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InvalidArgument(f"{path} in the archive is not a regular file")
    return open(descriptor, "rb", buffering=0)


class _Layout:
    """The unpacked archive."""

    def __init__(self, root: int, folder: Path) -> None:
        self._root, self._folder = root, folder
        self._count = 0

    def has(self, path: str) -> bool:
        return os.access(path, os.F_OK, dir_fd=self._root, follow_symlinks=False)

    def _document(self, path: str, limit: int = _DOCUMENT) -> bytes:
        with _open(self._root, path) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise InvalidArgument(f"{path} in the archive is larger than {limit} bytes")
        return data

    # ---- docker's form --------------------------------------------------------------------------

    def docker(self) -> Iterator[Plan]:
        try:
            images = msgspec.json.decode(self._document("manifest.json"), type=list[_DockerImage])
        except msgspec.DecodeError as error:
            raise InvalidArgument(f"manifest.json in the archive cannot be read: {error}") from error
        for image in images:
            self._one_more()
            yield self._plan(
                self._document(image.config, documents.SIZE_LIMIT), image.layers, image.repo_tags or []
            )

    def _plan(self, config: bytes, layers: list[str], names: list[str]) -> Plan:
        document = documents.decode(config)
        if document.os not in ("linux", ""):
            raise Unsupported(f"an image for {document.os} cannot be used on Linux")
        diff_ids = [digests.check(diff_id, "diff id") for diff_id in document.rootfs.diff_ids]
        if len(diff_ids) != len(layers):
            raise InvalidArgument(
                f"the image names {len(diff_ids)} layers, but the archive gives it {len(layers)}"
            )
        return Plan(self._folder, config, diff_ids, layers, names)

    def _one_more(self) -> None:
        self._count += 1
        if self._count > _IMAGES:
            raise InvalidArgument(f"the archive refers to more than {_IMAGES} manifests")

    # ---- OCI's form -----------------------------------------------------------------------------

    def oci(self) -> Iterator[Plan]:
        index = manifests.parse(self._document("index.json"))
        if not isinstance(index, Index):
            raise InvalidArgument("index.json in the archive is not an index")
        for descriptor in index.manifests:
            if _is_attestation(descriptor):
                continue
            manifest = self._manifest(descriptor, 0)
            if manifest.config.media_type not in media.CONFIGS:
                raise Unsupported(f"{descriptor.digest} is not an image but {manifest.config.media_type}")
            config = self._blob(manifest.config, documents.SIZE_LIMIT)
            layers = [self._layer(layer) for layer in manifest.layers]
            yield self._plan(config, layers, _names(descriptor))

    def _manifest(self, descriptor: Descriptor, depth: int) -> Manifest:
        """The image that a descriptor leads to: itself, or the one for this machine in the index that it is."""
        self._one_more()
        document = manifests.parse(self._blob(descriptor, manifests.SIZE_LIMIT), descriptor.media_type)
        if isinstance(document, Manifest):
            return document
        if depth >= _DEPTH:
            raise InvalidArgument(f"the archive nests indexes more than {_DEPTH} deep")
        return self._manifest(_choose(document), depth + 1)

    def _blob(self, descriptor: Descriptor, limit: int) -> bytes:
        data = self._document(_blob_path(descriptor), limit)
        if len(data) != descriptor.size or digests.of_bytes(data) != descriptor.digest:
            raise InvalidArgument(f"the blob {descriptor.digest} in the archive is not what its digest says")
        return data

    def _layer(self, descriptor: Descriptor) -> str:
        """The path of a layer whose bytes are what the manifest says."""
        if descriptor.media_type not in media.LAYERS:
            raise Unsupported(f"layers of the type {descriptor.media_type} are not supported")
        path = _blob_path(descriptor)
        hasher = hashlib.sha256()
        with _open(self._root, path) as file:
            if os.fstat(file.fileno()).st_size != descriptor.size:
                raise InvalidArgument(
                    f"the blob {descriptor.digest} in the archive has another size than announced"
                )
            while data := file.read(_CHUNK):
                hasher.update(data)
        if digests.PREFIX + hasher.hexdigest() != descriptor.digest:
            raise InvalidArgument(f"the blob {descriptor.digest} in the archive is not what its digest says")
        return path


def _blob_path(descriptor: Descriptor) -> str:
    return f"blobs/sha256/{digests.hexadecimal(descriptor.digest)}"


def _choose(index: Index) -> Descriptor:
    """The manifest for this machine's architecture, or the only one there is."""
    candidates = [descriptor for descriptor in index.manifests if not _is_attestation(descriptor)]
    architecture, _ = host_architecture()
    for descriptor in candidates:
        platform = descriptor.platform
        if platform is not None and platform.os == "linux" and platform.architecture == architecture:
            return descriptor
    if len(candidates) == 1:
        return candidates[0]
    raise NotFound(f"the archive has no image for linux/{architecture}")


def _is_attestation(descriptor: Descriptor) -> bool:
    """BuildKit puts statements about an image beside it, as images for a platform that is "unknown"."""
    platform = descriptor.platform
    return platform is not None and platform.os == "unknown"


def _names(descriptor: Descriptor) -> list[str]:
    """The full name if a tool wrote one; a bare tag names nothing without its repository."""
    annotations = descriptor.annotations or {}
    full = annotations.get(_IMAGE_NAME)
    short = annotations.get(_REF_NAME, "")
    return [full] if full else [short] if ":" in short or "/" in short else []
