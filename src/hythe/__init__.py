"""hythe: a container platform for Linux, and its Python client.

    import hythe

    with hythe.connect() as client:
        print(client.containers.check_output("busybox", "echo hello").stdout)

The names in `__all__` are imported when they are first asked for (PEP 562): this file holds the version and imports
nothing, since every command and the runtime itself come by here. docs/python.md has a tour.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hythe.client.aio.client import AsyncClient, connect_async
    from hythe.client.aio.container import AsyncContainer
    from hythe.client.aio.networks import AsyncNetwork
    from hythe.client.aio.stream import AsyncAttached, AsyncStream
    from hythe.client.aio.volumes import AsyncVolume
    from hythe.client.blocking.client import Client, connect
    from hythe.client.blocking.container import Container
    from hythe.client.blocking.networks import Network
    from hythe.client.blocking.stream import Attached, Stream
    from hythe.client.blocking.volumes import Volume
    from hythe.client.config.options import ContainerOptions, Healthcheck
    from hythe.client.failures import NoDaemon
    from hythe.client.problems import NotReady, ProgramFailed
    from hythe.client.values.containers import (
        Change,
        ContainerInfo,
        ContainerSummary,
        LogChunk,
        Output,
        PublishedPort,
    )
    from hythe.client.values.host import DiskUsage, Event, Info, NetworkInfo, Version, VolumeInfo
    from hythe.client.values.images import Image, Progress, Pruned
    from hythe.client.values.usage import Stats
    from hythe.errors import (
        CannotStart,
        Conflict,
        Denied,
        HytheError,
        InvalidArgument,
        NoSpace,
        NotFound,
        SystemProblem,
        Unavailable,
        Unsupported,
    )

_WHERE = {
    "client.aio.client": "AsyncClient connect_async",
    "client.aio.container": "AsyncContainer",
    "client.aio.networks": "AsyncNetwork",
    "client.aio.stream": "AsyncAttached AsyncStream",
    "client.aio.volumes": "AsyncVolume",
    "client.blocking.client": "Client connect",
    "client.blocking.container": "Container",
    "client.blocking.networks": "Network",
    "client.blocking.stream": "Attached Stream",
    "client.blocking.volumes": "Volume",
    "client.config.options": "ContainerOptions Healthcheck",
    "client.failures": "NoDaemon",
    "client.problems": "NotReady ProgramFailed",
    "client.values.containers": "Change ContainerInfo ContainerSummary LogChunk Output PublishedPort",
    "client.values.host": "DiskUsage Event Info NetworkInfo Version VolumeInfo",
    "client.values.images": "Image Progress Pruned",
    "client.values.usage": "Stats",
    "errors": "CannotStart Conflict Denied HytheError InvalidArgument NoSpace NotFound SystemProblem Unavailable "
    "Unsupported",
}

__all__ = [  # noqa: RUF022 - in the order of `_WHERE`
    "AsyncClient", "connect_async", "AsyncContainer", "AsyncNetwork", "AsyncAttached", "AsyncStream", "AsyncVolume",
    "Client", "connect", "Container", "Network", "Attached", "Stream", "Volume", "ContainerOptions", "Healthcheck",
    "NoDaemon", "NotReady", "ProgramFailed", "Change", "ContainerInfo", "ContainerSummary", "LogChunk", "Output",
    "PublishedPort", "DiskUsage", "Event", "Info", "NetworkInfo", "Version", "VolumeInfo", "Image", "Progress",
    "Pruned", "Stats", "CannotStart", "Conflict", "Denied", "HytheError", "InvalidArgument", "NoSpace", "NotFound",
    "SystemProblem", "Unavailable", "Unsupported",
]  # fmt: skip


def __getattr__(name: str) -> object:
    for module, names in _WHERE.items():
        if name in names.split():
            from importlib import import_module

            found: object = getattr(import_module(f"hythe.{module}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module 'hythe' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
