"""Containers: making, finding, and running one to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

from hythe.client.aio.container import AsyncContainer
from hythe.client.aio.images import AsyncImages
from hythe.client.config.options import Command, ContainerOptions, create_body
from hythe.client.drivers.aio import Driver
from hythe.client.filters import asked
from hythe.client.problems import ProgramFailed
from hythe.client.values.containers import ContainerInfo, ContainerSummary, Output
from hythe.client.values.images import Pruned
from hythe.errors import NotFound


class AsyncContainers:
    """`client.containers`."""

    def __init__(self, driver: Driver, images: AsyncImages) -> None:
        self._driver, self._images = driver, images

    async def create(
        self, image: str, command: Command = None, *, platform: str | None = None, pull: bool = True,
        **options: Unpack[ContainerOptions],
    ) -> AsyncContainer:  # fmt: skip
        """Make one, without starting it. `pull`: fetch an image that is not there."""
        body = create_body(image, command, **options)
        query = {"name": options.get("name"), "platform": platform}
        try:
            answer = await self._driver.call("POST", "/containers/create", query, body)
        except NotFound:
            if not pull or await self._images.exists(image):
                raise
            await self._images.pull(image, platform=platform)
            answer = await self._driver.call("POST", "/containers/create", query, body)
        return AsyncContainer(self._driver, answer["Id"])

    async def run(
        self, image: str, command: Command = None, *, platform: str | None = None, pull: bool = True,
        **options: Unpack[ContainerOptions],
    ) -> AsyncContainer:  # fmt: skip
        """Make one and start it; it runs on in the background. As a context manager it is removed in the end.

        Raises CannotStart where its program cannot be run; nothing is left then.
        """
        container = await self.create(image, command, platform=platform, pull=pull, **options)
        try:
            await container.start()
        except BaseException:
            await container.remove(force=True, volumes=True)
            raise
        return container

    async def check_output(
        self, image: str, command: Command = None, *, input: bytes | None = None, check: bool = True,
        platform: str | None = None, pull: bool = True, **options: Unpack[ContainerOptions],
    ) -> Output:  # fmt: skip
        """Run one to its end, give what it printed, and remove it.

        `check`: raise ProgramFailed where its exit code is not 0. `input` is what it reads.
        """
        options["stdin"] = input is not None
        container = await self.create(image, command, platform=platform, pull=pull, **options)
        async with container, await container.attach(stdin=input is not None) as attached:
            ending = await container.ending("next-exit")
            await container.start()
            if input is not None:
                attached.pour(input)
            stdout, stderr = await attached.output()
            result = Output(await ending.exit_code(), stdout, stderr)
        if check and result.exit_code:
            raise ProgramFailed(f"{image}: {command or 'its own command'}", result)
        return result

    async def get(self, ref: str) -> AsyncContainer:
        """By name, id or the beginning of one. Raises NotFound."""
        info = ContainerInfo.read(await self._driver.call("GET", f"/containers/{ref}/json"))
        return AsyncContainer(self._driver, info.id)

    async def list(
        self, filters: Mapping[str, str | Sequence[str]] | None = None, *, all: bool = False
    ) -> tuple[AsyncContainer, ...]:
        """Handles on those that run, newest first; `all`: on those that do not, too."""
        return tuple(AsyncContainer(self._driver, each.id) for each in await self.summaries(filters, all=all))

    async def summaries(
        self, filters: Mapping[str, str | Sequence[str]] | None = None, *, all: bool = False
    ) -> tuple[ContainerSummary, ...]:
        """What `ps` shows of them."""
        answer = await self._driver.call("GET", "/containers/json", {"all": all, "filters": asked(filters)})
        return tuple(map(ContainerSummary.read, answer or ()))

    async def prune(self, filters: Mapping[str, str | Sequence[str]] | None = None) -> Pruned:
        """Remove those that do not run."""
        answer = await self._driver.call("POST", "/containers/prune", {"filters": asked(filters)})
        return Pruned.read(answer, "ContainersDeleted")
