"""A container as CRI shows it, from the engine's record: states, reasons, times."""

from __future__ import annotations

from typing import Final, NamedTuple

from cri_api.v1 import api_pb2 as cri

from hythe.api.cri.records import Member
from hythe.api.cri.translate import mounts, resources
from hythe.engine.containers.adoption import LOST
from hythe.engine.model import State

_RUNNING: Final = ("running", "paused", "restarting")


class Named(NamedTuple):
    """An image as a status names it: a tag where it has one, by which digest a registry knows it, and its id."""

    name: str
    reference: str
    id: str


def state(record: State) -> cri.ContainerState.ValueType:
    """One that could not be started has ended."""
    if record.status in _RUNNING:
        return cri.CONTAINER_RUNNING
    if record.status == "created" and not record.finished_at:
        return cri.CONTAINER_CREATED
    return cri.CONTAINER_EXITED


def reason(record: State) -> str:
    """Why it has ended, in the words that kubectl shows; "" before."""
    if state(record) != cri.CONTAINER_EXITED:
        return ""
    if record.error:
        return "Unknown" if record.exit_code == LOST else "StartError"
    if record.oom_killed:
        return "OOMKilled"
    return "Error" if record.exit_code else "Completed"


def container_item(member: Member, image: Named) -> cri.Container:
    """As a list has it."""
    record, config = member.record, member.config
    return cri.Container(
        id=record.id,
        pod_sandbox_id=member.pod_id,
        metadata=config.metadata,
        image=config.image,
        image_ref=image.reference,
        image_id=image.id,
        state=state(record.state),
        created_at=record.created,
        labels=config.labels,
        annotations=config.annotations,
    )


def container_status(member: Member, image: Named) -> cri.ContainerStatus:
    record, config, now = member.record, member.config, member.record.state
    ended = state(now) == cri.CONTAINER_EXITED
    spec = cri.ImageSpec(image=image.name, annotations=config.image.annotations)
    spec.user_specified_image = config.image.user_specified_image
    result = cri.ContainerStatus(
        id=record.id,
        metadata=config.metadata,
        state=state(now),
        created_at=record.created,
        started_at=now.started_at,
        finished_at=now.finished_at if ended else 0,
        exit_code=now.exit_code if ended else 0,
        image=spec,
        image_ref=image.reference,
        image_id=image.id,
        reason=reason(now),
        message=now.error if ended else "",
        labels=config.labels,
        annotations=config.annotations,
        mounts=mounts.told(record.mounts, config.mounts),
        log_path=record.spec.host.log.options.get("path", ""),
        resources=cri.ContainerResources(linux=resources.told(record.spec.host)),
        stop_signal=config.stop_signal,
    )
    if now.ids:
        uid, gid, *groups = now.ids
        user = cri.LinuxContainerUser(uid=uid, gid=gid, supplemental_groups=[gid, *groups])
        result.user.CopyFrom(cri.ContainerUser(linux=user))
    return result


def attributes(member: Member) -> cri.ContainerAttributes:
    """As figures name it."""
    return cri.ContainerAttributes(
        id=member.record.id,
        metadata=member.config.metadata,
        labels=member.config.labels,
        annotations=member.config.annotations,
    )
