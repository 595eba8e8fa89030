"""inspect and list, held against the answers of a real dockerd."""

from __future__ import annotations

import pytest

from hythe.api.docker.translate.container_json import Places, container_json, state_json
from hythe.api.docker.translate.summary import command_text, summary
from hythe.engine.model import ContainerSpec, HostOptions, State

from .golden import load, missing_keys
from .samples import SECOND, START, container, spec_of

# Gone from the API since 1.42 (kernel memory), or the source of a layer that dockerd alone has.
GONE = (
    "$.HostConfig.KernelMemory",
    "$.HostConfig.KernelMemoryTCP",
    "$.GraphDriver.Data.LowerDir",
    "$.GraphDriver.Data.MergedDir",
    "$.GraphDriver.Data.UpperDir",
    "$.GraphDriver.Data.WorkDir",
)


def test_inspect_has_every_key_of_dockerd() -> None:
    ours = container_json(container(), Places())
    assert [k for k in missing_keys(load("dockerd_container_inspect"), ours) if k not in GONE] == []


def test_list_has_every_key_of_dockerd() -> None:
    ours = summary(container(), START + 28 * SECOND, (0, 1))
    assert missing_keys(load("dockerd_container_list"), [ours | {"Mounts": ours["Mounts"][::-1]}]) == []


def test_values_are_those_of_dockerd() -> None:
    theirs, ours = load("dockerd_container_inspect"), container_json(container(), Places())
    for key in ("Id", "Path", "Args", "Name", "Image", "Platform", "RestartCount"):
        assert ours[key] == theirs[key]
    assert ours["Config"] == theirs["Config"]
    assert ours["NetworkSettings"]["Ports"] == theirs["NetworkSettings"]["Ports"]
    assert ours["State"]["FinishedAt"] == theirs["State"]["FinishedAt"]
    assert ours["State"]["Health"] == theirs["State"]["Health"]
    assert ours["HostConfig"]["MemorySwap"] == theirs["HostConfig"]["MemorySwap"]
    assert ours["Mounts"][0] == theirs["Mounts"][0]


def test_ports_and_status_of_a_list() -> None:
    ours = summary(container(), START + 28 * SECOND)
    theirs = load("dockerd_container_list")[0]
    assert ours["Ports"] == theirs["Ports"]
    assert ours["Status"] == theirs["Status"]
    assert (ours["Command"], ours["Names"], ours["State"]) == ("sleep 1000", ["/gold"], "running")
    assert "SizeRw" not in ours


def test_a_stopped_container_has_no_addresses_and_no_ports() -> None:
    stopped = container(state=State(status="exited", exit_code=3, finished_at=START), endpoints={})
    ours = container_json(stopped, Places())
    assert ours["NetworkSettings"]["Ports"] == {}
    assert ours["NetworkSettings"]["IPAddress"] == ""
    assert summary(stopped, START + 2 * SECOND)["Status"] == "Exited (3) 2 seconds ago"
    assert summary(stopped, START)["Ports"] == []


def test_a_port_on_every_address_is_shown_as_docker_shows_it() -> None:
    from hythe.engine.model import PortBinding

    ours = container_json(container(published=[PortBinding(80, "tcp", "", 49153)]), Places())
    assert ours["NetworkSettings"]["Ports"] == {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "49153"}]}


def test_a_container_on_the_hosts_network_shows_that_network() -> None:
    host = container(spec=ContainerSpec(image="x", host=HostOptions(network_mode="host")), endpoints={})
    assert list(container_json(host, Places())["NetworkSettings"]["Networks"]) == ["host"]


def test_host_config_gives_back_what_was_asked_for() -> None:
    body = load("cli_create_full")
    ours = container_json(container(spec=spec_of(body)), Places())["HostConfig"]
    keys = ("CapAdd", "CapDrop", "PortBindings", "NanoCpus", "Memory", "Tmpfs", "Ulimits", "Devices", "Dns")
    more = ("ExtraHosts", "RestartPolicy", "ShmSize", "ReadonlyRootfs", "Sysctls", "PidsLimit")
    for key in keys + more:
        assert ours[key] == body["HostConfig"][key], key
    assert ours["Binds"] == ["vol:/data:ro", "/tmp:/h:rslave"]


@pytest.mark.parametrize(
    ("status", "flags"),
    [
        ("running", (True, False, False, False)),
        ("paused", (True, True, False, False)),
        ("restarting", (True, False, True, False)),
        ("exited", (False, False, False, False)),
        ("dead", (False, False, False, True)),
    ],
)
def test_state_flags(status: str, flags: tuple[bool, ...]) -> None:
    state = state_json(State(status=status))  # type: ignore[arg-type]
    assert tuple(state[key] for key in ("Running", "Paused", "Restarting", "Dead")) == flags


def test_arguments_with_spaces_are_quoted() -> None:
    assert command_text(["sh", "-c", "echo hi"]) == "sh -c 'echo hi'"
