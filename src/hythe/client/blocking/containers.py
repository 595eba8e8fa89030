# Made by scripts/blocking-client from ../aio/containers.py: change that, and run the script.
"""Containers: making, finding, and running one to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

from hythe.client.blocking.container import Container
from hythe.client.blocking.images import Images
from hythe.client.config.options import Command, ContainerOptions, create_body
from hythe.client.drivers.blocking import Driver
from hythe.client.filters import asked
from hythe.client.problems import ProgramFailed
from hythe.client.values.containers import ContainerInfo, ContainerSummary, Output
from hythe.client.values.images import Pruned
from hythe.errors import NotFound


class Containers:
    """`client.containers`."""

    def __init__(self, driver: Driver, images: Images) -> None:
        self._driver, self._images = driver, images

    def create(
        self, image: str, command: Command = None, *, platform: str | None = None, pull: bool = True,
        **options: Unpack[ContainerOptions],
    ) -> Container:  # fmt: skip
        """Make one, without starting it. `pull`: fetch an image that is not there."""
        body = create_body(image, command, **options)
        query = {"name": options.get("name"), "platform": platform}
        try:
            answer = self._driver.call("POST", "/containers/create", query, body)
        except NotFound:
            if not pull or self._images.exists(image):
                raise
            self._images.pull(image, platform=platform)
            answer = self._driver.call("POST", "/containers/create", query, body)
        return Container(self._driver, answer["Id"])

    def run(
        self, image: str, command: Command = None, *, platform: str | None = None, pull: bool = True,
        **options: Unpack[ContainerOptions],
    ) -> Container:  # fmt: skip
        """Make one and start it; it runs on in the background. As a context manager it is removed in the end.

        Raises CannotStart where its program cannot be run; nothing is left then.
        """
        container = self.create(image, command, platform=platform, pull=pull, **options)
        try:
            container.start()
        except BaseException:
            container.remove(force=True, volumes=True)
            raise
        return container

    def check_output(
        self, image: str, command: Command = None, *, input: bytes | None = None, check: bool = True,
        platform: str | None = None, pull: bool = True, **options: Unpack[ContainerOptions],
    ) -> Output:  # fmt: skip
        """Run one to its end, give what it printed, and remove it.

        `check`: raise ProgramFailed where its exit code is not 0. `input` is what it reads.
        """
        options["stdin"] = input is not None
        container = self.create(image, command, platform=platform, pull=pull, **options)
        with container, container.attach(stdin=input is not None) as attached:
            ending = container.ending("next-exit")
            container.start()
            if input is not None:
                attached.pour(input)
            stdout, stderr = attached.output()
            result = Output(ending.exit_code(), stdout, stderr)
        if check and result.exit_code:
            raise ProgramFailed(f"{image}: {command or 'its own command'}", result)
        return result

    def get(self, ref: str) -> Container:
        """By name, id or the beginning of one. Raises NotFound."""
        info = ContainerInfo.read(self._driver.call("GET", f"/containers/{ref}/json"))
        return Container(self._driver, info.id)

    def list(
        self, filters: Mapping[str, str | Sequence[str]] | None = None, *, all: bool = False
    ) -> tuple[Container, ...]:
        """Handles on those that run, newest first; `all`: on those that do not, too."""
        return tuple(Container(self._driver, each.id) for each in self.summaries(filters, all=all))

    def summaries(
        self, filters: Mapping[str, str | Sequence[str]] | None = None, *, all: bool = False
    ) -> tuple[ContainerSummary, ...]:
        """What `ps` shows of them."""
        answer = self._driver.call("GET", "/containers/json", {"all": all, "filters": asked(filters)})
        return tuple(map(ContainerSummary.read, answer or ()))

    def prune(self, filters: Mapping[str, str | Sequence[str]] | None = None) -> Pruned:
        """Remove those that do not run."""
        answer = self._driver.call("POST", "/containers/prune", {"filters": asked(filters)})
        return Pruned.read(answer, "ContainersDeleted")
