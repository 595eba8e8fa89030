"""What the routes need of the engine, as Protocols: one for each noun, no larger than what is called.

`hythe.engine.engine.Engine` fits them; so does a test's double that records its calls. Errors are those of
`hythe.errors`, and `errors.py` alone knows what they are in HTTP.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from hythe.engine.events import Events
from hythe.engine.model import (
    AttachOptions,
    Container,
    ContainerSpec,
    EndpointRequest,
    Exec,
    ExecSpec,
    ExitInfo,
    LogLine,
    LogQuery,
)

if TYPE_CHECKING:
    from hythe.build.api import BuildOptions
    from hythe.build.cache import CacheRecord
    from hythe.engine.containers.usage import Sample
    from hythe.engine.explain.explanation import Explanation
    from hythe.engine.standing import Standing
    from hythe.engine.usernamespaces import UserNamespaces
    from hythe.network.model import EndpointRecord, NetworkRecord, NetworkRequest
    from hythe.oci.image import RunConfig
    from hythe.registry.credentials import Credentials
    from hythe.registry.search import Result
    from hythe.store.images import Image
    from hythe.volume.manager import VolumeRecord


class Lifecycle(Protocol):
    """routes_containers, routes_inspect."""

    async def create(self, name: str | None, spec: ContainerSpec) -> tuple[str, Sequence[str]]: ...

    def get(self, ref: str) -> Container: ...

    def list(self) -> Sequence[Container]: ...

    async def start(self, ref: str) -> None: ...

    async def stop(self, ref: str, timeout: float | None = None, signal: str | None = None) -> None: ...

    async def kill(self, ref: str, signal: str | int = "SIGKILL") -> None: ...

    async def restart(self, ref: str, timeout: float | None = None, signal: str | None = None) -> None: ...

    async def pause(self, ref: str) -> None: ...

    async def unpause(self, ref: str) -> None: ...

    async def rename(self, ref: str, name: str) -> None: ...

    async def remove_link(self, ref: str, alias: str) -> None: ...

    def waiter(self, ref: str, condition: str = "not-running") -> Awaitable[ExitInfo]: ...

    async def connect(self, network: str, ref: str, request: EndpointRequest) -> None: ...

    async def disconnect(self, network: str, ref: str, *, force: bool = False) -> None: ...


class Streams(Protocol):
    """routes_streams."""

    def announce(self, ref: str) -> AbstractContextManager[None]: ...

    async def attach(self, ref: str, fd: int, head: bytes, options: AttachOptions) -> None: ...

    async def resize(self, ref: str, height: int, width: int) -> None: ...

    def logs(self, ref: str, query: LogQuery) -> AsyncIterator[LogLine]: ...


class PathStat(Protocol):
    """A file of a container: `mode` is st_mode, `mtime` in nanoseconds, `link_target` "" for no link."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def mode(self) -> int: ...

    @property
    def mtime(self) -> int: ...

    @property
    def link_target(self) -> str: ...


class Archives(Protocol):
    """routes_archive, routes_build. Archives are written to and read from files, in threads."""

    async def archive_stat(self, ref: str, path: str) -> PathStat: ...

    async def archive_get(self, ref: str, path: str, out: BinaryIO) -> None: ...

    async def archive_put(
        self, ref: str, path: str, tar: BinaryIO, *, keep_directories: bool, keep_owners: bool
    ) -> None: ...

    async def export(self, ref: str, out: BinaryIO) -> None: ...

    async def commit(
        self,
        ref: str,
        name: str | None,
        *,
        author: str,
        comment: str,
        pause: bool,
        changes: Sequence[str],
        config: RunConfig | None = None,
    ) -> str: ...


class Usage(Protocol):
    """routes_usage, routes_inspect. Sizes in bytes: (writable layer, whole root file system)."""

    async def remove(self, ref: str, *, force: bool = False, volumes: bool = False) -> None: ...

    async def update(self, ref: str, changes: Mapping[str, object]) -> Sequence[str]: ...

    async def stats(self, ref: str) -> Sample: ...

    async def top(self, ref: str, ps_args: str) -> tuple[Sequence[str], Sequence[Sequence[str]]]: ...

    async def changes(self, ref: str) -> Sequence[tuple[str, int]]: ...

    async def explain(self, ref: str, sections: Sequence[str] = ()) -> Explanation: ...

    async def size(self, ref: str) -> tuple[int, int]: ...

    async def log_size(self, ref: str) -> int: ...

    def layers(self, ref: str) -> dict[str, str]: ...

    async def prune(self, accept: Callable[[Container], bool]) -> tuple[Sequence[str], int]: ...


class Containers(Lifecycle, Streams, Archives, Usage, Protocol):
    """All of the containers' use cases."""


