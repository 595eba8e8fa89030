"""Manifests of a registry: fetched, proved, and, where there are several, chosen by platform.

A document is used only when its digest is the one that it was asked for, or that the registry announced, and when
its media type is the one announced (CVE-2021-41190). Of an index one image is followed, through a few indexes at most,
whatever it lists (CVE-2026-53493).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hythe.errors import InvalidArgument, NotFound, Unsupported
from hythe.oci import digest as digests
from hythe.oci import manifest as manifests
from hythe.oci import media, platform
from hythe.oci.manifest import Descriptor, Index, Manifest
from hythe.registry.connection import Connection
from hythe.registry.failures import BadContent

_DEPTH: Final = 4
_ACCEPT: Final = ", ".join(sorted(media.MANIFESTS) + sorted(media.INDEXES))
_OLD: Final = (
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
)


@dataclass(frozen=True)
class Found:
    """A document and what it was found as; `media_type` is never empty."""

    digest: str
    media_type: str
    data: bytes
    document: Manifest | Index


def pulling(repository: str) -> list[str]:
    """The scopes for reading a repository."""
    return [f"repository:{repository}:pull"]


async def fetch(
    connection: Connection, repository: str, ref: str, expected: Descriptor | None = None
) -> Found:
    """The document called `ref`, a tag or a digest. Raises BadContent, Unsupported, Refused, Unreachable."""
    async with connection.request(
        "GET", f"/v2/{repository}/manifests/{ref}", scopes=pulling(repository), headers={"Accept": _ACCEPT}
    ) as response:
        data = await connection.read(response, manifests.SIZE_LIMIT)
        announced = response.headers.get("Content-Type", "").partition(";")[0].strip()
        named = response.headers.get("Docker-Content-Digest", "")
    if announced in _OLD:
        raise Unsupported(
            f"{repository}:{ref} is a manifest of schema 1, which is not supported", hint="push it anew"
        )
    digest = digests.of_bytes(data)
    wanted = expected.digest if expected is not None else ref if digests.is_digest(ref) else named or digest
    if digest != wanted:
        raise BadContent(
            f"the manifest {ref} of {repository} has the digest {digest}, not {wanted} as it must"
        )
    if expected is not None and (expected.size != len(data) or expected.media_type != announced):
        raise BadContent(
            f"the manifest {ref} of {repository} is not of the size and type that its index gives"
        )
    try:
        document = manifests.parse(data, announced)
    except InvalidArgument as error:
        raise BadContent(f"{repository}:{ref}: {error.message}") from error
    return Found(digest, announced or document.media_type, data, document)


async def image_of(connection: Connection, repository: str, top: Found, wanted: platform.Wanted) -> Found:
    """The image that a document leads to: itself, or the one for the platform in the index that it is."""
    found = top
    for _ in range(_DEPTH):
        if isinstance(found.document, Manifest):
            return found
        chosen = platform.choose(found.document.manifests, wanted)
        if chosen is None:
            chosen = _only_index(found.document)
        if chosen is None:
            raise NotFound(f"no matching manifest for {wanted} in the manifest list entries")
        found = await fetch(connection, repository, chosen.digest, chosen)
    if isinstance(found.document, Manifest):
        return found
    raise BadContent(f"the index {top.digest} leads to more than {_DEPTH} others")


def _only_index(index: Index) -> Descriptor | None:
    """An index in an index need not say for which platforms it is."""
    inner = [each for each in index.manifests if each.media_type in media.INDEXES and each.platform is None]
    return inner[0] if len(inner) == 1 else None


def check_layers(manifest: Manifest) -> None:
    """Raises Unsupported for what is not an image, or not to be had from its registry alone."""
    if manifest.config.media_type not in media.CONFIGS:
        raise Unsupported(f"not an image but {manifest.config.media_type or 'of no type'}")
    for layer in manifest.layers:
        if layer.media_type in media.FOREIGN:
            raise Unsupported(
                f"the layer {layer.digest} is to be fetched from elsewhere than its registry: refused",
                hint="push the image with that layer in it",
            )
        if layer.media_type not in media.LAYERS:
            raise Unsupported(f"layers of the type {layer.media_type} are not supported")
