"""Mirrors of docker.io: asked first, shown no credentials, and left for the next where they have nothing."""

from __future__ import annotations

from pathlib import Path

from tests.registry_double import in_thread, layer
from tests.targets import start_hythe


def test_what_docker_io_has_comes_from_a_mirror(tmp_path: Path) -> None:
    """The first mirror has nothing, the second has it; docker.io itself is not in reach."""
    with in_thread() as empty, in_thread() as mirror:
        mirror.image("library/web", "latest", layer({"one": b"1"}))
        options = ("--registry-mirror", empty.url, "--registry-mirror", mirror.url)
        with start_hythe(tmp_path, *options) as target:
            client = target.client()
            try:
                credentials = {"username": "alice", "password": "secret"}
                assert client.images.pull("web", tag="latest", auth_config=credentials).tags == ["web:latest"]
            finally:
                client.close()
        for registry in (empty, mirror):
            assert registry.requests("GET", "/library/web/manifests/latest")
            assert {each.authorization for each in registry.asked} == {""}
