"""What the attacks on a running engine share: a hythe daemon of their own, whatever `--target` says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.targets import Target, start_hythe
from tests.tidy import tidied


@pytest.fixture(scope="session", params=["private", "host"])
def hythe(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A daemon that all attacks are aimed at; it must be the same process at the end.

    Once with user namespaces for containers, and once without: what holds must not hold by these alone.
    """
    with start_hythe(tmp_path_factory.mktemp("attacked"), "--userns", request.param) as running:
        yield running


@pytest.fixture
def engine(hythe: Target) -> Iterator[Target]:
    """The daemon, left as it was found, and alive."""
    with tidied(hythe):
        yield hythe
    assert hythe.docker("version", "-f", "{{.Server.Os}}").out == "linux\n"
