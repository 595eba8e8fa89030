"""Images: list, look at, pull, remove, and how much room they take."""

from __future__ import annotations

import asyncio
import base64
import binascii
import builtins
import os
import time
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from cri_api.v1 import api_pb2 as cri

from hythe.api.cri.records import Member
from hythe.api.cri.server import Handlers
from hythe.api.cri.translate.container_status import Named
from hythe.api.cri.translate.image_status import image_message, named
from hythe.errors import Conflict, InvalidArgument, NotFound
from hythe.oci import reference
from hythe.oci.digest import PREFIX, is_digest
from hythe.registry.credentials import NOBODY, Credentials
from hythe.store.image import Image

if TYPE_CHECKING:
    from hythe.engine.engine import Engine

FRESH_SECONDS: Final = 30.0


class Images:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._looked = (float("-inf"), 0)
        """(when, bytes) of the last look at what containers have written."""

    def handlers(self) -> Handlers:
        return {
            "ListImages": self.list,
            "ImageStatus": self.status,
            "PullImage": self.pull,
            "RemoveImage": self.remove,
            "ImageFsInfo": self.file_system,
        }

    def find(self, spec: cri.ImageSpec) -> Image | None:
        """By name, name@digest or id; None where there is none. Raises InvalidArgument for what is no name."""
        if not spec.image:
            raise InvalidArgument("no image was named")
        try:
            return self._engine.images.get(spec.image)
        except NotFound:
            pass
        if is_digest(spec.image) or is_digest(PREFIX + spec.image):
            return None
        parsed = reference.parse(spec.image)
        if parsed.tag is None or parsed.digest is None:
            return None
        try:  # of a tag and a digest, the digest says what is meant
            return self._engine.images.get(f"{parsed.name}@{parsed.digest}")
        except NotFound:
            return None

    def named(self, one: Member) -> Named:
        """How the status of a container names its image."""
        try:
            image: Image | None = self._engine.images.get(one.record.image_id)
        except NotFound:
            image = None
        return named(image, one.config.image.image, one.record.image_id)

    async def list(self, request: cri.ListImagesRequest) -> cri.ListImagesResponse:
        if request.filter.image.image:
            found = self.find(request.filter.image)
            chosen = [] if found is None else [found]
        else:
            chosen = self._engine.images.list()
        return cri.ListImagesResponse(images=[image_message(one) for one in chosen])

    async def status(self, request: cri.ImageStatusRequest) -> cri.ImageStatusResponse:
        """Without an image where there is none: that is no error."""
        image = self.find(request.image)
        if image is None:
            return cri.ImageStatusResponse()
        response = cri.ImageStatusResponse(image=image_message(image))
        if request.verbose:
            info = {"chainID": image.layers[-1] if image.layers else "", "imageSpec": image.config}
            response.info["info"] = msgspec.json.encode(info).decode()
        return response

    async def pull(self, request: cri.PullImageRequest) -> cri.PullImageResponse:
        wanted = reference.parse(request.image.image).with_tag()
        name = f"{wanted.name}@{wanted.digest}" if wanted.digest else str(wanted)
        who = _credentials(request.auth)
        async with aclosing(self._engine.registries.pull(name, "", who)) as messages:
            async for _ in messages:
                pass
        image = self._engine.images.get(name)
        return cri.PullImageResponse(image_ref=image.id)

    async def remove(self, request: cri.RemoveImageRequest) -> cri.RemoveImageResponse:
        """With all its names. One that is gone is no error; one that a container uses is not removed."""
        image = self.find(request.image)
        if image is not None:
            users = [c.name for c in self._engine.containers.list() if c.image_id == image.id]
            if users:
                raise Conflict(f"image {request.image.image} is in use by {', '.join(users)}")
            await self._engine.images.remove(image.id, force=True)
        return cri.RemoveImageResponse()

    async def file_system(self, request: cri.ImageFsInfoRequest) -> cri.ImageFsInfoResponse:
        """What images take, and what containers do, of the file system that both are on."""
        data = self._engine.paths.data
        layers = await self._engine.images.layers_size()
        written = await self._written()
        return cri.ImageFsInfoResponse(
            image_filesystems=[_usage(str(data / "snapshots/layers"), layers)],
            container_filesystems=[_usage(str(data / "snapshots/containers"), written)],
        )

    async def _written(self) -> int:
        """What containers have written: found by walking through it all, so not at every call."""
        when, size = self._looked
        if time.monotonic() - when > FRESH_SECONDS:
            snapshots = [record.snapshot for record in self._engine.containers.list()]
            size = await asyncio.to_thread(self._sum, snapshots)
            self._looked = (time.monotonic(), size)
        return size

    def _sum(self, snapshots: builtins.list[str]) -> int:
        found = 0
        for one in snapshots:
            with suppress(NotFound):  # removed meanwhile
                found += self._engine.images.store.snapshots.usage(one)
        return found


def _usage(place: str, size: int) -> cri.FilesystemUsage:
    inodes = os.statvfs(place if Path(place).is_dir() else "/")
    return cri.FilesystemUsage(
        timestamp=time.time_ns(),
        fs_id=cri.FilesystemIdentifier(mountpoint=place),
        used_bytes=cri.UInt64Value(value=size),
        inodes_used=cri.UInt64Value(value=inodes.f_files - inodes.f_ffree),
    )


def _credentials(auth: cri.AuthConfig) -> Credentials:
    """Raises InvalidArgument for an `auth` that is no name and password in base64."""
    if auth.identity_token or auth.registry_token:
        return Credentials(identity_token=auth.identity_token, registry_token=auth.registry_token)
    if auth.username:
        return Credentials(auth.username, auth.password)
    if not auth.auth:
        return NOBODY
    try:
        user, separator, password = base64.b64decode(auth.auth, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidArgument(f"auth is not base64: {error}") from error
    if not separator:
        raise InvalidArgument("invalid auth config: it is not USER:PASSWORD in base64")
    return Credentials(user, password.rstrip("\0"))
