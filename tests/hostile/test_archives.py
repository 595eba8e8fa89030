"""Archives that want out of their root, or to fill the disk: contained or refused, and nothing is left of them.

ANCHORS, "archives": ../, absolute, hard link out, device node, whiteout of the parent, a bomb; CVE-2025-11395.
"""

from __future__ import annotations

import io
import json
import os
import stat
import tarfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from hythe.errors import HytheError, InvalidArgument, NotFound, Unsupported
from hythe.store.archive.entry import BadArchive, Entry, Kind, Limits
from hythe.store.archive.writer import Writer
from hythe.store.database import Database
from hythe.store.images import Images
from hythe.store.snapshots import Snapshots

pytestmark = pytest.mark.root


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "store", Limits(entries=1000, content=1 << 20))


def archive(*members: tuple[Entry, bytes], end: bool = True) -> bytes:
    out = io.BytesIO()
    writer = Writer(out)
    for entry, content in members:
        entry.size = len(content)
        writer.add(entry)
        writer.content(content)
    writer.close()
    return out.getvalue() if end else out.getvalue()[:-1024]


def file(path: str, content: bytes = b"owned") -> tuple[Entry, bytes]:
    return Entry(path), content


def link(path: str, target: str, kind: Kind = Kind.SYMLINK) -> tuple[Entry, bytes]:
    return Entry(path, kind, link=target), b""


def nothing_left(snapshots: Snapshots) -> bool:
    return not snapshots.layers.all() and not list(
        (snapshots.layers.directory("sha256:" + "0" * 64)).parents[2].glob("tmp/*")
    )


OUT = "outside"


@pytest.mark.parametrize(
    "members",
    [
        [file(f"../../../{OUT}")],
        [file(f"a/../../../../{OUT}")],
        [link("h", f"../../../../{OUT}", Kind.HARD_LINK)],
        [link("h", "missing", Kind.HARD_LINK)],
        [(Entry("d", Kind.DIRECTORY), b""), link("h", "d", Kind.HARD_LINK)],
        [file(".wh..")],
        [file(".wh...")],
        [file("a/.wh.")],
        [file("a/.wh..")],
        [link(".", "/etc")],
        [link("x", "")],
        [file("x" * 300)],
        [file("loop/x"), link("loop", "loop"), file("loop/x")],
    ],
    ids=lambda members: members[-1][0].path[:20] + "-" + members[-1][0].link[:20],
)
def test_ways_out_are_refused_and_leave_nothing(
    snapshots: Snapshots, tmp_path: Path, members: list[Any]
) -> None:
    (tmp_path / OUT).write_text("safe")
    with pytest.raises(HytheError):
        snapshots.apply(None, io.BytesIO(archive(file("first"), *members)))
    assert (tmp_path / OUT).read_text() == "safe"
    assert nothing_left(snapshots)


