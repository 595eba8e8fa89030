"""A Compose project in its one normal form: long syntax, absolute paths, sizes in bytes, durations in ns.

Values are immutable. Fields have the names of the Compose Specification, so that `render` can write them
back; the limits and the restart policy of `deploy` have been moved to the service's own fields. None means
that nothing was said, and that the image's or the engine's default holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hythe.compose.document import Place

Texts = tuple[str, ...]
Pairs = Mapping[str, str]
AS_DURATION = {"as": "duration"}
AS_SIZE = {"as": "size"}
AS_MODE = {"as": "mode"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ulimit:
    soft: int
    hard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """`context` is an absolute path, `dockerfile` as written; an argument that is None keeps its default."""

    context: str
    dockerfile: str = "Dockerfile"
    dockerfile_inline: str | None = None
    args: Mapping[str, str | None] = field(default_factory=dict)
    target: str | None = None
    labels: Pairs = field(default_factory=dict)
    tags: Texts = ()
    network: str | None = None
    extra_hosts: Texts = ()
    no_cache: bool = False
    pull: bool = False
    shm_size: int | None = field(default=None, metadata=AS_SIZE)
    ulimits: Mapping[str, Ulimit] = field(default_factory=dict)
    cache_from: Texts = ()
    platforms: Texts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """`published` is "" for a port of the engine's choice, "8080", or "8000-8010" for one of these."""

    target: int
    published: str = ""
    host_ip: str = ""
    protocol: str = "tcp"
    mode: str = "ingress"


