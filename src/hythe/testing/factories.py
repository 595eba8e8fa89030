"""What the fixtures give to a test: callables that make things, and whose stack takes them away, last made first."""

from __future__ import annotations

import secrets
from contextlib import ExitStack, suppress
from typing import Any, Unpack

from hythe.client.blocking.client import Client
from hythe.client.blocking.container import Container
from hythe.client.blocking.networks import Network
from hythe.client.blocking.volumes import Volume
from hythe.client.config.options import Command, ContainerOptions
from hythe.errors import HytheError, NotFound


def unique_name() -> str:
    return f"test-{secrets.token_hex(6)}"


class _Factory:
    def __init__(self, client: Client, label: str, stack: ExitStack) -> None:
        self._client, self._stack = client, stack
        name, _, value = label.partition("=")
        self._labels = {name: value}


class ContainerFactory(_Factory):
    """Makes containers that run, and waits until they can be used."""

    def __init__(self, client: Client, label: str, stack: ExitStack) -> None:
        super().__init__(client, label, stack)
        self._made: list[Container] = []

    def __call__(
        self, image: str, command: Command = None, *, wait_port: int | str | None = None,
        wait_log: str | None = None, wait_healthy: bool = False, timeout: float = 60,
        **options: Unpack[ContainerOptions],
    ) -> Container:  # fmt: skip
        """As `client.containers.run`; then the waits that are asked for, of `timeout` seconds each.

        `wait_port` also publishes that port at a free one of the host; `container.published(PORT)` says which.
        `wait_log` is a regular expression. Raises NotReady.
        """
        options.setdefault("name", unique_name())
        options["labels"] = {**options.get("labels", {}), **self._labels}
        if wait_port is not None and "ports" not in options:
            options["ports"] = [f"127.0.0.1::{wait_port}"]
        container = self._client.containers.run(image, command, **options)
        self._made.append(container)
        self._stack.push(container)
        if wait_log is not None:
            container.wait_for_log(wait_log, timeout=timeout)
        if wait_healthy:
            container.wait_healthy(timeout=timeout)
        if wait_port is not None:
            container.wait_for_port(wait_port, timeout=timeout)
        return container

    def logs(self, tail: int) -> list[tuple[str, str]]:
        """(name, last lines) of each that is still there."""
        found = []
        for container in self._made:
            with suppress(HytheError):
                output = container.logs(tail=tail)
                text = (output.stdout + output.stderr).decode(errors="replace")
                found.append((f"the container {container.info().name}", text))
        return found


class NetworkFactory(_Factory):
    def __call__(self, **options: Any) -> Network:
        """As `client.networks.create`, with a random name where none is given."""
        name = options.pop("name", None) or unique_name()
        labels = {**options.pop("labels", {}), **self._labels}
        network = self._client.networks.create(name, labels=labels, **options)
        self._stack.callback(_removed, network)
        return network


class VolumeFactory(_Factory):
    def __call__(self, **options: Any) -> Volume:
        """As `client.volumes.create`, with a random name where none is given."""
        name = options.pop("name", None) or unique_name()
        labels = {**options.pop("labels", {}), **self._labels}
        volume = self._client.volumes.create(name, labels=labels, **options)
        self._stack.callback(_removed, volume)
        return volume


def _removed(thing: Network | Volume) -> None:
    with suppress(NotFound):  # the test has removed it
        thing.remove()
