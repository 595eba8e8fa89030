"""What the root file system is stacked of: the image's layers, and the writable one on top."""

from __future__ import annotations

from msgspec import Struct

from hythe.engine.explain.subject import Subject
from hythe.errors import NotFound


class Layer(Struct):
    """Bytes of file content. `diff_id` names what is in it, `chain_id` it and all below (OCI image-spec)."""

    chain_id: str
    diff_id: str
    size: int
    directory: str


class Root(Struct):
    """`layers` from the top down. `image_names` are its names now, none if it has lost them."""

    shown_by: list[str]
    image: str
    image_id: str
    image_names: list[str]
    writable: str
    written: int
    read_only: bool
    layers: list[Layer]


def root(subject: Subject) -> Root:
    record, images = subject.record, subject.parts.images
    stack = images.snapshots.layers
    found = [
        Layer(one.chain_id, one.diff_id, one.size, str(stack.directory(one.chain_id)))
        for one in stack.ancestry(images.snapshots.parent(record.snapshot))
    ]
    try:
        names = list(images.get(record.image_id).names)
    except NotFound:
        names = []
    upper, _ = images.snapshots.paths(record.snapshot)
    return Root(
        shown_by=[f"/proc/{subject.pid}/mountinfo" if subject.pid else str(upper.parent)],
        image=record.spec.image,
        image_id=record.image_id,
        image_names=names,
        writable=str(upper),
        written=images.snapshots.usage(record.snapshot),
        read_only=record.spec.host.read_only,
        layers=found,
    )
