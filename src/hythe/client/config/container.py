"""The options of `run` and `create` as one object, and the body of ContainerCreate that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hythe.base.units import parse_duration, parse_size
from hythe.client.config import block_io, limits
from hythe.client.config.environment import environment, labels
from hythe.client.config.mounts import parse_mount, parse_tmpfs, parse_volume
from hythe.client.config.networks import endpoints
from hythe.client.config.ports import exposed_ports, parse_expose, parse_port, port_bindings
from hythe.errors import InvalidArgument

Json = dict[str, Any]


class RunOptions:
    """What was asked for, as text, under the names of the flags; "", None, [] and False: not given."""

    def __init__(self) -> None:
        self.image, self.command = "", list[str]()
        self.user = self.workdir = self.hostname = self.domainname = self.mac_address = ""
        self.stop_signal, self.stop_timeout = "", None
        self.entrypoint: str | None = None
        self.interactive = self.tty = self.detach = self.init = self.read_only = self.privileged = False
        self.rm = self.publish_all = self.oom_kill_disable = self.no_healthcheck = False
        self.attach: list[str] = []
        self.env, self.env_file = list[str](), list[str]()
        self.label, self.label_file = list[str](), list[str]()
        self.publish, self.expose = list[str](), list[str]()
        self.volume, self.mount, self.tmpfs = list[str](), list[str](), list[str]()
        self.volumes_from, self.volume_driver = list[str](), ""
        self.network, self.network_alias = list[str](), list[str]()
        self.ip = self.ip6 = ""
        self.dns, self.dns_search, self.dns_option = list[str](), list[str](), list[str]()
        self.add_host, self.link = list[str](), list[str]()
        self.memory = self.memory_swap = self.memory_reservation = self.shm_size = self.cpus = ""
        self.memory_swappiness = ""
        self.cpu_shares = self.cpu_quota = self.cpu_period = self.pids_limit = 0
        self.cpu_rt_period = self.cpu_rt_runtime = self.blkio_weight = 0
        self.blkio_weight_device, self.device_cgroup_rule = list[str](), list[str]()
        self.device_read_bps, self.device_write_bps = list[str](), list[str]()
        self.device_read_iops, self.device_write_iops = list[str](), list[str]()
        self.oom_score_adj = 0
        self.cpuset_cpus = self.cpuset_mems = ""
        self.ulimit, self.sysctl, self.device = list[str](), list[str](), list[str]()
        self.cap_add, self.cap_drop, self.group_add = list[str](), list[str](), list[str]()
        self.security_opt: list[str] = []
        self.restart, self.restart_on_unhealthy = "", False
        self.pid = self.ipc = self.uts = self.userns = self.cgroupns = self.cgroup_parent = self.runtime = ""
        self.log_driver, self.log_opt = "", list[str]()
        self.health_cmd = self.health_interval = self.health_timeout = self.health_start_period = ""
        self.health_start_interval, self.health_retries = "", 0
        self.isolation = ""
        self.annotation, self.storage_opt, self.link_local_ip = list[str](), list[str](), list[str]()


def _revived(options: RunOptions) -> dict[str, str]:
    """hythe's own: the label that its engine looks at."""
    return {"io.hythe.restart-on-unhealthy": "true"} if options.restart_on_unhealthy else {}


def container_config(options: RunOptions, caller: Mapping[str, str]) -> Json:
    """The ContainerCreate body. `caller` is the environment that "-e NAME" takes values from."""
    if options.rm and options.restart not in ("", "no"):
        raise InvalidArgument("--rm and --restart exclude each other", hint="leave one of them out")
    if options.uts not in ("", "host"):
        raise InvalidArgument(f"invalid UTS mode {options.uts!r}", hint="use host, or leave --uts out")
    if options.userns not in ("", "host", "private"):
        raise InvalidArgument(f"invalid user namespace mode {options.userns!r}", hint="use host or private")
    ports = [port for text in options.publish for port in parse_port(text)]
    exposed = [key for text in options.expose for key in parse_expose(text)]
    anonymous = [path for kind, path in map(parse_volume, options.volume) if kind == "anonymous"]
    stdin, stdout, stderr = attached(options)
    config: Json = {
        "Image": options.image, "Cmd": options.command or None, "User": options.user,
        "WorkingDir": options.workdir, "Hostname": options.hostname, "Domainname": options.domainname,
        "Env": environment(options.env, options.env_file, caller),
        "Labels": labels(options.label, options.label_file) | _revived(options),
        "Tty": options.tty, "OpenStdin": options.interactive,
        "StdinOnce": options.interactive and not options.detach,
        "AttachStdin": stdin, "AttachStdout": stdout, "AttachStderr": stderr,
        "ExposedPorts": exposed_ports(ports, exposed), "Volumes": {path: {} for path in anonymous},
        "HostConfig": {**_host(options), "PortBindings": port_bindings(ports)},
        "NetworkingConfig": {"EndpointsConfig": endpoints(options)},
    }  # fmt: skip
    if options.entrypoint is not None:
        # An empty one, --entrypoint "", takes the image's away; the API says that with an empty word.
        config["Entrypoint"] = [options.entrypoint]
    if options.stop_signal:
        config["StopSignal"] = options.stop_signal
    if options.stop_timeout is not None:
        config["StopTimeout"] = options.stop_timeout
    if options.mac_address:
        config["MacAddress"] = options.mac_address
    if health := _healthcheck(options):
        config["Healthcheck"] = health
    return config


