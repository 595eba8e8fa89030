"""HostConfig: how the host is to run a container, and the part of it that `update` may change."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class LogConfig(Struct, rename="pascal"):
    type: str = ""
    config: dict[str, str] = {}


class RestartPolicyConfig(Struct, rename="pascal"):
    name: str = ""
    maximum_retry_count: int = 0


class PortBindingConfig(Struct, rename="pascal"):
    """`host_port` is a number, a range "8000-8010" to choose from, or "" for any."""

    host_ip: str = ""
    host_port: str = ""


class DeviceMapping(Struct, rename="pascal"):
    path_on_host: str
    path_in_container: str = ""
    cgroup_permissions: str = "rwm"


class UlimitConfig(Struct, rename="pascal"):
    name: str
    soft: int = 0
    hard: int = 0


class WeightDevice(Struct, rename="pascal"):
    path: str
    weight: int = 0


class ThrottleDevice(Struct, rename="pascal"):
    """`rate` in bytes or operations a second."""

    path: str
    rate: int = 0


class BindOptions(Struct, rename="pascal"):
    propagation: str = ""
    non_recursive: bool = False
    create_mountpoint: bool = False
    read_only_non_recursive: bool = False
    read_only_force_recursive: bool = False


class DriverConfig(Struct, rename="pascal"):
    name: str = ""
    options: dict[str, str] = {}


class VolumeOptions(Struct, rename="pascal"):
    no_copy: bool = False
    labels: dict[str, str] = {}
    driver_config: DriverConfig = field(default_factory=DriverConfig)
    subpath: str = ""


class TmpfsOptions(Struct, rename="pascal"):
    size_bytes: int | None = None
    mode: int | None = None
    options: list[list[str]] = []


class MountConfig(Struct, rename="pascal"):
    """One of HostConfig.Mounts (`docker run --mount`)."""

    type: str = ""
    source: str = ""
    target: str = ""
    read_only: bool = False
    consistency: str = ""
    bind_options: BindOptions | None = None
    volume_options: VolumeOptions | None = None
    tmpfs_options: TmpfsOptions | None = None


class Resources(Struct, rename="pascal"):
    """Limits. Bytes; 0 is no limit; `nano_cpus` in billionths of a CPU."""

    cpu_shares: int = 0
    memory: int = 0
    nano_cpus: int = 0
    cgroup_parent: str = ""
    cpu_period: int = 0
    cpu_quota: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    devices: list[DeviceMapping] = []
    memory_reservation: int = 0
    memory_swap: int = 0
    oom_kill_disable: bool = False
    pids_limit: int | None = None
    ulimits: list[UlimitConfig] = []
    blkio_weight: int = 0
    blkio_weight_device: list[WeightDevice] = []
    blkio_device_read_bps: list[ThrottleDevice] = []
    blkio_device_write_bps: list[ThrottleDevice] = []
    blkio_device_read_iops: list[ThrottleDevice] = field(name="BlkioDeviceReadIOps", default_factory=list)
    blkio_device_write_iops: list[ThrottleDevice] = field(name="BlkioDeviceWriteIOps", default_factory=list)
    cpu_realtime_period: int = 0
    cpu_realtime_runtime: int = 0
    device_cgroup_rules: list[str] = []
    device_requests: list[Any] = []
    kernel_memory: int = 0
    kernel_memory_tcp: int = field(name="KernelMemoryTCP", default=0)
    memory_swappiness: int | None = None
    cpu_count: int = 0
    cpu_percent: int = 0
    io_maximum_iops: int = field(name="IOMaximumIOps", default=0)
    io_maximum_bandwidth: int = field(name="IOMaximumBandwidth", default=0)


class HostConfig(Resources, rename="pascal"):
    binds: list[str] = []
    mounts: list[MountConfig] = []
    tmpfs: dict[str, str] = {}
    volumes_from: list[str] = []
    volume_driver: str = ""
    log_config: LogConfig = field(default_factory=LogConfig)
    network_mode: str = ""
    port_bindings: dict[str, list[PortBindingConfig]] = {}
    publish_all_ports: bool = False
    restart_policy: RestartPolicyConfig = field(default_factory=RestartPolicyConfig)
    auto_remove: bool = False
    cap_add: list[str] = []
    cap_drop: list[str] = []
    cgroupns_mode: str = ""
    cgroup: str = ""
    dns: list[str] = []
    dns_options: list[str] = []
    dns_search: list[str] = []
    extra_hosts: list[str] = []
    group_add: list[str] = []
    ipc_mode: str = ""
    links: list[str] = []
    oom_score_adj: int = 0
    pid_mode: str = ""
    privileged: bool = False
    readonly_rootfs: bool = False
    security_opt: list[str] = []
    storage_opt: dict[str, str] = {}
    sysctls: dict[str, str] = {}
    uts_mode: str = field(name="UTSMode", default="")
    userns_mode: str = ""
    shm_size: int = 0
    runtime: str = ""
    isolation: str = ""
    init: bool = False
    masked_paths: list[str] | None = None
    readonly_paths: list[str] | None = None
    annotations: dict[str, str] = {}


class UpdateRequest(Resources, rename="pascal"):
    """POST /containers/{id}/update: zeros leave a limit as it is."""

    restart_policy: RestartPolicyConfig | None = None
