"""An image as the store gives it out, and what the database keeps of it."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from hythe.oci.image import ImageConfig


class Image(Struct, frozen=True):
    """An image in the store.

    `id` is the digest of its configuration. `names` are as docker shows them ("nginx:1.25"), oldest first; `digests`
    are names by which a registry had it ("nginx@sha256:..."). `layers` are diff ids from the bottom up. `size` is
    the bytes of all its layers, shared or not. `created` is in nanoseconds since the epoch, 0 if the image does not
    say; `tagged` is when it last got a name, 0 if never. `parent` is an image's id or "".
    """

    id: str
    names: list[str]
    digests: list[str]
    config: ImageConfig
    layers: list[str]
    size: int
    created: int
    parent: str = ""
    tagged: int = 0


class ImageRecord(Struct):
    """The configuration itself is a blob of this id."""

    id: str
    names: list[str]
    digests: list[str]
    size: int
    parent: str = ""
    tagged: int = 0


class UserState(Protocol):
    @property
    def status(self) -> str: ...


class ImageUser(Protocol):
    """What the store needs to know of a container that was made from an image."""

    @property
    def id(self) -> str: ...

    @property
    def state(self) -> UserState: ...
