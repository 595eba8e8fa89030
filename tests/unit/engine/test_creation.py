"""From a request and an image to a container's record."""

from __future__ import annotations

import pytest

from hythe.engine.containers.creation import ImageDefaults, merge_env, mount_requests, new_record
from hythe.engine.model import (
    Container,
    ContainerSpec,
    Healthcheck,
    HostOptions,
    MountRequest,
    PortBinding,
    RestartPolicy,
)
from hythe.errors import InvalidArgument

IMAGE = ImageDefaults(
    id="sha256:" + "0" * 64,
    command=["serve"],
    entrypoint=["/entry"],
    env=["PATH=/bin", "LEVEL=1"],
    labels={"a": "image", "b": "image"},
    exposed_ports=["80/tcp"],
    volumes=["/data"],
    stop_signal="SIGQUIT",
    healthcheck=Healthcheck(test=["CMD", "check"], interval=5, retries=2),
)


def record(spec: ContainerSpec, image: ImageDefaults = IMAGE) -> Container:
    return new_record("f" * 64, "it", spec, image)


@pytest.mark.parametrize(
    ("entrypoint", "command", "expected"),
    [
        (None, None, ["/entry", "serve"]),
        (None, ["other"], ["/entry", "other"]),
        (["/mine"], None, ["/mine"]),
        (["/mine"], ["x"], ["/mine", "x"]),
        ([""], ["sh"], ["sh"]),
    ],
)
def test_entrypoint_and_command_follow_docker(
    entrypoint: list[str] | None, command: list[str] | None, expected: list[str]
) -> None:
    assert record(ContainerSpec("x", command=command, entrypoint=entrypoint)).args == expected


def test_no_program_at_all_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="No command specified"):
        record(ContainerSpec("x"), ImageDefaults("sha256:1"))


def test_environment_and_labels_are_merged_by_key() -> None:
    made = record(ContainerSpec("x", env=["LEVEL=2", "NEW=3", "PATH"], labels={"b": "user"}))
    assert made.env == ["LEVEL=2", "NEW=3"]
    assert made.labels == {"a": "image", "b": "user"}


def test_an_environment_variable_needs_a_name() -> None:
    with pytest.raises(InvalidArgument):
        merge_env([], ["=x"])


def test_ports_are_those_exposed_and_those_published() -> None:
    made = record(ContainerSpec("x", host=HostOptions(ports=[PortBinding(9000, "udp")])))
    assert made.exposed_ports == ["80/tcp", "9000/udp"]


def test_volumes_of_the_image_become_anonymous_unless_something_is_mounted_there() -> None:
    assert [m.target for m in mount_requests(ContainerSpec("x"), IMAGE)] == ["/data"]
    mounted = ContainerSpec("x", host=HostOptions(mounts=[MountRequest("bind", "/data", "/srv")]))
    assert [m.type for m in mount_requests(mounted, IMAGE)] == ["bind"]


def test_two_mounts_at_one_place_are_refused() -> None:
    mounts = [MountRequest("bind", "/x", "/a"), MountRequest("volume", "/x", "v")]
    with pytest.raises(InvalidArgument, match="Duplicate mount point: /x"):
        mount_requests(ContainerSpec("x", host=HostOptions(mounts=mounts)), IMAGE)


@pytest.mark.parametrize("target", ["relative", "/", ""])
def test_a_mount_needs_an_absolute_target(target: str) -> None:
    spec = ContainerSpec("x", host=HostOptions(mounts=[MountRequest("tmpfs", target)]))
    with pytest.raises(InvalidArgument):
        mount_requests(spec, IMAGE)


def test_the_health_check_of_the_image_takes_the_timings_of_the_user() -> None:
    made = record(ContainerSpec("x", healthcheck=Healthcheck(interval=9)))
    assert made.healthcheck == Healthcheck(test=["CMD", "check"], interval=9, retries=2)
    assert record(ContainerSpec("x", healthcheck=Healthcheck(test=["NONE"]))).healthcheck == Healthcheck(
        test=["NONE"]
    )


def test_networks_default_to_the_bridge() -> None:
    assert list(record(ContainerSpec("x")).endpoints) == ["bridge"]
    assert record(ContainerSpec("x", host=HostOptions(network_mode="none"))).endpoints == {}
    assert list(record(ContainerSpec("x", host=HostOptions(network_mode="mine"))).endpoints) == ["mine"]


@pytest.mark.parametrize(
    "host",
    [
        HostOptions(cgroupns_mode="x"),
        HostOptions(cgroup_parent="/a/../b"),
        HostOptions(auto_remove=True, restart=RestartPolicy("always")),
        HostOptions(cap_add=["NO_SUCH"]),
        HostOptions(security_opt=["no-such"]),
        HostOptions(network_mode="container:x", ports=[PortBinding(80)]),
    ],
)
def test_contradictions_are_refused(host: HostOptions) -> None:
    with pytest.raises(InvalidArgument):
        record(ContainerSpec("x", host=host))
