"""The implementations that the suites of this folder are run for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hythe.kube.store.contract import Store
from hythe.kube.store.datastore import open_store
from hythe.kube.store.sealed import Seal, SealedStore
from tests.contract.etcd import Etcd


@pytest.fixture(scope="session")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    """One real etcd server, empty again for each test."""
    with Etcd(tmp_path_factory.mktemp("etcd")) as server:
        yield server


@pytest.fixture(params=["sqlite", "sealed", pytest.param("etcd", marks=pytest.mark.slow)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store."""
    if request.param == "etcd":
        server: Etcd = request.getfixturevalue("etcd")
        await server.empty()
        opened = await open_store(server.address)
    else:
        opened = await open_store(f"sqlite://{tmp_path}/store.db")
    if request.param == "sealed":
        opened = SealedStore(opened, Seal.load(tmp_path / "keys"), ("/registry/pods/",))
    yield opened
    await opened.close()
