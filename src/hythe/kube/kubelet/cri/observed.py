"""What the runtime says of a pod, as values that the rest of the kubelet works with.

Containers and sandboxes carry labels and annotations that a kubelet gave them (`pods/names.py`); from these it is
known to which pod something belongs, also after a restart. The newest of each name comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from cri_api.v1 import api_pb2 as cri

from hythe.kube.kubelet.pods import names


class State(Enum):
    """Of a container."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"
    UNKNOWN = "unknown"


_STATES = {
    cri.CONTAINER_CREATED: State.CREATED,
    cri.CONTAINER_RUNNING: State.RUNNING,
    cri.CONTAINER_EXITED: State.EXITED,
}


@dataclass(frozen=True)
class ContainerRecord:
    """One container. Times are nanoseconds since the epoch, 0 for "not yet"; `attempt` counts restarts from 0.

    `sandbox` is the id of the one that it is in, "" where that is not known.
    """

    id: str
    name: str
    attempt: int
    state: State
    created_at: int
    started_at: int
    finished_at: int
    exit_code: int
    reason: str
    message: str
    image: str
    image_ref: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    log_path: str
    sandbox: str = ""

    @property
    def hash(self) -> str:
        return self.annotations.get(names.HASH, "")


@dataclass(frozen=True)
class SandboxRecord:
    """One sandbox: `ips` are empty for a pod in the host's network."""

    id: str
    attempt: int
    ready: bool
    created_at: int
    ips: tuple[str, ...]
    labels: Mapping[str, str]
    host_network: bool = False


@dataclass(frozen=True)
class Observed:
    """All there is of one pod."""

    uid: str
    namespace: str
    name: str
    sandboxes: tuple[SandboxRecord, ...] = ()
    containers: tuple[ContainerRecord, ...] = ()

    @property
    def sandbox(self) -> SandboxRecord | None:
        return self.sandboxes[0] if self.sandboxes else None

    @property
    def ips(self) -> tuple[str, ...]:
        return self.sandboxes[0].ips if self.sandboxes and self.sandboxes[0].ready else ()

    @property
    def running(self) -> list[ContainerRecord]:
        return [one for one in self.containers if one.state in (State.RUNNING, State.UNKNOWN)]

    def latest(self, name: str) -> ContainerRecord | None:
        """The newest container of that name."""
        return next((one for one in self.containers if one.name == name), None)

    def all_of(self, name: str) -> list[ContainerRecord]:
        """Newest first."""
        return [one for one in self.containers if one.name == name]


def observed(
    uid: str,
    namespace: str,
    name: str,
    sandboxes: Iterable[SandboxRecord],
    containers: Iterable[ContainerRecord],
) -> Observed:
    """Both sorted, the newest first."""
    return Observed(
        uid,
        namespace,
        name,
        tuple(sorted(sandboxes, key=lambda one: (one.created_at, one.attempt), reverse=True)),
        tuple(sorted(containers, key=lambda one: (one.created_at, one.attempt), reverse=True)),
    )


def container_record(status: cri.ContainerStatus, sandbox: str = "") -> ContainerRecord:
    return ContainerRecord(
        id=status.id,
        name=status.labels.get(names.CONTAINER_NAME, status.metadata.name),
        attempt=status.metadata.attempt,
        state=_STATES.get(status.state, State.UNKNOWN),
        created_at=status.created_at,
        started_at=status.started_at,
        finished_at=status.finished_at,
        exit_code=status.exit_code,
        reason=status.reason,
        message=status.message,
        image=status.image.user_specified_image or status.image.image,
        image_ref=status.image_ref,
        labels=dict(status.labels),
        annotations=dict(status.annotations),
        log_path=status.log_path,
        sandbox=sandbox,
    )


def sandbox_record(status: cri.PodSandboxStatus) -> SandboxRecord:
    addresses = [status.network.ip, *(one.ip for one in status.network.additional_ips)]
    options = status.linux.namespaces.options
    return SandboxRecord(
        id=status.id,
        attempt=status.metadata.attempt,
        ready=status.state == cri.SANDBOX_READY,
        created_at=status.created_at,
        ips=tuple(address for address in addresses if address),
        labels=dict(status.labels),
        host_network=options.network == cri.NODE,
    )
