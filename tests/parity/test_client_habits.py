"""What clients rely on that no documentation says: each was found by docker-py's own integration tests."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError

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


def archive(name: str, content: bytes) -> bytes:
    """A tar with one file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return out.getvalue()
