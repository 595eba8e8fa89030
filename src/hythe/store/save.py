"""Writing images as one archive that is docker's format and an OCI layout at once, as docker does since version 25.

    blobs/sha256/HEX    configurations, manifests, layers as plain tar: each once, however many images have it
    index.json, oci-layout              for tools that read OCI layouts
    manifest.json, repositories         for `docker load`

The same images give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

import msgspec

from hythe.errors import NotFound, SystemProblem
from hythe.oci import digest as digests
from hythe.oci import media, reference
from hythe.oci.digest import PREFIX
from hythe.oci.manifest import Descriptor, Index, Manifest, Platform
from hythe.store.archive.entry import Entry, Kind
from hythe.store.archive.writer import Writer
from hythe.store.blobs import Blobs
from hythe.store.catalogue import Catalogue
from hythe.store.image import Image
from hythe.store.layers import LayerRecord, Layers

_LAYOUT: Final = b'{"imageLayoutVersion":"1.0.0"}'
_FOLDER: Final = "blobs/sha256"


@dataclass
class Selected:
    """An image to be saved, and the names it is to have in the archive."""

    image: Image
    names: list[str] = field(default_factory=list)


def select(catalogue: Catalogue, refs: Sequence[str]) -> list[Selected]:
    """What the references stand for; each image once. Raises NotFound."""
    chosen: dict[str, Selected] = {}
    with catalogue.lock:
        for ref in refs:
            for image, names in _meant(catalogue, ref):
                selected = chosen.setdefault(image.id, Selected(image))
                selected.names += [name for name in names if name not in selected.names]
    return list(chosen.values())


def _meant(catalogue: Catalogue, ref: str) -> list[tuple[Image, list[str]]]:
    try:
        image = catalogue.find(ref)
    except NotFound:
        tagged = _of_repository(catalogue, ref)
        if not tagged:
            raise
        return tagged
    if not catalogue.is_name(ref):
        return [(image, [])]
    name = reference.parse(ref)
    if name.tag is None and name.digest is None:
        return _of_repository(catalogue, ref)
    return [(image, [name.familiar] if name.digest is None else [])]


def _of_repository(catalogue: Catalogue, ref: str) -> list[tuple[Image, list[str]]]:
    """All images with a tag in the repository `ref`."""
    name = reference.parse(ref)
    if name.tag is not None or name.digest is not None:
        return []
    found = []
    for image in catalogue.list():
        names = [own for own in image.names if reference.parse(own).name == name.name]
        if names:
            found.append((image, names))
    return found


def write(selected: Sequence[Selected], blobs: Blobs, layers: Layers, out: BinaryIO) -> None:
    """Write the archive; closes nothing. Raises SystemProblem if a layer is not any more what it was."""
    _Archive(blobs, layers, out).write(selected)


class _Archive:
    def __init__(self, blobs: Blobs, layers: Layers, out: BinaryIO) -> None:
        self._blobs, self._layers, self._out = blobs, layers, out
        self._writer = Writer(out)
        self._written: set[str] = set()

    def write(self, selected: Sequence[Selected]) -> None:
        self._folder("blobs")
        self._folder(_FOLDER)
        index: list[Descriptor] = []
        docker: list[dict[str, Any]] = []
        for one in selected:
            stack = [self._layers.get(chain) for chain in digests.chain_ids(one.image.layers)]
            config = self._blobs.read(one.image.id)
            self._blob(config)
            for record in stack:
                self._layer(record)
            index += self._manifests(one, config, stack)
            docker.append(
                {
                    "Config": _path(one.image.id),
                    "RepoTags": one.names or None,
                    "Layers": [_path(record.diff_id) for record in stack],
                }
            )
        self._writer.file("index.json", msgspec.json.encode(_without_none(Index(manifests=index))))
        self._writer.file("manifest.json", msgspec.json.encode(docker))
        self._writer.file("oci-layout", _LAYOUT)
        self._writer.file("repositories", msgspec.json.encode(_repositories(selected)))
        self._writer.close()

    def _manifests(self, one: Selected, config: bytes, stack: list[LayerRecord]) -> list[Descriptor]:
        """The image's manifest, and a descriptor of it for each of its names."""
        manifest = Manifest(
            config=Descriptor(media.OCI_CONFIG, one.image.id, len(config)),
            layers=[Descriptor(media.OCI_LAYER, record.diff_id, record.tar_size) for record in stack],
        )
        data = msgspec.json.encode(_without_none(manifest))
        digest = self._blob(data)
        platform = Platform(one.image.config.architecture, one.image.config.os, one.image.config.variant)
        described = []
        for name in one.names or (None,):
            annotations = None
            if name is not None:
                full = reference.parse(name)
                annotations = {
                    "io.containerd.image.name": str(full),
                    "org.opencontainers.image.ref.name": full.tag or "",
                }
            described.append(
                Descriptor(media.OCI_MANIFEST, digest, len(data), annotations=annotations, platform=platform)
            )
        return described

    def _folder(self, path: str) -> None:
        self._writer.add(Entry(path + "/", Kind.DIRECTORY, mode=0o755))

    def _blob(self, data: bytes) -> str:
        digest = digests.of_bytes(data)
        if digest not in self._written:
            self._written.add(digest)
            self._writer.file(_path(digest), data)
        return digest

    def _layer(self, record: LayerRecord) -> None:
        if record.diff_id in self._written:
            return
        self._written.add(record.diff_id)
        self._writer.add(Entry(_path(record.diff_id), size=record.tar_size))
        try:
            self._layers.write(record.chain_id, _Content(self._writer))
        except ValueError as error:
            raise SystemProblem(f"the layer {record.diff_id} has been changed on disk") from error


class _Content:
    """What is written becomes content of the member that was added last."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def write(self, data: bytes | memoryview) -> None:
        self._writer.content(data)


def _path(digest: str) -> str:
    return f"{_FOLDER}/{digest.removeprefix(PREFIX)}"


def _without_none(manifest: Manifest | Index) -> dict[str, Any]:
    return {key: value for key, value in msgspec.to_builtins(manifest).items() if value is not None}


def _repositories(selected: Sequence[Selected]) -> dict[str, dict[str, str]]:
    """The oldest format's list: repository -> tag -> topmost layer."""
    found: dict[str, dict[str, str]] = {}
    for one in selected:
        for name in one.names:
            parsed = reference.parse(name)
            top = one.image.layers[-1].removeprefix(PREFIX) if one.image.layers else ""
            found.setdefault(parsed.familiar_name, {})[parsed.tag or ""] = top
    return found
