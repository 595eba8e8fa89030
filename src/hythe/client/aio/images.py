"""Images: looking, naming, moving, building. Long operations give their progress as it comes, and raise its error."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from hythe.client.aio.stream import AsyncStream, stream
from hythe.client.decoding import Messages, Pieces
from hythe.client.drivers.aio import AsyncBody, Driver
from hythe.client.filters import asked
from hythe.client.images import authorization, authorizations, split_tag
from hythe.client.values.images import Image, Layer, Progress, Pruned
from hythe.errors import NotFound, Unavailable

TAR = {"Content-Type": "application/x-tar"}


class AsyncImages:
    """`client.images`. A `ref` is a name, "redis:7", or an id."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def list(
        self, filters: Mapping[str, str | Sequence[str]] | None = None, *, all: bool = False
    ) -> tuple[Image, ...]:
        answer = await self._driver.call("GET", "/images/json", {"all": all, "filters": asked(filters)})
        return tuple(Image.read(each) for each in answer or ())

    async def get(self, ref: str) -> Image:
        """Raises NotFound."""
        return Image.read(await self._driver.call("GET", f"/images/{ref}/json"))

    async def exists(self, ref: str) -> bool:
        try:
            await self.get(ref)
        except NotFound:
            return False
        return True

    async def history(self, ref: str) -> tuple[Layer, ...]:
        return tuple(
            Layer.read(each) for each in await self._driver.call("GET", f"/images/{ref}/history") or ()
        )

    async def tag(self, ref: str, name: str) -> None:
        """Give it a further name."""
        repository, tag = split_tag(name)
        await self._driver.call("POST", f"/images/{ref}/tag", {"repo": repository, "tag": tag or "latest"})

    async def remove(self, ref: str, *, force: bool = False) -> tuple[str, ...]:
        """Take the name away and, with its last, the image; gives the names and ids that are gone."""
        answer = await self._driver.call("DELETE", f"/images/{ref}", {"force": force or None})
        return tuple(str(each.get("Deleted") or each.get("Untagged")) for each in answer or ())

    async def prune(self, filters: Mapping[str, str | Sequence[str]] | None = None) -> Pruned:
        """Remove those that have no name and no container; filters={"dangling": "false"}: the named ones too."""
        answer = await self._driver.call("POST", "/images/prune", {"filters": asked(filters)})
        return Pruned.read(answer, "ImagesDeleted")

    async def save(self, *refs: str) -> AsyncStream[bytes]:
        """The pieces of one tar with all of them, for `load`."""
        answer = await self._driver.stream("GET", "/images/get", {"names": list(refs)})
        return stream(self._driver, answer, Pieces())

    async def load(self, archive: AsyncBody) -> tuple[str, ...]:
        """From a tar: bytes, an open file, or pieces. Gives the names of what it had."""
        answer = await self._driver.stream("POST", "/images/load", {"quiet": True}, archive, TAR)
        loaded = []
        async for message in stream(self._driver, answer, Messages()):
            word, _, name = message.text.strip().partition(": ")
            if word in ("Loaded image", "Loaded image ID"):
                loaded.append(name)
        return tuple(loaded)

    async def pull(
        self, name: str, *, platform: str | None = None, auth: Mapping[str, str] | None = None
    ) -> Image:
        """Fetch "repository[:tag|@digest]" from its registry.

        `auth`: username, password, serveraddress; else what `hythe login` or `docker login` has kept.
        """
        async for _ in await self.pulling(name, platform=platform, auth=auth):
            pass
        return await self.get(name)

    async def pulling(
        self, name: str, *, platform: str | None = None, auth: Mapping[str, str] | None = None
    ) -> AsyncStream[Progress]:
        """The same, with its progress; done when that has ended."""
        repository, tag = split_tag(name)
        query = {"fromImage": repository, "tag": tag or "latest", "platform": platform}
        headers = authorization(_known(name) if auth is None else auth)
        answer = await self._driver.stream("POST", "/images/create", query, None, headers)
        return stream(self._driver, answer, Messages())

    async def pushing(self, name: str, *, auth: Mapping[str, str] | None = None) -> AsyncStream[Progress]:
        """Send it to its registry; done when the progress has ended."""
        repository, tag = split_tag(name)
        path, query = f"/images/{repository}/push", {"tag": tag or "latest"}
        answer = await self._driver.stream(
            "POST", path, query, None, authorization(_known(name) if auth is None else auth)
        )
        return stream(self._driver, answer, Messages())

    async def build(
        self, path: str, *, tag: str | Sequence[str] = (), dockerfile: str | None = None,
        args: Mapping[str, str] | None = None, target: str = "", labels: Mapping[str, str] | None = None,
        pull: bool = False, no_cache: bool = False, platform: str = "", extra: Mapping[str, Any] | None = None,
    ) -> Image:  # fmt: skip
        """From the Dockerfile in the directory `path`, without what its .dockerignore leaves out.

        `args` are build arguments, `target` a stage, `extra` further query parameters of the API's ImageBuild. Raises
        SystemProblem with the message of the step that failed.
        """
        from hythe.client.context import open_context

        context = open_context(path, dockerfile, sys.stdin.buffer)
        tags = [tag] if isinstance(tag, str) else list(tag)
        id = ""
        async for message in await self.building(
            context.body,
            {
                "t": tags, "dockerfile": context.dockerfile, "buildargs": dict(args or {}), "target": target or None,
                "labels": dict(labels or {}), "pull": pull or None, "nocache": no_cache, "rm": True,
                "platform": platform or None, **(extra or {}),
            },
        ):  # fmt: skip
            id = (message.raw.get("aux") or {}).get("ID", id)
        if not id:
            raise Unavailable(
                "the build has ended without an image", hint="see its messages: images.building()"
            )
        return await self.get(id)

    async def building(self, context: AsyncBody, options: Mapping[str, Any]) -> AsyncStream[Progress]:
        """Build from a tar, with the query parameters of ImageBuild; its progress."""
        from hythe.client.credentials import Credentials

        headers = {**TAR, **authorizations(Credentials().all())}
        answer = await self._driver.stream("POST", "/build", options, context, headers)
        return stream(self._driver, answer, Messages())


def _known(name: str) -> Mapping[str, Any]:
    """The user's credentials for an image's registry; {} for none."""
    from hythe.client.credentials import Credentials

    return Credentials().for_image(name)