def attached(options: RunOptions) -> tuple[bool, bool, bool]:
    """Whether standard input, output and errors are to be connected to the caller."""
    if options.detach:
        return False, False, False
    named = {name.lower() for name in options.attach}
    if unknown := named - {"stdin", "stdout", "stderr"}:
        raise InvalidArgument(f"invalid --attach {unknown.pop()!r}", hint="use stdin, stdout or stderr")
    if not named:
        return options.interactive, True, True
    return "stdin" in named, "stdout" in named, "stderr" in named


def _host(options: RunOptions) -> Json:
    binds = [text for kind, text in map(parse_volume, options.volume) if kind != "anonymous"]
    return {
        "Binds": binds, "Mounts": [parse_mount(text) for text in options.mount],
        "Tmpfs": dict(parse_tmpfs(text) for text in options.tmpfs),
        "VolumesFrom": options.volumes_from, "VolumeDriver": options.volume_driver,
        "NetworkMode": network_mode(options), "PublishAllPorts": options.publish_all,
        "RestartPolicy": limits.restart_policy(options.restart), "AutoRemove": options.rm,
        "Dns": [limits.address(text) for text in options.dns], "DnsSearch": options.dns_search,
        "DnsOptions": options.dns_option,
        "ExtraHosts": [limits.extra_host(text) for text in options.add_host], "Links": options.link,
        "CapAdd": options.cap_add, "CapDrop": options.cap_drop, "GroupAdd": options.group_add,
        "SecurityOpt": [_security(text) for text in options.security_opt],
        "Privileged": options.privileged, "ReadonlyRootfs": options.read_only,
        "Init": options.init or None, "Runtime": options.runtime,
        "PidMode": options.pid, "IpcMode": options.ipc, "UTSMode": options.uts,
        "UsernsMode": options.userns, "CgroupnsMode": options.cgroupns, "CgroupParent": options.cgroup_parent,
        "LogConfig": {"Type": options.log_driver, "Config": limits.pairs(options.log_opt, "log option")},
        "Sysctls": limits.pairs(options.sysctl, "sysctl"), **resources(options),
        "Isolation": options.isolation, "Annotations": limits.pairs(options.annotation, "annotation"),
        "StorageOpt": limits.pairs(options.storage_opt, "storage option"),
        "OomScoreAdj": options.oom_score_adj, "ShmSize": parse_size(options.shm_size or "0"),
        "Devices": [limits.device(text) for text in options.device],
        "Ulimits": [limits.ulimit(text) for text in options.ulimit],
        "DeviceCgroupRules": [block_io.device_rule(text) for text in options.device_cgroup_rule],
        "BlkioWeightDevice": [block_io.weight(text) for text in options.blkio_weight_device],
        "BlkioDeviceReadBps": [block_io.bytes_rate(text) for text in options.device_read_bps],
        "BlkioDeviceWriteBps": [block_io.bytes_rate(text) for text in options.device_write_bps],
        "BlkioDeviceReadIOps": [block_io.operations_rate(text) for text in options.device_read_iops],
        "BlkioDeviceWriteIOps": [block_io.operations_rate(text) for text in options.device_write_iops],
    }  # fmt: skip


def resources(options: RunOptions) -> Json:
    """The limits, as ContainerUpdate takes them too."""
    return {
        "Memory": limits.memory(options.memory or "0"),
        "MemorySwap": limits.memory(options.memory_swap or "0"),
        "MemoryReservation": limits.memory(options.memory_reservation or "0"),
        "NanoCpus": limits.nano_cpus(options.cpus or "0"), "CpuShares": options.cpu_shares,
        "CpuQuota": options.cpu_quota, "CpuPeriod": options.cpu_period,
        "CpusetCpus": options.cpuset_cpus, "CpusetMems": options.cpuset_mems,
        "CpuRealtimePeriod": options.cpu_rt_period, "CpuRealtimeRuntime": options.cpu_rt_runtime,
        "BlkioWeight": options.blkio_weight, "MemorySwappiness": limits.swappiness(options.memory_swappiness),
        "PidsLimit": options.pids_limit or None, "OomKillDisable": options.oom_kill_disable or None,
    }  # fmt: skip


def network_mode(options: RunOptions) -> str:
    """HostConfig.NetworkMode: the first network's name, or "default"."""
    return options.network[0].split(",")[0].removeprefix("name=") if options.network else "default"


def _security(text: str) -> str:
    """A seccomp profile is given as a file's path and travels as its content."""
    key, separator, value = text.partition("=" if "=" in text else ":")
    if key != "seccomp" or not separator or value in ("unconfined", "builtin"):
        return text
    try:
        with open(value, encoding="utf-8") as file:
            return f"seccomp={file.read()}"
    except OSError as error:
        raise InvalidArgument(f"cannot read the seccomp profile {value}: {error.strerror}") from error


def _healthcheck(options: RunOptions) -> Json | None:
    durations = {
        "Interval": options.health_interval, "Timeout": options.health_timeout,
        "StartPeriod": options.health_start_period, "StartInterval": options.health_start_interval,
    }  # fmt: skip
    given = any([options.health_cmd, options.health_retries, *durations.values()])
    if options.no_healthcheck:
        if given:
            raise InvalidArgument("--no-healthcheck excludes the other --health options")
        return {"Test": ["NONE"]}
    if not given:
        return None
    health: Json = {key: parse_duration(text) for key, text in durations.items() if text}
    if options.health_cmd:
        health["Test"] = ["CMD-SHELL", options.health_cmd]
    if options.health_retries:
        health["Retries"] = options.health_retries
    return health
