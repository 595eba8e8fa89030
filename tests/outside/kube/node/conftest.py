"""One cluster for all tests of the folder; a namespace of its own for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from tests.outside.kube.nodes import Cluster, cluster
from tests.waiting import wait_until


@pytest.fixture(scope="session")
def whole() -> Iterator[Cluster]:
    if os.geteuid() != 0:
        pytest.fail("these tests need root: run them with sudo make test")
    with cluster() as running:
        yield running


@pytest.fixture
def space(whole: Cluster) -> Iterator[str]:
    """The name of a new namespace, whose pods go at the end."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    whole.kubectl("create", "namespace", name)
    wait_until(lambda: whole.kubectl("get", "sa", "default", "-n", name, check=False).startswith("NAME"), 20)
    yield name
    whole.kubectl("delete", "namespace", name, "--wait=false")
    whole.kubectl("delete", "pods", "--all", "-n", name, "--grace-period=0", "--force", check=False)