class Execs(Protocol):
    """routes_exec. `start` owns `fd`, also on errors, and tells the client on it why a program cannot run."""

    async def create(self, ref: str, spec: ExecSpec) -> str: ...

    def get(self, id: str) -> Exec: ...

    def of(self, container_id: str) -> Sequence[str]: ...

    async def start(
        self,
        id: str,
        fd: int | None,
        head: bytes = b"",
        *,
        detach: bool = False,
        raw: bool = False,
        size: tuple[int, int] | None = None,
    ) -> None: ...

    async def resize(self, id: str, height: int, width: int) -> None: ...


class Images(Protocol):
    """routes_images."""

    def get(self, ref: str) -> Image: ...

    def list(self) -> Sequence[Image]: ...

    async def tag(self, ref: str, name: str) -> None: ...

    async def remove(self, ref: str, *, force: bool = False) -> Sequence[tuple[str, str]]: ...

    async def load(self, tar: BinaryIO) -> Sequence[str]: ...

    async def save(self, refs: Sequence[str], out: BinaryIO) -> None: ...

    async def import_rootfs(self, tar: BinaryIO, name: str | None, **options: object) -> Image: ...

    def layer_sizes(self, image: Image) -> Sequence[int]: ...

    async def shared_sizes(self) -> Mapping[str, int]: ...

    async def layers_size(self) -> int: ...


class Networks(Protocol):
    """routes_networks."""

    def get(self, ref: str) -> NetworkRecord: ...

    def list(self) -> Sequence[NetworkRecord]: ...

    def endpoints(self, network_id: str) -> Sequence[EndpointRecord]: ...

    async def create(self, request: NetworkRequest) -> NetworkRecord: ...

    async def remove(self, ref: str) -> None: ...


class Volumes(Protocol):
    """routes_volumes."""

    def get(self, name: str) -> VolumeRecord: ...

    def list(self) -> Sequence[VolumeRecord]: ...

    def users(self, name: str) -> Sequence[Container]: ...

    async def create(
        self,
        name: str | None,
        driver: str = "local",
        labels: dict[str, str] | None = None,
        options: dict[str, str] | None = None,
    ) -> VolumeRecord: ...

    async def remove(self, name: str, *, force: bool = False) -> None: ...

    async def usage(self, name: str) -> int: ...

    async def prune(
        self, *, all: bool, accept: Callable[[VolumeRecord], bool]
    ) -> tuple[Sequence[str], int]: ...


class Builds(Protocol):
    """routes_build."""

    def build(
        self, tar: BinaryIO, options: BuildOptions, credentials: Mapping[str, Credentials] | None = None
    ) -> AsyncGenerator[dict[str, Any], None]: ...

    async def prune(self, before: int | None = None) -> tuple[Sequence[str], int]: ...

    def cached(self) -> Sequence[tuple[str, CacheRecord, bool]]: ...


class Registries(Protocol):
    """routes_registry, routes_images_transfer. Streams raise what is wrong before their first message."""

    def pull(
        self, name: str, platform: str, credentials: Credentials
    ) -> AsyncGenerator[dict[str, Any], None]: ...

    def push(
        self, name: str, credentials: Credentials, *, all_tags: bool = False
    ) -> AsyncGenerator[dict[str, Any], None]: ...

    async def login(self, address: str, credentials: Credentials) -> str: ...

    async def distribution(
        self, name: str, credentials: Credentials
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]: ...

    async def search(self, term: str, limit: int, credentials: Credentials) -> Sequence[Result]: ...


class Paths(Protocol):
    """Where the engine keeps a container's files."""

    @property
    def data(self) -> Path: ...

    def log(self, container_id: str) -> Path: ...

    def bundle(self, container_id: str) -> Path: ...


class Runtimes(Protocol):
    """routes_system: the OCI runtimes that can be named, None for hythe's own."""

    default: str

    def known(self) -> Mapping[str, Mapping[str, object] | None]: ...


class Engine(Protocol):
    """The engine as the API sees it. All is there once it has been started."""

    @property
    def instance(self) -> str: ...

    @property
    def standing(self) -> Standing: ...

    @property
    def events(self) -> Events: ...

    @property
    def paths(self) -> Paths: ...

    @property
    def runtimes(self) -> Runtimes: ...

    @property
    def users(self) -> UserNamespaces: ...

    @property
    def containers(self) -> Containers: ...

    @property
    def execs(self) -> Execs: ...

    @property
    def images(self) -> Images: ...

    @property
    def networks(self) -> Networks: ...

    @property
    def volumes(self) -> Volumes: ...

    @property
    def builds(self) -> Builds: ...

    @property
    def registries(self) -> Registries: ...
