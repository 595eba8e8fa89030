"""The implementations that the suites of this folder are run for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hythe.kube.store.contract import Store
from hythe.kube.store.datastore import open_store
from hythe.kube.store.sealed import Seal, SealedStore


@pytest.fixture(params=["sqlite", "sealed"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store."""
    opened = await open_store(f"sqlite://{tmp_path}/store.db")
    if request.param == "sealed":
        opened = SealedStore(opened, Seal.load(tmp_path / "keys"), ("/registry/pods/",))
    yield opened
    await opened.close()
