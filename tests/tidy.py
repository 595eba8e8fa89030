"""Takes away what a test made in an engine: containers, networks, volumes and images that were not there before.

Tests use it through the fixture `tidy`; it also works after a test that failed half-way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker
from docker.errors import APIError, NotFound

from tests.targets import Target


@contextmanager
def tidied(target: Target) -> Iterator[None]:
    """Within: whatever is made. After: the engine has what it had before."""
    client = target.client()
    try:
        before = _things(client)
        try:
            yield
        finally:
            _remove(client, before)
    finally:
        client.close()


def _things(client: docker.DockerClient) -> dict[str, set[str]]:
    images = client.api.images(all=True)
    return {
        "containers": {each["Id"] for each in client.api.containers(all=True, quiet=True)},
        "networks": {each["Id"] for each in client.api.networks()},
        "volumes": {each["Name"] for each in client.api.volumes()["Volumes"] or []},
        "tags": {tag for each in images for tag in each["RepoTags"] or [] if tag != "<none>:<none>"},
        "images": {each["Id"] for each in images},
    }


def _remove(client: docker.DockerClient, before: dict[str, set[str]]) -> None:
    api = client.api
    for id in _things(client)["containers"] - before["containers"]:
        try:
            _unpaused(api, id)
            api.remove_container(id, force=True, v=True)
        except NotFound:
            continue  # it went by itself meanwhile (--rm)
    after = _things(client)
    for id in after["networks"] - before["networks"]:
        api.remove_network(id)
    for name in after["volumes"] - before["volumes"]:
        api.remove_volume(name)
    for name in (*(after["tags"] - before["tags"]), *(after["images"] - before["images"])):
        try:
            api.remove_image(name, force=True)
        except APIError as error:  # gone with its tag, or with its child; or the parent of another that goes
            assert error.status_code in (404, 409), error


def _unpaused(api: Any, id: str) -> None:
    if any(each["State"] == "paused" for each in api.containers(all=True, filters={"id": id})):
        api.unpause(id)
