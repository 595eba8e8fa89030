"""Whatever a test here makes in the engine is taken away after it."""

from __future__ import annotations

import pytest

from hythe.testing.engine import Engine
from tests.targets import Target


@pytest.fixture(autouse=True)
def tidied_up(tidy: None) -> None:
    """The engine has what it had before."""


@pytest.fixture(scope="session")
def hythe_engine(target: Target) -> Engine:
    """The plugin's fixtures use the target here, not an engine that is thrown away."""
    return Engine(target.host)


@pytest.fixture(scope="session")
def servers(hythe_engine: Engine) -> Engine:
    """The target, with PostgreSQL and Redis in it, made from Debian's packages: a mirror must be in reach."""
    hythe_engine.add_images("postgres:15", "redis:7")
    return hythe_engine
