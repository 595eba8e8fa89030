from __future__ import annotations

from pathlib import Path

import pytest

from hythe.client.config.container import RunOptions, container_config
from hythe.client.config.environment import environment, labels
from hythe.client.config.limits import device, extra_host, nano_cpus, restart_policy, ulimit
from hythe.client.config.networks import endpoints
from hythe.errors import InvalidArgument, SyntaxProblem


def options(**values: object) -> RunOptions:
    result = RunOptions()
    for name, value in values.items():
        assert hasattr(result, name)
        setattr(result, name, value)
    return result


def test_defaults_attach_output_only() -> None:
    config = container_config(options(image="a", command=["b"]), {})
    assert config["Image"] == "a"
    assert config["Cmd"] == ["b"]
    assert (config["AttachStdin"], config["AttachStdout"], config["AttachStderr"]) == (False, True, True)
    assert "Entrypoint" not in config
    assert config["NetworkingConfig"] == {"EndpointsConfig": {}}


def test_interactive_detached() -> None:
    config = container_config(options(interactive=True, detach=True), {})
    assert config["OpenStdin"]
    assert not config["StdinOnce"]
    assert not config["AttachStdin"]


def test_limits() -> None:
    host = container_config(options(memory="512m", memory_swap="-1", cpus="1.5", pids_limit=-1), {})[
        "HostConfig"
    ]
    assert host["Memory"] == 512 * 1024**2
    assert host["MemorySwap"] == -1
    assert host["NanoCpus"] == 1_500_000_000
    assert host["PidsLimit"] == -1


def test_health_check() -> None:
    config = container_config(options(health_cmd="true", health_interval="1m", health_retries=2), {})
    assert config["Healthcheck"] == {"Test": ["CMD-SHELL", "true"], "Interval": 60 * 10**9, "Retries": 2}
    assert container_config(options(no_healthcheck=True), {})["Healthcheck"] == {"Test": ["NONE"]}


@pytest.mark.parametrize(
    "values",
    [
        {"rm": True, "restart": "always"},
        {"no_healthcheck": True, "health_cmd": "x"},
        {"attach": ["bogus"]},
        {"network_alias": ["a"]},
        {"network": ["a", "a"]},
    ],
)
def test_contradictions(values: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument):
        container_config(options(**values), {})


def test_networks() -> None:
    given = options(network=["front", "name=back,alias=db,ip=10.0.0.5"], network_alias=["web"])
    assert endpoints(given) == {
        "front": {"Aliases": ["web"]},
        "back": {"Aliases": ["db"], "IPAMConfig": {"IPv4Address": "10.0.0.5"}},
    }


def test_environment(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("# comment\nA=1\nB=x y\nHOME\nGONE\n")
    given = environment(["A=2", "C"], [str(file)], {"HOME": "/h", "C": "3"})
    assert given == ["A=2", "B=x y", "HOME=/h", "C=3"]


def test_a_mistake_in_an_env_file_says_where(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("A=1\nB C=2\n")
    with pytest.raises(SyntaxProblem, match="env:2:1"):
        environment([], [str(file)], {})


def test_labels() -> None:
    assert labels(["a=b=c", "d"]) == {"a": "b=c", "d": ""}


def test_small_values() -> None:
    assert ulimit("nofile=1024:2048") == {"Name": "nofile", "Soft": 1024, "Hard": 2048}
    assert restart_policy("on-failure:3") == {"Name": "on-failure", "MaximumRetryCount": 3}
    assert device("/dev/a:r")["CgroupPermissions"] == "r"
    assert extra_host("db=10.0.0.1") == "db:10.0.0.1"
    assert extra_host("gate:host-gateway") == "gate:host-gateway"
    assert nano_cpus("0.25") == 250_000_000


@pytest.mark.parametrize("text", ["nofile", "x=1", "nofile=a", "nofile=2:1"])
def test_ulimits_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        ulimit(text)


@pytest.mark.parametrize("text", ["sometimes", "always:3", "on-failure:x"])
def test_policies_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        restart_policy(text)
