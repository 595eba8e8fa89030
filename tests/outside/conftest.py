"""Whatever a test here makes in the engine is taken away after it."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def tidied_up(tidy: None) -> None:
    """The engine has what it had before."""