@dataclass(frozen=True, slots=True, kw_only=True)
class BindOptions:
    propagation: str = ""
    create_host_path: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeOptions:
    nocopy: bool = False
    subpath: str = ""
    labels: Pairs = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TmpfsOptions:
    size: int | None = field(default=None, metadata=AS_SIZE)
    mode: int | None = field(default=None, metadata=AS_MODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """`type` is bind, volume or tmpfs; `source` an absolute path, a volume's key, or "" (anonymous)."""

    type: str
    target: str
    source: str = ""
    read_only: bool = False
    consistency: str = ""
    bind: BindOptions | None = None
    volume: VolumeOptions | None = None
    tmpfs: TmpfsOptions | None = None
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """How a service is on a network."""

    aliases: Texts = ()
    ipv4_address: str = ""
    ipv6_address: str = ""
    link_local_ips: Texts = ()
    mac_address: str = ""
    driver_opts: Pairs = field(default_factory=dict)
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """`condition`: service_started, service_healthy or service_completed_successfully."""

    condition: str = "service_started"
    required: bool = True
    restart: bool = False
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthcheck:
    test: Texts | None = None
    interval: int | None = field(default=None, metadata=AS_DURATION)
    timeout: int | None = field(default=None, metadata=AS_DURATION)
    start_period: int | None = field(default=None, metadata=AS_DURATION)
    start_interval: int | None = field(default=None, metadata=AS_DURATION)
    retries: int | None = None
    disable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReference:
    """A config or secret in a container; `target` is the absolute path there, None for ids: root."""

    source: str
    target: str
    uid: str | None = None
    gid: str | None = None
    mode: int | None = field(default=None, metadata=AS_MODE)
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    source: str
    target: str
    permissions: str = "rwm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logging:
    driver: str = ""
    options: Pairs = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRate:
    path: str
    rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockWeight:
    path: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockIO:
    weight: int | None = None
    weight_device: tuple[BlockWeight, ...] = ()
    device_read_bps: tuple[BlockRate, ...] = ()
    device_read_iops: tuple[BlockRate, ...] = ()
    device_write_bps: tuple[BlockRate, ...] = ()
    device_write_iops: tuple[BlockRate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """An entry of `develop.watch`; accepted, for nothing is watched yet."""

    path: str
    action: str
    target: str = ""
    ignore: Texts = ()
    include: Texts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service. `networks` is empty exactly when `network_mode` says something else."""

    name: str
    place: Place = field(default=Place(), compare=False)
    image: str | None = None
    build: Build | None = None
    command: Texts | None = None
    entrypoint: Texts | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Pairs = field(default_factory=dict)
    annotations: Pairs = field(default_factory=dict)
    ports: tuple[Port, ...] = ()
    expose: Texts = ()
    volumes: tuple[Mount, ...] = ()
    volumes_from: Texts = ()
    tmpfs: Texts = ()
    configs: tuple[FileReference, ...] = ()
    secrets: tuple[FileReference, ...] = ()
    devices: tuple[Device, ...] = ()
    device_cgroup_rules: Texts = ()
    networks: Mapping[str, Attachment] = field(default_factory=dict)
    network_mode: str | None = None
    depends_on: Mapping[str, Dependency] = field(default_factory=dict)
    healthcheck: Healthcheck | None = None
    restart: str | None = None
    logging: Logging | None = None
    container_name: str | None = None
    hostname: str | None = None
    domainname: str | None = None
    mac_address: str | None = None
    extra_hosts: Texts = ()
    dns: Texts = ()
    dns_opt: Texts = ()
    dns_search: Texts = ()
    user: str | None = None
    working_dir: str | None = None
    group_add: Texts = ()
    tty: bool = False
    stdin_open: bool = False
    init: bool | None = None
    stop_signal: str | None = None
    stop_grace_period: int | None = field(default=None, metadata=AS_DURATION)
    privileged: bool = False
    cap_add: Texts = ()
    cap_drop: Texts = ()
    security_opt: Texts = ()
    read_only: bool = False
    ipc: str | None = None
    pid: str | None = None
    uts: str | None = None
    userns_mode: str | None = None
    cgroup: str | None = None
    cgroup_parent: str | None = None
    sysctls: Pairs = field(default_factory=dict)
    ulimits: Mapping[str, Ulimit] = field(default_factory=dict)
    shm_size: int | None = field(default=None, metadata=AS_SIZE)
    storage_opt: Pairs = field(default_factory=dict)
    mem_limit: int | None = field(default=None, metadata=AS_SIZE)
    mem_reservation: int | None = field(default=None, metadata=AS_SIZE)
    memswap_limit: int | None = field(default=None, metadata=AS_SIZE)
    mem_swappiness: int | None = None
    oom_kill_disable: bool = False
    oom_score_adj: int | None = None
    cpus: float | None = None
    cpuset: str | None = None
    cpu_shares: int | None = None
    cpu_quota: int | None = None
    cpu_period: int | None = None
    cpu_rt_period: int | None = None
    cpu_rt_runtime: int | None = None
    pids_limit: int | None = None
    blkio_config: BlockIO | None = None
    runtime: str | None = None
    platform: str | None = None
    pull_policy: str | None = None
    profiles: Texts = ()
    scale: int | None = None
    attach: bool = True
    develop: tuple[Watch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    subnet: str = ""
    gateway: str = ""
    ip_range: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ipam:
    driver: str = ""
    config: tuple[Subnet, ...] = ()
    options: Pairs = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """`key` is its name in the file, `name` its name in the engine."""

    key: str
    name: str
    driver: str = ""
    driver_opts: Pairs = field(default_factory=dict)
    internal: bool = False
    attachable: bool = False
    enable_ipv6: bool = False
    external: bool = False
    ipam: Ipam | None = None
    labels: Pairs = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    key: str
    name: str
    driver: str = ""
    driver_opts: Pairs = field(default_factory=dict)
    external: bool = False
    labels: Pairs = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSource:
    """A config or secret: `file` is an absolute path, else `content` is what is in it."""

    key: str
    name: str
    file: str | None = None
    environment: str | None = None
    content: str | None = None
    labels: Pairs = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """All of an application. `disabled` are the services whose profiles are not active."""

    name: str
    working_dir: str
    files: Texts = ()
    services: Mapping[str, Service] = field(default_factory=dict)
    disabled: Mapping[str, Service] = field(default_factory=dict)
    networks: Mapping[str, Network] = field(default_factory=dict)
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    configs: Mapping[str, FileSource] = field(default_factory=dict)
    secrets: Mapping[str, FileSource] = field(default_factory=dict)
    profiles: Texts = ()
    warnings: Texts = ()
