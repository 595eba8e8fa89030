"""Starting containers in the order of their dependencies, and waiting for the conditions of these.

Every service is started as soon as what it depends on fulfils its condition; services that do not depend on
each other start at the same time. A dependency that fails ends it all: "dependency failed to start: container
shop-db-1 is unhealthy".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from hythe.client import Client
from hythe.compose import graph
from hythe.compose.model import Dependency, Service
from hythe.compose.progress import Progress
from hythe.compose.state import Container
from hythe.compose.watch import Status, Watch
from hythe.errors import Conflict, HytheError, Unavailable

Groups = Mapping[str, Sequence[Container]]


class Starter:
    """Starts the containers of `services`, given by service in `containers`."""

    def __init__(
        self, client: Client, watch: Watch, progress: Progress, services: Mapping[str, Service],
        containers: Groups, deadline: float | None = None,
    ) -> None:  # fmt: skip
        self._client, self._watch, self._progress = client, watch, progress
        self._services, self._containers, self._deadline = services, containers, deadline
        self._checked: dict[str, bool] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start all. The first failure is raised, after what was under way has ended."""
        dependencies = {name: list(one.depends_on) for name, one in self._services.items()}
        graph.run(dependencies, self._start_service, workers=32, on_failure=self._watch.cancel)

    def wait(self) -> None:
        """Wait until all are healthy, or running where there is no health check, or have ended well."""
        everybody = {one.id: one for group in self._containers.values() for one in group}
        graph.run(
            {identity: [] for identity in everybody},
            lambda identity: self._settled(everybody[identity]),
            workers=32,
            on_failure=self._watch.cancel,
        )

    def _start_service(self, name: str) -> None:
        service = self._services[name]
        self.fulfil(service)
        for container in self._containers.get(name, ()):
            self._start(container)

    def fulfil(self, service: Service) -> None:
        """Wait until what a service depends on is as it wants it."""
        for other, dependency in service.depends_on.items():
            if other in self._containers:
                self._wait_for(other, dependency)

    def _start(self, container: Container) -> None:
        thing = f"Container {container.name}"
        if container.state in ("running", "restarting"):
            self._progress.show(thing, "Running")
            return
        self._progress.show(thing, "Starting")
        self._watch.starting(container.id)
        try:
            if container.state == "paused":
                self._client.containers.unpause(container.id)
            else:
                self._client.containers.start(container.id)
        except HytheError:
            self._watch.forget(container.id)
            self._progress.show(thing, "Error")
            raise
        self._progress.show(thing, "Started")

    def _wait_for(self, other: str, dependency: Dependency) -> None:
        """Block until all containers of a service fulfil the condition."""
        if dependency.condition == "service_started":
            return
        for container in self._containers[other]:
            try:
                if dependency.condition == "service_healthy":
                    self._healthy(container)
                else:
                    self._completed(container, other)
            except (Conflict, Unavailable) as error:
                if dependency.required:
                    raise
                self._progress.say(f"warning: optional dependency {other!r} failed to start: {error.message}")

    def _healthy(self, container: Container) -> None:
        thing = f"Container {container.name}"
        if not self._has_check(container):
            raise Conflict(
                f"dependency failed to start: container {container.name} has no healthcheck configured",
                hint="give the service a healthcheck, or depend on it with service_started",
            )
        self._progress.show(thing, "Waiting")
        status = self._until(container, lambda now: now.health in ("healthy", "unhealthy") or _ended(now))
        if status.health == "healthy" and not _ended(status):
            self._progress.show(thing, "Healthy")
            return
        self._progress.show(thing, "Error")
        raise self._failed(container, status)

    def _completed(self, container: Container, service: str) -> None:
        thing = f"Container {container.name}"
        self._progress.show(thing, "Waiting")
        status = self._until(container, _ended)
        if status.exit_code == 0 and not status.gone:
            self._progress.show(thing, "Exited")
            return
        self._progress.show(thing, "Error")
        raise Conflict(
            f"service {service!r} didn't complete successfully: exit {status.exit_code}",
            hint=f"see what it said: hythe logs {container.name}",
        )

    def _settled(self, container: Container) -> None:
        """For `up --wait`."""
        if self._has_check(container):
            self._progress.show(f"Container {container.name}", "Waiting")
            status = self._until(container, lambda now: now.health in ("healthy", "unhealthy") or _ended(now))
            good = status.health == "healthy" and not _ended(status)
        else:
            status = self._until(container, lambda now: now.running or _ended(now))
            good = not _ended(status)
        if good:
            self._progress.show(f"Container {container.name}", "Healthy")
        elif _ended(status) and status.exit_code == 0:
            self._progress.show(f"Container {container.name}", "Exited")
        else:
            self._progress.show(f"Container {container.name}", "Error")
            raise self._failed(container, status, depended=False)

    def _until(self, container: Container, done: Callable[[Status], bool]) -> Status:
        try:
            return self._watch.until(container.id, done, self._deadline)
        except TimeoutError as error:
            raise Unavailable(
                f"application not healthy after the time given: container {container.name}"
            ) from error

    def _failed(self, container: Container, status: Status, *, depended: bool = True) -> Conflict:
        how = f"exited ({status.exit_code})" if _ended(status) else "is unhealthy"
        prefix = "dependency failed to start: " if depended else ""
        return Conflict(
            f"{prefix}container {container.name} {how}", hint=f"see what it said: hythe logs {container.name}"
        )

    def _has_check(self, container: Container) -> bool:
        """Whether the file or the image gives it a health check."""
        with self._lock:
            known = self._checked.get(container.id)
        if known is None:
            config = self._client.containers.inspect(container.id)["Config"]
            test = (config.get("Healthcheck") or {}).get("Test") or []
            known = bool(test) and test[0] != "NONE"
            with self._lock:
                self._checked[container.id] = known
        return known


def deadline(seconds: float | None) -> float | None:
    return None if not seconds else time.monotonic() + seconds


def _ended(status: Status) -> bool:
    return status.gone or (not status.running and status.exit_code is not None)
