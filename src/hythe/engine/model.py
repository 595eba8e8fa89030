"""What the engine knows about containers, as values.

`ContainerSpec` is what a user asked for, already parsed: no ":"-joined strings, sizes in bytes, durations
in nanoseconds. `Container` is the durable record of one container, kept in the database as it stands here.
The Docker API's own field names and spellings are translated in `api/docker/`, not here.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

MountType = Literal["bind", "volume", "tmpfs"]
Status = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]


class MountRequest(Struct):
    """A mount asked for by -v, --mount or --tmpfs. `source` is a host path, a volume's name, or "" (anonymous)."""

    type: MountType
    target: str
    source: str = ""
    read_only: bool = False
    propagation: str = ""
    no_copy: bool = False
    create_source: bool = False
    driver: str = ""
    driver_options: dict[str, str] = {}
    labels: dict[str, str] = {}
    tmpfs_size: int | None = None
    tmpfs_mode: int | None = None
    tmpfs_options: list[str] = []
    recursive: bool = True
    """Whether `read_only` holds for what is mounted below it, too."""


class PortBinding(Struct, frozen=True):
    """`container_port`/`protocol` published on `host_ip` ("" = every address) at `host_port` (0 = choose)."""

    container_port: int
    protocol: str = "tcp"
    host_ip: str = ""
    host_port: int = 0
    host_port_end: int = 0


class EndpointRequest(Struct):
    """How to be connected to one network."""

    aliases: list[str] = []
    ipv4: str | None = None
    ipv6: str | None = None
    mac: str | None = None
    driver_options: dict[str, str] = {}
    link_local: list[str] = []
    links: list[str] = []
    """CONTAINER:ALIAS, names that only this container has for others on the network."""


class Endpoint(Struct):
    """A live connection to one network; empty strings while not running."""

    network_id: str
    network_name: str
    request: EndpointRequest
    endpoint_id: str = ""
    interface: str = ""
    ipv4: str = ""
    prefix: int = 0
    gateway: str = ""
    mac: str = ""
    ipv6: str = ""
    prefix6: int = 0
    gateway6: str = ""


class RestartPolicy(Struct):
    name: Literal["no", "always", "unless-stopped", "on-failure"] = "no"
    max_retries: int = 0


class Healthcheck(Struct):
    """Durations in nanoseconds; 0 means the default (30 s, 30 s, 0 s, 5 s, 3). `test` as in Docker: ["CMD", ...]"""

    test: list[str] = []
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class Ulimit(Struct):
    name: str
    soft: int
    hard: int


class DeviceRequest(Struct):
    host_path: str
    container_path: str
    permissions: str = "rwm"


class DeviceWeight(Struct):
    """Share of a block device's time, 10 to 1000. `path` is the host's, such as /dev/sda."""

    path: str
    weight: int


class DeviceRate(Struct):
    """The most of a block device in a second: bytes or operations."""

    path: str
    rate: int


class DeviceAccess(Struct):
    """What may be done with devices of a kind ("a", "b", "c"); -1 is any number."""

    kind: str
    major: int
    minor: int
    access: str


class LogOptions(Struct):
    """`driver`: one of `containers/logdrivers`.

    The default is json-file, as dockerd's is: docker-py before version 6 reads the output of a `run` from no other
    but journald, and who collects logs from files reads Docker's JSON lines.
    """

    driver: str = "json-file"
    options: dict[str, str] = {}


class HostOptions(Struct):
    """How the host is to run it: what Docker calls HostConfig. Memory in bytes, 0 = unlimited.

    Of limits that can be lifted, -1 says "none" and 0 "not given"; `memory_swap` is memory and swap together.
    """

    mounts: list[MountRequest] = []
    ports: list[PortBinding] = []
    publish_all: bool = False
    network_mode: str = "default"
    restart: RestartPolicy = field(default_factory=RestartPolicy)
    auto_remove: bool = False
    memory: int = 0
    memory_swap: int = 0
    memory_reservation: int = 0
    cpu_shares: int = 0
    cpu_quota: int = 0
    cpu_period: int = 0
    nano_cpus: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    pids_limit: int = 0
    oom_kill_disable: bool = False
    memory_swappiness: int = -1
    cpu_realtime_period: int = 0
    cpu_realtime_runtime: int = 0
    blkio_weight: int = 0
    blkio_weight_device: list[DeviceWeight] = []
    blkio_device_read_bps: list[DeviceRate] = []
    blkio_device_write_bps: list[DeviceRate] = []
    blkio_device_read_iops: list[DeviceRate] = []
    blkio_device_write_iops: list[DeviceRate] = []
    device_cgroup_rules: list[DeviceAccess] = []
    oom_score_adj: int = 0
    privileged: bool = False
    cap_add: list[str] = []
    cap_drop: list[str] = []
    security_opt: list[str] = []
    read_only: bool = False
    shm_size: int = 64 * 1024 * 1024
    ulimits: list[Ulimit] = []
    sysctls: dict[str, str] = {}
    dns: list[str] = []
    dns_search: list[str] = []
    dns_options: list[str] = []
    own_dns: bool = False
    """/etc/resolv.conf is what `dns`, `dns_search` and `dns_options` say and nothing else, if they say anything."""
    extra_hosts: list[str] = []
    devices: list[DeviceRequest] = []
    group_add: list[str] = []
    image_groups: bool = True
    """Whether the image's /etc/group gives the user further groups, beside those of `group_add`."""
    masked_paths: list[str] | None = None
    readonly_paths: list[str] | None = None
    hugepage_limits: dict[str, int] = {}
    """Bytes by the size of a page, such as 2MB."""
    unified: dict[str, str] = {}
    """Files of version 2's control groups, and what is written to them."""
    init: bool = False
    pid_mode: str = ""
    ipc_mode: str = ""
    uts_mode: str = ""
    userns_mode: str = ""
    userns_root: int = 0
    """The host's id of the container's root, where whoever asks has chosen it; 0 for one of the engine's pool."""
    userns_size: int = 1 << 16
    """How many ids from `userns_root` on are the container's."""
    cgroup_parent: str = ""
    cgroupns_mode: str = ""
    runtime: str = ""
    isolation: str = ""
    volume_driver: str = ""
    volumes_from: list[str] = []
    links: list[str] = []
    log: LogOptions = field(default_factory=LogOptions)


