"""Of pytest-kind, which starts a cluster in docker's containers: the option that its users name."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--keep-cluster", action="store_true", dest="keep_cluster", default=False)
