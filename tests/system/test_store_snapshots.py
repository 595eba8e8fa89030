"""Layers and writable trees on the real overlayfs: whiteouts there and back, sharing, what is left after crashes."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hythe.errors import Conflict, NoSpace, NotFound
from hythe.kernel import overlay
from hythe.oci.spec import Mount
from hythe.store.snapshots import Snapshots

pytestmark = pytest.mark.root


def tar(**files: bytes | None) -> io.BytesIO:
    """An archive of files; None is a directory."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            info.size, info.mode = len(content or b""), 0o755
            archive.addfile(info, io.BytesIO(content or b""))
    out.seek(0)
    return out


@contextmanager
def mounted(root: list[Mount]) -> Iterator[Path]:
    """The tree, by a detached mount that goes with its descriptor."""
    descriptor = overlay.detached(overlay.from_options(root[0]["options"]))
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "store")


@pytest.fixture
def base(snapshots: Snapshots) -> str:
    return snapshots.apply(
        None, tar(etc=None, etc__a=b"1", etc__b=b"2", dir=None, dir__x=b"3", dir__y=b"4")
    ).chain_id


def test_changes_become_a_layer_and_come_back_the_same(
    snapshots: Snapshots, base: str, tmp_path: Path
) -> None:
    with mounted(snapshots.prepare("one", base)) as root:
        (root / "etc/a").unlink()
        (root / "etc/b").write_bytes(b"changed")
        (root / "dir/x").unlink()
        (root / "dir/y").unlink()
        (root / "dir").rmdir()
        (root / "dir").mkdir(0o700)
        (root / "dir/z").write_bytes(b"new")
        os.chown(root / "dir/z", 7, 8)
        os.setxattr(root / "dir/z", "trusted.note", b"n")
        (root / "new").mkdir()
    changes = [(change.path, change.kind) for change in snapshots.changes("one")]
    assert changes == [
        ("/dir", 0), ("/dir/x", 2), ("/dir/y", 2), ("/dir/z", 1), ("/etc", 0), ("/etc/a", 2), ("/etc/b", 0),
        ("/new", 1),
    ]  # fmt: skip
    out = io.BytesIO()
    snapshots.diff("one", out)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as archive:
        assert archive.getnames() == ["dir", "dir/.wh..wh..opq", "dir/z", "etc", "etc/.wh.a", "etc/b", "new"]
    layer = snapshots.commit("one")
    with pytest.raises(NotFound):
        snapshots.mounts("one")
    other = Snapshots(tmp_path / "other")
    moved = other.apply(None, tar(etc=None, etc__a=b"1", etc__b=b"2", dir=None, dir__x=b"3", dir__y=b"4"))
    assert moved.chain_id == base
    assert other.apply(base, io.BytesIO(out.getvalue()), layer.diff_id) == layer
    for store in (snapshots, other):
        with mounted(store.view(layer.chain_id)) as root:
            assert sorted(path.name for path in (root / "etc").iterdir()) == ["b"]
            assert [path.name for path in (root / "dir").iterdir()] == ["z"]
            status = (root / "dir/z").stat()
            assert (status.st_uid, status.st_gid, (root / "dir").stat().st_mode & 0o777) == (7, 8, 0o700)
            assert os.getxattr(root / "dir/z", "trusted.note") == b"n"
        again = io.BytesIO()
        store.layers.write(layer.chain_id, again)
        assert again.getvalue() == out.getvalue()


def test_the_root_directory_keeps_owner_and_mode(snapshots: Snapshots) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("./")
        info.type, info.mode, info.uid, info.gid = tarfile.DIRTYPE, 0o1770, 3, 4
        archive.addfile(info)
    layer = snapshots.apply(None, io.BytesIO(out.getvalue()))
    with mounted(snapshots.prepare("k", layer.chain_id)) as root:
        status = root.stat()
        assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o1770, 3, 4)
        root.chmod(0o700)
    committed = snapshots.commit("k")
    with mounted(snapshots.view(committed.chain_id)) as root:
        assert stat.S_IMODE(root.stat().st_mode) == 0o700
    snapshots.layers.write(committed.chain_id, io.BytesIO())


def test_a_tree_can_be_copied_into_a_layer_and_kept(snapshots: Snapshots, base: str) -> None:
    with mounted(snapshots.prepare("k", base)) as root:
        (root / "f").write_bytes(b"1")
        layer = snapshots.commit("k", keep=True)
        (root / "f").write_bytes(b"22")
    assert snapshots.usage("k") == 2
    assert (snapshots.layers.directory(layer.chain_id) / "f").read_bytes() == b"1"
    snapshots.remove("k")
    snapshots.remove("k")
    assert snapshots.keys() == []


def test_scratch(snapshots: Snapshots) -> None:
    with mounted(snapshots.prepare("k", None)) as root:
        (root / "hello").write_bytes(b"x")
    layer = snapshots.commit("k")
    assert snapshots.layers.get(layer.chain_id).parent is None
    with mounted(snapshots.view(layer.chain_id)) as root:
        assert [path.name for path in root.iterdir()] == ["hello"]


def test_one_layer_unpacked_by_many_at_once(snapshots: Snapshots, base: str) -> None:
    data = tar(**{f"f{i}": bytes([i]) * 1000 for i in range(50)}).getvalue()
    made = []
    threads = [
        threading.Thread(target=lambda: made.append(snapshots.apply(base, io.BytesIO(data))))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6 and len(set(made)) == 1
    assert len(snapshots.layers.all()) == 2


def test_what_a_crash_leaves_goes_at_the_next_start(snapshots: Snapshots, base: str, tmp_path: Path) -> None:
    snapshots.prepare("lost", base)
    snapshots.prepare("known", base)
    (tmp_path / "store/tmp/half/diff").mkdir(parents=True)
    (tmp_path / "store/tmp/half/diff/f").touch()
    again = Snapshots(tmp_path / "store")
    assert list((tmp_path / "store/tmp").iterdir()) == []
    again.sweep(["known"])
    assert again.keys() == ["known"]
    assert again.parent("known") == base


def test_refusals(snapshots: Snapshots, base: str) -> None:
    snapshots.prepare("k", base)
    with pytest.raises(Conflict):
        snapshots.prepare("k", base)
    with pytest.raises(NotFound):
        snapshots.prepare("l", "sha256:" + "0" * 64)
    with pytest.raises(NotFound):
        snapshots.mounts("none")
    with pytest.raises(NotFound):
        snapshots.apply("sha256:" + "0" * 64, tar(a=b""))


def test_many_layers_mount(snapshots: Snapshots) -> None:
    chain = None
    for number in range(130):
        chain = snapshots.apply(chain, tar(**{f"f{number}": b"x"})).chain_id
    with mounted(snapshots.prepare("k", chain)) as root:
        assert len(list(root.iterdir())) == 130


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=60", "none", place], check=True)
    try:
        snapshots = Snapshots(place / "store")
        large = tar(a=os.urandom(600_000), b=os.urandom(600_000))
        for full in (large, tar(**{f"f{i}": b"" for i in range(80)})):
            with pytest.raises(NoSpace):
                snapshots.apply(None, full)
            assert snapshots.layers.all() == []
            assert list((place / "store/tmp").iterdir()) == []
        layer = snapshots.apply(None, tar(a=b"x"))
        for number in range(40):
            try:
                snapshots.prepare(f"k{number}", layer.chain_id)
            except NoSpace:
                assert f"k{number}" not in set(snapshots.keys())
                break
        else:
            raise AssertionError("there should be no room for so many")
    finally:
        subprocess.run(["umount", place], check=True)
