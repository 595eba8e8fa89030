"""Images as things: listing, tags, removal, history, and the way out to an archive and in again."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.parity import raw
from tests.parity.serving import idle
from tests.targets import Target

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

DOCKERFILE = 'FROM busybox\nLABEL kind=small\nRUN echo made > /made\nENV A=1\nCMD ["cat", "/made"]\n'


@pytest.fixture
def small(target: Target, tmp_path: Path) -> str:
    """An image of two layers; its name."""
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    built = target.docker("build", "-q", "-t", "small:1", str(folder), timeout=120)
    assert built.code == 0, built.err
    return "small:1"


def names(target: Target, *filters: str) -> list[str]:
    return target.docker("images", *filters, "--format", "{{.Repository}}:{{.Tag}}").out.split()


def test_images_are_listed_by_name_label_and_id(target: Target, small: str) -> None:
    id = target.inspect(small, "image")["Id"]
    assert {"busybox:latest", small} <= set(names(target))
    assert names(target, "small") == [small]
    assert names(target, "--filter", "label=kind=small") == [small]
    assert names(target, "--filter", "reference=sma*:*") == [small]
    assert target.docker("images", "-q", "--no-trunc", "small").out.strip() == id
    assert target.docker("images", "-q", "small").out.strip() == id[7:19]


def test_a_tag_is_another_name_of_the_same_image(target: Target, small: str) -> None:
    assert target.docker("tag", small, "other/name:2").code == 0
    details = target.inspect("other/name:2", "image")
    assert sorted(details["RepoTags"]) == ["other/name:2", small]
    assert target.docker("rmi", small).out == f"Untagged: {small}\n"
    assert target.docker("run", "--rm", "other/name:2").out == "made\n"
    removed = target.docker("rmi", "other/name:2").out.splitlines()
    assert removed[0] == "Untagged: other/name:2" and f"Deleted: {details['Id']}" in removed
    assert target.docker("run", "--rm", "busybox", "echo", "base stays").out == "base stays\n"


@pytest.mark.parametrize("name", ["UPPER", "a b", "x:tag:tag", "-dash"])
def test_bad_names_are_refused(target: Target, name: str) -> None:
    done = target.docker("tag", "--", "busybox", name)
    assert done.code != 0
    assert "invalid reference format" in done.err or "not a valid repository/tag" in done.err


def test_an_image_in_use_is_kept(target: Target, small: str) -> None:
    target.docker("run", "--name", "user", small)
    done = target.docker("rmi", small)
    assert done.code == 1 and "conflict" in done.err and "container" in done.err
    assert target.docker("start", "-a", "user").out == "made\n"
    running = target.docker("run", "-d", "--name", "running", small, "sleep", "100")
    assert running.code == 0
    forced = target.docker("rmi", "-f", target.inspect(small, "image")["Id"])
    assert forced.code == 1 and "running container" in forced.err
    missing = target.docker("rmi", "nosuchimage")
    assert missing.code == 1 and "No such image: nosuchimage" in missing.err


def test_history_tells_the_steps(target: Target, small: str) -> None:
    steps = target.docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", small).out.splitlines()
    for step, words in zip(
        steps, ('["cat" "/made"]', "A=1", "echo made > /made", "kind=small"), strict=False
    ):
        assert words in step
    sizes = target.docker("history", "--human=false", "--format", "{{.Size}}", small).out.split()
    assert sizes[:2] == ["0", "0"] and int(sizes[2]) > 0 and sizes[3] == "0"


def test_inspect_has_what_the_docker_file_said(target: Target, small: str) -> None:
    details = target.inspect(small, "image")
    assert details["Config"]["Cmd"] == ["cat", "/made"]
    assert details["Config"]["Labels"] == {"kind": "small"}
    assert (details["Os"], len(details["RootFS"]["Layers"])) == ("linux", 2)
    assert details["RootFS"]["Layers"][0] == target.inspect("busybox", "image")["RootFS"]["Layers"][0]


def test_save_and_load_give_the_same_image(target: Target, small: str, tmp_path: Path) -> None:
    archive, id = tmp_path / "small.tar", target.inspect(small, "image")["Id"]
    target.docker("tag", small, "small:also")
    assert target.docker("save", "-o", str(archive), small, "small:also").code == 0
    with tarfile.open(archive) as tar:
        manifest = json.load(tar.extractfile("manifest.json") or pytest.fail("no manifest.json"))
        assert sorted(manifest[0]["RepoTags"]) == ["small:1", "small:also"]
        assert len(manifest[0]["Layers"]) == 2
    target.docker("rmi", small, "small:also")
    loaded = target.docker("load", "-i", str(archive))
    assert sorted(loaded.out.splitlines()) == ["Loaded image: small:1", "Loaded image: small:also"]
    assert target.inspect(small, "image")["Id"] == id
    assert target.docker("run", "--rm", small).out == "made\n"


def test_what_other_tools_make_is_loaded(target: Target, tmp_path: Path) -> None:
    layout, archive = tmp_path / "layout", tmp_path / "oci.tar"
    for step in (
        ["umoci", "init", "--layout", str(layout)],
        ["umoci", "new", "--image", f"{layout}:1"],
        ["umoci", "config", "--image", f"{layout}:1", "--config.env", "MADE=by-umoci"],
        ["skopeo", "copy", "-q", f"oci:{layout}:1", f"docker-archive:{archive}:by/umoci:1"],
    ):
        subprocess.run(step, check=True, capture_output=True)
    loaded = target.docker("load", "-i", str(archive))
    assert "by/umoci:1" in loaded.out, loaded.err
    assert "MADE=by-umoci" in target.inspect("by/umoci:1", "image")["Config"]["Env"]


def test_a_broken_archive_is_one_clear_error(target: Target, tmp_path: Path) -> None:
    before = names(target)
    for content in (b"", b"not a tar" * 1000, b"\0" * 10240):
        (tmp_path / "broken").write_bytes(content)
        done = target.docker("load", "-i", str(tmp_path / "broken"))
        # an empty archive is an archive with no images for dockerd; hythe says what it lacks
        assert done.code != 0 or target.name == "dockerd"
    assert names(target) == before
    missing = target.docker("save", "-o", str(tmp_path / "out.tar"), "nosuchimage")
    assert missing.code != 0 and "nosuchimage" in missing.err
    assert not (tmp_path / "out.tar").exists()


def test_commit_and_import_make_images(target: Target, tmp_path: Path) -> None:
    idle(target, "changed")
    target.docker("exec", "changed", "sh", "-c", "echo new > /new")
    assert target.docker("commit", "-c", "CMD cat /new", "changed", "committed").code == 0
    assert target.docker("run", "--rm", "committed").out == "new\n"
    assert target.docker("export", "-o", str(tmp_path / "root.tar"), "changed").code == 0
    assert target.docker("import", str(tmp_path / "root.tar"), "imported").code == 0
    assert target.docker("run", "--rm", "imported", "cat", "/new").out == "new\n"


def test_disk_usage_tells_what_images_share(target: Target, tmp_path: Path) -> None:
    for name, text in (("one", "a" * 5000), ("two", "b" * 7000)):
        (tmp_path / name).write_text(text)
        (tmp_path / "Dockerfile").write_text(f"FROM busybox\nCOPY {name} /{name}\n")
        assert target.docker("build", "-t", f"df-{name}", str(tmp_path)).code == 0
    try:
        base = target.inspect("busybox", "image")["Size"]
        shown = raw.ask(target, "GET", "/system/df").json
        sizes = {(one["RepoTags"] or [""])[0]: one for one in shown["Images"]}
        for name, own in (("one", 5000), ("two", 7000)):
            image = sizes[f"df-{name}:latest"]
            assert (image["SharedSize"], image["Size"]) == (base, base + own)
        if target.name == "hythe":  # dockerd's cache of this builder is its images
            steps = {one["Description"]: one for one in shown["BuildCache"]}
            (step,) = (one for text, one in steps.items() if "COPY" in text and one["Size"] == 7000)
            assert step["Shared"] and step["UsageCount"] == 1
    finally:
        target.docker("rmi", "-f", "df-one", "df-two")
