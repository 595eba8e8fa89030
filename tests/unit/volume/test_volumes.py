"""Volumes: names, options, life cycle. Copying needs root and is tested with the real kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from hythe.errors import Conflict, InvalidArgument, NotFound, Unsupported
from hythe.store.database import Database
from hythe.volume.manager import Volumes
from hythe.volume.options import parse_options


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    return Volumes(tmp_path / "volumes", Database(tmp_path / "db"))


def test_a_volume_lives_over_restarts(volumes: Volumes, tmp_path: Path) -> None:
    made = volumes.create("data", labels={"a": "b"})
    Path(made.mountpoint, "file").write_bytes(b"12345")
    again = Volumes(tmp_path / "volumes", Database(tmp_path / "db"))
    assert again.get("data") == made
    assert again.create("data") == made
    assert again.usage("data") == 5
    again.remove("data")
    assert not Path(made.mountpoint).exists() and again.list() == []
    assert list((tmp_path / "volumes").iterdir()) == []


def test_anonymous_names(volumes: Volumes) -> None:
    made = volumes.create()
    assert len(made.name) == 64 and made.anonymous


@pytest.mark.parametrize("name", ["a", "/etc", "../x", "a/b", ".a", "-a", "a b", "x" * 300, "é1"])
def test_names_that_cannot_be(volumes: Volumes, name: str) -> None:
    with pytest.raises(InvalidArgument):
        volumes.create(name)


def test_conflicts(volumes: Volumes, tmp_path: Path) -> None:
    volumes.create("data")
    with pytest.raises(Conflict):
        volumes.create("data", options={"type": "none", "o": "bind", "device": str(tmp_path)})
    with pytest.raises(Conflict, match="in use"):
        volumes.remove("data", in_use=lambda name: ["c1"])
    with pytest.raises(NotFound):
        volumes.remove("other")
    volumes.remove("other", force=True)
    with pytest.raises(NotFound, match="plugin"):
        volumes.create("x1", driver="rexray")


def test_prune_takes_the_anonymous_and_unused(volumes: Volumes) -> None:
    named, used, free = volumes.create("named"), volumes.create(), volumes.create()
    Path(free.mountpoint, "f").write_bytes(b"123")
    removed, freed = volumes.prune(lambda name: ["c"] if name == used.name else [])
    assert (removed, freed) == ([free.name], 3)
    removed, _ = volumes.prune(lambda name: [], all=True)
    assert set(removed) == {named.name, used.name}


def test_options(volumes: Volumes, tmp_path: Path) -> None:
    bind = volumes.create("bind", options={"type": "none", "o": "bind,ro", "device": str(tmp_path)})
    assert bind.mountpoint == str(tmp_path)
    assert volumes.mount("bind") == {"type": "bind", "source": str(tmp_path), "options": ["rbind", "ro"]}
    volumes.create("memory", options={"type": "tmpfs", "o": "size=1m,uid=7", "device": "tmpfs"})
    assert volumes.mount("memory") == {"type": "tmpfs", "source": "tmpfs", "options": ["size=1m", "uid=7"]}
    volumes.remove("bind")
    assert tmp_path.is_dir()


def test_options_that_cannot_be(tmp_path: Path) -> None:
    for refused in ("nfs", "cifs", "no-such-fs"):
        with pytest.raises(Unsupported, match=refused):
            parse_options({"type": refused, "device": "x"})
    for wrong in ({"size": "1"}, {"type": "tmpfs"}, {"device": "x"}, {"o": "bind", "device": "rel"}):
        with pytest.raises(InvalidArgument):
            parse_options(wrong)
