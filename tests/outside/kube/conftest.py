"""One API server for all tests of a session; a namespace of its own for each test.

HYTHE_TEST_DATASTORE=etcd has it keep its objects in an etcd that is started for it.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.contract.etcd import Etcd
from tests.outside.kube.api import Api
from tests.outside.kube.server import Server, started


@pytest.fixture(autouse=True)
def tidied_up() -> None:
    """No engine is driven here, so there is nothing to take away from one."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("apiserver")
    with ExitStack() as stack:
        if os.environ.get("HYTHE_TEST_DATASTORE") == "etcd":
            kept = tmp_path_factory.mktemp("etcd")
            server = started(folder, stack.enter_context(Etcd(kept)).address, kept)
        else:
            server = started(folder)
        yield stack.enter_context(server)


@pytest.fixture
def namespace(server: Server) -> str:
    """A new namespace with the account that its pods need: no controllers run beside this server."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    server.kubectl("create", "namespace", name)
    server.kubectl("create", "serviceaccount", "default", "-n", name)
    return name


@pytest.fixture
def api(server: Server) -> Api:
    return Api(server.socket)


@pytest.fixture
def room(api: Api) -> str:
    """The path of a new namespace."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    api.ok("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    api.ok("POST", f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})
    return f"/api/v1/namespaces/{name}"
