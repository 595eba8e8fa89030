"""What clients rely on that no documentation says: each was found by docker-py's own integration tests."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError, ImageLoadError
from docker.types import IPAMConfig, IPAMPool

from tests.targets import Target

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]


@pytest.fixture
def client(target: Target) -> Iterator[Any]:
    made = target.client()
    yield made
    made.close()


@pytest.fixture
def idle(client: Any) -> Any:
    """A container that does nothing until it is removed."""
    return client.containers.run("busybox", ["sleep", "1000"], detach=True)


def test_exec_on_a_terminal_speaks_frames_to_who_does_not_ask_for_a_terminal(client: Any, idle: Any) -> None:
    id = client.api.exec_create(idle.id, ["echo", "hi"], tty=True)["Id"]
    assert client.api.exec_start(id, demux=True) == (b"hi\r\n", None)


def test_names_of_fields_match_in_any_case(client: Any, idle: Any) -> None:
    body = {"cmd": ["true"], "WORKINGDIR": "/tmp"}
    made = client.api._post_json(client.api._url("/containers/{0}/exec", idle.id), data=body)
    told = client.api.exec_inspect(made.json()["Id"])
    assert told["ProcessConfig"]["entrypoint"] == "true"


def test_files_of_a_volume_are_copied_in_and_out_before_and_after_it_runs(client: Any) -> None:
    container = client.containers.create(
        "busybox", ["sh", "-c", "cat /data/in/given > /data/out"], volumes=["/data", "/data/in"]
    )
    assert container.put_archive("/data/in", archive("given", b"hello"))
    container.start()
    assert container.wait()["StatusCode"] == 0
    chunks, facts = container.get_archive("/data/out")
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        member = tar.extractfile("out")
        assert member is not None
        assert (facts["size"], member.read()) == (5, b"hello")
    chunks, _ = container.get_archive("/data")
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        assert {"data/out", "data/in/given"} <= set(tar.getnames())


def test_a_bind_that_may_only_be_read_is_not_written_to(client: Any, tmp_path: Path) -> None:
    (tmp_path / "here").write_text("before")
    container = client.containers.create("busybox", ["true"], volumes=[f"{tmp_path}:/data:ro"])
    with pytest.raises(APIError):
        container.put_archive("/data", archive("here", b"after"))
    assert (tmp_path / "here").read_text() == "before"


def test_what_was_asked_for_is_told_again(client: Any) -> None:
    giver = client.containers.create("busybox", ["true"], volumes=["/given"])
    taker = client.containers.create(
        "busybox", ["true"], environment={"UNSET": None, "EMPTY": ""}, isolation="default", volumes_from=[giver.name],
        volume_driver="nosuch",
    )  # fmt: skip
    assert {"UNSET", "EMPTY="} <= set(taker.attrs["Config"]["Env"])
    told = taker.attrs["HostConfig"]
    assert (told["Isolation"], told["VolumesFrom"]) == ("default", [giver.name])
    assert told["VolumeDriver"] == "nosuch"  # nobody asks for it before there is a volume to be made
    with pytest.raises(APIError, match="nosuch"):
        client.containers.create("busybox", ["true"], volumes=["name:/x"], volume_driver="nosuch")


def test_wait_is_answered_by_the_end_of_a_container_that_is_restarted(client: Any) -> None:
    policy = {"Name": "always"}
    container = client.containers.run(
        "busybox", ["sh", "-c", "sleep 1; exit 3"], detach=True, restart_policy=policy
    )
    assert container.wait(timeout=30)["StatusCode"] == 3
    with pytest.raises(APIError, match=r"(?i)stop the container before") as told:
        container.remove()
    assert told.value.status_code == 409


def test_a_container_that_ends_is_committed_all_the_same(client: Any) -> None:
    base = client.images.get("busybox")
    for number in range(8):
        container = client.containers.create("busybox", ["touch", "/test"])
        container.start()
        image = container.commit(repository="habit", tag=str(number))
        assert image.attrs["Parent"] == base.id
        told = client.api._result(
            client.api._get(f"{client.api.base_url}/v1.41/images/{image.id}/json"), json=True
        )
        assert (told["Container"], told["ContainerConfig"]["Image"]) == (container.id, "busybox")


def test_a_changed_file_is_all_that_diff_tells(client: Any) -> None:
    container = client.containers.run("busybox", ["touch", "/test"], detach=True)
    container.wait()
    assert container.diff() == [{"Path": "/test", "Kind": 1}]


def test_networks_have_names_with_spaces_and_addresses_that_are_kept_free(client: Any) -> None:
    pool = IPAMPool(
        subnet="172.28.0.0/24",
        iprange="172.28.0.8/29",
        gateway="172.28.0.254",
        aux_addresses={"router": "172.28.0.8"},
    )
    network = client.networks.create("with spaces", ipam=IPAMConfig(pool_configs=[pool]))
    assert client.networks.get("with spaces").id == network.id
    assert network.attrs["IPAM"]["Config"] == [
        {"Subnet": "172.28.0.0/24", "IPRange": "172.28.0.8/29", "Gateway": "172.28.0.254",
         "AuxiliaryAddresses": {"router": "172.28.0.8"}},
    ]  # fmt: skip
    addresses = []
    for _ in range(3):
        container = client.containers.run("busybox", ["sleep", "1000"], detach=True, network="with spaces")
        container.reload()
        addresses.append(container.attrs["NetworkSettings"]["Networks"]["with spaces"]["IPAddress"])
    assert "172.28.0.8" not in addresses


def test_link_local_addresses_are_given_and_reach_neighbours(client: Any) -> None:
    containers = []
    for address in ("169.254.8.8", "169.254.8.9"):
        endpoint = client.api.create_endpoint_config(link_local_ips=[address])
        networking = client.api.create_networking_config({"bridge": endpoint})
        host = client.api.create_host_config(network_mode="bridge")
        id = client.api.create_container(
            "busybox", ["sleep", "1000"], networking_config=networking, host_config=host
        )["Id"]
        client.api.start(id)
        told = client.api.inspect_container(id)["NetworkSettings"]["Networks"]["bridge"]["IPAMConfig"]
        assert told["LinkLocalIPs"] == [address]
        containers.append(client.containers.get(id))
    assert containers[0].exec_run(["ping", "-c", "1", "-W", "3", "169.254.8.9"]).exit_code == 0


def test_the_address_of_a_card_is_told_before_the_start(client: Any) -> None:
    network = client.networks.create("cards")
    container = client.containers.create("busybox", ["true"])
    network.connect(container, mac_address="02:42:ac:11:00:02")
    container.reload()
    assert container.attrs["NetworkSettings"]["Networks"]["cards"]["MacAddress"] == "02:42:ac:11:00:02"


def test_cache_from_takes_only_the_steps_of_these_images(client: Any) -> None:
    def cached(*images: str) -> int:
        lines = client.api.build(
            fileobj=io.BytesIO(b"FROM busybox\nENV A=habit\nRUN touch /a\nRUN touch /b\n"),
            decode=True,
            tag="habit:made",
            cache_from=list(images),
        )
        return sum("Using cache" in line.get("stream", "") for line in lines)

    cached()
    client.images.get("habit:made").tag("habit", "source")
    assert cached("nosuch:tag", "habit:source") == 3
    assert cached("busybox") == cached("nosuch:tag") == 0


@pytest.mark.parametrize("dockerfile", [b"", b"NOSUCH thing\n"])
def test_a_build_that_cannot_begin_is_answered_with_a_status(client: Any, dockerfile: bytes) -> None:
    with pytest.raises(APIError) as told:
        list(client.api.build(fileobj=io.BytesIO(dockerfile), tag="a/b/c", decode=True))
    assert told.value.status_code in (400, 500)


def test_standard_error_of_a_build_is_red(client: Any) -> None:
    lines = [
        line.get("stream")
        for line in client.api.build(
            fileobj=io.BytesIO(b"FROM busybox\nRUN echo oh >&2\n"), decode=True, nocache=True
        )
    ]
    assert "\x1b[91moh\n\x1b[0m" in lines


def test_a_damaged_archive_of_images_is_told_on_the_stream(client: Any) -> None:
    with pytest.raises(ImageLoadError):
        client.images.load(b"no archive")


def test_a_link_on_the_default_network_is_a_name_and_variables(client: Any) -> None:
    environment = {"FOO": "1"}
    other = client.containers.run(
        "busybox", ["sleep", "1000"], detach=True, environment=environment, ports={80: None}
    )
    script = "env; ping -c 1 -W 3 mylink >/dev/null && echo reached"
    container = client.containers.create(
        "busybox", ["sh", "-c", script], links={other.name: "mylink"}, network_mode="bridge"
    )
    assert container.attrs["HostConfig"]["Links"] == [f"/{other.name}:/{container.name}/mylink"]
    container.start()
    assert container.wait()["StatusCode"] == 0
    other.reload()
    address = other.attrs["NetworkSettings"]["IPAddress"]
    assert {
        f"MYLINK_NAME=/{container.name}/mylink", "MYLINK_ENV_FOO=1", f"MYLINK_PORT=tcp://{address}:80",
        f"MYLINK_PORT_80_TCP_ADDR={address}", "reached",
    } <= set(container.logs().decode().splitlines())  # fmt: skip
    client.api.remove_container(f"{container.name}/mylink", link=True)
    container.reload()
    assert not container.attrs["HostConfig"]["Links"]
    other.stop(timeout=0)
    late = client.containers.create("busybox", ["true"], links={other.name: "mylink"})
    with pytest.raises(APIError, match="Cannot link to a non running container"):
        late.start()


def test_a_link_on_a_network_of_ones_own_is_a_name_for_one_container(client: Any) -> None:
    client.networks.create("linked")
    endpoint = client.api.create_endpoint_config(links=[("upstream", "bar")])
    networking = client.api.create_networking_config({"linked": endpoint})
    host = client.api.create_host_config(network_mode="linked")
    id = client.api.create_container(
        "busybox", ["sleep", "1000"], networking_config=networking, host_config=host
    )["Id"]
    client.api.start(id)
    assert client.api.inspect_container(id)["NetworkSettings"]["Networks"]["linked"]["Links"] == [
        "upstream:bar"
    ]
    client.containers.run("busybox", ["sleep", "1000"], detach=True, name="upstream", network="linked")
    bystander = client.containers.run("busybox", ["sleep", "1000"], detach=True, network="linked")
    assert client.containers.get(id).exec_run(["nslookup", "bar"]).exit_code == 0
    assert bystander.exec_run(["nslookup", "bar"]).exit_code != 0


def archive(name: str, content: bytes) -> bytes:
    """A tar with one file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return out.getvalue()
