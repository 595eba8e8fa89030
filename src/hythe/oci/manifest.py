"""Manifests and indexes: which blobs make up an image (image-spec, manifest.md, image-index.md).

A document can be read as either only if it says so in one way: its media type must be what its descriptor
announced, and it must not have the fields of both kinds (CVE-2021-41190). Kept out: fetching the blobs.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from hythe.errors import InvalidArgument
from hythe.oci import digest as digests
from hythe.oci import media

SIZE_LIMIT: Final = 4 << 20
_DESCRIPTORS: Final = 1000
_S = TypeVar("_S", bound=Struct)


class Platform(Struct, omit_defaults=True):
    architecture: str = ""
    os: str = ""
    variant: str = ""
    os_version: str = msgspec.field(default="", name="os.version")


class Descriptor(Struct, omit_defaults=True, rename="camel"):
    """A reference to a blob: what it is, its digest, its size in bytes."""

    media_type: str
    digest: str
    size: int
    urls: list[str] | None = None
    annotations: dict[str, str] | None = None
    platform: Platform | None = None
    artifact_type: str = ""


class Manifest(Struct, rename="camel", kw_only=True):
    schema_version: int = 2
    media_type: str = media.OCI_MANIFEST
    config: Descriptor
    layers: list[Descriptor]
    annotations: dict[str, str] | None = None


class Index(Struct, rename="camel", kw_only=True):
    schema_version: int = 2
    media_type: str = media.OCI_INDEX
    manifests: list[Descriptor]
    annotations: dict[str, str] | None = None


class _Shape(Struct, rename="camel"):
    """The fields that tell the kinds apart."""

    media_type: str = ""
    config: msgspec.Raw = msgspec.Raw(b"")
    layers: msgspec.Raw = msgspec.Raw(b"")
    manifests: msgspec.Raw = msgspec.Raw(b"")


def parse(data: bytes, announced: str = "") -> Manifest | Index:
    """Read a document that was `announced` with a media type ("": only the document itself can say).

    Raises InvalidArgument for anything that is neither, or both, or not what was announced.
    """
    if len(data) > SIZE_LIMIT:
        raise InvalidArgument(f"the manifest is larger than {SIZE_LIMIT} bytes")
    shape = _decode(data, _Shape)
    is_index, is_manifest = bool(bytes(shape.manifests)), bool(bytes(shape.config) or bytes(shape.layers))
    if is_index == is_manifest:
        raise InvalidArgument(
            "the manifest is ambiguous: it must have either `manifests` or `config` and `layers`"
        )
    allowed = media.INDEXES if is_index else media.MANIFESTS
    for said in (announced, shape.media_type):
        if said and said not in allowed:
            raise InvalidArgument(f"the manifest's media type {said!r} does not fit its content")
    if announced and shape.media_type and announced != shape.media_type:
        raise InvalidArgument(f"the manifest calls itself {shape.media_type}, but {announced} was announced")
    document: Manifest | Index = _decode(data, Index) if is_index else _decode(data, Manifest)
    named = document.manifests if isinstance(document, Index) else [document.config, *document.layers]
    if len(named) > _DESCRIPTORS:
        raise InvalidArgument(f"the manifest refers to more than {_DESCRIPTORS} others")
    for descriptor in named:
        digests.check(descriptor.digest)
        if descriptor.size < 0:
            raise InvalidArgument(f"the manifest gives {descriptor.digest} a size below 0")
    return document


def _decode(data: bytes, kind: type[_S]) -> _S:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(f"the manifest cannot be read: {error}") from error
