"""Networks, images, events, statistics and updates, held against dockerd where a recording is at hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from hythe.api.docker.call import decode
from hythe.api.docker.filters import Filters
from hythe.api.docker.routes_exec import exec_json
from hythe.api.docker.translate.create import endpoint
from hythe.api.docker.translate.events_json import KEYS, event_json, matches
from hythe.api.docker.translate.images_json import history_json, image_json, image_summary
from hythe.api.docker.translate.networks_json import network_json, network_request
from hythe.api.docker.translate.stats_json import stats_json
from hythe.api.docker.translate.update import changes
from hythe.api.docker.translate.versions import image_for
from hythe.api.docker.types.host import UpdateRequest
from hythe.api.docker.types.networks import ConnectRequest, NetworkCreateRequest
from hythe.engine.events import Event
from hythe.engine.model import Exec, ExecSpec, RestartPolicy
from hythe.errors import Unsupported
from hythe.network.model import EndpointRecord, NetworkRecord

from .golden import load, missing_keys
from .samples import ID, container

NETWORK = NetworkRecord(
    "n" * 64, "goldnet", "bridge", 5, labels={"n": "1"}, subnet="172.18.0.0/16", gateway="172.18.0.1"
)
PLACE = EndpointRecord("e", "n" * 64, ID, "gold", "eth0", "hv0", "172.18.0.2", 16, "", "02:42", [], 1)
IMAGE: Any = SimpleNamespace(
    parent="",
    id="sha256:aa",
    names=["docker.io/library/busybox:latest"],
    digests=[],
    layers=["sha256:bb"],
    size=7,
    config={
        "created": "2026-11-24T02:15:58.808963547Z",
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["sh"], "Labels": {"a": "b"}, "ExposedPorts": {"80/tcp": {}}},
        "history": [{"created_by": "COPY"}, {"created_by": "CMD", "empty_layer": True}],
    },
)


def _body(name: str, kind: Any) -> Any:
    return decode(msgspec.json.encode(load(name)), kind)


def test_network_as_dockerd_shows_it() -> None:
    assert missing_keys(load("dockerd_network"), network_json(NETWORK, [PLACE])) == []


def test_network_create_as_the_cli_sends_it() -> None:
    request = network_request(_body("cli_network_create", NetworkCreateRequest))
    assert (request.name, request.driver, request.subnet) == ("net1", "bridge", "10.1.0.0/16")
    assert (request.gateway, request.ip_range, request.internal) == ("10.1.0.1", "10.1.1.0/24", True)


def test_network_connect_as_the_cli_sends_it() -> None:
    request = endpoint(_body("cli_network_connect", ConnectRequest).endpoint_config)
    assert (request.aliases, request.ipv4, request.mac) == (["z"], "10.1.0.9", None)


@pytest.mark.parametrize(
    "body",
    [
        {"Name": "x", "Scope": "swarm"},
        {"Name": "x", "ConfigOnly": True},
        {"Name": "x", "IPAM": {"Driver": "d"}},
    ],
)
def test_networks_that_are_refused(body: dict[str, Any]) -> None:
    with pytest.raises(Unsupported):
        network_request(decode(msgspec.json.encode(body), NetworkCreateRequest))


def test_images_as_dockerd_shows_them() -> None:
    gone = ("$.Container", "$.ContainerConfig")
    assert [k for k in missing_keys(load("dockerd_image_inspect"), image_json(IMAGE)) if k not in gone] == []
    assert missing_keys(load("dockerd_image_list"), [image_summary(IMAGE)]) == []
    assert image_summary(IMAGE)["RepoTags"] == ["busybox:latest"]


def test_history_is_newest_first_and_only_layers_have_sizes() -> None:
    steps = history_json(IMAGE, [7])
    assert [(s["CreatedBy"], s["Size"], s["Id"]) for s in steps] == [
        ("CMD", 0, "sha256:aa"),
        ("COPY", 7, "<missing>"),
    ]
    assert missing_keys(load("dockerd_history"), steps) == []


def test_exec_as_dockerd_shows_it() -> None:
    shown = exec_json(Exec("e", ID, ExecSpec(["true", "x"], attach_stdout=True)))
    assert missing_keys(load("dockerd_exec"), shown) == []
    assert shown["ExitCode"] is None


def test_events() -> None:
    event = Event("container", "start", ID, {"image": "busybox", "name": "gold", "x": "y"}, 1_500_000_000)
    assert event_json(event)["time"] == 1
    assert event_json(event)["status"] == "start"
    wanted = [
        {"type": ["container"]}, {"event": ["start"]}, {"container": ["gold"]}, {"container": [ID[:12]]},
        {"label": ["x=y"]}, {"image": ["busybox"]},
    ]  # fmt: skip
    unwanted = [{"type": ["image"]}, {"event": ["die"]}, {"container": ["other"]}, {"volume": ["gold"]}]
    for filters in wanted:
        assert matches(event, Filters(filters)), filters
    for filters in unwanted:
        assert not matches(event, Filters(filters)), filters
    assert set(KEYS) >= {"type", "event", "container"}


def _sample(**values: Any) -> Any:
    numbers = dict.fromkeys(
        [
            "cpu_total",
            "cpu_user",
            "cpu_kernel",
            "system_cpu",
            "online_cpus",
            "periods",
            "throttled_periods",
            "throttled_time",
            "memory_usage",
            "memory_limit",
            "memory_max",
            "pids",
            "pids_limit",
        ],
        1,
    )
    full: dict[str, Any] = {
        "time": 5,
        "cpu_per_cpu": [1],
        "memory_stats": {"cache": 1},
        "block_io": [],
        "networks": {},
    }
    return SimpleNamespace(**(numbers | full | values))


def test_statistics_as_dockerd_shows_them() -> None:
    theirs = load("dockerd_stats")
    theirs["memory_stats"]["stats"] = {}
    ours = stats_json(container(), _sample(networks={"eth0": theirs["networks"]["eth0"]}), _sample())
    assert [k for k in missing_keys(theirs, ours) if k != "$.networks.eth1"] == []


def test_statistics_of_a_container_that_does_not_run() -> None:
    ours = stats_json(container(), _sample(time=0), None)
    assert (ours["read"], ours["memory_stats"], ours["pids_stats"]) == ("0001-01-01T00:00:00Z", {}, {})


def test_update_as_the_cli_sends_it() -> None:
    found = changes(_body("cli_update", UpdateRequest))
    assert found == {"nano_cpus": 2_000_000_000, "memory": 100 << 20, "restart": RestartPolicy("always")}


def test_what_cannot_be_updated() -> None:
    with pytest.raises(Unsupported, match="Ulimits"):
        changes(decode(b'{"Ulimits": [{"Name": "nofile"}]}', UpdateRequest))
    with pytest.raises(Unsupported, match="blkio_device_read_bps"):
        changes(decode(b'{"BlkioDeviceReadBps": [{"Path": "/dev/x", "Rate": 1}]}', UpdateRequest))


def test_limits_can_be_lifted_by_an_update() -> None:
    body = b'{"PidsLimit": 0, "CpuQuota": -1, "MemorySwap": -1, "BlkioWeight": 20}'
    expected = {"pids_limit": -1, "cpu_quota": -1, "memory_swap": -1, "blkio_weight": 20}
    assert changes(decode(body, UpdateRequest)) == expected


def test_fields_that_a_version_took_away() -> None:
    assert "VirtualSize" in image_for((1, 43), image_summary(IMAGE))
    assert "VirtualSize" not in image_for((1, 44), image_summary(IMAGE))
    assert image_for((1, 44), image_json(IMAGE))["Size"] == image_json(IMAGE)["Size"]
