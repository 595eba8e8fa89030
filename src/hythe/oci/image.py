"""The image configuration: what an image is made of and how it is run (image-spec, config.md).

An image's id is the digest of this document's bytes, so a document that came from elsewhere is kept as the bytes
it came in; these types are for reading it, and for writing new ones. They have docker's additions (Healthcheck,
Shell, OnBuild); fields that nobody here reads are dropped on reading, and a field that is null is as if absent.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct, field

from hythe.errors import InvalidArgument

SIZE_LIMIT: Final = 8 << 20


class HealthConfig(Struct, omit_defaults=True, rename="pascal"):
    """Times in nanoseconds; 0 is "as the engine says"."""

    test: list[str] = []
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class RunConfig(Struct, omit_defaults=True, rename="pascal"):
    """How to run the image. `exposed_ports` ("80/tcp") and `volumes` (paths) are sets, written as JSON objects."""

    hostname: str = ""
    domainname: str = ""
    user: str = ""
    exposed_ports: dict[str, dict[str, Any]] | None = None
    env: list[str] | None = None
    cmd: list[str] | None = None
    healthcheck: HealthConfig | None = None
    args_escaped: bool = False
    volumes: dict[str, dict[str, Any]] | None = None
    working_dir: str = ""
    entrypoint: list[str] | None = None
    on_build: list[str] | None = None
    labels: dict[str, str] | None = None
    stop_signal: str = ""
    stop_timeout: int | None = None
    shell: list[str] | None = None


class RootFS(Struct):
    """`diff_ids` from the bottom up."""

    type: str = "layers"
    diff_ids: list[str] = []


class History(Struct, omit_defaults=True):
    """One step of the build. `created` as RFC 3339; `empty_layer`: the step made no layer."""

    created: str = ""
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False


class ImageConfig(Struct, omit_defaults=True):
    """The document. `created` as RFC 3339, "" where it is not said.

    `container` and `container_config` are Docker's own: what a committed image was made of.
    """

    architecture: str = ""
    os: str = "linux"
    created: str = ""
    author: str = ""
    variant: str = ""
    config: RunConfig = field(default_factory=RunConfig)
    rootfs: RootFS = field(default_factory=RootFS)
    history: list[History] = []
    container: str = ""
    container_config: dict[str, Any] | None = None
    os_version: str = field(default="", name="os.version")
    os_features: list[str] | None = field(default=None, name="os.features")


def decode(data: bytes) -> ImageConfig:
    """Read an image configuration. Raises InvalidArgument."""
    if len(data) > SIZE_LIMIT:
        raise InvalidArgument(f"the image configuration is larger than {SIZE_LIMIT} bytes")
    try:
        config = msgspec.convert(_without_nulls(msgspec.json.decode(data)), type=ImageConfig)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(f"the image configuration cannot be read: {error}") from error
    if config.rootfs.type != "layers":
        raise InvalidArgument(f"the image's root file system is of the unknown type {config.rootfs.type!r}")
    return config


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value


def encode(config: ImageConfig) -> bytes:
    """The document's bytes, the same for the same values; what the specification requires is always there."""
    document = msgspec.to_builtins(config)
    document |= {"architecture": config.architecture, "os": config.os}
    document |= {"config": msgspec.to_builtins(config.config), "rootfs": msgspec.to_builtins(config.rootfs)}
    return msgspec.json.encode(document, order="deterministic")
