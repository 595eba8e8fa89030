from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from hythe.client.context import Context, open_context
from hythe.errors import InvalidArgument, NotFound, Unsupported


def members(context: Context) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(context.body))) as archive:
        return {member.name: member for member in archive}


def content(context: Context, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(b"".join(context.body))) as archive:
        file = archive.extractfile(name)
        assert file is not None
        return file.read()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "Dockerfile").write_text("FROM a\n")
    (root / "src" / "main.py").write_text("x" * 1000)
    (root / "src" / "keep.log").write_text("k")
    (root / "debug.log").write_text("d")
    (root / "link").symlink_to("src/main.py")
    return root


def test_a_directory(project: Path) -> None:
    found = members(open_context(str(project), None, io.BytesIO()))
    assert sorted(found) == ["Dockerfile", "debug.log", "link", "src", "src/keep.log", "src/main.py"]
    assert found["link"].linkname == "src/main.py"
    assert found["src/main.py"].uid == 0


def test_what_dockerignore_leaves_out(project: Path) -> None:
    (project / ".dockerignore").write_text("**/*.log\nDockerfile\n!src/keep.log\n")
    found = members(open_context(str(project), None, io.BytesIO()))
    assert sorted(found) == [".dockerignore", "Dockerfile", "link", "src", "src/keep.log", "src/main.py"]


def test_an_exception_below_an_excluded_directory(project: Path) -> None:
    (project / ".dockerignore").write_text("src\n!src/keep.log\n")
    assert "src/keep.log" in members(open_context(str(project), None, io.BytesIO()))


def test_a_dockerfile_outside(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "Other"
    other.write_text("FROM b\n")
    context = open_context(str(project), str(other), io.BytesIO())
    body = Context(list(context.body), context.dockerfile)
    assert content(body, body.dockerfile) == b"FROM b\n"


def test_standard_input(project: Path) -> None:
    context = open_context(str(project), "-", io.BytesIO(b"FROM c\n"))
    body = Context(list(context.body), context.dockerfile)
    assert content(body, body.dockerfile) == b"FROM c\n"
    assert sorted(members(open_context("-", None, io.BytesIO(b"FROM c\n")))) == ["Dockerfile"]


def test_a_tar_on_standard_input_is_sent_as_it_is(project: Path) -> None:
    tar = b"".join(open_context(str(project), None, io.BytesIO()).body)
    assert b"".join(open_context("-", None, io.BytesIO(tar)).body) == tar


def test_refusals(project: Path) -> None:
    for path, file, kind in [
        (str(project / "nope"), None, NotFound),
        (str(project / "Dockerfile"), None, InvalidArgument),
        (str(project), "Nope", NotFound),
        ("-", "-", InvalidArgument),
        ("https://example.org/x.git", None, Unsupported),
    ]:
        with pytest.raises(kind):
            open_context(path, file, io.BytesIO())
