"""What the docker CLI sends to create a container, in the engine's words."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.engine.model import DeviceRequest, EndpointRequest, MountRequest, PortBinding, Ulimit
from hythe.errors import InvalidArgument, Unsupported

from .golden import load
from .samples import spec_of


def test_everything_docker_create_can_say() -> None:
    spec = spec_of(load("cli_create_full"))
    assert (spec.image, spec.entrypoint, spec.command) == ("busybox", ["/bin/sh"], ["-c", "echo hi"])
    assert (spec.tty, spec.open_stdin, spec.stdin_once, spec.user, spec.working_dir) == (
        True,
        True,
        True,
        "1:2",
        "/w",
    )
    assert (spec.env, spec.labels, spec.stop_signal, spec.stop_timeout) == (
        ["A=b", "C"],
        {"x": "y"},
        "INT",
        3,
    )
    assert spec.healthcheck is not None
    assert (spec.healthcheck.test, spec.healthcheck.interval) == (["CMD-SHELL", "true"], 2_000_000_000)
    assert spec.healthcheck.start_interval == 1_000_000_000
    assert spec.networks == {"net1": EndpointRequest(aliases=["al"], ipv4="10.0.0.5")}


def test_host_options_docker_create_can_say() -> None:
    host = spec_of(load("cli_create_full")).host
    assert (host.memory, host.memory_swap, host.nano_cpus, host.pids_limit) == (
        64 << 20,
        -1,
        1_500_000_000,
        50,
    )
    assert (host.cap_add, host.cap_drop, host.security_opt) == (
        ["CAP_NET_ADMIN"],
        ["ALL"],
        ["no-new-privileges"],
    )
    assert (host.restart.name, host.restart.max_retries) == ("on-failure", 3)
    assert (host.init, host.read_only, host.shm_size, host.group_add) == (True, True, 1 << 30, ["100"])
    assert host.ulimits == [Ulimit("nofile", 1024, 2048)]
    assert host.devices == [DeviceRequest("/dev/null", "/dev/xnull", "r")]
    assert host.ports[:2] == [PortBinding(80, "tcp", "", 8080), PortBinding(9000, "udp", "127.0.0.1", 9000)]
    assert (host.dns, host.extra_hosts, host.network_mode) == (["1.1.1.1"], ["db:10.0.0.1"], "net1")
    assert (host.log.driver, host.log.options) == ("json-file", {"max-size": "1m"})


def test_mounts_docker_create_can_say() -> None:
    assert spec_of(load("cli_create_full")).host.mounts == [
        MountRequest("volume", "/data", "vol", True),
        MountRequest("bind", "/h", "/tmp", propagation="rslave", create_source=True),
        MountRequest("tmpfs", "/t", tmpfs_size=1 << 20, tmpfs_mode=0o1777),
        MountRequest("volume", "/v2", "v2", no_copy=True, labels={"a": "b"}),
        MountRequest("bind", "/e", "/etc", True, "rprivate"),
        MountRequest("tmpfs", "/scr", tmpfs_options=["size=64k", "noexec"]),
    ]


def test_defaults_are_docker_run_without_flags() -> None:
    spec = spec_of(load("cli_create_plain"))
    assert (spec.command, spec.entrypoint, spec.healthcheck) == (None, None, None)
    assert spec.networks == {"default": EndpointRequest()}
    assert (spec.host.pids_limit, spec.host.shm_size, spec.host.network_mode) == (0, 64 << 20, "default")


def test_shared_namespaces_and_several_networks() -> None:
    spec = spec_of(load("cli_create_shared"))
    assert (spec.host.pid_mode, spec.host.ipc_mode, spec.host.uts_mode) == ("host", "host", "host")
    assert (spec.host.privileged, spec.host.publish_all, spec.host.auto_remove) == (True, True, True)
    assert list(spec.networks) == ["n1", "n2"]
    assert spec.exposed_ports == ["53/udp"]


def test_a_command_may_be_one_string() -> None:
    assert spec_of({"Image": "x", "Cmd": "ls -l"}).command == ["ls -l"]


def test_empty_lists_of_paths_unmask_the_system() -> None:
    host = spec_of({"Image": "x", "HostConfig": {"MaskedPaths": [], "ReadonlyPaths": []}}).host
    assert host.security_opt == ["systempaths=unconfined"]


def test_the_older_mac_address_belongs_to_the_main_network() -> None:
    spec = spec_of({"Image": "x", "MacAddress": "02-42-AC-11-00-02", "HostConfig": {"NetworkMode": "n"}})
    assert spec.networks["n"].mac == "02:42:ac:11:00:02"


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ({"KernelMemory": 300}, "KernelMemory=300"),
        ({"DeviceRequests": [{"Count": -1}]}, "DeviceRequests"),
        ({"IOMaximumIOps": 60}, "IOMaximumIOps=60"),
        ({"StorageOpt": {"size": "1G"}}, "StorageOpt"),
        ({"Mounts": [{"Type": "image", "Target": "/x"}]}, "image"),
        ({"PortBindings": {"80/sctp": []}}, "SCTP"),
        ({"CpuPercent": 1}, "CpuPercent"),
    ],
)
def test_what_hythe_cannot_do_is_refused_by_name(host: dict[str, Any], named: str) -> None:
    with pytest.raises(Unsupported, match=named):
        spec_of({"Image": "x", "HostConfig": host})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"Image": "x", "HostConfig": {"Memory": "64m"}},
        {"Image": "x", "Env": "A=b"},
        {"Image": "x", "Env": ["=b"]},
        {"Image": "x", "HostConfig": {"RestartPolicy": {"Name": "sometimes"}}},
        {"Image": "x", "HostConfig": {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 2}}},
        {"Image": "x", "HostConfig": {"PortBindings": {"99999/tcp": []}}},
        {"Image": "x", "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "9-8"}]}}},
        {"Image": "x", "HostConfig": {"Binds": ["a:b"]}},
        {"Image": "x", "HostConfig": {"NanoCpus": -1}},
        {"Image": "x", "HostConfig": {"DeviceCgroupRules": ["x"]}},
        {"Image": "x", "HostConfig": {"ShmSize": -1}},
        {"Image": "x", "Healthcheck": {"Test": ["CMD", "x"], "Interval": 5}},
        {"Image": "x", "Healthcheck": {"Test": ["x"]}},
        {"Image": "x", "MacAddress": "zz"},
        {"Image": "x", "HostConfig": {"ExtraHosts": ["db"]}},
        {"Image": "x", "HostConfig": {"UTSMode": "container:other"}},
        {"Image": "x", "HostConfig": {"LogConfig": {"Type": "cri", "Config": {"path": "/etc/x"}}}},
    ],
)
def test_mistakes_are_told(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        spec_of(body)
