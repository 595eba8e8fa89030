"""Images: import, save, load, remove; skopeo and a real dockerd read what is saved, and the other way round."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hythe.errors import Conflict, InvalidArgument, NotFound
from hythe.oci.image import ImageConfig, RootFS
from hythe.store.database import Database
from hythe.store.image import Image
from hythe.store.images import Images
from tests.targets import Target, busybox_tar, start_dockerd

pytestmark = pytest.mark.root


@dataclass
class State:
    status: str


@dataclass
class User:
    id: str
    state: State = field(default_factory=lambda: State("exited"))


def unused(image_id: str) -> list[User]:
    return []


def tar(**files: bytes) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    out.seek(0)
    return out


def store(folder: Path) -> Images:
    folder.mkdir(exist_ok=True)
    return Images(folder / "data", Database(folder / "db"))


@pytest.fixture
def images(tmp_path: Path) -> Images:
    return store(tmp_path / "one")


def built(images: Images, base: Image, name: str | None, content: bytes) -> Image:
    """An image of one more layer."""
    images.snapshots.prepare("build", images.chain(base))
    upper, _ = images.snapshots.paths("build")
    (upper / "added").write_bytes(content)
    os.utime(upper / "added", (0, 0))
    layer = images.snapshots.commit("build")
    layers = [*images.layers(base), layer]
    config = ImageConfig(architecture="amd64", rootfs=RootFS(diff_ids=[one.diff_id for one in layers]))
    return images.create(config, layers, [name] if name else [])


# ---- names, removal, collection -----------------------------------------------------------------


def test_an_image_is_found_by_all_its_names(images: Images, tmp_path: Path) -> None:
    image = images.import_rootfs(tar(a=b"1"), "web:1", ["CMD sh", "ENV A=b"], "a message")
    images.tag("web:1", "other.example:5000/x/y")
    image = images.get(image.id)
    assert image.names == ["web:1", "other.example:5000/x/y:latest"]
    for ref in (
        image.id,
        image.id[7:],
        image.id[7:20],
        "web:1",
        "docker.io/library/web:1",
        "other.example:5000/x/y",
    ):
        assert images.get(ref) is image
    assert store(tmp_path / "one").get("web:1") == image
    with pytest.raises(NotFound, match=r"^No such image: web:latest$"):
        images.get("web")
    with pytest.raises(InvalidArgument):
        images.tag("web:1", "Web")
    (line,) = images.history(image)
    assert (line.id, line.size, line.comment) == (image.id, 1, "a message")
    assert (image.config.config.cmd, image.config.config.env) == (["/bin/sh", "-c", "sh"], ["A=b"])


def test_removing_takes_names_first_and_layers_last(images: Images) -> None:
    base = images.import_rootfs(tar(a=b"1" * 100), "base")
    child = built(images, base, "child", b"22")
    images.tag("child", "child:2")
    assert (images.layers_size(), child.size) == (102, 102)
    assert images.remove("child", False, unused) == [("Untagged", "child:latest")]
    top = images.chain(child)
    assert images.remove("child:2", False, unused) == [
        ("Untagged", "child:2"),
        ("Deleted", child.id),
        ("Deleted", top),
    ]
    assert images.snapshots.layers.all() == [images.chain(base)]
    images.snapshots.prepare("user", images.chain(base))
    images.remove("base", True, lambda id: [User("c" * 64)])
    assert images.snapshots.layers.all() == [images.chain(base)], "a container is on it"
    images.snapshots.remove("user")
    images.collect()
    assert images.snapshots.layers.all() == [] and list(images.blobs.all()) == []


def test_conflicts_are_dockers(images: Images) -> None:
    image = images.import_rootfs(tar(a=b"1"), "web")
    short = image.id[7:19]

    def stopped(id: str) -> list[User]:
        return [User("c" * 64)]

    def running(id: str) -> list[User]:
        return [User("d" * 64, State("running"))]

    with pytest.raises(Conflict) as caught:
        images.remove("web", False, stopped)
    assert caught.value.message == (
        'conflict: unable to remove repository reference "web:latest" (must force) - container '
        f"{'c' * 12} is using its referenced image {short}"
    )
    with pytest.raises(
        Conflict,
        match=rf"unable to delete {short} \(must be forced\) - image is being used by stopped container c{{12}}",
    ):
        images.remove(short, False, stopped)
    with pytest.raises(
        Conflict, match=r"\(cannot be forced\) - image is being used by running container d{12}"
    ):
        images.remove(short, True, running)
    images.tag("web", "another")
    with pytest.raises(Conflict, match=r"\(must be forced\) - image is referenced in multiple repositories"):
        images.remove(short, False, unused)
    assert images.get("web").names == ["web:latest", "another:latest"]
    steps = images.remove(short, True, stopped)
    assert [kind for kind, _ in steps] == ["Untagged", "Untagged", "Deleted", "Deleted"]


def test_prune_takes_what_has_neither_name_nor_container(images: Images) -> None:
    first = images.import_rootfs(tar(a=b"1"), "web")
    second = images.import_rootfs(tar(a=b"22"), "web")
    assert images.get(first.id).names == []
    pruned = images.prune(lambda id: [User("c")] if id == first.id else [])
    assert pruned.steps == []
    pruned = images.prune(unused)
    assert pruned.freed == 1 and ("Deleted", first.id) in pruned.steps
    assert [image.id for image in images.list()] == [second.id]


def test_spared_and_new_layers_are_kept(images: Images, tmp_path: Path) -> None:
    layer = images.snapshots.apply(None, tar(a=b"1"))
    assert images.collect() == []
    again = store(tmp_path / "one")
    needed = [layer.chain_id]
    again.spare(lambda: needed)
    assert again.collect() == []
    needed.clear()
    assert again.collect() == [layer.chain_id]


# ---- archives -----------------------------------------------------------------------------------


def save(images: Images, path: Path, *refs: str) -> Path:
    with path.open("wb") as out:
        images.save(refs, out)
    return path


def load(images: Images, path: Path) -> list[str]:
    with path.open("rb") as file:
        return list(images.load(file))


@pytest.fixture
def stocked(images: Images) -> Images:
    """A busybox image, and one upon it in two layers more, one of them with whiteouts."""
    base = images.import_rootfs(
        io.BytesIO(busybox_tar()), "busybox", ['CMD ["sh"]'], created=1_700_000_000 * 10**9
    )
    images.snapshots.prepare("build", images.chain(base))
    upper, _ = images.snapshots.paths("build")
    (upper / "etc").mkdir()
    os.mknod(upper / "etc/group", 0o020000, 0)
    (upper / "etc/new").write_bytes(b"n" * 200)
    os.setxattr(upper / "etc/new", "user.note", b"1")
    layers = [*images.layers(base), images.snapshots.commit("build")]
    config = ImageConfig(architecture="amd64", rootfs=RootFS(diff_ids=[one.diff_id for one in layers]))
    config.config.cmd = ["cat", "/etc/new"]
    images.create(config, layers, ["app:1", "app:2"])
    return images


def test_what_is_saved_is_loaded_the_same(stocked: Images, tmp_path: Path) -> None:
    other = store(tmp_path / "two")
    saved = save(stocked, tmp_path / "a.tar", "busybox", "app")
    assert load(other, saved) == ["busybox:latest", "app:1", "app:2"]
    assert load(other, saved) == ["busybox:latest", "app:1", "app:2"]
    assert sorted(image.id for image in other.list()) == sorted(image.id for image in stocked.list())
    assert save(other, tmp_path / "b.tar", "busybox", "app").read_bytes() == saved.read_bytes()
    subprocess.run(["gzip", "-k", saved], check=True)
    assert load(store(tmp_path / "three"), tmp_path / "a.tar.gz") == ["busybox:latest", "app:1", "app:2"]


def test_skopeo_reads_what_is_saved(stocked: Images, tmp_path: Path) -> None:
    saved = save(stocked, tmp_path / "a.tar", "app:1")
    for source in (f"docker-archive:{saved}", f"oci-archive:{saved}"):
        shown = subprocess.run(["skopeo", "inspect", "--config", source], capture_output=True, check=True)
        assert json.loads(shown.stdout)["config"]["Cmd"] == ["cat", "/etc/new"]
        folder = tmp_path / source.partition(":")[0]
        subprocess.run(["skopeo", "copy", "-q", source, f"oci:{folder}:x"], check=True)
        subprocess.run(["tar", "-C", folder, "-cf", f"{folder}.tar", "."], check=True)
        other = store(tmp_path / f"from-{folder.name}")
        (id,) = load(other, Path(f"{folder}.tar"))
        assert other.get(id).layers == stocked.get("app:1").layers, "skopeo rewrites the configuration alone"


def test_skopeos_docker_archives_are_read(stocked: Images, tmp_path: Path) -> None:
    saved = save(stocked, tmp_path / "a.tar", "app:1")
    target = f"docker-archive:{tmp_path}/b.tar:app:7"
    subprocess.run(["skopeo", "copy", "-q", f"docker-archive:{saved}", target], check=True)
    other = store(tmp_path / "two")
    assert load(other, tmp_path / "b.tar") == ["app:7"]
    assert other.get("app:7").id == stocked.get("app:1").id


@pytest.fixture(scope="module")
def dockerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with start_dockerd(tmp_path_factory.mktemp("peer")) as target:
        yield target


def test_a_real_dockerd_reads_and_is_read(stocked: Images, tmp_path: Path, dockerd: Target) -> None:
    saved = save(stocked, tmp_path / "a.tar", "app")
    loaded = dockerd.docker("load", "-i", str(saved))
    assert loaded.code == 0, loaded.err
    (shown,) = json.loads(dockerd.docker("image", "inspect", "app:2").out)
    assert shown["Id"] == stocked.get("app:2").id
    assert shown["RootFS"]["Layers"] == stocked.get("app:2").layers
    ran = dockerd.docker(
        "run", "--rm", "--network=none", "app:1", "sh", "-c", "cat /etc/new; ls /etc/group 2>&1"
    )
    assert ran.out.startswith("n" * 200 + "ls: /etc/group: No such file"), ran.err
    back = tmp_path / "back.tar"
    assert dockerd.docker("save", "-o", str(back), "app:1", "app:2", "busybox").code == 0
    other = store(tmp_path / "two")
    assert sorted(load(other, back)) == ["app:1", "app:2", "busybox:latest"]
    assert other.get("app:1").id == stocked.get("app:1").id
    again = save(other, tmp_path / "again.tar", "busybox")
    assert dockerd.docker("load", "-i", str(again)).code == 0


def test_a_failed_load_changes_nothing(stocked: Images, tmp_path: Path) -> None:
    saved = save(stocked, tmp_path / "a.tar", "app", "busybox")
    data = bytearray(saved.read_bytes())
    place = data.index(b"n" * 200)
    data[place] ^= 1
    other = store(tmp_path / "two")
    for broken in (bytes(data), saved.read_bytes()[:-70_000], b"", b"hello"):
        with pytest.raises(InvalidArgument):
            other.load(io.BytesIO(broken))
        assert (other.list(), other.snapshots.layers.all(), list(other.blobs.all())) == ([], [], [])
        assert list((tmp_path / "two/data/incoming").iterdir()) == []


def test_a_layer_changed_on_disk_is_not_saved(stocked: Images, tmp_path: Path) -> None:
    from hythe.errors import SystemProblem

    chain = stocked.chain(stocked.get("app:1"))
    assert chain is not None
    (stocked.snapshots.layers.directory(chain) / "etc/new").write_bytes(b"m" * 200)
    with pytest.raises(SystemProblem, match="changed on disk"):
        save(stocked, tmp_path / "a.tar", "app:1")
