"""Which subordinate ids a user has, and the words for one who has none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hythe.daemon.rootless.ids import choose, name_of
from hythe.kernel.usernamespaces import Entry

USER = name_of(os.getuid())


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")


def write(folder: Path, uids: str, gids: str) -> Path:
    (folder / "subuid").write_text(uids)
    (folder / "subgid").write_text(gids)
    return folder


def test_every_range_follows_the_one_before(tmp_path: Path) -> None:
    text = f"somebody:1:2\n{USER}:100000:65536\n{os.getuid()}:300000:10\n{USER}:x:1\n{USER}:5:0\n"
    choice = choose(os.getuid(), write(tmp_path, text, text))
    assert choice.subordinate is not None and not choice.warning
    ranges = (Entry(1, 100000, 65536), Entry(65537, 300000, 10))
    assert choice.subordinate.uids == (Entry(0, os.getuid(), 1), *ranges)
    assert choice.subordinate.gids == (Entry(0, os.getgid(), 1), *ranges)


@pytest.mark.parametrize("missing", ["subuid", "subgid"])
def test_without_a_range_the_command_that_gives_one(tmp_path: Path, missing: str) -> None:
    write(tmp_path, f"{USER}:1:10\n", f"{USER}:1:10\n")
    (tmp_path / missing).unlink()
    choice = choose(os.getuid(), tmp_path)
    assert choice.subordinate is None
    assert f"/etc/{missing}" in choice.warning and f"--add-subgids 100000-165535 {USER}" in choice.warning


def test_without_the_programs_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    choice = choose(os.getuid(), write(tmp_path, f"{USER}:1:10\n", f"{USER}:1:10\n"))
    assert choice.subordinate is None and "apt-get install uidmap" in choice.warning
