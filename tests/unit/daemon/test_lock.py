"""One daemon for each root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hythe.daemon.lock import DirectoryLock
from hythe.errors import Conflict


def test_the_second_is_told_the_pid_of_the_first(tmp_path: Path) -> None:
    with (
        DirectoryLock(tmp_path),
        pytest.raises(Conflict, match=f"another daemon, pid {os.getpid()}"),
        DirectoryLock(tmp_path),
    ):
        pass


def test_it_can_be_had_again_after_its_owner(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path):
        pass
    with DirectoryLock(tmp_path):
        assert (tmp_path / "daemon.lock").read_text() == f"{os.getpid()}\n"
