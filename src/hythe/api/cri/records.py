"""Which of the engine's containers are CRI's: pods (sandboxes), and the containers in them.

What a client asked for, the request itself, is kept in the engine's own record of the container (`extension`), so that
there is one truth, written in one transaction, and nothing to be reconciled after a crash. Everything else, such as
states, times and addresses, is the engine's. Containers that were made by others are not seen here.

A pod is a container like any other whose program only waits (`engine.pause`): it holds the namespaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cri_api.v1 import api_pb2 as cri

from hythe.engine.containers.service import Containers
from hythe.engine.model import Container
from hythe.errors import NotFound

_POD, _CONTAINER = b"P", b"C"


class Pod(NamedTuple):
    record: Container
    request: cri.RunPodSandboxRequest

    @property
    def config(self) -> cri.PodSandboxConfig:
        return self.request.config

    @property
    def ready(self) -> bool:
        return self.record.state.status in ("running", "paused")


class Member(NamedTuple):
    """A container of a pod."""

    record: Container
    request: cri.CreateContainerRequest

    @property
    def config(self) -> cri.ContainerConfig:
        return self.request.config

    @property
    def pod_id(self) -> str:
        return self.request.pod_sandbox_id


def pod_extension(request: cri.RunPodSandboxRequest) -> bytes:
    """What is kept with a pod."""
    return _POD + request.SerializeToString()


def container_extension(request: cri.CreateContainerRequest, pod_id: str) -> bytes:
    """What is kept with a container; the pod's own configuration is kept with the pod."""
    kept = cri.CreateContainerRequest(pod_sandbox_id=pod_id, config=request.config)
    return _CONTAINER + kept.SerializeToString()


class Records:
    """Reads them out of the engine; what has been read once is remembered while the container exists."""

    def __init__(self, containers: Containers) -> None:
        self._containers = containers
        self._known: dict[str, Pod | Member] = {}

    def __iter__(self) -> Iterator[Pod | Member]:
        """Newest first."""
        records = self._containers.list()
        found = [one for one in map(self._read, records) if one is not None]
        if len(self._known) > 2 * len(found):
            self._known = {one.record.id: one for one in found}
        return iter(found)

    def _read(self, record: Container) -> Pod | Member | None:
        kept = record.spec.extension
        if not kept:
            return None
        known = self._known.get(record.id)
        if known is None or known.record is not record:
            known = _parsed(record, kept)
            self._known[record.id] = known
        return known

    def pods(self) -> list[Pod]:
        return [one for one in self if isinstance(one, Pod)]

    def containers(self) -> list[Member]:
        return [one for one in self if isinstance(one, Member)]

    def of(self, pod_id: str) -> list[Member]:
        """The containers of a pod."""
        return [one for one in self.containers() if one.pod_id == pod_id]

    def find(self, ref: str) -> Pod | Member | None:
        """Either, by id; None for what is not there or is not ours."""
        try:
            return self._read(self._containers.get(ref))
        except NotFound:
            return None

    def pod(self, ref: str) -> Pod:
        """By id or an unambiguous beginning of it. Raises NotFound."""
        found = self.find(ref)
        if not isinstance(found, Pod):
            raise NotFound(f'an error occurred when try to find sandbox "{ref}": not found')
        return found

    def container(self, ref: str) -> Member:
        """By id or an unambiguous beginning of it. Raises NotFound."""
        found = self.find(ref)
        if not isinstance(found, Member):
            raise NotFound(f'an error occurred when try to find container "{ref}": not found')
        return found


def _parsed(record: Container, kept: bytes) -> Pod | Member:
    kind, message = kept[:1], kept[1:]
    if kind == _POD:
        return Pod(record, cri.RunPodSandboxRequest.FromString(message))
    return Member(record, cri.CreateContainerRequest.FromString(message))
