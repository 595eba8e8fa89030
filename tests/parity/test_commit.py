"""POST /commit: what the image's configuration is, from the container, the body and the changes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.parity.lives import V
from tests.parity.raw import ask
from tests.targets import Target

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

CONTAINER = {
    "Image": "busybox", "Cmd": ["sh", "-c", "true"], "Env": ["A=1", "B=2"], "Labels": {"x": "1", "y": "2"},
    "User": "nobody", "WorkingDir": "/tmp", "ExposedPorts": {"80/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 10**9},
}  # fmt: skip


def committed(
    target: Target, body: object, *changes: str, container: dict[str, Any] = CONTAINER
) -> dict[str, Any]:
    """The Config of the image."""
    made = ask(target, "POST", f"{V}/containers/create?name=origin", container)
    assert made.status == 201, made
    query = urlencode(
        [("container", "origin"), ("repo", "copy"), ("tag", "1")] + [("changes", each) for each in changes]
    )
    answer = ask(target, "POST", f"{V}/commit?{query}", body)
    assert answer.status == 201, answer
    config: dict[str, Any] = ask(target, "GET", f"{V}/images/copy:1/json").json["Config"]
    return config


@pytest.mark.parametrize("body", [None, b"", b"null", {}])
def test_nothing_said_is_the_container_s(target: Target, body: object) -> None:
    config = committed(target, body)
    for name in ("Cmd", "Labels", "User", "WorkingDir", "ExposedPorts", "Healthcheck"):
        assert config[name] == CONTAINER[name], name
    assert [each for each in config["Env"] if not each.startswith("PATH=")] == ["A=1", "B=2"]
    assert config["Entrypoint"] is None


def test_a_body_goes_before_the_container(target: Target) -> None:
    body = {
        "Cmd": ["echo", "new"], "Env": ["B=3", "C=4"], "Labels": {"y": "3"}, "ExposedPorts": {"90/udp": {}},
        "WorkingDir": "/root", "Volumes": {"/data": {}}, "StopSignal": "SIGINT",
        "Healthcheck": {"Retries": 7}, "Tty": True, "Image": "other",
    }  # fmt: skip
    config = committed(target, body)
    assert (config["Cmd"], config["Entrypoint"]) == (["echo", "new"], None)
    assert [each for each in config["Env"] if not each.startswith("PATH=")] == ["B=3", "C=4", "A=1"]
    assert config["Labels"] == {"x": "1", "y": "3"}
    assert set(config["ExposedPorts"]) == {"80/tcp", "90/udp"}
    assert (config["User"], config["WorkingDir"], config["StopSignal"]) == ("nobody", "/root", "SIGINT")
    assert config["Volumes"] == {"/data": {}}
    assert config["Healthcheck"] == {"Test": ["CMD", "true"], "Interval": 10**9, "Retries": 7}


def test_an_entrypoint_in_the_body_drops_the_command(target: Target) -> None:
    config = committed(target, {"Entrypoint": ["/bin/echo"]})
    assert (config["Entrypoint"], config["Cmd"]) == (["/bin/echo"], None)


def test_an_entrypoint_as_a_change_drops_the_command(target: Target) -> None:
    config = committed(target, None, 'ENTRYPOINT ["/bin/echo"]')
    assert (config["Entrypoint"], config["Cmd"]) == (["/bin/echo"], None)


def test_an_entrypoint_and_a_command_as_changes(target: Target) -> None:
    config = committed(target, None, 'CMD ["a"]', 'ENTRYPOINT ["/bin/echo"]')
    assert (config["Entrypoint"], config["Cmd"]) == (["/bin/echo"], ["a"])


def test_changes_go_before_the_body(target: Target) -> None:
    config = committed(target, {"Env": ["B=3"], "User": "root"}, "ENV B=5\nLABEL z=1", "WORKDIR sub")
    assert [each for each in config["Env"] if not each.startswith("PATH=")] == ["B=5", "A=1"]
    assert (config["User"], config["WorkingDir"]) == ("root", "/sub")
    assert config["Labels"] == {"x": "1", "y": "2", "z": "1"}


@pytest.mark.parametrize("body", [b"{", {"Cmd": 5}, []])
def test_a_body_that_makes_no_sense(target: Target, body: object) -> None:
    ask(target, "POST", f"{V}/containers/create?name=origin", CONTAINER)
    # dockerd takes such a body for a mistake of its own
    wanted = 500 if target.name == "dockerd" else 400
    assert ask(target, "POST", f"{V}/commit?container=origin", body).status == wanted