def test_absolute_paths_and_links_mean_the_layers_own_root(snapshots: Snapshots, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    data = archive(
        file(f"{victim}/one"), link("up", "../../../../../../../../.."), file(f"up{victim}/two"),
        link("abs", str(victim)), file("abs/three"), link("magic", "/proc/self/root"), file(f"magic{victim}/four"),
        link("hard", f"{victim}/one", Kind.HARD_LINK),
    )  # fmt: skip
    layer = snapshots.apply(None, io.BytesIO(data))
    root = snapshots.layers.directory(layer.chain_id)
    assert list(victim.iterdir()) == []
    inside = root / str(victim).lstrip("/")
    assert {path.name for path in inside.iterdir()} == {"one", "two", "three"}
    assert (root / "hard").samefile(inside / "one")


def test_a_link_put_in_the_place_of_a_directory_is_not_followed_out(
    snapshots: Snapshots, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    data = archive((Entry("d", Kind.DIRECTORY), b""), file("d/a"), link("d", str(victim)), file("d/b"))
    snapshots.apply(None, io.BytesIO(data))
    assert list(victim.iterdir()) == []


def test_a_file_replaces_a_link_and_does_not_write_through_it(snapshots: Snapshots, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("safe")
    layer = snapshots.apply(None, io.BytesIO(archive(link("f", str(victim)), file("f"))))
    assert victim.read_text() == "safe"
    assert (snapshots.layers.directory(layer.chain_id) / "f").read_text() == "owned"


def test_a_whiteout_hides_only_in_its_own_layer(snapshots: Snapshots, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "x").touch()
    layer = snapshots.apply(
        None, io.BytesIO(archive(link("d", str(victim)), file("d/.wh.x"), file("d/.wh..wh..opq")))
    )
    assert (victim / "x").exists()
    assert os.listxattr(victim) == []
    hidden = snapshots.layers.directory(layer.chain_id) / str(victim).lstrip("/") / "x"
    assert stat.S_ISCHR(hidden.lstat().st_mode)


def test_overlay_attributes_in_an_archive_are_dropped(snapshots: Snapshots) -> None:
    entry = Entry("d", Kind.DIRECTORY, xattrs={"trusted.overlay.redirect": b"/etc", "user.kept": b"1"})
    layer = snapshots.apply(None, io.BytesIO(archive((entry, b""))))
    assert os.listxattr(snapshots.layers.directory(layer.chain_id) / "d") == ["user.kept"]


def test_bombs_are_capped(snapshots: Snapshots) -> None:
    zeros = archive(file("zeros", bytes(8 << 20)))
    for bomb in (zlib.compress(zeros, wbits=31), zeros, archive(*[file(f"f{i}", b"") for i in range(1001)])):
        with pytest.raises(BadArchive, match="more than"):
            snapshots.apply(None, io.BytesIO(bomb))
        assert nothing_left(snapshots)


def test_a_claimed_size_is_not_believed(snapshots: Snapshots) -> None:
    out = io.BytesIO()
    Writer(out).add(Entry("huge", size=900_000))
    with pytest.raises(BadArchive, match="truncated"):
        snapshots.apply(None, io.BytesIO(out.getvalue() + b"x" * 600))
    assert nothing_left(snapshots)


@pytest.mark.parametrize("cut", [1, 300, 511, 512, 700, 1024, 1300])
def test_truncated(snapshots: Snapshots, cut: int) -> None:
    data = archive(file("a", b"x" * 600), file("b"), end=False)
    for broken in (data[:-cut], zlib.compress(data, wbits=31)[:-cut]):
        with pytest.raises(InvalidArgument):
            snapshots.apply(None, io.BytesIO(broken))
    assert nothing_left(snapshots)


def test_sparse_files_are_refused_by_name(snapshots: Snapshots, tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("s")
        info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
        tar.addfile(info)
    with pytest.raises(Unsupported, match="sparse"):
        snapshots.apply(None, io.BytesIO(out.getvalue()))
    assert nothing_left(snapshots)


def test_deeply_nested_directories_can_be_removed_again(snapshots: Snapshots) -> None:
    deep = "/".join(["d"] * 1900)
    with pytest.raises(HytheError):
        snapshots.apply(None, io.BytesIO(archive(file(deep), file("../x"))))
    assert nothing_left(snapshots)


def test_a_wrong_digest_leaves_nothing(snapshots: Snapshots) -> None:
    with pytest.raises(InvalidArgument, match="digest"):
        snapshots.apply(None, io.BytesIO(archive(file("a"))), "sha256:" + "0" * 64)
    assert nothing_left(snapshots)


# ---- archives of images -------------------------------------------------------------------------


@pytest.fixture
def images(tmp_path: Path) -> Images:
    return Images(tmp_path / "data", Database(tmp_path / "db"), Limits(entries=2000, content=1 << 22))


def outer(files: dict[str, bytes], *more: tuple[Entry, bytes]) -> io.BytesIO:
    return io.BytesIO(archive(*[file(path, data) for path, data in files.items()], *more))


def docker(layer: str, diff_id: str, config: dict[str, Any] | None = None) -> dict[str, bytes]:
    document = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [diff_id]}}
    return {
        "c.json": json.dumps(document | (config or {})).encode(),
        "manifest.json": json.dumps(
            [{"Config": "c.json", "RepoTags": ["evil:1"], "Layers": [layer]}]
        ).encode(),
    }


def untouched(images: Images) -> bool:
    return not images.list() and not images.snapshots.layers.all() and not list(images.blobs.all())


def test_load_does_not_follow_links_out_of_the_archive(images: Images, tmp_path: Path) -> None:
    secret = tmp_path / "secret.tar"
    secret.write_bytes(archive(file("secret")))
    for target in (str(secret), f"../../../{secret.name}"):
        with pytest.raises(NotFound, match=r"lacks layer\.tar"):
            images.load(outer(docker("layer.tar", "sha256:" + "0" * 64), link("layer.tar", target)))
        assert untouched(images)


@pytest.mark.parametrize("layer", ["/etc/passwd", "../../../../etc/passwd", "fifo", "null"])
def test_load_reads_only_files_of_the_archive(images: Images, layer: str) -> None:
    fifo = (Entry("fifo", Kind.FIFO), b"")
    with pytest.raises(HytheError):
        images.load(outer(docker(layer, "sha256:" + "0" * 64), fifo))
    assert untouched(images)


def test_load_takes_no_devices(images: Images) -> None:
    with pytest.raises(BadArchive, match="device"):
        images.load(outer({}, (Entry("null", Kind.CHARACTER, major=1, minor=3), b"")))


def test_load_checks_layers(images: Images) -> None:
    files = docker("l.tar", "sha256:" + "0" * 64) | {"l.tar": archive(file("x"))}
    with pytest.raises(InvalidArgument, match="digest"):
        images.load(outer(files))
    with pytest.raises(InvalidArgument, match="layers"):
        images.load(
            outer(docker("l.tar", "", {"rootfs": {"type": "layers", "diff_ids": []}}) | {"l.tar": b""})
        )
    assert untouched(images)


def test_an_index_that_refers_to_itself_ends(images: Images) -> None:
    """An index nested in indexes, each naming many: depth and count are capped (CVE-2026-53493)."""
    from hythe.oci import media
    from hythe.oci.digest import of_bytes

    blobs: dict[str, bytes] = {}
    config = json.dumps({"os": "linux"}).encode()
    body: dict[str, Any] = {
        "schemaVersion": 2,
        "config": {"mediaType": media.OCI_CONFIG, "digest": of_bytes(config), "size": len(config)},
        "layers": [],
    }
    kind = media.OCI_MANIFEST
    for _ in range(8):
        data = json.dumps(body).encode()
        blobs[f"blobs/sha256/{of_bytes(data)[7:]}"] = data
        body = {
            "schemaVersion": 2,
            "manifests": [{"mediaType": kind, "digest": of_bytes(data), "size": len(data)}],
        }
        kind = media.OCI_INDEX
    files = blobs | {f"blobs/sha256/{of_bytes(config)[7:]}": config, "index.json": json.dumps(body).encode()}
    with pytest.raises(InvalidArgument, match="deep"):
        images.load(outer(files))
    one = json.loads(files["index.json"])["manifests"][0]
    wide = files | {"index.json": json.dumps({"schemaVersion": 2, "manifests": [one] * 1000}).encode()}
    with pytest.raises(InvalidArgument):
        images.load(outer(wide))
    assert untouched(images)
