# ruff: noqa: PTH115, PTH208
from __future__ import annotations

import os
from pathlib import Path

import pytest

from hythe.kernel import paths


def opened(folder: Path) -> int:
    return os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def where(fd: int) -> str:
    found = os.readlink(f"/proc/self/fd/{fd}")
    os.close(fd)
    return found


def test_directories_are_made(tmp_path: Path) -> None:
    root = opened(tmp_path)
    assert where(paths.directory_in_root(root, "/a/b/../c")) == f"{tmp_path}/a/c"
    assert where(paths.directory_in_root(root, "a/c")) == f"{tmp_path}/a/c"
    assert where(paths.directory_in_root(root, "/")) == str(tmp_path)
    os.close(root)


@pytest.mark.parametrize(
    ("target", "found"),
    [("/run", "run/x"), ("../../../../run", "run/x"), ("run/./deeper", "var/run/deeper/x")],
)
def test_dangling_links_are_followed_inside(tmp_path: Path, target: str, found: str) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/link").symlink_to(target)
    root = opened(tmp_path)
    assert where(paths.directory_in_root(root, "/var/link/x")) == f"{tmp_path}/{found}"
    os.close(root)


def test_a_link_that_has_its_targets_name_is_followed(tmp_path: Path) -> None:
    """Debian's /var/run, below which Kubernetes mounts a pod's credentials."""
    (tmp_path / "run").mkdir()
    (tmp_path / "var").mkdir()
    (tmp_path / "var/run").symlink_to("/run")
    root = opened(tmp_path)
    assert where(paths.directory_in_root(root, "/var/run/secrets/io")) == f"{tmp_path}/run/secrets/io"
    assert where(paths.file_in_root(root, "/var/run/made/here")) == f"{tmp_path}/run/made/here"
    os.close(root)


def test_links_in_circles(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    root = opened(tmp_path)
    with pytest.raises(OSError, match="symbolic links"):
        paths.directory_in_root(root, "/a/c")
    os.close(root)


@pytest.mark.parametrize(
    ("target", "found"),
    [("/made/file", "made/file"), ("../../../made/file", "made/file"), ("file", "etc/file")],
)
def test_files_are_made_where_dangling_links_lead(tmp_path: Path, target: str, found: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/link").symlink_to(target)
    root = opened(tmp_path)
    assert where(paths.file_in_root(root, "/etc/link")) == f"{tmp_path}/{found}"
    os.close(root)


def test_files_are_not_made_through_links_in_circles(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    root = opened(tmp_path)
    with pytest.raises(OSError, match="symbolic links"):
        paths.file_in_root(root, "/a")
    os.close(root)


def test_files_are_made(tmp_path: Path) -> None:
    root = opened(tmp_path)
    assert where(paths.file_in_root(root, "/etc/new/hosts")) == f"{tmp_path}/etc/new/hosts"
    assert (tmp_path / "etc/new/hosts").read_bytes() == b""
    with pytest.raises(IsADirectoryError):
        paths.file_in_root(root, "/etc")
    with pytest.raises(NotADirectoryError):
        paths.directory_in_root(root, "/etc/new/hosts/below")
    os.close(root)


def test_magic_links_are_refused(tmp_path: Path) -> None:
    root = opened(Path("/"))
    with pytest.raises(OSError, match="symbolic links"):
        paths.locate(root, f"/proc/self/fd/{root}")
    os.close(root)


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    root = opened(tmp_path)
    before = os.listdir("/proc/self/fd")
    os.close(paths.directory_in_root(root, "/a/b/c/../d"))
    os.close(paths.file_in_root(root, "/x/y"))
    assert os.listdir("/proc/self/fd") == before
    os.close(root)
