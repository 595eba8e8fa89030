"""A daemon that serves CRI, and a client of it; what a test makes is taken away after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cri import Client, connected, start_with_cri
from tests.targets import Target


@pytest.fixture(autouse=True)
def tidied_up() -> None:
    """Instead of that of the folder above: there is no common target here."""


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Target, str]]:
    with start_with_cri(tmp_path_factory.mktemp("cri")) as found:
        yield found


@pytest.fixture(scope="session")
def engine(served: tuple[Target, str]) -> Target:
    """The same daemon, by its Docker API."""
    return served[0]


@pytest.fixture
def client(served: tuple[Target, str], tmp_path: Path) -> Iterator[Client]:
    with connected(served[1], tmp_path) as found:
        try:
            yield found
        finally:
            found.remove_pods()
