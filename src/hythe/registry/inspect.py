"""What a registry has under a name, without fetching it: `docker buildx`, swarm and policies ask for that."""

from __future__ import annotations

from typing import Any

import msgspec

from hythe.oci import image as documents
from hythe.oci.manifest import Index, Manifest
from hythe.oci.reference import Reference
from hythe.registry import blobs, manifests
from hythe.registry.connection import Connection
from hythe.registry.credentials import Credentials
from hythe.registry.manifests import Found
from hythe.registry.reaching import first
from hythe.registry.settings import Settings

Json = dict[str, Any]


async def inspect(wanted: Reference, credentials: Credentials, settings: Settings) -> tuple[Json, list[Json]]:
    """(descriptor, platforms), as the Engine API's DistributionInspect has them. Raises what `failures` has."""

    async def ask(connection: Connection) -> Found:
        return await manifests.fetch(connection, wanted.repository, wanted.digest or wanted.tag or "")

    async with first(wanted.registry, credentials, settings, ask) as (connection, found):
        descriptor = {"mediaType": found.media_type, "digest": found.digest, "size": len(found.data)}
        document = found.document
        if isinstance(document, Index):
            listed = [each.platform for each in document.manifests if each.platform is not None]
            return descriptor, [msgspec.to_builtins(platform) for platform in listed]
        assert isinstance(document, Manifest)
        manifests.check_layers(document)
        data = await blobs.small(connection, wanted.repository, document.config, documents.SIZE_LIMIT)
    config = documents.decode(data)
    platform = {"architecture": config.architecture, "os": config.os, "variant": config.variant}
    return descriptor, [{name: value for name, value in platform.items() if value}]
