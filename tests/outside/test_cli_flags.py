"""The list of docker's flags that docs/cli.md is made against is that of the docker CLI that is installed."""

from __future__ import annotations

from hythe.cli.coverage.docker import text
from tests.peers.docker_help import listing


def test_the_list_is_that_of_the_installed_docker() -> None:
    """Another version has other flags: of those, only that its help can be read is asked for."""
    installed, kept = list(listing()), text().splitlines()
    if installed[0] == kept[0]:
        assert installed == kept, (
            "run: python -m tests.peers.docker_help > src/hythe/cli/coverage/docker-28.txt"
        )
    assert {"-a --all", "-q --quiet", "--no-trunc"} <= set(installed)
    assert len([line for line in installed if line.startswith("[")]) > 100
