from __future__ import annotations

import base64
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from hythe.kube.kubelet.env.fields import Place
from hythe.kube.kubelet.env.variables import Source
from hythe.kube.kubelet.volumes import atomic, hostpath, ownership
from hythe.kube.kubelet.volumes.atomic import File, Plan, check_path, plan
from hythe.kube.kubelet.volumes.payload import Around, TokenWanted, needed, payload, tokens
from hythe.kube.kubelet.volumes.problem import VolumeProblem
from hythe.kube.objects.types import Object
from tests.unit.kube.kubelet.pods_double import one, pod

SOURCES: dict[Source, Object | None] = {
    Source("configmap", "c"): {
        "data": {"a": "1", "b": "2"},
        "binaryData": {"x": base64.b64encode(b"\xff").decode()},
    },
    Source("secret", "s"): {"data": {"k": base64.b64encode(b"w").decode()}},
    Source("configmap", "none"): None,
}
AROUND = Around(SOURCES, Place((), (), {"cpu": "2"}), {TokenWanted("", 3600): "tok"})


def files(volume: Object, of: Object | None = None) -> dict[str, Any]:
    return {path: (file.data, file.mode) for path, file in payload(of or pod(), volume, AROUND).items()}


def test_all_keys_and_chosen_ones() -> None:
    whole = {"configMap": {"name": "c"}}
    assert files(whole) == {"a": (b"1", 0o644), "b": (b"2", 0o644), "x": (b"\xff", 0o644)}
    items = [{"key": "a", "path": "d/e", "mode": 0o755}, {"key": "b", "path": "f"}]
    some = {"configMap": {"name": "c", "items": items, "defaultMode": 0o400}}
    assert files(some) == {"d/e": (b"1", 0o755), "f": (b"2", 0o400)}
    assert files({"secret": {"secretName": "s"}}) == {"k": (b"w", 0o644)}


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"configMap": {"name": "none"}}, 'configmap "none" not found'),
        (
            {"configMap": {"name": "c", "items": [{"key": "z", "path": "z"}]}},
            "configmap references non-existent config key: z",
        ),
        (
            {"secret": {"secretName": "s", "items": [{"key": "z", "path": "z"}]}},
            "references non-existent secret key: z",
        ),
    ],
)
def test_what_is_missing(volume: Object, message: str) -> None:
    with pytest.raises(VolumeProblem) as caught:
        files(volume)
    assert caught.value.message == message


def test_optional_sources_may_be_missing() -> None:
    assert files({"configMap": {"name": "none", "optional": True}}) == {}
    gone = {"configMap": {"name": "c", "optional": True, "items": [{"key": "z", "path": "z"}]}}
    assert files(gone) == {}


def test_projected() -> None:
    sources = [
        {"configMap": {"name": "c", "items": [{"key": "a", "path": "a"}]}},
        {"secret": {"name": "s"}},
        {"serviceAccountToken": {"path": "token"}},
        {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    ]
    volume = {"projected": {"sources": sources}}
    assert needed(volume) == {Source("configmap", "c"), Source("secret", "s")}
    assert tokens(volume) == {TokenWanted("", 3600)}
    assert {path: data for path, (data, _) in files(volume).items()} == {
        "a": b"1", "k": b"w", "token": b"tok", "name": b"p",
    }  # fmt: skip
    assert files(volume)["token"][1] == 0o644
    private = pod(containers=[one("a", securityContext={"runAsUser": 7})])
    assert payload(private, volume, AROUND)["token"] == File(b"tok", 0o600, 7)


@pytest.mark.parametrize("path", ["", "/a", "../a", "a/../b", "..a", "x/.."])
def test_paths_that_lead_out_are_refused(path: str) -> None:
    with pytest.raises(VolumeProblem):
        check_path(path)


def test_plan_names_first_components() -> None:
    wanted = {"a/b": File(b"", 0), "a/c": File(b"", 0), "d": File(b"", 0)}
    assert plan(wanted, frozenset({"d", "old"})) == Plan(frozenset({"a"}), frozenset({"old"}))


def test_atomic_writing(tmp_path: Path) -> None:
    assert atomic.write(tmp_path, {"a": File(b"1", 0o644), "d/e": File(b"2", 0o400)})
    first = (tmp_path / "..data").readlink()
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "d/e").read_bytes()) == (b"1", b"2")
    assert (tmp_path / "a").readlink() == Path("..data/a") and (tmp_path / "d").readlink() == Path("..data/d")
    assert stat.S_IMODE((tmp_path / "d/e").stat().st_mode) == 0o400
    assert not atomic.write(tmp_path, {"a": File(b"1", 0o644), "d/e": File(b"2", 0o400)})
    held = os.open(tmp_path / "..data/a", os.O_RDONLY)
    try:
        assert atomic.write(tmp_path, {"a": File(b"new", 0o644)})
        assert os.read(held, 10) == b"1"
    finally:
        os.close(held)
    assert sorted(each.name for each in tmp_path.iterdir() if not each.name.startswith("..2")) == [
        "..data",
        "a",
    ]
    assert not (tmp_path / first).exists()
    assert atomic.write(tmp_path, {}) and not (tmp_path / "a").exists()


def test_a_failed_write_changes_nothing(tmp_path: Path) -> None:
    atomic.write(tmp_path, {"a": File(b"1", 0o644)})
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OSError, match="a"):
        atomic.write(tmp_path, {"a": File(b"2", 0o644), "a/b": File(b"", 0o644)})
    assert sorted(tmp_path.iterdir()) == before and (tmp_path / "a").read_bytes() == b"1"


def test_host_path_types(tmp_path: Path) -> None:
    file, folder = tmp_path / "f", tmp_path / "d"
    assert hostpath.prepare({"path": str(file), "type": "FileOrCreate"}) == file and file.is_file()
    assert hostpath.prepare({"path": str(folder), "type": "DirectoryOrCreate"}) == folder and folder.is_dir()
    assert hostpath.prepare({"path": str(tmp_path / "absent")}) == tmp_path / "absent"
    for path, kind in (
        (file, "Directory"),
        (folder, "File"),
        (tmp_path / "x", "Directory"),
        (file, "Socket"),
    ):
        with pytest.raises(VolumeProblem, match="hostPath type check failed"):
            hostpath.prepare({"path": str(path), "type": kind})


def test_fs_group_leaves_what_links_lead_to(tmp_path: Path) -> None:
    outside, volume = tmp_path / "outside", tmp_path / "volume"
    (volume / "d").mkdir(parents=True)
    outside.write_text("x")
    outside.chmod(0o600)
    (volume / "d/file").write_text("y")
    (volume / "d/file").chmod(0o600)
    (volume / "d/link").symlink_to(outside)
    ownership.give(volume, os.getgid())
    assert stat.S_IMODE(outside.stat().st_mode) == 0o600
    assert stat.S_IMODE((volume / "d/file").stat().st_mode) == 0o660
    assert (volume / "d").stat().st_mode & stat.S_ISGID
    (volume / "d/file").chmod(0o600)
    ownership.give(volume, os.getgid(), only_on_mismatch=True)
    assert stat.S_IMODE((volume / "d/file").stat().st_mode) == 0o600
