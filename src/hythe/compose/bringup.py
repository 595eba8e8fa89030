"""From a plan to running containers: what `up`, `create`, `run` and `start` share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hythe.client import Client
from hythe.compose import check, graph, plan, render
from hythe.compose.containers import Containers
from hythe.compose.images import Images
from hythe.compose.model import FileSource, Project, Service
from hythe.compose.progress import Progress
from hythe.compose.resources import Resources
from hythe.compose.starting import Starter
from hythe.compose.state import Container, observe
from hythe.compose.watch import Watch
from hythe.errors import NotFound


@dataclass(frozen=True)
class Request:
    """What to bring up. `services` empty means all; `dependencies` false leaves theirs alone."""

    services: Sequence[str] = ()
    dependencies: bool = True
    recreate: str = plan.DIVERGED
    scale: Mapping[str, int] = field(default_factory=dict)
    build: bool | None = None
    pull: str | None = None
    remove_orphans: bool = False
    renew_volumes: bool = False
    timeout: int | None = None


class BringUp:
    """Creates what is missing, replaces what has changed, and starts it."""

    def __init__(self, client: Client, project: Project, progress: Progress) -> None:
        self._client, self._progress = client, progress
        self.project = project
        self.groups: dict[str, list[Container]] = {}
        self._services: dict[str, Service] = {}
        self._restart: frozenset[str] = frozenset()

    def create(self, request: Request) -> None:
        """Images, networks, volumes and containers, in the order of dependencies; nothing is started."""
        self._services = selection(self.project, request)
        for name in request.scale:
            self._check_scale(name, request.scale[name])
        images = Images(self._client, self.project, self._progress)
        images.ensure(self._services.values(), build=request.build, pull=request.pull)
        ids = {name: images.id(one) for name, one in self._services.items()}
        hashes = {name: hash_of(self.project, one) for name, one in self._services.items()}
        state = observe(self._client, self.project.name)
        wish = plan.Wish(
            services=frozenset(self._services),
            named=frozenset(request.services or self._services),
            hashes=hashes,
            images=ids,
            recreate=request.recreate,
            scale=request.scale,
        )
        made = plan.make(self.project, state, wish)
        self._restart = made.restart
        containers = Containers(self._client, self.project, self._progress, hashes=hashes, images=ids)
        self._orphans(made.orphans, containers, request)
        self._resources(made)
        for one in state.containers:
            if not one.oneoff:
                containers.know(one)
        dependencies = {name: one.depends_on for name, one in self._services.items()}
        graph.run(dependencies, lambda name: self._service(made.services[name], containers, request))

    def start(
        self, watch: Watch, *, wait: bool = False, deadline: float | None = None,
        progress: Progress | None = None,
    ) -> None:  # fmt: skip
        """Start all that `create` has seen to; with `wait`, until it is healthy.

        `progress` replaces the one so far, where the containers' own output is shown.
        """
        for name in self._restart:
            for container in self.groups.get(name, ()):
                if container.running:
                    self._client.containers.stop(container.id)
            self.groups[name] = [replace(one, state="exited") for one in self.groups.get(name, ())]
        shown = progress or self._progress
        starter = Starter(self._client, watch, shown, self._services, self.groups, deadline)
        starter.start()
        if wait:
            starter.wait()

    def fulfil(self, watch: Watch, service: Service) -> None:
        """Wait for the conditions under which `service`, which is not among these, may start."""
        Starter(self._client, watch, self._progress, self._services, self.groups).fulfil(service)

    def _service(self, wanted: plan.ServicePlan, containers: Containers, request: Request) -> None:
        result = list(wanted.keep)
        for one in wanted.remove:
            containers.remove(one, timeout=request.timeout)
        for one in wanted.recreate:
            result.append(containers.recreate(wanted.service, one, renew_volumes=request.renew_volumes))
        result.extend(containers.create(wanted.service, number) for number in wanted.create)
        self.groups[wanted.service.name] = sorted(result, key=lambda one: one.number)

    def _resources(self, made: plan.Plan) -> None:
        resources = Resources(self._client, self.project, self._progress)
        for network in made.networks:
            resources.network(network)
        for volume in made.volumes:
            resources.volume(volume)

    def _orphans(self, orphans: Sequence[Container], containers: Containers, request: Request) -> None:
        if not orphans:
            return
        if request.remove_orphans:
            for one in orphans:
                containers.remove(one, timeout=request.timeout)
            return
        names = ", ".join(one.name for one in orphans)
        self._progress.say(
            f"warning: Found orphan containers ({names}) for this project; "
            "remove them with --remove-orphans if their service was removed or renamed"
        )

    def _check_scale(self, name: str, count: int) -> None:
        service = self.project.services.get(name)
        if service is None:
            raise NotFound(f"no such service: {name}", hint=check.nearest(name, self.project.services))
        if service.container_name and count > 1:
            raise service.place.problem(
                f"service {name!r} has a container_name, so it cannot have {count} containers",
                hint="remove container_name",
            )


def selection(project: Project, request: Request) -> dict[str, Service]:
    """The services to work on, those that they depend on included."""
    check.closed(project)
    if not request.services:
        return dict(project.services)
    if not request.dependencies:
        return {name: replace(project.services[name], depends_on={}) for name in request.services}
    wanted = graph.closure({name: one.depends_on for name, one in project.services.items()}, request.services)
    return {name: one for name, one in project.services.items() if name in wanted}


def hash_of(project: Project, service: Service) -> str:
    """The config hash, over the service and what is copied into its containers."""
    used: Iterable[tuple[str, FileSource]] = [
        *((f"config {one.source}", project.configs[one.source]) for one in service.configs),
        *((f"secret {one.source}", project.secrets[one.source]) for one in service.secrets),
    ]
    return render.config_hash(service, dict(used))
