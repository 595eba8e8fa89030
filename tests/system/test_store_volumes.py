"""Filling volumes from images on the real overlayfs."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from hythe.store.database import Database
from hythe.store.snapshots import Snapshots
from hythe.volume.manager import Volumes

pytestmark = pytest.mark.root

NOW = 1_700_000_000


def layer(snapshots: Snapshots, parent: str | None, *members: tuple[str, bytes, bytes | str]) -> str:
    """(name, type, content or link target); owner 70:71, mode 0750."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.uid, info.gid, info.mtime = kind, 0o750, 70, 71, NOW
            if isinstance(content, str):
                info.linkname = content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return snapshots.apply(parent, io.BytesIO(out.getvalue())).chain_id


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "store")


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    return Volumes(tmp_path / "volumes", Database(tmp_path / "db"))


def lowers(snapshots: Snapshots, chain: str) -> list[Path]:
    snapshots.prepare("k", chain)
    return snapshots.paths("k")[1]


def test_an_empty_volume_takes_over_what_the_image_has(
    snapshots: Snapshots, volumes: Volumes, tmp_path: Path
) -> None:
    below = layer(
        snapshots, None,
        ("srv", tarfile.DIRTYPE, b""), ("srv/data", tarfile.DIRTYPE, b""), ("srv/data/gone", tarfile.REGTYPE, b"x"),
        ("srv/data/kept", tarfile.REGTYPE, b"kept"), ("srv/data/hard", tarfile.LNKTYPE, "srv/data/kept"),
        ("srv/data/link", tarfile.SYMTYPE, "/etc/passwd"), ("srv/data/sub", tarfile.DIRTYPE, b""),
        ("srv/data/fifo", tarfile.FIFOTYPE, ""),
    )  # fmt: skip
    chain = layer(
        snapshots, below,
        ("srv", tarfile.DIRTYPE, b""), ("srv/data", tarfile.DIRTYPE, b""), ("srv/data/sub", tarfile.DIRTYPE, b""),
        ("srv/data/.wh.gone", tarfile.REGTYPE, b""), ("srv/data/sub/new", tarfile.REGTYPE, b"new"),
        ("place", tarfile.SYMTYPE, "/srv"),
    )  # fmt: skip
    volume = volumes.create("v1")
    assert volumes.copy_up("v1", lowers(snapshots, chain), "/place/data")
    root = Path(volume.mountpoint)
    assert sorted(path.name for path in root.iterdir()) == ["fifo", "hard", "kept", "link", "sub"]
    status = root.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777, int(status.st_mtime)) == (
        70,
        71,
        0o750,
        NOW,
    )
    assert (root / "hard").samefile(root / "kept") and (root / "link").readlink() == Path("/etc/passwd")
    assert (root / "sub/new").read_bytes() == b"new"
    assert not (tmp_path / "volumes/v1/copying").exists()
    (root / "kept").unlink()
    assert not volumes.copy_up("v1", snapshots.paths("k")[1], "/place/data"), "it is not empty any more"
    assert not (root / "kept").exists()


def test_a_copy_cut_short_is_done_again(snapshots: Snapshots, volumes: Volumes, tmp_path: Path) -> None:
    chain = layer(
        snapshots,
        None,
        ("d", tarfile.DIRTYPE, b""),
        ("d/a", tarfile.REGTYPE, b"a"),
        ("d/b", tarfile.REGTYPE, b"b"),
    )
    root = Path(volumes.create("v1").mountpoint)
    (root / "a").write_bytes(b"a")
    (root / ".hythe-partial").write_bytes(b"half")
    (tmp_path / "volumes/v1/copying").touch()
    assert volumes.copy_up("v1", lowers(snapshots, chain), "/d")
    assert sorted(path.name for path in root.iterdir()) == ["a", "b"]


def test_links_of_the_image_do_not_reach_the_host(
    snapshots: Snapshots, volumes: Volumes, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").touch()
    chain = layer(
        snapshots, None,
        ("abs", tarfile.SYMTYPE, str(secret)), ("up", tarfile.SYMTYPE, "../" * 20 + str(secret).lstrip("/")),
        ("proc", tarfile.SYMTYPE, f"/proc/self/root{secret}"), ("file", tarfile.REGTYPE, b"x"),
    )  # fmt: skip
    root = Path(volumes.create("v1").mountpoint)
    found = lowers(snapshots, chain)
    for target in ("/abs", "/up", "/proc", "/file", "/missing", f"/../../..{secret}"):
        assert not volumes.copy_up("v1", found, target)
    assert list(root.iterdir()) == []


def test_holes_stay_holes(snapshots: Snapshots, volumes: Volumes) -> None:
    chain = layer(snapshots, None, ("d", tarfile.DIRTYPE, b""), ("d/f", tarfile.REGTYPE, b"start"))
    os.truncate(snapshots.layers.directory(chain) / "d/f", 64 << 20)
    root = Path(volumes.create("v1").mountpoint)
    assert volumes.copy_up("v1", lowers(snapshots, chain), "/d")
    status = (root / "f").stat()
    assert status.st_size == 64 << 20 and status.st_blocks * 512 < 1 << 20
    assert (root / "f").read_bytes()[:8] == b"start\0\0\0"
