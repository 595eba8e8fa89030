"""What the container use cases are built from, handed to each of them."""

from __future__ import annotations

from dataclasses import dataclass

from hythe.engine.containers.registry import Registry
from hythe.engine.events import Events
from hythe.engine.model import Container
from hythe.engine.networks import NetworkService
from hythe.engine.paths import Paths
from hythe.engine.runtime import Runtime
from hythe.engine.runtimes.choice import Runtimes
from hythe.engine.usernamespaces import UserNamespaces
from hythe.engine.volumes import VolumeService
from hythe.store.images import Images


def cgroup_parent(instance: str) -> str:
    """The control group that holds those of an instance's containers, from the top of each tree."""
    return f"/hythe-{instance}"


@dataclass(frozen=True)
class Parts:
    instance: str
    paths: Paths
    registry: Registry
    events: Events
    images: Images
    runtime: Runtime
    networks: NetworkService
    volumes: VolumeService
    users: UserNamespaces
    runtimes: Runtimes

    def publish(self, record: Container, action: str, **attributes: str) -> None:
        """A container event with Docker's attributes: its labels, image and name, and `attributes`."""
        known = {"image": record.spec.image, "name": record.name}
        self.events.publish("container", action, record.id, record.labels | known | attributes)

    def cgroup(self, record: Container) -> str:
        parent = record.spec.host.cgroup_parent or cgroup_parent(self.instance)
        return f"/{parent.strip('/')}/{record.id}"
