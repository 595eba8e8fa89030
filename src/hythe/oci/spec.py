"""The OCI runtime specification's config.json, as typed dictionaries.

These are plain JSON objects with types for the checker and no code, so that the warden (standard library
only) and the engine share one definition: what is written to a bundle is what is read from it. Names are
the specification's own (runtime-spec 1.2, config.md, config-linux.md). Only what hythe reads or writes is
listed; readers use `.get`.
"""

from __future__ import annotations

from typing import TypedDict


class Mount(TypedDict, total=False):
    """One mount. `options` are mount(8)'s words, incl. "ro", "rbind", "nosuid", "lowerdir+=/path", "idmap".

    As a *root file system* (what a snapshotter returns, in the sense of containerd's mount list) an overlay
    has one "lowerdir+=PATH" option for each layer, topmost first, then "upperdir=" and "workdir=". The word
    "lowerdir+" is that of fsconfig(2); there is no length limit and no escaping of ":" or ",".
    """

    destination: str
    type: str
    source: str
    options: list[str]


class User(TypedDict, total=False):
    uid: int
    gid: int
    umask: int
    additionalGids: list[int]


class Capabilities(TypedDict, total=False):
    bounding: list[str]
    effective: list[str]
    inheritable: list[str]
    permitted: list[str]
    ambient: list[str]


class Rlimit(TypedDict):
    type: str
    soft: int
    hard: int


class ConsoleSize(TypedDict):
    height: int
    width: int


class Process(TypedDict, total=False):
    terminal: bool
    consoleSize: ConsoleSize
    user: User
    args: list[str]
    env: list[str]
    cwd: str
    capabilities: Capabilities
    rlimits: list[Rlimit]
    noNewPrivileges: bool
    apparmorProfile: str
    selinuxLabel: str
    oomScoreAdj: int


class Root(TypedDict, total=False):
    path: str
    readonly: bool


class Namespace(TypedDict, total=False):
    """`type`: pid, network, mount, ipc, uts, user, cgroup, time. `path`: join this one instead of a new one."""

    type: str
    path: str


class IdMapping(TypedDict):
    containerID: int
    hostID: int
    size: int


class Device(TypedDict, total=False):
    type: str
    path: str
    major: int
    minor: int
    fileMode: int
    uid: int
    gid: int


class DeviceRule(TypedDict, total=False):
    allow: bool
    type: str
    major: int
    minor: int
    access: str


class MemoryLimit(TypedDict, total=False):
    """Bytes; `swap` is memory + swap together (-1: no limit), as in the specification."""

    limit: int
    reservation: int
    swap: int
    swappiness: int
    disableOOMKiller: bool


class CpuLimit(TypedDict, total=False):
    """`quota` and `period` in microseconds; `shares` relative, 1024 is one share."""

    shares: int
    quota: int
    period: int
    burst: int
    realtimePeriod: int
    realtimeRuntime: int
    cpus: str
    mems: str


class PidsLimit(TypedDict):
    limit: int


class WeightDevice(TypedDict):
    major: int
    minor: int
    weight: int


class Throttle(TypedDict):
    """`rate` in bytes or operations a second."""

    major: int
    minor: int
    rate: int


class BlockIO(TypedDict, total=False):
    """Weights from 10 to 1000."""

    weight: int
    weightDevice: list[WeightDevice]
    throttleReadBpsDevice: list[Throttle]
    throttleWriteBpsDevice: list[Throttle]
    throttleReadIOPSDevice: list[Throttle]
    throttleWriteIOPSDevice: list[Throttle]


class HugepageLimit(TypedDict):
    """`pageSize` as "2MB", `limit` in bytes."""

    pageSize: str
    limit: int


class Resources(TypedDict, total=False):
    devices: list[DeviceRule]
    memory: MemoryLimit
    cpu: CpuLimit
    pids: PidsLimit
    blockIO: BlockIO
    hugepageLimits: list[HugepageLimit]
    unified: dict[str, str]


class SeccompArg(TypedDict, total=False):
    index: int
    value: int
    valueTwo: int
    op: str


class SeccompRule(TypedDict, total=False):
    names: list[str]
    action: str
    errnoRet: int
    args: list[SeccompArg]


class Seccomp(TypedDict, total=False):
    defaultAction: str
    defaultErrnoRet: int
    architectures: list[str]
    flags: list[str]
    listenerPath: str
    listenerMetadata: str
    syscalls: list[SeccompRule]


class Linux(TypedDict, total=False):
    namespaces: list[Namespace]
    uidMappings: list[IdMapping]
    gidMappings: list[IdMapping]
    devices: list[Device]
    cgroupsPath: str
    resources: Resources
    seccomp: Seccomp
    rootfsPropagation: str
    maskedPaths: list[str]
    readonlyPaths: list[str]
    sysctl: dict[str, str]


class Spec(TypedDict, total=False):
    ociVersion: str
    process: Process
    root: Root
    hostname: str
    domainname: str
    mounts: list[Mount]
    linux: Linux
    annotations: dict[str, str]
