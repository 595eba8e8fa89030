"""Fixtures for pytest: engines, containers, networks and volumes that are gone when the test is.

`hythe_engine` is one throw-away engine a session, which under xdist means one a worker, or with --hythe-host an engine
that runs already. Factories come in two scopes: `hythe_container` removes what it made after the test,
`hythe_session_container` after the last. What cannot be removed so, since the tests were killed, is removed by the
engine's guard. Names are random, so nothing that runs beside is in the way. When a test fails, its containers' logs are
part of the report. docs/python.md has examples.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # imported when a fixture is used: pytest loads this module in every run
    from hythe.client.blocking.client import Client
    from hythe.testing.engine import Engine
    from hythe.testing.factories import ContainerFactory, NetworkFactory, VolumeFactory

_FACTORIES = pytest.StashKey[list["ContainerFactory"]]()
_TAIL = 50


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hythe", "containers for tests")
    group.addoption(
        "--hythe-host", metavar="HOST", help="use the engine at HOST, not one that is thrown away"
    )
    parser.addini(
        "hythe_images", type="linelist", default=[],
        help="what throw-away engines have: archives (*.tar), or names that `hythe image bootstrap` knows",
    )  # fmt: skip


@pytest.fixture(scope="session")
def hythe_label() -> str:
    """The label "hythe.test=..." of all that is made in this session, by this worker."""
    return f"hythe.test={os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{secrets.token_hex(6)}"


@pytest.fixture(scope="session")
def hythe_engine(request: pytest.FixtureRequest, hythe_label: str) -> Iterator[Engine]:
    """A throw-away engine, or the one of --hythe-host. Its `host` is for DOCKER_HOST."""
    from hythe.testing.engine import ARCHIVES, borrowed, throwaway

    host = request.config.getoption("--hythe-host")
    images = [
        str(request.config.rootpath / each) if each.endswith(ARCHIVES) else each
        for each in request.config.getini("hythe_images")
    ]
    with borrowed(host, hythe_label) if host else throwaway(images=images) as engine:
        yield engine


@pytest.fixture(scope="session")
def hythe_client(hythe_engine: Engine) -> Iterator[Client]:
    """A `hythe.Client` of that engine."""
    with hythe_engine.connect() as client:
        yield client


@pytest.fixture
def _hythe_made() -> Iterator[ExitStack]:
    """What a test has made, taken away last first: a network only when no container is on it any more."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def _hythe_session_made() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def hythe_container(
    request: pytest.FixtureRequest, hythe_client: Client, hythe_label: str, _hythe_made: ExitStack
) -> ContainerFactory:
    """`hythe_container(IMAGE, COMMAND, wait_port=, wait_log=, wait_healthy=, **options)` gives a `hythe.Container`."""
    from hythe.testing.factories import ContainerFactory

    factory = ContainerFactory(hythe_client, hythe_label, _hythe_made)
    request.node.stash.setdefault(_FACTORIES, []).append(factory)
    return factory


@pytest.fixture
def hythe_network(hythe_client: Client, hythe_label: str, _hythe_made: ExitStack) -> NetworkFactory:
    """`hythe_network(**options)` gives a `hythe.Network` with a name of its own."""
    from hythe.testing.factories import NetworkFactory

    return NetworkFactory(hythe_client, hythe_label, _hythe_made)


@pytest.fixture
def hythe_volume(hythe_client: Client, hythe_label: str, _hythe_made: ExitStack) -> VolumeFactory:
    """`hythe_volume(**options)` gives a `hythe.Volume` with a name of its own."""
    from hythe.testing.factories import VolumeFactory

    return VolumeFactory(hythe_client, hythe_label, _hythe_made)


@pytest.fixture(scope="session")
def hythe_session_container(
    hythe_client: Client, hythe_label: str, _hythe_session_made: ExitStack
) -> ContainerFactory:
    """`hythe_container` for fixtures whose containers live as long as the session."""
    from hythe.testing.factories import ContainerFactory

    return ContainerFactory(hythe_client, hythe_label, _hythe_session_made)


@pytest.fixture(scope="session")
def hythe_session_network(
    hythe_client: Client, hythe_label: str, _hythe_session_made: ExitStack
) -> NetworkFactory:
    """`hythe_network` for those containers."""
    from hythe.testing.factories import NetworkFactory

    return NetworkFactory(hythe_client, hythe_label, _hythe_session_made)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and call.when in ("setup", "call"):
        for factory in item.stash.get(_FACTORIES, []):
            report.sections += [(f"log of {name}", text) for name, text in factory.logs(_TAIL)]
    return report
