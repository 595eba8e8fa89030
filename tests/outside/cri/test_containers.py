"""Containers over gRPC: what they are given and may do, how they end, and what is left to read of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import grpc
import pytest
from cri_api.v1 import api_pb2 as cri

from tests.cri import Client, code_of, details_of, words
from tests.targets import Target
from tests.waiting import wait_until

pytestmark = pytest.mark.root


def secured(**fields: object) -> cri.LinuxContainerConfig:
    return cri.LinuxContainerConfig(security_context=cri.LinuxContainerSecurityContext(**fields))  # type: ignore[arg-type]


def refused(client: Client, code: grpc.StatusCode, **fields: Any) -> str:
    """The words with which a container of these fields is refused; nothing is made then."""
    pod = client.pod()
    with pytest.raises(grpc.RpcError) as error:
        client.create(pod, "true", **fields)
    assert code_of(error.value) == code, details_of(error.value)
    assert client.runtime.ListContainers(cri.ListContainersRequest()).containers == []
    return details_of(error.value)


@pytest.mark.parametrize(
    ("command", "code", "reason"),
    [("exit 0", 0, "Completed"), ("exit 7", 7, "Error"), ("kill -9 $$", 137, "Error")],
)
def test_how_it_ended(client: Client, command: str, code: int, reason: str) -> None:
    id = client.run(client.pod(), "sh", "-c", command)
    status = client.ended(id)
    assert (status.exit_code, status.reason) == (code, reason)
    assert status.created_at < status.started_at <= status.finished_at


def test_one_that_cannot_be_started_has_ended(client: Client) -> None:
    pod = client.pod()
    id = client.create(pod, "/no/such/program")
    with pytest.raises(grpc.RpcError) as failed:
        client.start(id)
    assert "no such file or directory" in details_of(failed.value)
    status = client.status(id)
    assert (status.state, status.reason, status.exit_code) == (cri.CONTAINER_EXITED, "StartError", 127)
    with pytest.raises(grpc.RpcError) as again:
        client.start(id)
    assert details_of(again.value) == "container is in CONTAINER_EXITED state"


def test_out_of_memory(client: Client) -> None:
    limits = cri.LinuxContainerResources(memory_limit_in_bytes=16 << 20)
    linux = cri.LinuxContainerConfig(resources=limits)
    id = client.run(client.pod(), "sh", "-c", "x=a; while :; do x=$x$x; done", linux=linux)
    status = client.ended(id)
    assert (status.exit_code, status.reason) == (137, "OOMKilled")


def test_limits_and_new_ones(client: Client) -> None:
    limits = cri.LinuxContainerResources(
        cpu_period=100000, cpu_quota=50000, cpu_shares=512, memory_limit_in_bytes=64 << 20,
        hugepage_limits=[cri.HugepageLimit(page_size="2MB", limit=0)],
    )  # fmt: skip
    id = client.run(client.pod(), "sleep", "100", linux=cri.LinuxContainerConfig(resources=limits))
    told = client.status(id).resources.linux
    assert (told.cpu_quota, told.cpu_shares, told.memory_limit_in_bytes) == (50000, 512, 64 << 20)
    more = cri.LinuxContainerResources(cpu_quota=80000, memory_limit_in_bytes=128 << 20)
    client.runtime.UpdateContainerResources(cri.UpdateContainerResourcesRequest(container_id=id, linux=more))
    told = client.status(id).resources.linux
    assert (told.cpu_quota, told.cpu_shares, told.memory_limit_in_bytes) == (80000, 512, 128 << 20)
    file = "find /sys/fs/cgroup -name memory.limit_in_bytes -o -name memory.max | head -1 | xargs cat"
    assert client.exec(id, "sh", "-c", file)[1] == f"{128 << 20}\n"


def test_the_log_is_kubernetes(client: Client) -> None:
    pod = client.pod()
    id = client.run(
        pod, *words("echo out", "echo err >&2", "head -c 20000 /dev/zero | tr '\\0' x", "echo", "printf end")
    )
    client.ended(id)
    lines = client.lines(pod)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", time) for time, _, _, _ in lines)
    assert [(stream, text) for _, stream, _, text in lines if stream == "stderr"] == [("stderr", "err\n")]
    output = [(tag, text) for _, stream, tag, text in lines if stream == "stdout"]
    assert [tag for tag, _ in output] == ["F", "P", "F", "F"]
    assert "".join(text for _, text in output) == f"out\n{'x' * 20000}\nend\n"
    assert client.status(id).log_path == f"{pod.config.log_directory}/main.log"


def test_docker_reads_the_log_too(client: Client, engine: Target) -> None:
    id = client.run(client.pod(), *words("echo two >&2", "sleep 0.3", "echo one", "echo three"))
    client.ended(id)
    shown = engine.docker("logs", id)
    assert (shown.out, shown.err) == ("one\nthree\n", "two\n")
    assert engine.docker("logs", "--tail", "1", id).out == "three\n"


def test_the_log_is_begun_anew(client: Client) -> None:
    pod = client.pod()
    id = client.run(pod, "sh", "-c", "while :; do echo $((i=i+1)); sleep 0.05; done")
    log = Path(client.status(id).log_path)
    wait_until(lambda: log.exists() and log.read_text())
    moved = log.rename(f"{log}.1")
    client.runtime.ReopenContainerLog(cri.ReopenContainerLogRequest(container_id=id))
    wait_until(lambda: log.read_text().count("\n") > 1)
    before, after = (path.read_text().splitlines() for path in (moved, log))
    assert int(after[0].split()[3]) == int(before[-1].split()[3]) + 1
    client.runtime.StopContainer(cri.StopContainerRequest(container_id=id, timeout=0))
    with pytest.raises(grpc.RpcError) as error:
        client.runtime.ReopenContainerLog(cri.ReopenContainerLogRequest(container_id=id))
    assert code_of(error.value) == grpc.StatusCode.FAILED_PRECONDITION


def test_mounts(client: Client, tmp_path: Path) -> None:
    (tmp_path / "read").mkdir()
    (tmp_path / "read/file").write_text("from the host\n")
    mounts = [
        cri.Mount(container_path="/read", host_path=str(tmp_path / "read"), readonly=True),
        cri.Mount(container_path="/made", host_path=str(tmp_path / "made/below")),
    ]
    pod = client.pod()
    id = client.run(pod, "sleep", "100", mounts=mounts)
    assert client.exec(id, "cat", "/read/file")[1] == "from the host\n"
    assert "Read-only" in client.exec(id, "touch", "/read/x")[2]
    assert client.exec(id, "touch", "/made/x")[0] == 0 and (tmp_path / "made/below/x").exists()
    told = {mount.container_path: mount for mount in client.status(id).mounts}
    assert told["/read"].readonly and not told["/made"].readonly
    assert told["/made"].host_path == str(tmp_path / "made/below")


def test_users_and_groups(client: Client) -> None:
    pod = client.pod()
    context = secured(
        run_as_user=cri.Int64Value(value=1234),
        run_as_group=cri.Int64Value(value=77),
        supplemental_groups=[88, 99],
    )
    id = client.run(pod, "sleep", "100", linux=context)
    assert client.exec(id, *words("id -u", "id -G"))[1].split() == ["1234", "77", "88", "99"]
    told = client.status(id).user.linux
    assert (told.uid, told.gid, list(told.supplemental_groups)) == (1234, 77, [77, 88, 99])


def test_strict_groups_leave_the_image_s_out(client: Client) -> None:
    pod = client.pod()
    for policy, groups in ((cri.Merge, ["0", "5", "10"]), (cri.Strict, ["0", "5"])):
        context = secured(run_as_username="root", supplemental_groups=[5], supplemental_groups_policy=policy)
        assert client.output(pod, "id", "-G", linux=context).split() == groups


def test_rights(client: Client) -> None:
    pod = client.pod()
    dropped = secured(capabilities=cri.Capability(drop_capabilities=["ALL"], add_capabilities=["CHOWN"]))
    assert client.output(pod, "grep", "CapEff", "/proc/self/status", linux=dropped).split()[1] == f"{1:016x}"
    tight = secured(no_new_privs=True, readonly_rootfs=True, masked_paths=["/etc"], readonly_paths=["/tmp"])
    text = client.output(
        pod, *words("grep NoNewPrivs /proc/self/status", "ls /etc", "touch /x 2>&1"), linux=tight
    )
    assert text.split("\n")[:2] == ["NoNewPrivs:\t1", "touch: /x: Read-only file system"]


@pytest.mark.parametrize(
    ("profile", "filtered"),
    [
        (None, "0"),
        (cri.SecurityProfile(profile_type=cri.SecurityProfile.RuntimeDefault), "2"),
        (cri.SecurityProfile(profile_type=cri.SecurityProfile.Unconfined), "0"),
    ],
)
def test_filters(client: Client, profile: cri.SecurityProfile | None, filtered: str) -> None:
    context = secured(seccomp=profile) if profile else secured()
    text = client.output(client.pod(), "grep", "Seccomp:", "/proc/self/status", linux=context)
    assert text.split()[1] == filtered


def test_a_filter_of_the_host_s(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    rule = '{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}'
    path.write_text(f'{{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{rule}]}}')
    localhost = cri.SecurityProfile.Localhost
    profile = cri.SecurityProfile(profile_type=localhost, localhost_ref=str(path))
    id = client.run(client.pod(), "sleep", "100", linux=secured(seccomp=profile))
    assert "Operation not permitted" in client.exec(id, "mkdir", "/x")[2]


def test_privileged_only_in_a_privileged_pod(client: Client) -> None:
    told = refused(client, grpc.StatusCode.INVALID_ARGUMENT, linux=secured(privileged=True))
    assert told == "no privileged container allowed in sandbox"


def test_what_makes_no_sense_is_refused(client: Client) -> None:
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    group = secured(run_as_group=cri.Int64Value(value=5))
    assert refused(client, invalid, linux=group) == "user group is specified without user"
    assert "log directory" in refused(client, invalid, log_path="../../outside.log")
    name = cri.ContainerMetadata(name="")
    assert "name is required" in refused(client, invalid, metadata=name)
    missing = cri.ImageSpec(image="no-such-image:1")
    assert "failed to resolve image" in refused(client, grpc.StatusCode.NOT_FOUND, image=missing)
    device = cri.Device(host_path="/dev/no-such", container_path="/dev/x", permissions="rwm")
    assert "/dev/no-such" in refused(client, invalid, devices=[device])


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"CDI_devices": [cri.CDIDevice(name="vendor.com/gpu=0")]}, "vendor.com/gpu=0"),
        ({"mounts": [cri.Mount(container_path="/i", image=cri.ImageSpec(image="busybox"))]}, "/i"),
        (
            {"linux": secured(capabilities=cri.Capability(add_ambient_capabilities=["CHOWN"]))},
            "add_ambient_capabilities",
        ),
    ],
)
def test_what_is_not_there_is_refused_by_name(client: Client, fields: dict[str, object], named: str) -> None:
    assert named in refused(client, grpc.StatusCode.UNIMPLEMENTED, **fields)


def test_devices(client: Client) -> None:
    device = cri.Device(host_path="/dev/null", container_path="/dev/mine", permissions="rw")
    id = client.run(client.pod(), "sleep", "100", devices=[device])
    assert client.exec(id, "stat", "-c", "%t:%T", "/dev/mine")[1] == "1:3\n"


def test_a_command_that_takes_too_long(client: Client) -> None:
    id = client.run(client.pod(), "sleep", "100")
    with pytest.raises(grpc.RpcError) as late:
        client.exec(id, "sleep", "77", timeout=1)
    assert code_of(late.value) == grpc.StatusCode.DEADLINE_EXCEEDED
    wait_until(lambda: "sleep 77" not in client.exec(id, "ps")[1])


def test_output_is_capped(client: Client) -> None:
    id = client.run(client.pod(), "sleep", "100")
    code, out, _ = client.exec(id, *words("head -c 40000000 /dev/zero", "exit 3"))
    assert code == 3 and 15 << 20 < len(out) <= 16 << 20


def test_images(client: Client) -> None:
    listed = client.images.ListImages(cri.ListImagesRequest()).images
    names = {name for image in listed for name in image.repo_tags}
    assert "docker.io/library/busybox:latest" in names
    image = client.images.ImageStatus(cri.ImageStatusRequest(image=cri.ImageSpec(image="busybox"))).image
    by_id = client.images.ImageStatus(cri.ImageStatusRequest(image=cri.ImageSpec(image=image.id))).image
    assert image == by_id and image.uid.value == 0
    absent = cri.ImageStatusRequest(image=cri.ImageSpec(image="no-such"))
    assert not client.images.ImageStatus(absent).HasField("image")
    client.images.RemoveImage(cri.RemoveImageRequest(image=cri.ImageSpec(image="no-such")))
    usage = client.images.ImageFsInfo(cri.ImageFsInfoRequest()).image_filesystems[0]
    assert usage.used_bytes.value > 0 and usage.fs_id.mountpoint


def test_an_image_in_use_stays(client: Client) -> None:
    client.run(client.pod(), "sleep", "100")
    with pytest.raises(grpc.RpcError) as error:
        client.images.RemoveImage(cri.RemoveImageRequest(image=cri.ImageSpec(image="busybox")))
    assert code_of(error.value) == grpc.StatusCode.FAILED_PRECONDITION


def test_a_registry_that_is_not_there(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as error:
        client.images.PullImage(cri.PullImageRequest(image=cri.ImageSpec(image="127.0.0.1:1/x")))
    assert details_of(error.value).startswith("RegistryUnavailable: ")
