"""The runtime under test: `--runtime hythe` (the default), `runc` or `crun`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.runtimes import Runtime, started


@pytest.fixture(scope="session")
def runtime(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with started(request.config.getoption("--runtime"), tmp_path_factory.mktemp("runtime")) as found:
        yield found


@pytest.fixture(autouse=True)
def tidy(runtime: Runtime, request: pytest.FixtureRequest) -> Iterator[None]:
    """What a failed test leaves does not disturb the next; a module's own container stays."""
    if "id" in request.fixturenames:
        request.getfixturevalue("id")
    before = runtime.ids()
    yield
    for id in runtime.ids() - before:
        runtime("delete", "--force", id)
