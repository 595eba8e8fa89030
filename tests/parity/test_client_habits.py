"""What clients rely on that no documentation says: each was found by docker-py's own integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

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