class ContainerSpec(Struct):
    """Everything asked for at creation. None means "as the image says"; an empty list means "none"."""

    image: str
    command: list[str] | None = None
    entrypoint: list[str] | None = None
    env: list[str] = []
    user: str = ""
    working_dir: str = ""
    hostname: str = ""
    domainname: str = ""
    labels: dict[str, str] = {}
    tty: bool = False
    open_stdin: bool = False
    stdin_once: bool = False
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    exposed_ports: list[str] = []
    volumes: list[str] = []
    stop_signal: str = ""
    stop_timeout: int | None = None
    healthcheck: Healthcheck | None = None
    network_disabled: bool = False
    host: HostOptions = field(default_factory=HostOptions)
    networks: dict[str, EndpointRequest] = {}
    extension: bytes = b""
    """What another interface to the engine keeps with the container; nothing here reads it."""


class HealthProbe(Struct):
    """One run of the health check; times in nanoseconds since the epoch, output at most 4096 characters."""

    start: int
    end: int
    exit_code: int
    output: str


class Health(Struct):
    status: Literal["starting", "healthy", "unhealthy"] = "starting"
    failing_streak: int = 0
    log: list[HealthProbe] = []


class State(Struct):
    """Times in nanoseconds since the epoch, 0 = never. A process is pid + start time, never a bare pid.

    `root_id`: the host's id of its root while it runs; 0 in the host's user namespace, where it is because of
    `host_users`. `ids`: those that its program began with, user, group and further groups; inside, as it sees them.
    """

    status: Status = "created"
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    started_at: int = 0
    finished_at: int = 0
    restart_count: int = 0
    manually_stopped: bool = False
    health: Health | None = None
    root_id: int = 0
    host_users: str = ""
    ids: list[int] = []


class MountPoint(Struct):
    """A mount as it was resolved: what `inspect` shows under Mounts. `source` is the host's path."""

    type: MountType
    source: str
    target: str
    read_only: bool = False
    propagation: str = ""
    volume: str = ""
    driver: str = ""
    anonymous: bool = False
    recursive: bool = True


class Container(Struct):
    """The durable record of a container. The process is known from `args`, `env`... resolved at creation."""

    id: str
    name: str
    created: int
    spec: ContainerSpec
    image_id: str
    args: list[str]
    env: list[str]
    user: str
    working_dir: str
    hostname: str
    labels: dict[str, str]
    exposed_ports: list[str]
    stop_signal: str
    healthcheck: Healthcheck | None
    entrypoint: list[str]
    command: list[str]
    mounts: list[MountPoint] = []
    endpoints: dict[str, Endpoint] = {}
    published: list[PortBinding] = []
    state: State = field(default_factory=State)
    snapshot: str = ""


class ExecSpec(Struct):
    """A further process in a running container."""

    args: list[str]
    env: list[str] = []
    user: str = ""
    working_dir: str = ""
    tty: bool = False
    privileged: bool = False
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    detach_keys: str | None = None


class Exec(Struct):
    """An exec as the engine keeps it (in memory: it ends with its container)."""

    id: str
    container_id: str
    spec: ExecSpec
    running: bool = False
    started: bool = False
    exit_code: int | None = None
    pid: int = 0


class AttachOptions(Struct):
    """Which streams to connect, and whether to begin with what is in the log."""

    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    logs: bool = False
    stream: bool = True
    detach_keys: str | None = None


class LogQuery(Struct):
    """Which lines to show: `since` and `until` in nanoseconds since the epoch, `tail` None = all.

    Without `split`, what comes out may hold many lines or part of one: much faster, for when times do not matter.
    """

    stdout: bool = True
    stderr: bool = True
    follow: bool = False
    since: int = 0
    until: int = 0
    tail: int | None = None
    split: bool = True


class LogLine(Struct, frozen=True):
    """`data` ends with a newline unless the program's last line did not. `stream` is 1 or 2."""

    time: int
    stream: int
    data: bytes


class ExitInfo(Struct, frozen=True):
    exit_code: int
    error: str = ""
