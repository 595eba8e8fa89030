"""The keys of a service. Source: Compose Specification, "Services top-level element"."""

from __future__ import annotations

from typing import Final

from hythe.compose.schema import build, deploy, mounts
from hythe.compose.schema.parts import (
    COMMAND,
    ENV_FILES,
    EXTRA_HOSTS,
    FILE_REFERENCES,
    OPTIONS,
    PAIRS,
    TEXT,
    TEXT_OR_TEXTS,
    TEXTS,
    ULIMITS,
    optional,
)
from hythe.compose.schema.shapes import (
    Anything,
    Duration,
    Fields,
    Flag,
    ListOf,
    Number,
    Refused,
    Shape,
    Size,
    TableOf,
    Word,
    either,
)

_CONDITIONS: Final = ("service_started", "service_healthy", "service_completed_successfully")
_DEPENDENCY: Final = Fields(
    {"condition": Word(_CONDITIONS), "required": Flag(), "restart": Flag()}, ("condition",)
)
_HEALTHCHECK: Final = Fields(
    {
        "test": either(TEXT, ListOf(Anything(null=False))),
        "interval": Duration(),
        "timeout": Duration(),
        "start_period": Duration(),
        "start_interval": Duration(),
        "retries": Number(low=0),
        "disable": Flag(),
    }
)
_ATTACHMENT: Final = Fields(
    {
        "aliases": TEXTS,
        "ipv4_address": TEXT,
        "ipv6_address": TEXT,
        "link_local_ips": TEXTS,
        "mac_address": TEXT,
        "driver_opts": OPTIONS,
        "priority": Number(real=True),
        "gw_priority": Refused("priority says which network comes first"),
        "interface_name": Refused(),
    }
)
_RATES: Final = ListOf(Fields({"path": TEXT, "rate": Size()}, ("path", "rate")))
_BLKIO: Final = Fields(
    {
        "weight": Number(low=10, high=1000),
        "weight_device": ListOf(Fields({"path": TEXT, "weight": Number(low=10, high=1000)})),
        "device_read_bps": _RATES,
        "device_read_iops": _RATES,
        "device_write_bps": _RATES,
        "device_write_iops": _RATES,
    }
)
_WINDOWS: Final = Refused("it is for Windows containers")

_PROCESS: Final[dict[str, Shape]] = {
    "command": COMMAND,
    "entrypoint": COMMAND,
    "environment": PAIRS,
    "env_file": ENV_FILES,
    "user": TEXT,
    "working_dir": TEXT,
    "tty": Flag(),
    "stdin_open": Flag(),
    "init": Flag(),
    "stop_signal": TEXT,
    "stop_grace_period": Duration(),
    "healthcheck": _HEALTHCHECK,
    "restart": TEXT,
    "logging": Fields({"driver": TEXT, "options": OPTIONS}),
    "post_start": Refused("run the command with depends_on and service_completed_successfully, or exec"),
    "pre_stop": Refused("let the program act on its stop_signal"),
}
_IDENTITY: Final[dict[str, Shape]] = {
    "image": TEXT,
    "build": build.BUILD,
    "container_name": TEXT,
    "labels": PAIRS,
    "label_file": TEXT_OR_TEXTS,
    "annotations": PAIRS,
    "platform": TEXT,
    "pull_policy": Word(
        ("always", "never", "missing", "if_not_present", "build"), refused=("daily", "weekly", "refresh")
    ),
    "pull_refresh_after": Refused("use pull_policy: always"),
    "profiles": TEXTS,
    "scale": deploy.SCALE,
    "deploy": deploy.DEPLOY,
    "develop": build.DEVELOP,
    "attach": Flag(),
    "extends": either(TEXT, Fields({"service": TEXT, "file": TEXT}, ("service",))),
    "depends_on": either(TEXTS, TableOf(_DEPENDENCY, strict=True)),
    "provider": Refused(),
    "models": Refused(),
    "runtime": TEXT,
}
_CONNECTIONS: Final[dict[str, Shape]] = {
    "ports": mounts.PORTS,
    "expose": ListOf(Anything(null=False)),
    "networks": either(TEXTS, TableOf(optional(_ATTACHMENT), strict=True)),
    "network_mode": TEXT,
    "hostname": TEXT,
    "domainname": TEXT,
    "extra_hosts": EXTRA_HOSTS,
    "dns": TEXT_OR_TEXTS,
    "dns_opt": TEXTS,
    "dns_search": TEXT_OR_TEXTS,
    "mac_address": TEXT,
    "links": Refused("services of one network find each other by name; for another name use aliases"),
    "external_links": Refused("put both on an external network"),
}
_STORAGE: Final[dict[str, Shape]] = {
    "volumes": mounts.VOLUMES,
    "volumes_from": TEXTS,
    "tmpfs": TEXT_OR_TEXTS,
    "configs": FILE_REFERENCES,
    "secrets": FILE_REFERENCES,
    "devices": mounts.DEVICES,
    "device_cgroup_rules": TEXTS,
    "read_only": Flag(),
    "shm_size": Size(),
    "storage_opt": OPTIONS,
    "use_api_socket": Refused("bind mount the daemon's socket under volumes"),
}
_ISOLATION: Final[dict[str, Shape]] = {
    "privileged": Flag(),
    "cap_add": TEXTS,
    "cap_drop": TEXTS,
    "security_opt": TEXTS,
    "group_add": ListOf(Anything(null=False)),
    "ipc": TEXT,
    "pid": optional(TEXT),
    "uts": Word(("host",)),
    "userns_mode": TEXT,
    "cgroup": Word(("host", "private")),
    "cgroup_parent": TEXT,
    "sysctls": PAIRS,
    "isolation": _WINDOWS,
    "credential_spec": _WINDOWS,
}
_LIMITS: Final[dict[str, Shape]] = {
    "mem_limit": Size(),
    "mem_reservation": Size(),
    "memswap_limit": Size(unlimited=True),
    "mem_swappiness": Number(low=0, high=100),
    "oom_kill_disable": Flag(),
    "oom_score_adj": Number(low=-1000, high=1000),
    "cpus": Number(real=True, low=0),
    "cpuset": TEXT,
    "cpu_shares": Number(low=0),
    "cpu_quota": Number(),
    "cpu_period": Number(),
    "cpu_rt_period": either(Number(low=0), Duration()),
    "cpu_rt_runtime": either(Number(low=0), Duration()),
    "cpu_count": _WINDOWS,
    "cpu_percent": _WINDOWS,
    "pids_limit": Number(),
    "ulimits": ULIMITS,
    "blkio_config": _BLKIO,
    "gpus": Refused("name the device under devices"),
}

SERVICE: Final = Fields({**_IDENTITY, **_PROCESS, **_CONNECTIONS, **_STORAGE, **_ISOLATION, **_LIMITS})
