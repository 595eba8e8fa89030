"""Making, replacing and removing the containers of services."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hythe.client import Client
from hythe.compose import create_mounts, naming
from hythe.compose.create import Identity, further, request, stop_seconds
from hythe.compose.model import Project, Service
from hythe.compose.progress import Progress
from hythe.compose.state import Container
from hythe.errors import Conflict, HytheError, NotFound

Json = dict[str, Any]


class Containers:
    """Works on one project. `hashes` and `images` (ids) are by service. Safe for use by several threads."""

    def __init__(
        self, client: Client, project: Project, progress: Progress, *, hashes: Mapping[str, str],
        images: Mapping[str, str | None],
    ) -> None:  # fmt: skip
        self._client, self._project, self._progress = client, project, progress
        self._hashes, self._images = hashes, images
        self._ids: dict[str, str] = {}
        self._lock = threading.Lock()

    def know(self, container: Container) -> None:
        """Containers that others may share a namespace with."""
        with self._lock:
            self._ids.setdefault(container.service, container.id)

    def create(self, service: Service, number: int) -> Container:
        """A new container, not started."""
        name = naming.container(self._project, service, number)
        thing = f"Container {name}"
        self._progress.show(thing, "Creating")
        try:
            identity = self._create(service, number, name, {})
        except Conflict as error:
            self._progress.show(thing, "Error")
            raise Conflict(error.message, hint=error.hint or f"remove it with: hythe rm -f {name}") from error
        except HytheError:
            self._progress.show(thing, "Error")
            raise
        self._progress.show(thing, "Created")
        return self._made(service, number, name, identity)

    def recreate(self, service: Service, old: Container, *, renew_volumes: bool = False) -> Container:
        """A new container in place of `old`, with its number and, unless `renew_volumes`, its volumes.

        The new one is made under another name first, so that nothing is lost when that fails.
        """
        name = naming.container(self._project, service, old.number)
        thing = f"Container {name}"
        self._progress.show(thing, "Recreate")
        kept = {} if renew_volumes else self._anonymous_volumes(service, old)
        temporary = f"{old.id[:12]}_{name}"
        try:
            identity = self._create(service, old.number, temporary, kept, final=name, replaces=old)
            try:
                self._client.containers.stop(old.id, timeout=stop_seconds(service))
                self._client.containers.remove(old.id, force=True)
                self._client.containers.rename(identity, name)
            except BaseException:
                self._discard(identity)
                raise
        except HytheError:
            self._progress.show(thing, "Error")
            raise
        self._progress.show(thing, "Recreated")
        return self._made(service, old.number, name, identity)

    def run_once(self, service: Service, name: str, slug: str, *, ports: bool, aliases: bool) -> Container:
        """A container for `run`."""
        identity = self._create(service, 1, name, {}, slug=slug, ports=ports, aliases=aliases)
        return replace(self._made(service, 1, name, identity), oneoff=True)

    def remove(self, container: Container, *, timeout: int | None = None, volumes: bool = False) -> None:
        """Stop and remove it."""
        self.stop(container, timeout=timeout)
        thing = f"Container {container.name}"
        self._progress.show(thing, "Removing")
        try:
            self._client.containers.remove(container.id, force=True, volumes=volumes)
        except NotFound:
            pass  # somebody was quicker, and it is gone as it should be
        self._progress.show(thing, "Removed")

    def stop(self, container: Container, *, timeout: int | None = None) -> None:
        if not container.running:
            return
        thing = f"Container {container.name}"
        self._progress.show(thing, "Stopping")
        try:
            self._client.containers.stop(container.id, timeout=timeout)
        except NotFound:
            pass
        self._progress.show(thing, "Stopped")

    def _create(
        self, service: Service, number: int, name: str, kept: Mapping[str, str], *, final: str = "",
        slug: str = "", ports: bool = True, aliases: bool = True, replaces: Container | None = None,
    ) -> str:  # fmt: skip
        identity = Identity(
            name=final or name,
            image=naming.image(self._project, service),
            labels=self._labels(service, number, slug, replaces),
            container=self._container_of,
            volumes=kept,
            aliases=aliases,
            ports=ports,
            stdin_once=bool(slug),
        )
        body = request(self._project, service, identity)
        files = create_mounts.copied_files(self._project, service)
        made = self._client.containers.create(name, body, platform=service.platform)
        try:
            for network, endpoint in further(self._project, service, identity):
                self._client.networks.connect(network, made, endpoint)
            if files:
                self._client.containers.archive_put(made, "/", create_mounts.archive(files), copy_owner=True)
        except BaseException:
            self._discard(made)
            raise
        return made

    def _labels(self, service: Service, number: int, slug: str, replaces: Container | None) -> dict[str, str]:
        labels = naming.container_labels(
            self._project, service, number=number, config_hash=self._hashes[service.name],
            image_id=self._images.get(service.name) or "", oneoff=bool(slug),
        )  # fmt: skip
        if slug:
            labels[naming.SLUG] = slug
            del labels[naming.NUMBER]
        if replaces is not None:
            labels[naming.REPLACE] = replaces.name
        return labels

    def _container_of(self, service: str) -> str:
        with self._lock:
            found = self._ids.get(service)
        if found is None:
            raise NotFound(f"service {service!r} has no container whose namespaces could be shared")
        return found

    def _anonymous_volumes(self, service: Service, old: Container) -> dict[str, str]:
        """Targets -> names of the old container's volumes that the file gives no name."""
        named = {mount.target for mount in service.volumes if mount.source or mount.type != "volume"}
        found = self._client.containers.inspect(old.id).get("Mounts") or []
        return {
            mount["Destination"]: mount["Name"]
            for mount in found
            if mount.get("Type") == "volume" and mount["Destination"] not in named and mount.get("Name")
        }

    def _discard(self, identity: str) -> None:
        """Take away what was half made; the failure that led here is the one to be told."""
        try:
            self._client.containers.remove(identity, force=True)
        except HytheError as error:
            self._progress.say(f"warning: the container {identity[:12]} was left behind: {error.message}")

    def _made(self, service: Service, number: int, name: str, identity: str) -> Container:
        with self._lock:
            self._ids[service.name] = identity
        return Container(
            id=identity, name=name, service=service.name, number=number, state="created",
            config_hash=self._hashes[service.name],
        )  # fmt: skip
